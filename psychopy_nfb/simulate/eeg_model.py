"""A synthetic participant: EEG worth training on, whose true alpha envelope is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import signal

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.simulate.eeg_sources import (
    SLOWEST_HZ,
    ColouredNoise,
    Rhythm,
    Transients,
    blink_shape,
    burst_shape,
    neighbour_mixing,
    power_law_filter,
    topography,
)

CHANNELS_32 = tuple(
    "Fp1 Fp2 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 TP9 CP5 CP1 CP2 CP6 TP10 "
    "P7 P3 Pz P4 P8 PO9 O1 Oz O2 PO10".split()
)

BLOCK_SECONDS = 0.25
"""What is made at once, whatever is asked for: so the cutting cannot change the samples."""
ALPHA_CENTRE, ALPHA_WIDTH = ("Oz",), 0.6
EYES_CENTRE, EYES_WIDTH = ("Fp1", "Fp2"), 0.45
MUSCLES = (("T7",), ("T8",), ("AF7", "AF8"))
MUSCLE_WIDTH = 0.35
MUSCLE_LOWEST_HZ = 20.0
SHARED_LENGTH = 0.8
"""Radians over which the background's correlation falls to 1/e."""


@dataclass
class SimulatedEEG:
    """Settings of a synthetic participant, and its samples.

    The fields are settings; only `eyes` may be changed once samples are drawn. The same settings
    give the same samples, however they are cut into blocks.

    Examples
    --------
    >>> person = SimulatedEEG(rate=250, channels=("Fz", "Oz"), seed=7)
    >>> samples, envelope = person.generate(500)
    >>> samples.shape, envelope.shape, person.collect_markers()
    ((500, 2), (500,), [(0, 'eyes_open')])
    """

    rate: float = 250.0
    """Samples per second."""
    channels: tuple[str, ...] = CHANNELS_32
    """Labels; one without a standard 10-20 position carries noise only."""
    seed: int = 0
    """Another number is another participant on another day."""
    alpha_frequency: float = 10.0
    """The individual alpha frequency, in Hz."""
    alpha_wander: float = 0.3
    """Standard deviation of the momentary alpha frequency, in Hz."""
    alpha_amplitude: float = 7.0
    """Mean envelope at Oz with eyes open, in microvolts."""
    closed_gain: float = 2.5
    """How many times stronger alpha is with eyes closed."""
    burst_depth: float = 0.6
    """How deeply alpha waxes and wanes: standard deviation of its envelope's logarithm."""
    burst_seconds: float = 0.3
    """Time constant of the waxing and waning."""
    eyes: Literal["alternate", "open", "closed"] = "alternate"
    """``alternate`` begins with open; a change takes effect within a quarter of a second."""
    eyes_seconds: float = 30.0
    """Length of each state of alternating eyes."""
    eyes_settle: float = 0.3
    """Time constant in seconds with which alpha follows the eyes; 0 for a step at the marker."""
    background_amplitude: float = 10.0
    """Standard deviation of the 1/f background, in microvolts."""
    background_exponent: float = 1.2
    """Its power falls as 1/f to this exponent, 0 to 2, above 0.1 Hz."""
    sensor_noise: float = 0.5
    """Standard deviation of each channel's own white noise, in microvolts."""
    blinks_per_minute: float = 15.0
    """With eyes open; 0 for none."""
    blink_amplitude: float = 150.0
    """Typical peak at Fp1 and Fp2, in microvolts; single blinks are 0.8 to 1.3 times that."""
    emg_per_minute: float = 4.0
    """Bursts of the left and right temporal and the forehead muscles together; 0 for none."""
    emg_amplitude: float = 15.0
    """Typical standard deviation within a burst above the muscle, in microvolts."""
    line_frequency: float = 50.0
    """Mains frequency in Hz; 0 for no mains noise."""
    line_amplitude: float = 2.0
    """Typical peak of the mains' sine, in microvolts; channels have 0.5 to 1.5 times that."""

    def __post_init__(self) -> None:
        self.channels = tuple(self.channels)
        if not self.channels or not all(self.channels):
            raise SettingsError(
                "channels", self.channels, "labels are empty; name channels such as Cz,Oz"
            )
        if len(set(self.channels)) < len(self.channels):
            raise SettingsError("channels", self.channels, "must be labels that all differ")
        check_choice("eyes", self.eyes, ("alternate", "open", "closed"))
        check_number("rate", self.rate, at_least=50, at_most=20000, unit="Hz")
        check_number("seed", self.seed, at_least=0)
        check_number("alpha_frequency", self.alpha_frequency, above=1, below=self.rate / 2)
        check_number("background_exponent", self.background_exponent, at_least=0, at_most=2)
        check_number("line_frequency", self.line_frequency, at_least=0, below=self.rate / 2)
        check_number("blinks_per_minute", self.blinks_per_minute, at_least=0, at_most=60)
        check_number("emg_per_minute", self.emg_per_minute, at_least=0, at_most=60)
        check_number("eyes_seconds", self.eyes_seconds, at_least=1, unit="s")
        check_number("burst_seconds", self.burst_seconds, at_least=0.02, at_most=10, unit="s")
        for name in (
            "eyes_settle",
            "alpha_wander",
            "alpha_amplitude",
            "closed_gain",
            "burst_depth",
            "background_amplitude",
            "sensor_noise",
            "blink_amplitude",
            "emg_amplitude",
            "line_amplitude",
        ):
            check_number(name, getattr(self, name), at_least=0)
        self.reset()

    def reset(self) -> None:
        """Start again at the first sample."""
        # One stream of random numbers a source: without blinks, say, all the rest stays the same.
        seeds = np.random.SeedSequence(self.seed).spawn(7)
        background, sensor, alpha, eyes, bursts, muscles, mains = map(np.random.default_rng, seeds)
        rate, n_channels = self.rate, len(self.channels)
        self._background = ColouredNoise(
            power_law_filter(self.background_exponent, rate),
            n_channels,
            round(2 * rate / SLOWEST_HZ),
            background,
        )
        self._mixing = self.background_amplitude * neighbour_mixing(self.channels, SHARED_LENGTH)
        self._sensor = sensor
        self._alpha = Rhythm(
            rate,
            self.alpha_frequency,
            self.alpha_wander,
            self.alpha_amplitude,
            self.closed_gain,
            self.burst_depth,
            self.burst_seconds,
            self.eyes_settle,
            alpha,
        )
        self._blinks = Transients(
            rate, self.blinks_per_minute, 0.6, blink_shape(rate, self.blink_amplitude), eyes
        )
        self._bursts = [
            Transients(
                rate,
                self.emg_per_minute / len(MUSCLES),
                0.5,
                burst_shape(rate, self.emg_amplitude),
                random,
            )
            for random in bursts.spawn(len(MUSCLES))
        ]
        high_pass = signal.butter(4, MUSCLE_LOWEST_HZ, "highpass", fs=rate, output="sos")
        self._muscles = ColouredNoise(high_pass, len(MUSCLES), round(rate), muscles)
        self._scalp = np.array(
            [
                topography(self.channels, ALPHA_CENTRE, ALPHA_WIDTH),
                topography(self.channels, EYES_CENTRE, EYES_WIDTH),
                *(topography(self.channels, muscle, MUSCLE_WIDTH) for muscle in MUSCLES),
                self.line_amplitude * mains.uniform(0.5, 1.5, n_channels),
            ]
        )
        self._made = 0  # samples in all blocks so far
        self._used = 0  # rows of the present block handed out
        self._samples = np.empty((0, n_channels))
        self._envelope = np.empty(0)
        self._closed: bool | None = None
        self._markers: list[tuple[int, str]] = []

    def generate(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the next `n` samples and the alpha envelope that is in them.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        samples : ndarray, shape (n, n_channels)
            Microvolts.
        envelope : ndarray, shape (n,)
            The hidden generator's envelope: alpha's momentary amplitude at Oz in microvolts,
            without any of the noise.
        """
        samples = np.empty((n, len(self.channels)))
        envelope = np.empty(n)
        filled = 0
        while filled < n:
            if self._used == len(self._envelope):
                self._make_block()
            take = min(n - filled, len(self._envelope) - self._used)
            rows = slice(self._used, self._used + take)
            samples[filled : filled + take] = self._samples[rows]
            envelope[filled : filled + take] = self._envelope[rows]
            self._used += take
            filled += take
        return samples, envelope

    def collect_markers(self) -> list[tuple[int, str]]:
        """Return (sample, label) of what happened in the samples drawn since the last call.

        Labels are ``eyes_open``, ``eyes_closed`` and ``blink`` (at its onset); sample 0 is the
        first one ever drawn.
        """
        drawn = self._made - len(self._envelope) + self._used
        ready = [marker for marker in self._markers if marker[0] < drawn]
        self._markers = [marker for marker in self._markers if marker[0] >= drawn]
        return ready

    def _eyes_closed(self, sample: int) -> bool:
        if self.eyes == "alternate":
            return int(sample / self.rate / self.eyes_seconds) % 2 == 1
        return self.eyes == "closed"

    def _may_blink(self, start: int, end: int) -> bool:
        return not self._eyes_closed(start) and not self._eyes_closed(end)

    def _make_block(self) -> None:
        first, n = self._made, max(1, round(BLOCK_SECONDS * self.rate))
        closed = np.array([self._eyes_closed(sample) for sample in range(first, first + n)])
        alpha, envelope = self._alpha.draw(closed)
        blinks, onsets = self._blinks.draw(first, n, self._may_blink)
        strength = [burst.draw(first, n, lambda start, end: True)[0] for burst in self._bursts]
        muscles = self._muscles.draw(n) * np.stack(strength, axis=1)
        mains = np.sin(2 * np.pi * self.line_frequency / self.rate * np.arange(first, first + n))
        sources = np.column_stack((alpha, blinks, muscles, mains))
        # Not matmul: its threads, where there are several, wait actively for 30 ms after each call.
        self._samples = (
            np.einsum("ij,jk->ik", self._background.draw(n), self._mixing)
            + sources @ self._scalp
            + self.sensor_noise * self._sensor.standard_normal((n, len(self.channels)))
        )
        self._envelope = envelope
        self._used = 0
        self._made += n
        self._note(first, closed, onsets)

    def _note(self, first: int, closed: np.ndarray, onsets: list[int]) -> None:
        found = [(onset, "blink") for onset in onsets]
        for row, now in enumerate(closed.tolist()):
            if now != self._closed:
                found.append((first + row, "eyes_closed" if now else "eyes_open"))
                self._closed = now
        self._markers.extend(sorted(found))
