"""Tones as samples, made before they are heard."""

from __future__ import annotations

import math
import os

import numpy as np

from psychopy_nfb.errors import FileError, cause

FADE_SECONDS = 0.015
"""How long a tone swells and fades, so that it does not click."""
SEGMENT_SECONDS = 0.1
"""A tone that goes on is made of such pieces; each fades into the next."""
QUIETEST_DB = 30.0
"""How much quieter than a value of 1 a value just above 0 is."""
LEVELS = 31
"""Steps of loudness, a decibel each."""


def tone(frequency: float, seconds: float, volume: float, rate: float) -> np.ndarray:
    """Return the samples of a sine that swells at its beginning and fades at its end.

    Parameters
    ----------
    frequency : float
        In Hz.
    seconds : float
        Length without the fading.
    volume : float
        Amplitude, 0 to 1.
    rate : float
        Samples per second.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        Of two tones of which one begins `seconds` after the other, the swelling and the fading add
        up to 1.

    Examples
    --------
    >>> samples = tone(440.0, 0.1, 0.5, 48000.0)
    >>> len(samples), round(float(abs(samples).max()), 2)
    (5520, 0.5)
    """
    fade = round(FADE_SECONDS * rate)
    length = round(seconds * rate)
    samples = volume * np.sin(2.0 * math.pi * frequency / rate * np.arange(length + fade))
    swell = np.sin(0.5 * math.pi * np.arange(fade) / fade) ** 2
    samples[:fade] *= swell
    samples[length:] *= 1.0 - swell
    return samples.astype(np.float32)


def pitches(lowest: float, highest: float) -> list[float]:
    """Return the frequencies from `lowest` to `highest` that a tone that goes on can have, in Hz.

    Whole numbers of waves fit into a segment, so that two of one pitch continue each other.

    Examples
    --------
    >>> pitches(220.0, 250.0)
    [220.0, 230.0, 240.0, 250.0]
    """
    first, last = round(lowest * SEGMENT_SECONDS), round(highest * SEGMENT_SECONDS)
    return [waves / SEGMENT_SECONDS for waves in range(first, last + 1)]


def loudnesses(volume: float) -> list[float]:
    """Return the amplitudes from the quietest to `volume`, in equal steps of decibels."""
    steps = np.linspace(-QUIETEST_DB, 0.0, LEVELS)
    return [float(volume * 10 ** (step / 20)) for step in steps]


def from_file(path: str | os.PathLike[str]) -> tuple[np.ndarray, float]:
    """Return the samples of a sound file as one channel, and its rate in Hz.

    Parameters
    ----------
    path : path
        A file of any kind that the library soundfile reads: wav, flac, ogg, mp3.

    Returns
    -------
    samples : ndarray of float64, shape (n_samples,)
    rate : float

    Raises
    ------
    FileError
        If it cannot be read, or there is nothing in it.
    """
    import soundfile

    try:
        samples, own_rate = soundfile.read(os.fspath(path), dtype="float64", always_2d=True)
    except Exception as error:  # of the library and of the system
        raise FileError(
            "sound", os.fspath(path), f"cannot be read as a sound ({cause(error)})"
        ) from None
    if not len(samples):
        raise FileError("sound", os.fspath(path), "has no sound in it")
    return samples.mean(axis=1), float(own_rate)


def at_rate(samples: np.ndarray, own_rate: float, volume: float, rate: float) -> np.ndarray:
    """Return the samples of a sound at another rate, in Hz, multiplied by `volume`, 0 to 1."""
    from scipy.signal import resample_poly

    if own_rate != rate:
        shared = math.gcd(int(own_rate), int(rate))
        samples = resample_poly(samples, int(rate) // shared, int(own_rate) // shared)
    return (volume * np.clip(samples, -1.0, 1.0)).astype(np.float32)
