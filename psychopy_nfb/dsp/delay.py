"""A delay by choice, e.g. to find out how much of it a learner bears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.step import SignalInfo, Step


@dataclass
class Delay(Step):
    """Gives each sample later by a whole number of samples; zeros until then."""

    seconds: float = 0.0
    """Rounded to samples."""

    def __post_init__(self) -> None:
        check_number("seconds", self.seconds, at_least=0, unit="s")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._n = check_length("seconds", self.seconds, info.rate, channels=info.n_channels)
        self._n_channels = info.n_channels
        self.declared_delay: float = self._n / info.rate
        self.settle: float = self.declared_delay
        self.reset()
        return info

    def reset(self) -> None:
        self._waiting = np.zeros((self._n, self._n_channels))

    def process(self, samples: np.ndarray) -> np.ndarray:
        if self._n == 0:
            return samples
        whole = np.concatenate((self._waiting, samples))
        self._waiting = whole[len(samples) :]
        return whole[: len(samples)]
