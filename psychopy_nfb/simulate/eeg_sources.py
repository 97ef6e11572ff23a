"""What the synthetic brain, eyes and muscles give off, before the scalp mixes it.

Each source is drawn block by block and keeps its own state and random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import signal

from psychopy_nfb.dsp.montage import standard_positions

SLOWEST_HZ = 0.1
"""Below this the background's spectrum is flat."""
POLES_PER_DECADE = 3
"""Enough for the spectrum to stay within 0.5 dB of the straight line."""


def topography(labels: Sequence[str], centres: Sequence[str], width: float) -> np.ndarray:
    """Return how strongly each channel sees a source: 1 at its centres, falling off around.

    Parameters
    ----------
    labels : sequence of str
        Channels; those without a standard position see nothing.
    centres : sequence of str
        Standard positions above the source.
    width : float
        Standard deviation of the Gaussian fall-off, in radians on the unit sphere.

    Returns
    -------
    ndarray, shape (n_channels,)

    Examples
    --------
    >>> topography(["Oz", "Fz", "AUX"], ["Oz"], 0.6).round(2).tolist()
    [1.0, 0.0, 0.0]
    """
    known = standard_positions(labels)
    middles = np.array(list(standard_positions(centres).values()))
    weights = np.zeros(len(labels))
    for index, label in enumerate(labels):
        if label in known:
            angle = _angles(np.array([known[label]]), middles).min()
            weights[index] = np.exp(-0.5 * (angle / width) ** 2)
    return weights


def neighbour_mixing(labels: Sequence[str], length: float) -> np.ndarray:
    """Return the matrix that turns independent noise into noise that neighbours share.

    The correlation of two channels is ``exp(-angle / length)``, which is a valid correlation on a
    sphere for any length. Channels without a standard position stay independent.

    Parameters
    ----------
    labels : sequence of str
        Channels.
    length : float
        Angle in radians over which the correlation falls to 1/e.

    Returns
    -------
    ndarray, shape (n_channels, n_channels)
        For ``noise @ mixing``; each channel keeps its variance.
    """
    known = standard_positions(labels)
    rows = [index for index, label in enumerate(labels) if label in known]
    correlation = np.eye(len(labels))
    if rows:
        places = np.array([known[labels[row]] for row in rows])
        correlation[np.ix_(rows, rows)] = np.exp(-_angles(places, places) / length)
    # The symmetric root, unlike Cholesky's, also exists when two labels share one position.
    values, vectors = np.linalg.eigh(correlation)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first = first / np.linalg.norm(first, axis=1, keepdims=True)
    second = second / np.linalg.norm(second, axis=1, keepdims=True)
    return np.arccos(np.clip(first @ second.T, -1, 1))


def power_law_filter(exponent: float, rate: float) -> np.ndarray:
    """Return second-order sections that turn white noise into noise of power 1/f**exponent.

    Parameters
    ----------
    exponent : float
        0 to 2.
    rate : float
        Hz.

    Returns
    -------
    ndarray, shape (n_sections, 6)

    References
    ----------
    Poles and zeros in turn, evenly spaced on a logarithmic axis: Corsini & Saletti (1988), "A 1/f^γ
    power spectrum noise sequence generator", IEEE Trans. Instrum. Meas. 37(4), 615-619.
    """
    decades = np.log10(rate / 2 / SLOWEST_HZ)
    steps = np.arange(int(np.ceil(decades * POLES_PER_DECADE))) / POLES_PER_DECADE
    poles = SLOWEST_HZ * 10**steps
    zeros = poles * 10 ** (exponent / 2 / POLES_PER_DECADE)
    to_z = -2 * np.pi / rate
    return signal.zpk2sos(np.exp(to_z * zeros), np.exp(to_z * poles), 1.0)


def slow_filter(seconds: float, rate: float) -> np.ndarray:
    """Return sections that turn white noise into a smooth wandering of this time constant."""
    pole = np.exp(-1 / (seconds * rate))
    return np.array([[1.0, 0.0, 0.0, 1.0, -2 * pole, pole * pole]])


class ColouredNoise:
    """Filtered Gaussian noise of variance 1, already settled at its first sample.

    Parameters
    ----------
    sections : ndarray, shape (n_sections, 6)
        The filter.
    columns : int
        Number of independent noises.
    memory : int
        Samples after which the filter has forgotten its input.
    random : numpy.random.Generator
        Where the white noise comes from.
    """

    def __init__(
        self, sections: np.ndarray, columns: int, memory: int, random: np.random.Generator
    ):
        impulse = np.zeros(memory)
        impulse[0] = 1.0
        energy = np.sum(signal.sosfilt(sections, impulse) ** 2)
        self._sections = sections.copy()
        self._sections[0, :3] /= np.sqrt(energy)
        self._state = np.zeros((len(sections), 2, columns))
        self._columns = columns
        self._random = random
        self.draw(memory)

    def draw(self, n: int) -> np.ndarray:
        """Return the next `n` samples, shape (n, columns)."""
        white = self._random.standard_normal((n, self._columns))
        out, self._state = signal.sosfilt(self._sections, white, axis=0, zi=self._state)
        return out


