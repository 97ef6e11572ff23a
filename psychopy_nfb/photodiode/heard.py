"""When sounds were heard: their onsets in a microphone's or an audio line's channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import signal

from psychopy_nfb.errors import NfbError

EARLIEST, LATEST = -0.1, 0.7
"""Seconds after a sound's logged onset between which it is looked for: wireless headphones take
0.3 s."""
SMOOTH_SECONDS = 0.004
"""Of the envelope's window."""
HALF_BAND = 120.0
"""Hz to each side of a sound's own pitch that are listened to."""
LOWEST_HZ = 80.0
"""Sounds without a pitch of their own are listened to from here on: hum lies below."""
NEAR_SECONDS = 0.05
"""How far from the usual lag a sound's own onset may lie."""
PLATEAU_SECONDS = 0.03
"""How long after its onset a sound's loudness is measured."""
LOUDER = 3.0
"""A sound is heard where the envelope grows so many times above what was before it."""
SHIFTS = 40
"""So many times other moments are tried, to know how often something is heard by chance."""
FEWEST = 3
"""Sounds from which on there is something to tell."""


class NotHeard(NfbError):
    """The channel holds none of the sounds: said in one sentence, never as a number."""


@dataclass(frozen=True)
class HeardSummary:
    """When sounds were heard, in milliseconds after the onset in the events."""

    sounds: int
    """Sounds of the session that lie within the recording."""
    heard: int
    """Of them those whose onset was found."""
    lag_median_ms: float
    lag_mean_ms: float
    lag_sd_ms: float
    lag_min_ms: float
    lag_max_ms: float
    rate: float
    """Samples per second of the channel."""

    def to_dict(self) -> dict[str, float]:
        """Return all of it for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Return it as lines for people."""
        return (
            f"t_sound → heard in ms: median {self.lag_median_ms:.2f}, mean "
            f"{self.lag_mean_ms:.2f}, SD {self.lag_sd_ms:.2f}, from {self.lag_min_ms:.2f} to "
            f"{self.lag_max_ms:.2f}\n"
            f"{self.heard} of {self.sounds} sounds heard, channel at {self.rate:.0f} Hz"
        )


@dataclass(frozen=True)
class HeardSounds:
    """Each sound of a session and when it was heard."""

    sounds: pd.DataFrame
    """One row for each sound: ``name``, ``t_sound`` (its onset in the events), ``t_heard`` (NaN if
    it was not found) and ``lag`` between them, in seconds of LSL's clock."""
    summary: HeardSummary
    since: np.ndarray
    """(n,) seconds after `t_sound`."""
    envelopes: np.ndarray
    """(sounds, n) loudness around each sound's onset, 1 the loudest of that sound."""


def heard_sounds(
    onsets: pd.DataFrame,
    facts: Mapping[str, Mapping[str, Any]],
    values: np.ndarray,
    stamps: np.ndarray,
) -> HeardSounds:
    """Find the onsets of a session's sounds in a channel.

    Parameters
    ----------
    onsets : pandas.DataFrame
        Columns ``name`` and ``t``, the onset in seconds of LSL's clock.
    facts : mapping
        What the session's settings say of each sound: its ``frequency`` if it has one, and the
        seconds of its ``swell``.
    values : array, shape (n_samples,)
        The channel, in any unit.
    stamps : array, shape (n_samples,)
        Seconds of LSL's clock.

    Returns
    -------
    HeardSounds

    Raises
    ------
    NotHeard
        If the sounds are not in the channel more often than by chance.

    Notes
    -----
    An onset is where the envelope is half-way up, less half of the swell: the session's own tones
    swell as a squared sine, which is half-way up in the midst of it. The filters run forwards and
    backwards, so that they move nothing.
    """
    rate = (len(stamps) - 1) / (stamps[-1] - stamps[0])
    within = (onsets.t > stamps[0] - EARLIEST) & (onsets.t < stamps[-1] - LATEST)
    onsets = onsets[within].sort_values("t", ignore_index=True)
    if len(onsets) < FEWEST:
        raise NotHeard(
            "sound",
            len(onsets),
            "sounds of the session lie within this recording, too few to tell anything; record "
            f"at least {FEWEST} of them",
        )
    envelope = {
        name: _envelope(values, rate, facts.get(str(name), {}).get("frequency"))
        for name in onsets.name.unique()
    }
    since = np.arange(EARLIEST, LATEST, 1 / rate)
    rows = np.array(
        [
            np.interp(t + since, stamps, envelope[name])
            for name, t in zip(onsets.name, onsets.t, strict=True)
        ]
    )
    # Of sounds at equal distances each lies also where the next one is due, but for the last.
    tried = {
        usual: np.array([_onset(row, since, usual) for row in rows])
        for usual in _usual_lags(rows, since)
    }
    usual, lags = max(tried.items(), key=lambda one: np.isfinite(one[1]).sum())
    found = np.isfinite(lags)
    chance = _by_chance(onsets, envelope, stamps, since, usual)
    if found.sum() < FEWEST or found.mean() < 0.5 or found.mean() < chance + 0.25:
        raise NotHeard(
            "channel",
            None,
            f"{found.sum()} of {len(found)} sounds seem to be in it, {100 * chance:.0f} % would be "
            "by chance: it is not a recording of these sounds; name the channel of the microphone "
            "or audio line with --channel, and make sure that it is not too quiet",
        )
    swell = np.array([float(facts.get(str(name), {}).get("swell", 0.0)) for name in onsets.name])
    lags = lags - swell / 2
    table = pd.DataFrame(
        {"name": onsets.name, "t_sound": onsets.t, "t_heard": onsets.t + lags, "lag": lags}
    )
    own = 1e3 * lags[found]
    summary = HeardSummary(
        len(lags),
        int(found.sum()),
        float(np.median(own)),
        float(np.mean(own)),
        float(np.std(own)),
        float(own.min()),
        float(own.max()),
        float(rate),
    )
    loudest = rows.max(axis=1, keepdims=True)
    return HeardSounds(table, summary, since, rows / np.where(loudest > 0, loudest, 1.0))


