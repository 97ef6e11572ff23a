"""Causal recursive filters: offset, mains, bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import signal

from psychopy_nfb.checks import check_band, check_below_nyquist, check_number, check_whole
from psychopy_nfb.dsp.cascade import Cascade
from psychopy_nfb.dsp.group_delay import envelope_delay
from psychopy_nfb.dsp.step import SignalInfo, Step

SETTLED = 0.01
"""Share of its peak below which an impulse response counts as over."""
LONGEST_SETTLE = 10.0
MOST_ORDER = 12
MOST_HARMONICS = 50
HIGHEST_MAINS = 65.0
"""Hz: no mains' frequency is above it."""
PASSES_ALL = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
"""A second-order section that changes nothing."""


class _Sections(Step):
    """A filter as second-order sections, each with its own state."""

    starts_settled: ClassVar[bool] = False
    """Whether it begins as if the first sample had always been there (for high-passes: no start-up
    step from the electrode's offset)."""

    def _design(self, info: SignalInfo) -> np.ndarray:
        """Return second-order sections, (n_sections, 6), for `info`."""
        raise NotImplementedError

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._sos = self._design(info)
        self._cascade = Cascade.of_sections(self._sos)
        self.declared_delay: float = sections_delay(
            self._sos, info.rate, self._reference_frequency(info)
        )
        self.settle: float = settle_seconds(self._sos, info.rate)
        return info

    def _reference_frequency(self, info: SignalInfo) -> float:
        """Return the frequency in Hz at which the delay is declared."""
        band = getattr(self, "band", None)
        return info.frequency or (sum(band) / 2 if band else info.rate / 20)

    def process(self, samples: np.ndarray) -> np.ndarray:
        if len(samples) == 0:
            return samples
        if not self._cascade.begun:
            self._begin(samples[0])
        return self._cascade.process(samples)

    def process_one(self, value: float) -> float:
        if not self._cascade.begun:
            self._begin(np.array([value]))
        return self._cascade.process_one(value)

    def _begin(self, first: np.ndarray) -> None:
        if self.starts_settled:
            self._cascade.begin_settled(first, signal.sosfilt_zi(self._sos))
        else:
            self._cascade.begin(len(first))

    def reset(self) -> None:
        self._cascade.reset()


@dataclass
class DCBlock(_Sections):
    """Removes the electrodes' offset and slow drift: a first-order high-pass.

    It starts as if the first sample had always been there, so that an offset of 100 mV leaves no
    trace at the start.
    """

    cutoff: float = 0.5
    """-3 dB frequency in Hz."""

    starts_settled = True

    def __post_init__(self) -> None:
        check_number("cutoff", self.cutoff, above=0, unit="Hz")

    def _design(self, info: SignalInfo) -> np.ndarray:
        check_below_nyquist("cutoff", self.cutoff, info.rate)
        return signal.butter(1, self.cutoff, "highpass", fs=info.rate, output="sos")


@dataclass
class HighPass(_Sections):
    """Butterworth high-pass; starts as if the first sample had always been there."""

    cutoff: float = 1.0
    """-3 dB frequency in Hz."""
    order: int = 2
    """Order of the filter."""

    starts_settled = True

    def __post_init__(self) -> None:
        check_number("cutoff", self.cutoff, above=0, unit="Hz")
        check_whole("order", self.order, at_least=1, at_most=MOST_ORDER)

    def _design(self, info: SignalInfo) -> np.ndarray:
        check_below_nyquist("cutoff", self.cutoff, info.rate)
        return signal.butter(self.order, self.cutoff, "highpass", fs=info.rate, output="sos")


@dataclass
class LowPass(_Sections):
    """Butterworth low-pass; starts as if the first sample had always been there."""

    cutoff: float = 40.0
    """-3 dB frequency in Hz."""
    order: int = 2
    """Order of the filter."""

    starts_settled = True

    def __post_init__(self) -> None:
        check_number("cutoff", self.cutoff, above=0, unit="Hz")
        check_whole("order", self.order, at_least=1, at_most=MOST_ORDER)

    def _design(self, info: SignalInfo) -> np.ndarray:
        check_below_nyquist("cutoff", self.cutoff, info.rate)
        return signal.butter(self.order, self.cutoff, "lowpass", fs=info.rate, output="sos")


@dataclass
class BandPass(_Sections):
    """Butterworth band-pass.

    The envelope steps choose their band themselves; this is for a signal that is wanted as such.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """-3 dB frequencies in Hz."""
    order: int = 2
    """For each edge."""

    def __post_init__(self) -> None:
        check_whole("order", self.order, at_least=1, at_most=MOST_ORDER)

    def _design(self, info: SignalInfo) -> np.ndarray:
        band = check_band("band", self.band, info.rate)
        return signal.butter(self.order, band, "bandpass", fs=info.rate, output="sos")


@dataclass
class Notch(_Sections):
    """Removes the mains' frequency and its harmonics."""

    frequency: float = 50.0
    """Mains frequency in Hz: 50 or 60."""
    quality: float = 30.0
    """Frequency divided by the -3 dB width."""
    harmonics: int = 1
    """How many multiples to remove, the frequency itself included; those that the stream's rate
    cannot carry are left out, and so is the frequency itself (many recordings of sleep have
    100 Hz): a device that samples rightly has removed them."""

    def __post_init__(self) -> None:
        check_number("frequency", self.frequency, above=0, unit="Hz")
        check_number("quality", self.quality, at_least=0.5, at_most=1000)
        check_whole("harmonics", self.harmonics, at_least=1, at_most=MOST_HARMONICS)

    def _design(self, info: SignalInfo) -> np.ndarray:
        self.note: str | None = None
        if self.frequency > HIGHEST_MAINS or self.frequency < info.rate / 2:
            check_below_nyquist("frequency", self.frequency, info.rate)
        else:
            self.note = (
                f"No notch at {self.frequency:g} Hz: at {info.rate:g} samples a second there is "
                f"nothing from {info.rate / 2:g} Hz on."
            )
            return np.array([PASSES_ALL])
        sections = []
        for number in range(1, self.harmonics + 1):
            if number * self.frequency < info.rate / 2:
                b, a = signal.iirnotch(number * self.frequency, self.quality, fs=info.rate)
                sections.append([*b, *a])
        return np.array(sections)


def sections_delay(sos: np.ndarray, rate: float, frequency: float) -> float:
    """Return the delay in seconds that an amplitude at `frequency` Hz undergoes."""
    return envelope_delay(lambda f: signal.sosfreqz(sos, f, fs=rate)[1], frequency)


def settle_seconds(sos: np.ndarray, rate: float) -> float:
    """Return after how many seconds the filter's step response stays within 1 % of its end."""
    n = round(LONGEST_SETTLE * rate)
    response = signal.sosfilt(sos, np.ones(n))
    away = np.abs(response - response[-1])
    scale = max(1e-12, float(np.abs(response).max()))
    late = np.flatnonzero(away > SETTLED * scale)
    return float((late[-1] + 1) / rate) if len(late) else 0.0
