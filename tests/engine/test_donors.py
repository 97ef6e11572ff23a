"""Recorded sessions that are shown in place of the own feedback: read, checked, computed again."""

from __future__ import annotations

import numpy as np
import pytest
from written_sessions import write_session

from psychopy_nfb import Neurofeedback
from psychopy_nfb.analysis import contingency
from psychopy_nfb.dsp import Pick, Pipeline
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.donors import read_donors
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import (
    Inverse,
    OtherSignal,
    Replay,
    Reward,
    Signal,
    Surrogate,
    Yoked,
)
from psychopy_nfb.protocol.shown.series import FEEDBACK
from psychopy_nfb.recording import read_session

RATE = 50.0
BLOCKS = (("rest", 100, 200, "none"), ("training", 300, 900, None), ("training", 1000, 1500, None))


def training(shown=(), **first):
    usual = {"normalise": "none", "threshold": 10.0, "display_range": (0.0, 20.0)}
    usual["pipeline"] = Pipeline([Pick(["A"])])
    beta = Signal(Pipeline([Pick(["B"])]), role="watch", normalise="none", threshold=8.0)
    return Configuration(
        signals={"a": Signal(**{**usual, **first}), "b": beta},
        reward=Reward(dwell=0.1, points=2.0),
        shown=dict(shown),
    )


def eeg(seed, n=1600, noise=0.01):
    random = np.random.default_rng(seed)
    return 20 * random.random((n, 2)).repeat(8, axis=0)[:n] + noise * random.random((n, 2))


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    """Return the files of another person's session: a rest, and trainings of 12 s and 10 s."""
    folder = tmp_path_factory.mktemp("donor")
    return write_session(folder, training(), eeg(3), BLOCKS, participant="02")


def yoked(donor, **changes):
    usual = {"session": str(donor.eeg), "block": "training", "seconds": 12.0}
    return {"sham": Yoked(**{**usual, **changes})}


def test_what_was_shown_in_a_block_is_read_as_it_was_recorded(donor):
    (one,) = read_donors(training(yoked(donor)), "alpha")["sham"]
    recorded = read_session(donor.stem).signals[300:900]
    columns = dict(zip(FEEDBACK, one.values.T, strict=True))
    assert one.rate == RATE
    for what in ("value", "signal", "z", "threshold"):
        assert (columns[what] == recorded[f"a_{what}"]).all()
    assert (columns["reward"] == recorded.reward).all()
    assert columns["score"].sum() == recorded.score.iloc[-1] - recorded.score.iloc[0] > 10
    assert columns["rewards"].sum() == columns["reward"].sum()
    assert (columns["threshold_place"] == 0.5).all()
    assert (columns["beyond"] == (recorded.a_z >= 10)).all()


def test_row_118_who_was_shown_something_else_gives_that_to_the_next(donor, tmp_path):
    """Of a donor that has itself been shown another's feedback, that is what was shown."""
    settings = training({"inverse": Inverse()})
    blocks = [("training", 300, 900, "inverse")]
    second = write_session(tmp_path, settings, eeg(5), blocks, participant="03")
    (one,) = read_donors(training(yoked(second)), "alpha")["sham"]
    recorded = read_session(second.stem).signals[300:900]
    assert (one.values[:, 0] == recorded.shown_value).all()
    assert not (one.values[:, 0] == recorded.a_value).any()
    gained = recorded.shown_score.iloc[-1] - read_session(second.stem).signals.shown_score[299]
    assert one.values[:, FEEDBACK.index("score")].sum() == pytest.approx(gained)


def test_where_the_donor_lost_samples_time_went_on(tmp_path):
    gap = [(500, "gap", {"seconds": 1.0})]
    files = write_session(tmp_path, training(), eeg(6), BLOCKS, commands=gap, participant="04")
    (one,) = read_donors(training(yoked(files)), "alpha")["sham"]
    recorded = read_session(files.stem).signals
    assert len(one.values) == 650
    assert (one.values[:200, 0] == recorded.a_value[300:500]).all()
    assert (one.values[200:250, 0] == recorded.a_value[499]).all()
    assert (one.values[250:, 0] == recorded.a_value[500:900]).all()
    assert not one.values[200:250, [FEEDBACK.index("score"), FEEDBACK.index("reward")]].any()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"seconds": 20.0},
            "shown.sham.seconds=20.0: is longer than block 1 of the name training in {stem}, which "
            "ends after 12.0 s; choose another session, or shorter blocks.",
        ),
        (
            {"blocks": 2},
            "shown.sham.seconds=12.0: is longer than block 2 of the name training in {stem}, which "
            "ends after 10.0 s; choose another session, or shorter blocks.",
        ),
        (
            {"blocks": 3},
            "shown.sham.blocks=3: are more than {stem} has of the name training: 2.",
        ),
        (
            {"block": "rest"},
            "shown.sham.block='rest': is no block with feedback of {stem}; there are training.",
        ),
        (
            {"session": "nobody_eeg.xdf"},
            "shown.sham.session='nobody_eeg.xdf': does not exist; name any file of a session.",
        ),
    ],
)
def test_row_118_a_donor_that_cannot_be_shown_is_one_sentence_before_anything_starts(
    donor, changes, sentence
):
    with pytest.raises(NfbError) as caught:
        Neurofeedback(training(yoked(donor, **changes)), task="alpha")
    assert str(caught.value) == sentence.format(stem=donor.stem.name)


