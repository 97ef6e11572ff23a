"""Onsets of sounds in a channel: tones of known onset, sampled as amplifiers and cards do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.display.waveforms import FADE_SECONDS, tone
from psychopy_nfb.photodiode.heard import NotHeard, heard_sounds
from psychopy_nfb.photodiode.sensor_files import Channel
from psychopy_nfb.photodiode.sound_command import find_channel, judge, sounds_of

FINE = 192_000.0
BEGUN = 100.0


def recorded(
    rate, pitches, lag, *, jitter=0.001, noise=0.01, seconds=40.0, seed=1, apart=(0.4, 1.2), most=60
):
    """Return onsets, what was heard and when: each sound `lag` and a little late."""
    chance = np.random.default_rng(seed)
    stamps = BEGUN + np.arange(round(seconds * rate)) / rate
    hum = 0.3 * np.sin(2 * np.pi * 50 * stamps)
    values = chance.normal(0, noise, len(stamps)) + hum
    onsets = BEGUN + 0.5 + np.cumsum(chance.uniform(*apart, most))
    onsets = onsets[onsets < BEGUN + seconds - 1.0]
    names = chance.choice(list(pitches), len(onsets))
    lags = lag + chance.normal(0, jitter, len(onsets))
    for name, begins in zip(names, onsets + lags, strict=True):
        sound = tone(pitches[name], 0.2, 1.0, FINE)
        at = np.arange(len(sound)) / FINE
        values += np.interp(stamps - begins, at, sound, left=0.0, right=0.0)
    return pd.DataFrame({"name": names, "t": onsets}), values, stamps, lags


def facts(pitches):
    return {name: {"frequency": f, "swell": FADE_SECONDS} for name, f in pitches.items()}


@pytest.mark.parametrize("lag", [0.004, 0.03, 0.28])
@pytest.mark.parametrize(
    ("rate", "pitches"),
    [
        (1000.0, {"reward": 220.0}),
        (2048.0, {"reward": 440.0, "oops": 880.0}),
        (5000.0, {"reward": 1320.0, "oops": 660.0}),
        (44_100.0, {"reward": 1320.0}),
    ],
)
def test_onsets_are_found_within_a_sample(rate, pitches, lag):
    onsets, values, stamps, lags = recorded(rate, pitches, lag)
    heard = heard_sounds(onsets, facts(pitches), values, stamps)
    error = heard.sounds.lag.to_numpy() - lags
    assert heard.summary.heard == heard.summary.sounds == len(onsets)
    assert abs(np.median(error)) < 1 / rate
    assert np.std(error) < max(1 / rate, 0.1e-3)
    assert heard.summary.lag_median_ms == pytest.approx(1e3 * lag, abs=max(1.0, 1e3 / rate))


def test_sounds_that_were_not_played_are_missing_and_none_else():
    pitches = {"reward": 1320.0}
    onsets, values, stamps, lags = recorded(5000.0, pitches, 0.02, noise=0.002)
    silent = [3, 11, 12]
    for number in silent:
        begins = onsets.t[number]
        values[(stamps > begins) & (stamps < begins + 0.3)] = 0.0
    heard = heard_sounds(onsets, facts(pitches), values, stamps)
    assert np.flatnonzero(heard.sounds.t_heard.isna()).tolist() == silent
    assert judge(heard.summary)[0].grade == "bad"
    assert f"{len(onsets) - 3} of {len(onsets)} sounds" in judge(heard.summary)[0].what


def test_a_recording_of_something_else_is_refused():
    pitches = {"reward": 1320.0}
    onsets, values, stamps, _ = recorded(5000.0, pitches, 0.02)
    other, *_ = recorded(5000.0, pitches, 0.02, seed=2)
    with pytest.raises(
        NotHeard, match="sounds seem to be in it, .* it is not a recording of these"
    ):
        heard_sounds(other, facts(pitches), values, stamps)
    chance = np.random.default_rng(3)
    walk = np.cumsum(chance.normal(0, 1, 40_000))
    heavy = chance.standard_t(2, 40_000)
    bursts = chance.normal(0, 1, 40_000) + 30 * (chance.random(40_000) < 0.002)
    flat = np.zeros(40_000)
    for wrong in (walk, heavy, bursts, flat):
        with pytest.raises(NotHeard):
            heard_sounds(onsets, facts(pitches), wrong, BEGUN + np.arange(40_000) / 1000.0)
    with pytest.raises(NotHeard, match="sound=2: sounds of the session lie within"):
        heard_sounds(onsets.iloc[:2], facts(pitches), values, stamps)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("apart", [(0.5, 0.5), (0.72, 0.72), (0.7, 0.71)])
def test_sounds_at_equal_distances_are_heard(apart, seed):
    """A schedule of fixed intervals, or a value that is always beyond, rewards like a clock."""
    pitches = {"reward": 1320.0}
    onsets, values, stamps, lags = recorded(
        5000.0, pitches, 0.02, apart=apart, seed=seed, most=17, seconds=20
    )
    heard = heard_sounds(onsets, facts(pitches), values, stamps)
    assert heard.summary.heard == 17
    assert np.median(np.abs(heard.sounds.lag - lags)) < 1 / 5000.0
    wrong = np.random.default_rng(seed).normal(0, 1, len(stamps))
    with pytest.raises(NotHeard):
        heard_sounds(onsets, facts(pitches), wrong, stamps)


def test_the_channel_is_found_among_eeg():
    pitches = {"reward": 1320.0}
    onsets, values, stamps, _ = recorded(5000.0, pitches, 0.02)
    noise = np.random.default_rng(4).normal(0, 20, (2, len(stamps)))
    channels = [
        Channel("Mic 2", "Amp", noise[0], stamps),
        Channel("Oz", "Amp", noise[1], stamps),
        Channel("AUX3", "Amp", values, stamps),
    ]
    channel, _ = find_channel(onsets, facts(pitches), channels)
    assert channel.name == "AUX3"
    with pytest.raises(NotHeard, match="none of 2 channels holds the sounds"):
        find_channel(onsets, facts(pitches), channels[:2])


def test_spread_and_delay_are_judged():
    pitches = {"reward": 1320.0}
    grades = []
    for lag, jitter in ((0.003, 0.0003), (0.2, 0.0003), (0.003, 0.008)):
        onsets, values, stamps, _ = recorded(5000.0, pitches, lag, jitter=jitter)
        findings = judge(heard_sounds(onsets, facts(pitches), values, stamps).summary)
        grades.append([one.grade for one in findings])
    assert grades == [["good"] * 3, ["mind", "good", "good"], ["bad", "good", "good"]]


def test_sounds_that_never_began_are_left_out():
    events = pd.DataFrame(
        {
            "trial_type": ["sound", "sound", "mark"],
            "value": ["reward", "reward", "x"],
            "t": [1.0, 2.0, 3.0],
            "detail": ['{"heard": true}', '{"heard": false}', None],
        }
    )
    assert sounds_of(events).t.tolist() == [1.0]
