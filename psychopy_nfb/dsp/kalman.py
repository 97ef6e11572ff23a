"""A rhythm as a rotating state in noise, tracked by a Kalman filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg, signal

from psychopy_nfb.checks import check_band, check_delay, check_number
from psychopy_nfb.dsp.cascade import Cascade
from psychopy_nfb.dsp.group_delay import envelope_delay
from psychopy_nfb.dsp.rhythm import _RhythmStep, acausal_analytic
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.dsp.whole import calmed, without_drift

BANDWIDTHS = (0.5, 1.0, 2.0, 4.0)
SIGNAL_TO_NOISE = tuple(10.0**power for power in np.arange(-3.0, 1.01, 0.5))
"""What `KalmanOscillator.fit` chooses from."""
SHORTEST_FIT = 10.0
"""Seconds of a recording below which it chooses nothing."""
SETTLED = 0.01


@dataclass
class KalmanOscillator(_RhythmStep):
    """Tracks one noisy oscillator: a vector that turns at the band's centre and fades.

    The filter's gain settles within the first second, and is the settled one from the start: the
    filter is a fixed recursive one.

    References
    ----------
    .. [1] A. Wodeyar, M. Schatza, A. S. Widge, U. T. Eden, M. A. Kramer, "A state space modeling
       approach to real-time phase estimation", eLife 10, e68803, 2021.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz; the vector turns at its centre."""
    delay: float = 0.0
    """Seconds at which `fit` wants the estimate to be best; nothing is delayed by it."""
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""
    bandwidth: float = 1.0
    """Bandwidth of the oscillator, in Hz: how fast it loses its phase."""
    snr: float = 0.1
    """Variance of the oscillator over that of the white noise in a sample."""
    learned: ClassVar[tuple[str, ...]] = ("bandwidth", "snr")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_delay("delay", self.delay)
        check_number("bandwidth", self.bandwidth, above=0, unit="Hz")
        check_number("snr", self.snr, above=0)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        check_band("band", self.band, info.rate)
        self._rate, self._n_channels = info.rate, info.n_channels
        self._learned_from = info.eeg_or_all
        self._redesign()
        return self._told(info)

    def _redesign(self) -> None:
        numerator, denominator = _settled_filter(
            sum(self.band) / 2, self.bandwidth, self.snr, self._rate
        )

        def response(frequencies: np.ndarray) -> np.ndarray:
            return signal.freqz(numerator, denominator, frequencies, fs=self._rate)[1]

        centre = sum(self.band) / 2
        # A sine of amplitude A at the centre shall give A.
        gain = 2 / abs(response(np.array([centre]))[0])
        self._cascade = Cascade([(numerator * gain, denominator)])
        self.declared_delay: float = envelope_delay(response, centre)
        slowest = np.abs(np.roots(denominator)).max()
        self.settle: float = float(np.log(SETTLED) / np.log(slowest) / self._rate)
        self.reset()

    def fit(self, samples: np.ndarray) -> None:
        """Choose bandwidth and signal-to-noise ratio on `samples`, (n, n_channels).

        Those whose envelope and phase are closest to the recording's acausal ones, without drift,
        jumps and large artifacts. Less than ten seconds are left unused.
        """
        samples = samples[:, self._learned_from]
        if len(samples) < SHORTEST_FIT * self._rate or not np.ptp(samples) > 0:
            return
        calm = calmed(samples, self._rate)
        samples = without_drift(calm.bridged(), self._rate)
        wanted = acausal_analytic(samples, self._rate, self.band, self.delay)
        inner = ~calm.artifacts.any(axis=1)
        inner[: round(self._rate)] = inner[-round(self._rate) :] = False
        if not inner.any():
            return
        best = -np.inf
        for bandwidth in BANDWIDTHS:
            for snr in SIGNAL_TO_NOISE:
                parts = _settled_filter(sum(self.band) / 2, bandwidth, snr, self._rate)
                found = signal.lfilter(*parts, samples, axis=0)
                quality = _likeness(found[inner], wanted[inner])
                if quality > best:
                    best, self.bandwidth, self.snr = quality, float(bandwidth), float(snr)
        self._redesign()

    def analytic(self, samples: np.ndarray) -> np.ndarray:
        if len(samples) == 0:
            return samples.astype(complex)
        return self._cascade.process(samples)

    def reset(self) -> None:
        self._cascade.begin(self._n_channels)


def _settled_filter(
    frequency: float, bandwidth: float, snr: float, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return numerator (complex) and denominator of the Kalman filter with its settled gain."""
    fade = np.exp(-np.pi * bandwidth / rate)
    angle = 2 * np.pi * frequency / rate
    turn = fade * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = np.array([[1.0, 0.0]])
    # The state's variance shall be snr, the noise's 1.
    innovation = snr * (1 - fade**2) * np.eye(2)
    before = linalg.solve_discrete_are(turn.T, seen.T, innovation, np.eye(1))
    gain = before @ seen.T / (seen @ before @ seen.T + 1)
    step = (np.eye(2) - gain @ seen) @ turn
    # z_t = step z_(t-1) + gain y_t as a transfer function:
    # (I - adj(step)/z) gain / det(I - step/z).
    trace, determinant = np.trace(step), np.linalg.det(step)
    adjugate = trace * np.eye(2) - step
    as_complex = np.array([1.0, 1.0j])
    numerator = np.array([as_complex @ gain[:, 0], -as_complex @ (adjugate @ gain[:, 0]), 0])
    return numerator, np.array([1.0, -trace, determinant])


def _likeness(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return envelope correlation plus phase locking, averaged over channels."""
    locked = np.abs(np.exp(1j * (np.angle(found) - np.angle(wanted))).mean(axis=0))
    pairs = zip(np.abs(found).T, np.abs(wanted).T, strict=True)
    alike = [np.corrcoef(one, other)[0, 1] for one, other in pairs]
    return float(np.nanmean(alike) + np.nanmean(locked))
