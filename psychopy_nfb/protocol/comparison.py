"""A signal against its baseline."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.settings import Protocol


class Comparison:
    """How a signal becomes z, and which z is the threshold.

    Parameters
    ----------
    protocol : Protocol
        Says what to compare with.
    baseline : Baseline or None
        None while none has been recorded.

    Attributes
    ----------
    ready : bool
        Whether there is all that the protocol needs.
    scale, shift : float
        z = signal * scale + shift.
    threshold : float
        In units of z; out of reach while it is not known.
    """

    def __init__(self, protocol: Protocol, baseline: Baseline | None = None):
        self.protocol = protocol
        self.baseline = baseline
        self.up = protocol.direction == "up"
        self.ready = baseline is not None or not protocol.needs_baseline
        self.scale, self.shift = self._normalisation()
        self.threshold = self._threshold_in_z()

    def _normalisation(self) -> tuple[float, float]:
        base, kind = self.baseline, self.protocol.normalise
        if kind == "none" or base is None:
            return 1.0, 0.0
        if kind == "zscore":
            return 1 / base.sd, -base.mean / base.sd
        if kind == "percent":
            return 100 / base.mean, -100.0
        return 1 / base.maximum, 0.0

    def _threshold_in_z(self) -> float:
        if self.protocol.threshold_kind == "fixed":
            return float(self.protocol.threshold)
        if self.baseline is None:
            return np.inf if self.up else -np.inf
        if self.protocol.threshold_kind == "bursts":
            level = self.baseline.burst_threshold(self.protocol.threshold)
            return level * self.scale + self.shift
        return self.baseline.percentile(self.protocol.threshold) * self.scale + self.shift
