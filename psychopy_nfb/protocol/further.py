"""A further signal beside the trained one: what it shows, and whether it forbids reward."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.dsp.pipeline import Pipeline
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.display_value import DisplayValue
from psychopy_nfb.protocol.settings import Protocol

FURTHER_NAMES = ("value", "signal", "z", "threshold")
"""What there is of a further signal for each sample, after its name and an underscore."""


@dataclass
class FurtherSignal:
    """A second signal of the same stream, such as muscle activity beside a brain rhythm.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, Pick
    >>> emg = FurtherSignal(
    ...     Pipeline([Pick(["T7"]), CFIR(band=(30, 45))]), Protocol(threshold=2.0), inhibits=True
    ... )
    >>> emg.inhibits
    True
    """

    pipeline: Pipeline = field(default_factory=Pipeline)
    """From EEG samples to this signal; at the same rate as the trained one's."""
    protocol: Protocol = field(default_factory=Protocol)
    """Of it count normalisation, threshold, direction, display range and smoothing."""
    inhibits: bool = False
    """Whether no reward is given while z is beyond the threshold."""
    baseline: Baseline | None = None
    """As the trained signal's."""


class FurtherFeedback:
    """Turns a further signal into `FURTHER_NAMES`, block by block.

    Parameters
    ----------
    protocol : Protocol
        Normalisation, threshold, direction, display range and smoothing.
    rate : float
        Of the signal, in Hz.
    """

    def __init__(self, protocol: Protocol, rate: float):
        self._display = DisplayValue(rate)
        self._use(Comparison(protocol))

    def _use(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self._display.use(comparison)

    def set_baseline(self, baseline: Baseline) -> None:
        """Compare with `baseline` from the next sample on."""
        self._use(Comparison(self.comparison.protocol, baseline))

    def process(self, signal: np.ndarray, flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take the next samples.

        Parameters
        ----------
        signal : ndarray, shape (n,)
            float64.
        flags : ndarray of uint32, shape (n,)
            Of the samples; where they say that a sample is not to be trusted, the value stays.

        Returns
        -------
        values : ndarray, shape (n, 4)
            In the order of `FURTHER_NAMES`.
        beyond : ndarray of bool, shape (n,)
            Whether z is at or beyond the threshold.
        """
        comparison = self.comparison
        z = signal * comparison.scale + comparison.shift
        values = np.empty((len(z), len(FURTHER_NAMES)))
        trusted = (flags & HOLDING == 0) & np.isfinite(z)
        lost = (flags & Flags.GAP) > 0
        rows = zip(z.tolist(), trusted.tolist(), lost.tolist(), strict=True)
        for row, (one, usable, after_gap) in enumerate(rows):
            if comparison.ready and usable:
                self._display.follow(one)
            elif comparison.ready:
                self._display.hold(lost=after_gap)
            values[row, 0] = self._display.value
        values[:, 1], values[:, 2], values[:, 3] = signal, z, comparison.threshold
        side = z >= comparison.threshold if comparison.up else z <= comparison.threshold
        return values, side & comparison.ready