class Transients:
    """Short events at random times, such as blinks, which may outlast a block.

    Parameters
    ----------
    rate : float
        Hz.
    per_minute : float
        How many on average; 0 for none.
    pause : float
        Seconds that lie at least between two onsets.
    shape : callable
        From random numbers to one event's waveform, shape (n,).
    random : numpy.random.Generator
        For times and shapes.
    """

    def __init__(
        self,
        rate: float,
        per_minute: float,
        pause: float,
        shape: Callable[[np.random.Generator], np.ndarray],
        random: np.random.Generator,
    ):
        self._rate = rate
        self._pause = pause
        self._mean = 60 / per_minute - pause if per_minute else np.inf
        self._shape = shape
        self._random = random
        self._running: list[tuple[int, np.ndarray]] = []
        self._next = self._later(0)

    def draw(
        self, first: int, n: int, allowed: Callable[[int, int], bool]
    ) -> tuple[np.ndarray, list[int]]:
        """Return the waveform of samples `first` … and the onsets among them.

        Parameters
        ----------
        first, n : int
            Which samples; blocks follow each other.
        allowed : callable
            Whether an event may last from one sample to another.
        """
        wave = np.zeros(n)
        onsets = []
        while self._next is not None and self._next < first + n:
            event = self._shape(self._random)
            if allowed(self._next, self._next + len(event)):
                self._running.append((self._next, event))
                onsets.append(self._next)
            self._next = self._later(self._next)
        for start, event in self._running:
            begin, end = max(start, first), min(start + len(event), first + n)
            wave[begin - first : end - first] += event[begin - start : end - start]
        self._running = [
            (start, event) for start, event in self._running if start + len(event) > first + n
        ]
        return wave, onsets

    def _later(self, sample: int) -> int | None:
        if not np.isfinite(self._mean):
            return None
        wait = self._pause + self._random.exponential(self._mean)
        return sample + max(1, round(wait * self._rate))


def blink_shape(rate: float, amplitude: float) -> Callable[[np.random.Generator], np.ndarray]:
    """Return a maker of blinks: 200 to 400 ms, closing faster than opening, 0.8 to 1.3 high."""

    def shape(random: np.random.Generator) -> np.ndarray:
        n = round(random.uniform(0.2, 0.4) * rate)
        closing = max(1, round(0.4 * n))
        rise = (1 - np.cos(np.pi * np.arange(closing) / closing)) / 2
        fall = (1 + np.cos(np.pi * np.arange(n - closing) / (n - closing))) / 2
        return amplitude * random.uniform(0.8, 1.3) * np.concatenate((rise, fall))

    return shape


def burst_shape(rate: float, amplitude: float) -> Callable[[np.random.Generator], np.ndarray]:
    """Return a maker of muscle bursts' envelopes: 0.5 to 2 s with soft edges, 0.5 to 1.5 high."""

    def shape(random: np.random.Generator) -> np.ndarray:
        n = round(random.uniform(0.5, 2.0) * rate)
        return amplitude * random.uniform(0.5, 1.5) * signal.windows.tukey(n, 0.4)

    return shape


class Rhythm:
    """An oscillation that waxes and wanes, stronger with eyes closed.

    Parameters
    ----------
    rate, frequency : float
        Hz.
    wander : float
        Standard deviation of the momentary frequency, in Hz.
    amplitude : float
        Mean of the envelope with eyes open.
    closed_gain : float
        How many times that with eyes closed.
    depth : float
        Standard deviation of the envelope's logarithm; 0 for a steady rhythm.
    seconds : float
        Time constant of the waxing and waning.
    settle : float
        Time constant in seconds with which the gain follows the eyes; 0 for a step.
    random : numpy.random.Generator
        For wandering and waxing.
    """

    WANDER_SECONDS = 0.5

    def __init__(
        self,
        rate: float,
        frequency: float,
        wander: float,
        amplitude: float,
        closed_gain: float,
        depth: float,
        seconds: float,
        settle: float,
        random: np.random.Generator,
    ):
        self._rate, self._frequency, self._wander = rate, frequency, wander
        self._amplitude, self._closed_gain, self._depth = amplitude, closed_gain, depth
        first, second = random.spawn(2)
        self._swell = ColouredNoise(
            slow_filter(seconds, rate), 1, round(20 * seconds * rate) + 1, first
        )
        self._drift = ColouredNoise(
            slow_filter(self.WANDER_SECONDS, rate),
            1,
            round(20 * self.WANDER_SECONDS * rate),
            second,
        )
        self._keep = np.exp(-1 / (settle * rate)) if settle else 0.0
        self._gain: float | None = None
        self._phase = 0.0

    def draw(self, closed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rhythm and its envelope for samples with the eyes `closed` or not."""
        n = len(closed)
        target = np.where(closed, self._closed_gain, 1.0)
        if self._gain is None:
            self._gain = float(target[0])
        keep = self._keep
        gain, _ = signal.lfilter([1 - keep], [1, -keep], target, zi=[keep * self._gain])
        self._gain = float(gain[-1])
        # The mean of exp(depth * u) for a standard normal u is exp(depth ** 2 / 2).
        swell = np.exp(self._depth * self._swell.draw(n)[:, 0] - self._depth**2 / 2)
        envelope = self._amplitude * gain * swell
        speed = self._frequency + self._wander * self._drift.draw(n)[:, 0]
        phase = self._phase + np.cumsum(2 * np.pi * speed / self._rate)
        self._phase = float(phase[-1] % (2 * np.pi))
        return envelope * np.cos(phase), envelope
