"""What is measured in sliding windows: the shape of a signal and of its spectrum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_band, check_choice, check_number
from psychopy_nfb.dsp.blocks import SlidingWindow
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

_HJORTH = ("activity", "mobility", "complexity")
_SHAPES = ("entropy", "centroid", "peak")
FEWEST_BINS = 3


class _InWindows(Step):
    """Measures the last `window` seconds at each `hop`, and holds the outcome in between."""

    window: float
    hop: float

    def _prepare_window(self, info: SignalInfo) -> int:
        """Make a fresh state, declare the delay, and return the samples of a window."""
        check_number("window", self.window, above=0, unit="s")
        check_number("hop", self.hop, above=0, unit="s")
        n = info.n_channels
        self._n = max(2, check_length("window", self.window, info.rate, channels=n))
        self._hop = max(1, check_length("hop", self.hop, info.rate))
        self._n_channels = info.n_channels
        self.declared_delay: float = ((self._n - 1) / 2 + (self._hop - 1) / 2) / info.rate
        self.settle: float = (self._n + self._hop) / info.rate
        self.reset()
        return self._n

    def _measure(self, window: np.ndarray) -> np.ndarray:
        """Map the last samples, (n, n_channels), to one value a channel."""
        raise NotImplementedError

    def reset(self) -> None:
        self._sliding = SlidingWindow(self._n, self._hop, self._n_channels)

    def process(self, samples: np.ndarray) -> np.ndarray:
        return self._sliding.process(samples, self._measure)


@dataclass
class Hjorth(_InWindows):
    """Activity, mobility or complexity of each channel.

    Activity is the variance; mobility the standard deviation of the slope over that of the signal,
    in 1/s (for a sine 2 pi times its frequency); complexity the slope's mobility over the signal's
    (for a sine 1).

    References
    ----------
    .. [1] B. Hjorth, "EEG analysis based on time domain properties", Electroencephalography and
       Clinical Neurophysiology 29, 306-310, 1970.
    """

    output: str = "mobility"
    """``"activity"``, ``"mobility"`` or ``"complexity"``."""
    window: float = 1.0
    """Length in seconds."""
    hop: float = 0.05
    """Seconds between two looks."""

    def __post_init__(self) -> None:
        check_choice("output", self.output, _HJORTH)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        if self._prepare_window(info) < 4:
            raise SettingsError("window", self.window, "is shorter than four samples")
        self._rate = info.rate
        return replace(info, units={"activity": "uV2", "mobility": "1/s"}.get(self.output, ""))

    def _measure(self, window: np.ndarray) -> np.ndarray:
        slopes = np.diff(window, axis=0) * self._rate
        powers = [
            part.var(axis=0) for part in (window, slopes, np.diff(slopes, axis=0) * self._rate)
        ]
        if self.output == "activity":
            return powers[0]
        mobility = _root_of_ratio(powers[1], powers[0])
        if self.output == "mobility":
            return mobility
        of_slope = _root_of_ratio(powers[2], powers[1])
        return np.divide(of_slope, mobility, out=np.zeros_like(mobility), where=mobility > 0)


@dataclass
class SpectralShape(_InWindows):
    """Where in a band the power of each channel lies: its entropy, centroid or peak.

    Entropy is Shannon's, of the share of power in each bin, over that of equal shares: 0 for one
    line, 1 for white noise. Centroid and peak are in Hz, the peak refined by a parabola.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    output: str = "peak"
    """``"entropy"``, ``"centroid"`` or ``"peak"``."""
    window: float = 2.0
    """Length in seconds; bins are as far apart as its inverse."""
    hop: float = 0.1
    """Seconds between two looks."""

    def __post_init__(self) -> None:
        check_choice("output", self.output, _SHAPES)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        low, high = check_band("band", self.band, info.rate)
        n = self._prepare_window(info)
        frequencies = np.fft.rfftfreq(n, 1 / info.rate)
        self._inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        if len(self._inside) < FEWEST_BINS:
            raise SettingsError(
                "window", self.window, f"is too short for {FEWEST_BINS} bins within the band"
            )
        self._frequencies = frequencies[self._inside][:, None]
        self._hann = signal.windows.hann(n, sym=False)[:, None]
        return replace(info, units="" if self.output == "entropy" else "Hz")

    def _measure(self, window: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft((window - window.mean(axis=0)) * self._hann, axis=0)
        power = np.abs(spectrum[self._inside]) ** 2
        total = power.sum(axis=0)
        shares = np.divide(power, total, out=np.zeros_like(power), where=total > 0)
        if self.output == "centroid":
            return (shares * self._frequencies).sum(axis=0)
        if self.output == "entropy":
            logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
            return -(shares * logs).sum(axis=0) / np.log(len(shares))
        return np.array([self._peak(column) for column in shares.T])

    def _peak(self, shares: np.ndarray) -> float:
        at = int(np.argmax(shares))
        found = float(self._frequencies[at, 0])
        if not 0 < at < len(shares) - 1 or shares[at - 1 : at + 2].min() <= 0:
            return found
        left, middle, right = np.log(shares[at - 1 : at + 2])
        bent = left - 2 * middle + right
        step = float(self._frequencies[1, 0] - self._frequencies[0, 0])
        return found + 0.5 * (left - right) / bent * step if bent < 0 else found


def _root_of_ratio(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.sqrt(np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0))
