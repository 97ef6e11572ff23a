"""Artificial processor load, to test what a busy process does to the others."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

import numpy as np

from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.step import SignalInfo, Step


@dataclass
class Burn(Step):
    """Keeps one core busy for a while at each block and passes the samples through.

    For tests and benchmarks: the stimulus loop must not notice.
    """

    for_tests: ClassVar[bool] = True
    """Whether it is left out where steps are listed for people."""
    milliseconds: float = 10.0
    """At each block."""

    def __post_init__(self) -> None:
        check_number("milliseconds", self.milliseconds, at_least=0, at_most=1000, unit="ms")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        return info

    def process(self, samples: np.ndarray) -> np.ndarray:
        ends = perf_counter() + self.milliseconds / 1e3
        while perf_counter() < ends:
            pass
        return samples
