"""Fewer samples a second, without aliases."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from psychopy_nfb.checks import check_whole
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

STOP_DB = 60.0
PASS_SHARE = 0.7
"""Upper edge of the pass band, as a share of the new Nyquist frequency."""
MOST_FACTOR = 1000


@dataclass
class Decimate(Step):
    """Low-passes with a linear-phase filter and keeps every n-th sample.

    What is left over of a block is kept for the next one.
    """

    factor: int = 2
    """How many samples become one."""

    def __post_init__(self) -> None:
        check_whole("factor", self.factor, at_least=1, at_most=MOST_FACTOR)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        rate = info.rate / self.factor
        if info.frequency and info.frequency >= rate / 2 * PASS_SHARE:
            raise SettingsError(
                "factor",
                self.factor,
                f"leaves {rate:g} Hz, too few for the band around {info.frequency:g} Hz",
            )
        if self.factor == 1:
            self._taps = np.ones(1)
        else:
            width = (1 - PASS_SHARE) / self.factor
            n, beta = signal.kaiserord(STOP_DB, width)
            cutoff = (1 + PASS_SHARE) / 2 / self.factor
            self._taps = signal.firwin(n | 1, cutoff, window=("kaiser", beta))
        self.declared_delay: float = (len(self._taps) - 1) / 2 / info.rate
        self.settle: float = len(self._taps) / info.rate
        self._n_channels = info.n_channels
        self.reset()
        return replace(info, rate=rate)

    def reset(self) -> None:
        self._last: np.ndarray | None = None
        self._phase = 0  # samples taken since the last one kept

    def process(self, samples: np.ndarray) -> np.ndarray:
        if self._last is None and len(samples):
            # As if the first sample had always been there: no start-up step.
            self._last = np.repeat(samples[:1], len(self._taps) - 1, axis=0)
        first = self.factor - 1 - self._phase
        self.kept: np.ndarray | None = np.arange(first, len(samples), self.factor)
        self._phase = (self._phase + len(samples)) % self.factor
        if len(samples) == 0:
            return samples
        whole = np.concatenate((self._last, samples))
        self._last = whole[len(samples) :]
        out = np.empty((len(self.kept), self._n_channels))
        for row, end in enumerate(self.kept):
            # The filter is symmetric: its order does not matter.
            out[row] = self._taps @ whole[end : end + len(self._taps)]
        return out
