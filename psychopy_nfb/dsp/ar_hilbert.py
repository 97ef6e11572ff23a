"""Phase and envelope from a forecast: autoregression over the edge of a filtered window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, signal

from psychopy_nfb.budget import MOST_TAPS, check_length
from psychopy_nfb.checks import check_band, check_delay, check_number
from psychopy_nfb.dsp.blocks import SlidingWindow
from psychopy_nfb.dsp.group_delay import try_out_envelope
from psychopy_nfb.dsp.rhythm import _RhythmStep
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import SettingsError

MOST_WORK = 1e8
"""Products a second that the band-pass of all windows may take: as many take half a second."""
FILTER_CYCLES = 1.5
"""Length of the band-pass in periods of the band's lower edge: a longer one spoils more of the
window's end than the forecast makes good."""


@dataclass
class ARHilbert(_RhythmStep):
    """Analytic signal at the end of a window that is carried on by an autoregressive forecast.

    The last samples are band-passed forwards and backwards, the spoilt end is cut off and replaced
    by a forecast (Yule-Walker), and the Hilbert transform is taken. This is done at every `hop`,
    and held in between.

    References
    ----------
    .. [1] L. L. Chen, R. Madhavan, B. I. Rapoport, W. S. Anderson, "Real-time brain oscillation
       detection and phase-locked stimulation using autoregressive spectral estimation and
       time-series forward prediction", IEEE Trans. Biomed. Eng. 60, 753-762, 2013.
    .. [2] C. Zrenner, D. Desideri, P. Belardinelli, U. Ziemann, "Real-time EEG-defined excitability
       states determine efficacy of TMS-induced plasticity in human motor cortex", Brain Stimul. 11,
       374-389, 2018.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    delay: float = 0.0
    """Seconds before the newest sample at which the value is taken."""
    window: float = 1.0
    """Length in seconds."""
    edge: float = 0.065
    """Seconds that are cut off at both ends of the filtered window."""
    memory: float = 0.06
    """Seconds of the past that the forecast looks at: the order of the autoregression."""
    hop: float = 0.02
    """Seconds between two estimates."""
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_delay("delay", self.delay, at_least=0)
        for name in ("window", "edge", "memory", "hop"):
            check_number(name, getattr(self, name), above=0, unit="s")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        low, high = check_band("band", self.band, info.rate)
        rate = info.rate
        self._n = check_length(
            "window", self.window, rate, channels=info.n_channels, most=MOST_TAPS
        )
        self._edge = max(1, round(self.edge * rate))
        self._order = max(2, round(self.memory * rate))
        self._hop = max(1, check_length("hop", self.hop, rate))
        self._at = self._edge + 1 + round(self.delay * rate)  # from the end of the forecast
        n_taps = round(FILTER_CYCLES / low * rate) | 1
        kept = self._n - 2 * self._edge
        if self._n <= 3 * n_taps // 2 or kept <= 2 * self._order or self._at > kept:
            raise SettingsError(
                "window",
                self.window,
                f"is too short for a band from {low:g} Hz, this delay, edge and memory; choose "
                "a longer one",
            )
        if self._n * n_taps * rate / self._hop > MOST_WORK:
            raise SettingsError(
                "hop",
                self.hop,
                f"is too short: {rate / self._hop:.4g} estimates a second, each over {self._n} "
                "samples, take longer than a second; choose a longer one or a shorter window, or "
                "decimate before this step",
            )
        self._taps = signal.firwin(n_taps, (low, high), pass_zero=False, fs=rate)
        self._n_channels = info.n_channels
        self.reset()
        self.settle: float = (self._n + self._hop) / rate
        self._try_out(rate)
        return self._told(info)

    def _try_out(self, rate: float) -> None:
        """Learn how late and how large a swelling amplitude comes out: no formula tells it."""
        n_channels, self._n_channels, self._scale = self._n_channels, 1, 1.0
        self.reset()
        self.declared_delay: float
        self.declared_delay, gain = try_out_envelope(
            lambda wave: np.abs(self.analytic(wave[:, None])[:, 0]),
            sum(self.band) / 2,
            rate,
            self.delay + self.hop / 2,
        )
        self._n_channels, self._scale = n_channels, 1 / gain
        self.reset()

    def reset(self) -> None:
        self._sliding = SlidingWindow(self._n, self._hop, self._n_channels, complex)

    def analytic(self, samples: np.ndarray) -> np.ndarray:
        return self._sliding.process(
            samples, lambda last: np.array([self._estimate(column) for column in last.T])
        )

    def _estimate(self, window: np.ndarray) -> complex:
        filtered = signal.filtfilt(self._taps, 1.0, window - window.mean(), padlen=len(self._taps))
        known = filtered[self._edge : -self._edge]
        # The forecast goes as far beyond the newest sample as the Hilbert transform is spoilt.
        whole = np.concatenate((known, _forecast(known, self._order, 2 * self._edge)))
        return self._scale * signal.hilbert(whole)[-self._at]


def _forecast(known: np.ndarray, order: int, n: int) -> np.ndarray:
    """Return the next `n` samples by an autoregression fitted to `known` (Yule-Walker)."""
    n_known = len(known)
    lags = np.array([known[: n_known - lag] @ known[lag:] for lag in range(order + 1)])
    if not lags[0] > 0:
        return np.zeros(n)
    lags[0] *= 1 + 1e-9  # a pure sine leaves nothing to solve
    weights = linalg.solve_toeplitz(lags[:-1], lags[1:])
    # An all-pole filter without input goes on from its state.
    state = signal.lfiltic([1.0], np.concatenate(([1.0], -weights)), known[::-1][:order])
    return signal.lfilter([1.0], np.concatenate(([1.0], -weights)), np.zeros(n), zi=state)[0]