def test_a_donor_of_another_task_person_or_signal_is_refused(donor):
    def refusal(shown, task="alpha", who="01", **first):
        with pytest.raises(NfbError) as caught:
            read_donors(training(shown, **first), task, who)
        return str(caught.value).replace(str(donor.eeg), "DONOR")

    assert refusal(yoked(donor), task="theta") == (
        "shown.sham.session='DONOR': is of the task alpha, and this one is theta."
    )
    again = Replay(session=str(donor.eeg), block="training", seconds=10.0)
    assert refusal({"again": again}) == (
        "shown.again.session='DONOR': is of participant 02 and this is 01; choose one of the same "
        "person."
    )
    assert read_donors(training({"again": again}), "alpha", "02").keys() == {"again"}
    assert refusal(yoked(donor), direction="down") == (
        "shown.sham.session='DONOR': is of another signal: direction is up, here down."
    )
    assert refusal(yoked(donor), pipeline=Pipeline([Pick(["B"])])) == (
        "shown.sham.session='DONOR': is of another signal: channels are ['A'], here ['B']."
    )
    other = training(yoked(donor))
    other.signals = {"theta": other.signals["a"]}
    with pytest.raises(NfbError, match=r"of another signal: its first signal is a, here theta\."):
        read_donors(other, "alpha")


def test_row_118_a_session_with_every_source_is_computed_again_without_the_donor(tmp_path, donor):
    own = write_session(tmp_path / "before", training(), eeg(7), BLOCKS)
    settings = training(
        {
            "inverse": Inverse(),
            "beta": OtherSignal(signal="b"),
            **yoked(donor, seconds=4.0),
            "again": Replay(session=str(own.eeg), block="training", seconds=4.0, seed=1),
            "noise": Surrogate(seed=2),
        },
        normalise="zscore",
        threshold=0.5,
    )
    donors = read_donors(settings, "alpha", "01")
    names = ["inverse", "beta", "sham", "again", "noise", "own"]
    blocks = [(name, 300 + 210 * n, 500 + 210 * n, name) for n, name in enumerate(names)]
    rest = [(0, "baseline_begin", {"label": "rest"}), (250, "baseline_end", {})]
    files = write_session(
        tmp_path / "now", settings, eeg(8, noise=5.0), blocks, commands=rest, donors=donors
    )
    for file in (*own.stem.parent.iterdir(),):
        file.unlink()
    session = read_session(files.stem)
    values, flags = rerun(session)
    recorded = session.signals[list(settings.value_names)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (session.signals["flags"] == flags).all()


def test_row_118_contingency_is_near_1_for_own_feedback_and_near_0_for_sham(tmp_path, donor):
    settings = training(yoked(donor, seconds=10.0))
    blocks = [("own", 100, 700, "own"), ("sham", 800, 1400, "sham"), ("rest", 1400, 1500, "none")]
    donors = read_donors(settings, "alpha")
    files = write_session(tmp_path, settings, eeg(9), blocks, donors=donors)
    table = contingency(files.stem).set_index("block")
    assert list(table.index) == ["own", "sham"]
    assert table.shown.tolist() == ["own", "sham"]
    assert table.r["own"] == pytest.approx(1)
    assert table.share["own"] == 1
    assert abs(table.r["sham"]) < 0.3
    assert table.share["sham"] < 0.3
    assert (table.rewards > 10).all()


def test_contingency_of_a_session_that_could_show_nothing_else_is_1(donor):
    table = contingency(donor.stem)
    assert table.shown.tolist() == ["own", "own"]
    assert table.r.tolist() == pytest.approx([1, 1])
    assert table.share.tolist() == [1, 1]
