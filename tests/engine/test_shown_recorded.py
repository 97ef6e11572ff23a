"""Recorded blocks shown in place of the own feedback: of others, replayed, or surrogates."""

from __future__ import annotations

import numpy as np
import pytest
from shown_parts import DONOR, INFO, RATE, donor, extract, run, samples, show, training

from psychopy_nfb.engine.donor_files import load_donors, write_donors
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import (
    Replay,
    Surrogate,
    Yoked,
)
from psychopy_nfb.protocol.shown.series import FEEDBACK


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