def _envelope(values: np.ndarray, rate: float, pitch: float | None) -> np.ndarray:
    """Return the loudness over time, around `pitch` where the channel can hold it."""
    if pitch is not None and pitch + HALF_BAND < 0.48 * rate:
        edges = [max(pitch - HALF_BAND, 0.5 * pitch), pitch + HALF_BAND]
        filters = signal.butter(2, edges, "bandpass", fs=rate, output="sos")
    else:
        filters = signal.butter(2, min(LOWEST_HZ, rate / 8), "highpass", fs=rate, output="sos")
    loudness = np.abs(signal.sosfiltfilt(filters, values - np.median(values)))
    window = np.hanning(max(3, round(2 * SMOOTH_SECONDS * rate)) + 2)[1:-1]
    return np.convolve(loudness, window / window.sum(), mode="same")


def _usual_lags(rows: np.ndarray, since: np.ndarray) -> list[float]:
    """Return the seconds after which sounds usually begin: where all of them grow the most first.

    Further ones are where they grow more than half as much.
    """
    scale = np.median(rows, axis=1, keepdims=True) + 1e-9 * rows.max() + np.finfo(float).tiny
    mean = np.median(np.log(rows + scale), axis=0)
    step = max(1, round(0.015 / (since[1] - since[0])))
    growth = mean[2 * step :] - mean[: -2 * step]
    most, lags = growth.max(), []
    while not lags or growth.max() > 0.5 * most:
        at = int(np.argmax(growth))
        lags.append(float(since[step + at]))
        growth[np.abs(since[step:-step] - lags[-1]) <= NEAR_SECONDS] = -np.inf
    return lags


def _onset(row: np.ndarray, since: np.ndarray, usual: float) -> float:
    """Return the seconds at which one sound is half-way up; NaN if it is not heard."""
    before = row[(since > usual - 2 * NEAR_SECONDS) & (since < usual - NEAR_SECONDS)]
    near = np.flatnonzero(np.abs(since - usual) <= NEAR_SECONDS)
    if not len(before) or not len(near):
        return np.nan
    floor = float(np.median(before))
    step = round(PLATEAU_SECONDS / (since[1] - since[0]))
    loudest = float(row[near[0] : near[-1] + step].max())
    if not loudest > LOUDER * max(float(before.max()), np.finfo(float).tiny):
        return np.nan
    first = near[0] + int(np.argmax(row[near[0] :] > floor + 0.5 * (loudest - floor)))
    after = row[first + step // 2 : first + step + 1]
    if not len(after):
        return np.nan
    plateau = float(np.median(after))
    half = floor + 0.5 * (plateau - floor)
    above = near[0] + int(np.argmax(row[near[0] :] > half))
    if above == near[0] or not row[above] > half:
        return np.nan
    low, high = row[above - 1], row[above]
    return float(since[above - 1] + (half - low) / (high - low) * (since[1] - since[0]))


def _by_chance(
    onsets: pd.DataFrame,
    envelope: Mapping[Any, np.ndarray],
    stamps: np.ndarray,
    since: np.ndarray,
    usual: float,
) -> float:
    """Return the largest share of sounds that is heard when the recording is shifted.

    Moments at which another sound of the session is due do not count: sounds at equal distances
    are rightly heard there.
    """
    length = stamps[-1] - stamps[0]
    due = onsets.t.to_numpy()
    share = 0.0
    for shift in np.linspace(0.1, 0.9, SHIFTS) * length:
        moved = stamps[0] + (due - stamps[0] + shift) % length
        silent = np.abs(moved[:, None] - due).min(axis=1) > NEAR_SECONDS + PLATEAU_SECONDS
        if silent.sum() < max(FEWEST, len(due) / 2):
            continue
        lags = [
            _onset(np.interp(t + since, stamps, envelope[name]), since, usual)
            for name, t in zip(onsets.name[silent], moved[silent], strict=True)
        ]
        share = max(share, float(np.isfinite(lags).mean()))
    return share
