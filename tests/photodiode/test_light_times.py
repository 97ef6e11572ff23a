"""Light sensors' recordings with a known truth: another seed each day, told when a test fails."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from examined_light import edge_errors, rms
from light_seed import SEED
from light_simulation import simulate_light

from psychopy_nfb.photodiode import NoLight, NoMatch, light_times

RATES = [250.0, 1000.0, 5000.0, 20000.0]
MORE = pytest.mark.campaign
"""Fast sensors: the same arithmetic on many more samples."""
SECONDS = {250.0: 60.0, 1000.0: 30.0, 5000.0: 15.0, 20000.0: 10.0}
DIRTY = {
    "noise": {"noise": 0.02},
    "hum of 50 Hz": {"hum": 0.1, "noise": 0.005},
    "hum of 60 Hz": {"hum": 0.1, "mains": 60.0, "noise": 0.005},
    "flicker of 200 Hz": {"flicker": 0.2, "noise": 0.005},
    "slow pixels": {"rise": 0.015, "fall": 0.008, "noise": 0.005},
    "levels that wander": {"wander": 0.2, "noise": 0.005},
    "drift of 100 ppm": {"drift": 1e-4, "noise": 0.005},
    "lost edges": {"lost": 0.2, "noise": 0.005},
    "polarity": {"inverted": True, "noise": 0.005},
    "saturation": {"saturated": True, "noise": 0.005},
    "missed frames": {"missed": 8, "noise": 0.005},
    "repeated frames": {"delays": 3, "dropped": 6, "noise": 0.005},
    "all of it": {
        "noise": 0.005,
        "hum": 0.1,
        "flicker": 0.2,
        "wander": 0.1,
        "drift": 1e-4,
        "lost": 0.2,
        "missed": 6,
        "dropped": 6,
        "delays": 2,
        "inverted": True,
        "rise": 0.01,
    },
}


def examine(rate, **conditions):
    """Return the simulation, what was found, and the errors of edges in samples."""
    return _examine(rate, tuple(conditions.items()))


@functools.cache
def _examine(rate, conditions):
    rng = np.random.default_rng([SEED, int(rate)])
    simulated = simulate_light(rng, rate, SECONDS[rate], **dict(conditions))
    found = light_times(simulated.frames, simulated.values, simulated.stamps)
    errors = edge_errors(simulated, found) * rate
    return simulated, found, errors


@pytest.mark.parametrize("rate", RATES)
def test_clean_edges_are_timed_to_a_tenth_of_a_sample(rate):
    _, found, errors = examine(rate)
    assert len(errors) > 0.4 * len(found.frames)
    assert rms(errors) <= 0.1, f"seed {SEED}"
    assert found.summary.missed == found.summary.repeated == found.summary.lost == 0


@pytest.mark.parametrize("name", DIRTY)
@pytest.mark.parametrize(
    "rate", [*RATES[:2], *(pytest.param(one, marks=MORE) for one in RATES[2:])]
)
def test_dirty_edges_are_timed_to_half_a_sample(rate, name):
    _, found, errors = examine(rate, **DIRTY[name])
    assert len(errors) > 0.3 * found.summary.frames
    assert rms(errors) <= 0.5, f"seed {SEED}"


@pytest.mark.parametrize("rate", [1000.0, pytest.param(20000.0, marks=MORE)])
def test_pixels_that_turn_back_before_they_arrived_are_timed_as_after_a_rest(rate):
    _, found, errors = examine(rate, rise=0.015, fall=0.008, constant_speed=True, noise=0.005)
    assert len(errors) > 0.3 * found.summary.frames
    assert rms(errors) <= 0.5, f"seed {SEED}"


@pytest.mark.parametrize(
    "conditions",
    [{"rise": 0.015, "fall": 0.008, "constant_speed": True, "noise": 0.005}, DIRTY["all of it"]],
    ids=["slow pixels", "all of it"],
)
def test_light_cleaned_of_hum_keeps_the_direction_of_its_edges(conditions):
    # With these seeds rising edges taken for falling ones seemed to lie between two refreshes.
    made = simulate_light(
        np.random.default_rng([739948, 1000]), 1000.0, SECONDS[1000.0], **conditions
    )
    found = light_times(made.frames, made.values, made.stamps)
    frames = found.frames
    assert found.summary.disturbed == 0
    assert set(frames.frame[frames.shown == False]) == made.missed  # noqa: E712


@pytest.mark.row(104)
@pytest.mark.parametrize("conditions", DIRTY.values(), ids=DIRTY.keys())
@pytest.mark.parametrize("rate", RATES[:2])
def test_row_104_every_missed_and_repeated_frame_is_found_and_no_other(rate, conditions):
    simulated, found, _ = examine(rate, **conditions)
    frames = found.frames
    assert set(frames.frame[frames.shown == False]) == simulated.missed, f"seed {SEED}"  # noqa: E712
    assert found.summary.repeated == len(simulated.delays), f"seed {SEED}"


def test_lag_drift_and_pixels_are_what_they_were():
    _, found, _ = examine(1000.0, lag=0.0221, rise=0.006, fall=0.003, drift=8e-5)
    summary = found.summary
    # Half-way of a raised cosine, of which 10 to 90 % are 0.5903.
    half_way = 1e3 * (0.0221 + (0.006 + 0.003) / 2 / 0.5903 / 2)
    middle = SECONDS[1000.0] / 2
    assert abs(summary.lag_median_ms - half_way - 1e3 * 8e-5 * middle) < 0.5
    assert abs(summary.drift_ppm - 80) < 5
    assert abs(summary.rise_ms - 6) < 0.3
    assert abs(summary.fall_ms - 3) < 0.3
    assert abs(summary.refresh_hz - 60) < 0.01


def test_a_sensor_that_is_covered_for_a_while_misses_no_frames():
    simulated = simulate_light(np.random.default_rng(SEED), 500.0, 20.0, noise=0.01)
    since = simulated.stamps - simulated.stamps[0]
    covered = (since > 8) & (since < 11)
    values = np.where(covered, np.random.default_rng(1).normal(12, 8, len(since)), simulated.values)
    found = light_times(simulated.frames, values, simulated.stamps)
    assert found.summary.missed == 0, f"seed {SEED}"
    assert found.summary.repeated == 0
    assert found.summary.frames < 60 * (20 - 2.5)


def test_polarity_and_levels_are_told():
    _, found, _ = examine(1000.0, inverted=True)
    assert found.summary.inverted
    assert abs(found.summary.level_low - (12 - 0)) < 5  # dark is the higher number
    assert abs(found.summary.level_high - (12 - 830)) < 5
    assert not examine(1000.0)[1].summary.inverted


@pytest.mark.parametrize("refresh", [60.0, 120.0, 144.0])
def test_displays_of_other_rates(refresh):
    _, found, errors = examine(5000.0, refresh=refresh, rise=0.002, fall=0.002)
    assert found.summary.frames > (SECONDS[5000.0] - 1) * refresh
    assert rms(errors) <= 0.1


class TestSentences:
    """Where there is nothing to find, there is a sentence and never a number."""

    @pytest.fixture
    def simulated(self):
        """Return a good recording."""
        return simulate_light(np.random.default_rng(SEED), 500.0, 20.0, noise=0.01)

    def refused(self, error, frames, values, stamps):
        with pytest.raises(error) as caught:
            light_times(frames, values, stamps, channel="AUX 1")
        return str(caught.value)

    def test_a_channel_of_noise(self, simulated):
        noise = np.random.default_rng(1).normal(size=len(simulated.values))
        said = self.refused((NoLight, NoMatch), simulated.frames, noise, simulated.stamps)
        assert "AUX 1" in said
        assert "channel" in said

    def test_a_channel_of_eeg(self, simulated):
        from psychopy_nfb.simulate.eeg_model import SimulatedEEG

        person = SimulatedEEG(rate=500.0, channels=("Oz",), seed=SEED % 1000)
        eeg = person.generate(len(simulated.values))[0][:, 0]
        said = self.refused((NoLight, NoMatch), simulated.frames, eeg, simulated.stamps)
        assert "AUX 1" in said

    def test_a_dead_channel(self, simulated):
        said = self.refused(
            NoLight, simulated.frames, np.zeros(len(simulated.values)), simulated.stamps
        )
        assert "never changes" in said

    def test_a_sensor_that_sees_another_blinking(self, simulated):
        blinking = (np.arange(len(simulated.values)) // 125) % 2
        said = self.refused((NoLight, NoMatch), simulated.frames, blinking, simulated.stamps)
        assert "choose its channel" in said or "choose the sensor's channel" in said

    def test_a_patch_that_repeats(self, simulated):
        toggling = simulated.frames.assign(patch=np.arange(len(simulated.frames)) % 2)
        refresh = np.floor((simulated.stamps - simulated.frames.t_flip.iloc[0]) * 60)
        said = self.refused((NoLight, NoMatch), toggling, refresh % 2, simulated.stamps)
        assert "'code'" in said

    def test_a_log_of_another_session(self, simulated):
        other = simulated.frames.assign(patch=simulated.frames.patch.to_numpy()[::-1])
        said = self.refused(NoMatch, other, simulated.values, simulated.stamps)
        assert "same session" in said

    def test_a_log_of_another_day(self, simulated):
        said = self.refused(NoMatch, simulated.frames, simulated.values, simulated.stamps + 86400.0)
        assert "overlaps" in said

    def test_a_recording_that_is_too_short(self, simulated):
        few = simulated.stamps < simulated.stamps[0] + 0.8
        said = self.refused(NoMatch, simulated.frames, simulated.values[few], simulated.stamps[few])
        assert "at least" in said

    def test_a_run_without_a_patch(self, simulated):
        bare = simulated.frames.assign(patch=np.nan)
        said = self.refused(NoMatch, bare, simulated.values, simulated.stamps)
        assert "PhotodiodePatch" in said
