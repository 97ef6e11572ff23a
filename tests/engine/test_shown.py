"""What is shown in place of the own feedback, offline: every value by hand, however it is cut."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.dsp import Flags, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration, build_configuration
from psychopy_nfb.engine.donor_files import load_donors, write_donors
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import (
    SIGNAL_VALUES,
    FixedRatio,
    Inverse,
    OtherSignal,
    Replay,
    Reward,
    Signal,
    Success,
    Surrogate,
    Yoked,
)
from psychopy_nfb.protocol.shown import Extract, FeedbackSeries
from psychopy_nfb.protocol.shown.series import FEEDBACK
from psychopy_nfb.settings import to_dict

RATE = 50.0
INFO = SignalInfo(RATE, ("A", "B"))
BAD = slice(300, 320)
"""Rows in which A is no number, 6 s after the beginning."""
DONOR = {"session": "sub-02", "block": "training", "seconds": 4.0}


def training(shown, **first):
    """Return A, which is trained, and B, which is watched."""
    usual = {"normalise": "none", "threshold": 10.0, "display_range": (0.0, 20.0)}
    return Configuration(
        signals={
            "a": Signal(Pipeline([Pick(["A"])]), **{**usual, **first}),
            "b": Signal(
                Pipeline([Pick(["B"])]),
                role="watch",
                normalise="none",
                threshold=4.0,
                display_range=(0.0, 8.0),
            ),
        },
        reward=Reward(dwell=0.1),
        shown=shown,
    )


def samples(n=1000, seed=1):
    random = np.random.default_rng(seed)
    eeg = np.c_[20 * random.random(n).round(1), 8 * random.random(n)].repeat(10, axis=0)[:n]
    eeg += 0.01 * random.random((n, 2))  # no electrode is off
    eeg[BAD, 0] = np.nan
    return eeg


def run(configuration, commands=(), chunk=1000, eeg=None, donors=None):
    eeg = samples() if eeg is None else eeg
    values, flags = run_offline(configuration, eeg, INFO, commands, chunk=chunk, donors=donors)
    return dict(zip(configuration.value_names, values.T, strict=True)), flags


def show(name, at=100, turn=0):
    return (at, "shown", {"shown": name, "turn": turn})


def donor(n=220, rate=RATE, seed=2):
    """Return what another person was shown: a hit each 20 samples, each third not rewarded."""
    random = np.random.default_rng(seed)
    values = np.zeros((n, len(FEEDBACK)))
    for column, what in enumerate(FEEDBACK[:6]):
        values[:, column] = random.random(n) if what != "beyond" else random.random(n) > 0.5
    columns = {what: values[:, column] for column, what in enumerate(FEEDBACK)}
    columns["hits"][10::20] = 1.0
    rewarded = np.flatnonzero(columns["hits"])
    rewarded = np.delete(rewarded, slice(2, None, 3))
    for what, worth in (("rewards", 1.0), ("reward", 1.0), ("score", 2.0)):
        columns[what][rewarded] = worth
    return FeedbackSeries(values, rate)


def test_row_118_without_a_source_nothing_more_is_computed():
    assert training({}).value_names[-1] == "quality"
    assert Processor(training({}), INFO).shown is None


def test_row_118_the_own_feedback_is_shown_as_it_is():
    found, _ = run(training({"inverse": Inverse()}))
    for what in SIGNAL_VALUES:
        assert (found[f"shown_{what}"] == found[f"a_{what}"]).all()
    for what in ("reward", "score", "hits", "rewards", "progress"):
        assert (found[f"shown_{what}"] == found[what]).all()
    assert found["score"][-1] > 5
    assert (found["shown_threshold_place"] == 0.5).all()
    assert (found["shown_beyond"] == (found["a_z"] >= 10)).all()
    assert not found["shown_seconds"].any()


def test_row_118_inverse_is_the_own_feedback_upside_down():
    found, flags = run(training({"inverse": Inverse()}), [show("inverse"), show("own", 700)])
    own, _ = run(training({}))
    for name in own:  # the own values are the same, whatever is shown
        assert (found[name] == own[name]).all()
    inside = np.arange(1000)
    inside = (inside >= 100) & (inside < 700) & (flags == 0)
    assert found["shown_z"][inside] == pytest.approx(20 - found["a_z"][inside])
    assert found["shown_value"][inside] == pytest.approx(1 - found["a_value"][inside])
    assert (found["shown_beyond"][inside] == (found["a_z"][inside] <= 10)).all()
    assert (found["shown_seconds"][100:700] * RATE).round(9).tolist() == list(range(600))
    # Both count from the block's begin on, the shown one what is below.
    gained = np.diff(found["shown_rewards"])
    assert gained[99:699].sum() > 5
    assert set(found["a_z"][1:][(gained > 0) & inside[1:]] <= 10) == {True}


def test_a_signal_that_is_compared_with_a_baseline_is_mirrored_at_its_mean():
    configuration = training({"inverse": Inverse()}, normalise="zscore", threshold=0.5)
    found, flags = run(
        configuration,
        [(0, "baseline_begin", {"label": "rest"}), (200, "baseline_end", {}), show("inverse", 200)],
    )
    inside = (np.arange(1000) >= 200) & (flags == 0)
    assert found["shown_z"][inside] == pytest.approx(-found["a_z"][inside])
    assert (found["shown_beyond"][inside] == (found["shown_z"][inside] >= 0.5)).all()


def test_row_118_another_signal_is_shown_with_its_own_threshold():
    found, flags = run(training({"beta": OtherSignal(signal="b")}), [show("beta")])
    inside = (np.arange(1000) >= 100) & (flags == 0)
    for what in SIGNAL_VALUES:
        assert (found[f"shown_{what}"][inside] == found[f"b_{what}"][inside]).all()
    assert (found["shown_beyond"][inside] == (found["b_z"][inside] >= 4)).all()
    given = np.flatnonzero(np.diff(found["shown_rewards"]) > 0) + 1
    given = given[given > 110]
    assert len(given) > 5
    for row in given:  # five samples make a hit
        assert (found["b_z"][row - 4 : row + 1] >= 4).all()


@pytest.mark.parametrize(
    "source",
    [Inverse(), OtherSignal(signal="b"), Yoked(**DONOR)],
    ids=lambda one: type(one).__name__,
)
def test_row_118_own_artifacts_hold_the_display_and_withhold_reward(source):
    donors = {"sham": [donor(2000)]} if isinstance(source, Yoked) else None
    found, flags = run(training({"sham": source}), [show("sham")], donors=donors)
    bad = (flags & int(Flags.INVALID)) != 0
    assert bad[BAD].all()
    assert len(set(found["shown_value"][bad])) == 1
    assert found["shown_value"][BAD.start - 1] == found["shown_value"][BAD.start]
    assert np.diff(found["shown_rewards"])[BAD.start - 1 : BAD.stop - 1].sum() == 0
    assert not found["shown_reward"][bad].any()
    assert len(set(found["shown_value"][~bad])) > 50


@pytest.mark.row(43)
@pytest.mark.parametrize("rate", [50.0, 25.0, 125.0, 40.0])
def test_row_118_yoked_shows_what_the_other_was_shown_sample_by_sample(rate):
    theirs = donor(round(20 * rate), rate)
    eeg = np.nan_to_num(samples(), nan=5.0)
    found, flags = run(
        training({"sham": Yoked(**DONOR)}), [show("sham")], donors={"sham": [theirs]}, eeg=eeg
    )
    assert not flags.any()
    rows = [int(k * rate / RATE + 1e-9) for k in range(900)]
    for column, what in enumerate(FEEDBACK[:6]):
        assert (found[f"shown_{what}"][100:] == theirs.values[rows, column]).all()
    for what in ("score", "hits", "rewards"):  # none is lost between samples
        gained = found[f"shown_{what}"][100:] - found[f"shown_{what}"][99]
        sums = theirs.values[:, FEEDBACK.index(what)].cumsum()
        assert gained == pytest.approx(sums[rows], abs=1e-9)
    given = np.flatnonzero(found["shown_reward"][100:])
    assert len(given) == found["shown_rewards"][-1] - found["shown_rewards"][99]


def test_what_the_own_artifacts_withhold_of_the_others_rewards_is_gone():
    theirs = donor(1000)
    found, flags = run(
        training({"sham": Yoked(**DONOR)}), [show("sham")], donors={"sham": [theirs]}
    )
    clean = flags[100:] == 0
    rewards = theirs.values[:900, FEEDBACK.index("rewards")]
    assert rewards[~clean].sum() == 1
    gained = found["shown_rewards"][-1] - found["shown_rewards"][99]
    assert gained == rewards[clean].sum()


def test_lost_samples_do_not_shift_what_is_shown():
    theirs = donor(1000)
    eeg = np.nan_to_num(samples(), nan=5.0)
    commands = [show("sham"), (400, "gap", {"seconds": 2.0})]
    found, _ = run(training({"sham": Yoked(**DONOR)}), commands, donors={"sham": [theirs]}, eeg=eeg)
    assert (found["shown_value"][100:400] == theirs.values[:300, 0]).all()
    assert (found["shown_z"][400:1000] == theirs.values[400:1000, 2]).all()
    assert found["shown_seconds"][400] == pytest.approx(8.0)


def test_a_donor_that_ends_before_the_block_stays_and_rewards_nothing_and_that_is_told():
    processor = Processor(training({"sham": Yoked(**DONOR)}), INFO, {"sham": [donor(100)]})
    processor.shown.show("sham")
    processor.process(np.nan_to_num(samples(), nan=5.0)[:100])
    assert processor.faults() == []
    values = processor.process(samples()[100:120]).values
    names = processor.configuration.value_names
    assert set(values[:, names.index("shown_value")]) == {donor(100).values[-1, 0]}
    assert not values[:, names.index("shown_reward")].any()
    assert processor.faults() == [
        (
            "shown_ended",
            "shown.sham has ended after 2 s and the block goes on: its last value stays, and no "
            "reward comes",
        )
    ]


def test_a_score_that_is_set_back_is_set_back_for_both():
    found, _ = run(training({"down": Inverse()}), [show("down"), (600, "reset_score", {})])
    for name in ("score", "shown_score"):
        assert found[name][599] > 2
        assert found[name][600] == 0


def test_each_turn_shows_the_next_block():
    first, second = donor(600, seed=3), donor(600, seed=4)
    commands = [show("sham", 100), show("own", 150), show("sham", 200, turn=1)]
    eeg = np.nan_to_num(samples(), nan=5.0)
    found, _ = run(
        training({"sham": Yoked(**DONOR)}), commands, donors={"sham": [first, second]}, eeg=eeg
    )
    assert (found["shown_value"][100:150] == first.values[:50, 0]).all()
    assert (found["shown_value"][200:300] == second.values[:100, 0]).all()


def test_row_118_a_surrogate_has_the_baselines_amplitudes_and_spectrum_at_other_times():
    eeg = np.nan_to_num(samples(9000), nan=5.0)
    eeg[:, 0] = np.convolve(eeg[:, 0], np.ones(25) / 25, "same")
    settings = training({"noise": Surrogate(seed=3)}, normalise="zscore", threshold=0.5)
    commands = [
        (0, "baseline_begin", {"label": "rest"}),
        (3000, "baseline_end", {}),
        show("noise", 3000),
        show("own", 6000),
        show("noise", 6000, turn=1),
    ]
    found, _ = run(settings, commands, eeg=eeg)
    rest, shown = eeg[:3000, 0], found["shown_signal"][3000:6000]
    assert sorted(shown) == pytest.approx(sorted(rest), abs=1e-12)
    theirs, own = (np.abs(np.fft.rfft(one - one.mean())) for one in (shown, rest))
    assert np.corrcoef(theirs, own)[0, 1] > 0.98
    assert abs(np.corrcoef(shown, rest)[0, 1]) < 0.3
    # The second time it begins at another place.
    again = found["shown_signal"][6000:9000]
    assert sorted(again) == pytest.approx(sorted(rest), abs=1e-12)
    assert not (again == shown).any()


def extract(n=500, lead=100, rate=RATE, labels=("B", "A")):
    random = np.random.default_rng(7)
    eeg = random.integers(0, 200, (n + lead, len(labels))).astype(np.float32)
    return Extract(eeg, np.full(len(labels), 0.1), labels, rate, lead)


@pytest.mark.row(42)
@pytest.mark.parametrize("order", ["rotated", "reversed"])
def test_row_118_a_replay_is_an_earlier_block_turned_or_reversed(order):
    theirs = extract()
    settings = training({"again": Replay(**DONOR, seed=9, order=order)})
    eeg = np.nan_to_num(samples(), nan=5.0)
    found, _ = run(settings, [show("again")], donors={"again": [theirs]}, eeg=eeg)
    signal = theirs.samples[theirs.lead :, 1].astype(float) * 0.1
    if order == "reversed":
        expected = signal[::-1]
    else:
        share = settings.shown["again"].lots(0).random()
        expected = np.r_[signal[int(share * 500) :], signal[: int(share * 500)]]
        assert 0 < int(share * 500) < 500
    assert found["shown_z"][100:600] == pytest.approx(expected, abs=1e-9)
    assert found["shown_z"][600:1000] == pytest.approx(expected[:400], abs=1e-9)  # once more
    assert (found["shown_beyond"] == (found["shown_z"] >= 10)).all()
    assert found["shown_rewards"][-1] > found["shown_rewards"][99]


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        (
            extract(rate=100.0),
            "shown.again.session='100 Hz': is another rate than the stream's, 50 Hz, for which the "
            "filters are made.",
        ),
        (
            extract(labels=("B", "C")),
            "shown.again.session='B, C': lack A, of which a is made.",
        ),
    ],
)
def test_a_replay_that_does_not_fit_the_stream_is_refused(theirs, sentence):
    with pytest.raises(SettingsError) as caught:
        Processor(training({"again": Replay(**DONOR)}), INFO, {"again": [theirs]})
    assert str(caught.value) == sentence


@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_row_118_how_samples_are_cut_changes_nothing(chunk):
    settings = training(
        {
            "inverse": Inverse(),
            "beta": OtherSignal(signal="b"),
            "sham": Yoked(**DONOR),
            "again": Replay(**DONOR, seed=4),
            "noise": Surrogate(seed=5),
        },
        normalise="zscore",
        threshold=Success(window=2.0, update=1.0),
        display_smoothing=0.1,
    )
    settings.reward.schedule = FixedRatio(n=2)
    commands = [
        (0, "baseline_begin", {"label": "rest"}),
        (200, "baseline_end", {}),
        *(
            show(name, 200 + 110 * n)
            for n, name in enumerate(["inverse", "beta", "own", "sham", "again", "noise", "own"])
        ),
        (620, "gap", {"seconds": 0.2}),
    ]
    donors = {"sham": [donor(125, 25.0)], "again": [extract()]}
    whole, flags = run_offline(settings, samples(), INFO, commands, donors=donors)
    values, again = run_offline(settings, samples(), INFO, commands, chunk, donors=donors)
    assert (values == whole).all()
    assert (flags == again).all()
    shown = whole[:, settings.value_names.index("shown_z")]
    own = whole[:, settings.value_names.index("a_z")]
    parts = [(shown[a : a + 110] == own[a : a + 110]).all() for a in range(200, 970, 110)]
    assert parts == [False, False, True, False, False, False, True]


def test_a_threshold_follows_what_is_shown_and_the_own_one_the_person():
    eeg = samples(3000)
    settings = training(
        {"beta": OtherSignal(signal="b")}, threshold=Success(start=10.0, window=4.0, update=1.0)
    )
    rule = Success(start=4.0, target=0.2, window=4.0, update=1.0)
    settings.signals["b"].threshold = rule
    commands = [
        (100, "adaptation", {"training": True, "edge": "begin"}),
        show("beta"),
    ]
    found, _ = run(settings, commands, eeg=eeg)
    own, _ = run(
        training({}, threshold=Success(start=10.0, window=4.0, update=1.0)), commands[:1], eeg=eeg
    )
    assert (found["a_threshold"] == own["a_threshold"]).all()
    assert len(set(found["shown_threshold"][400:])) > 5
    assert np.mean(found["shown_beyond"][1000:]) == pytest.approx(0.2, abs=0.08)


def test_a_successor_goes_on_at_the_same_place_of_what_is_shown():
    """The last samples of the dead one are not in its files: time goes on all the same."""
    theirs = donor(1000)
    settings = training({"sham": Yoked(**DONOR)})
    eeg = np.nan_to_num(samples(), nan=5.0)
    shown = {"source": "sham", "turn": 0, "at": 300}
    reached = {"score": 1.0, "hits": 1.0, "shown_score": 7.0, "shown_hits": 3.0, "shown": shown}
    commands = [
        show("sham"),
        (400, "worker_restarted", reached),
        (400, "gap", {"seconds": 1.0}),
    ]
    found, _ = run(settings, commands, donors={"sham": [theirs]}, eeg=eeg)
    assert (found["shown_z"][400:] == theirs.values[350:950, 2]).all()
    assert found["shown_score"][400] == 7.0 + theirs.values[350, FEEDBACK.index("score")]


def test_what_is_kept_of_recorded_blocks_comes_back_as_it_was(tmp_path):
    donors = {"sham": [donor(), donor(30, 125.0)], "again": [extract()]}
    path = tmp_path / "sub-01_shown.npz"
    write_donors(donors, path)
    back = load_donors(path)
    assert back.keys() == donors.keys()
    for one, other in zip(back["sham"], donors["sham"], strict=True):
        assert one.rate == other.rate
        assert (one.values == other.values).all()
    (one,), (other,) = back["again"], donors["again"]
    assert (one.samples == other.samples).all()
    assert one.samples.dtype == np.float32
    assert (one.labels, one.rate, one.lead) == (other.labels, other.rate, other.lead)


def test_settings_of_sources_are_json_and_back():
    shown = {
        "inverse": Inverse(),
        "beta": OtherSignal(signal="b"),
        "sham": Yoked(**DONOR, blocks=2),
        "again": Replay(**DONOR, seed=4, order="reversed"),
        "noise": Surrogate(),
    }
    configuration = training(shown)
    assert build_configuration(to_dict(configuration)).shown == configuration.shown


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (
            {"own": Inverse()},
            "shown='own': must be a name of letters, digits and underscores, other "
            "than own and none.",
        ),
        (
            {"a b": Inverse()},
            "shown='a b': must be a name of letters, digits and underscores, other "
            "than own and none.",
        ),
        (
            {"beta": OtherSignal(signal="c")},
            "shown.beta.signal='c': is no signal of this training beside a; the others are b.",
        ),
        (
            {"beta": OtherSignal(signal="a")},
            "shown.beta.signal='a': is the first signal, which is shown anyway.",
        ),
        ({"sham": "yoked"}, "shown.sham='yoked': must be a source, such as Inverse() or Yoked(…)."),
    ],
)
def test_a_source_that_cannot_be_used_is_refused_in_a_sentence(shown, sentence):
    with pytest.raises(SettingsError) as caught:
        training(shown)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seconds": 0}, "seconds=0: must be above 0 s."),
        ({"block": " "}, "block=' ': must be a text."),
        ({"blocks": 1.5}, "blocks=1.5: must be a whole number."),
        ({"order": "sideways"}, "order='sideways': must be one of 'rotated', 'reversed'."),
        ({"seed": -1}, "seed=-1: must be at least 0 and at most 4.29497e+09."),
    ],
)
def test_wrong_settings_of_a_replay_are_refused_in_a_sentence(changes, sentence):
    with pytest.raises(SettingsError) as caught:
        Replay(**{**DONOR, **changes})
    assert str(caught.value) == sentence
