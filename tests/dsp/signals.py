"""Signals with known answers."""

import numpy as np
from scipy import signal

LABELS = ("Fz", "C3", "Cz", "C4", "Pz", "O1", "Oz", "O2")


def noise(n=2000, n_channels=8, seed=0):
    return np.random.default_rng(seed).normal(0, 10, (n, n_channels))


def swelling_sine(n, rate, frequency=10.0, slow=0.5, amplitude=5.0, depth=2.0):
    """Return a sine whose amplitude swells at `slow` Hz, and that amplitude, both (n,)."""
    t = np.arange(n) / rate
    envelope = amplitude + depth * np.sin(2 * np.pi * slow * t)
    return envelope * np.sin(2 * np.pi * frequency * t), envelope


def background(random, n, rate, n_channels=1):
    """Return 1/f noise of unit standard deviation, (n, n_channels), each channel by itself."""
    spectrum = np.fft.rfft(random.standard_normal((n, n_channels)), axis=0)
    slope = np.maximum(np.fft.rfftfreq(n, 1 / rate), 0.5) ** 0.75
    noise = np.fft.irfft(spectrum / slope[:, None], n, axis=0)
    return noise / noise.std(axis=0)


def rhythm(random, n, rate, band=(9, 11), order=2):
    """Return a rhythm that waxes and wanes, of unit standard deviation, (n,)."""
    sos = signal.butter(order, band, "bandpass", fs=rate, output="sos")
    wave = signal.sosfilt(sos, random.standard_normal(n))
    return wave / wave.std()


def alpha_in_noise(seconds, rate, seed):
    """Return alpha that waxes and wanes in 1/f noise, (n,), about 14 µV."""
    random = np.random.default_rng(seed)
    n = round(seconds * rate)
    noise = background(random, n, rate)[:, 0]
    return 10 * (noise + rhythm(random, n, rate, order=1))


def level_steps(n, height=1000.0):
    """Return the level of an electrode that jumps seven times by `height`, (n,)."""
    level = np.zeros(n)
    for place, at in enumerate((0.13, 0.31, 0.47, 0.58, 0.66, 0.79, 0.9)):
        level[round(at * n) :] += height * (-1) ** (place // 2)
    return level


def lag_in_samples(out, reference, longest):
    """Return by how many samples `out` follows `reference`: best correlation, with parabola."""
    out, reference = out - out.mean(), reference - reference.mean()
    n = len(out)
    lags = np.arange(-longest, longest + 1)
    scores = np.array(
        [
            np.corrcoef(
                out[max(0, lag) : n + min(0, lag)], reference[max(0, -lag) : n - max(0, lag)]
            )[0, 1]
            for lag in lags
        ]
    )
    best = int(np.argmax(scores))
    if 0 < best < len(scores) - 1:
        left, middle, right = scores[best - 1 : best + 2]
        best += 0.5 * (left - right) / (left - 2 * middle + right)
    return best - longest
