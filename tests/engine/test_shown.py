"""What is shown in place of the own feedback, offline: every value by hand, however it is cut."""

from __future__ import annotations

import numpy as np
import pytest
from shown_parts import BAD, DONOR, INFO, RATE, donor, extract, run, samples, show, training

from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.configuration import build_configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import (
    SIGNAL_VALUES,
    FixedRatio,
    Inverse,
    OtherSignal,
    Replay,
    Success,
    Surrogate,
    Yoked,
)
from psychopy_nfb.settings import to_dict


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


def test_a_score_that_is_set_back_is_set_back_for_both():
    found, _ = run(training({"down": Inverse()}), [show("down"), (600, "reset_score", {})])
    for name in ("score", "shown_score"):
        assert found[name][599] > 2
        assert found[name][600] == 0


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
