"""A signal against its baseline."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.budget import SMALLEST
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import own_faults
from psychopy_nfb.protocol.signal import Signal
from psychopy_nfb.protocol.thresholds import ThresholdRule

SHOWN_PERCENTILES = (5.0, 50.0, 95.0)
"""Percentiles of the baseline that displays show as empty, half full and full, if no range is set.
Amplitudes are skewed: in a range that is linear from end to end the median of real alpha lies at a
quarter of the height."""
HEADROOM = 0.1
"""Share of the display that stays free beyond a threshold outside of those percentiles."""


class Comparison:
    """How a signal becomes z, and which z is the threshold.

    Parameters
    ----------
    settings : Signal
        Says what to compare with; its `baseline` is None while none has been recorded.

    Attributes
    ----------
    ready : bool
        Whether there is all that it is compared with.
    scale, shift : float
        z = signal * scale + shift.
    threshold : float
        In units of z, of one that moves by a rule where it begins; out of reach while it is not
        known.
    display_points : (float, float, float)
        The z that displays show as empty, half full and full (the other way round for
        ``direction="down"``), linear in between: the ends and the middle of
        `Signal.display_range`; where that is None, the 5th, 50th and 95th percentile of the
        baseline; where there is no baseline, 0, the threshold and twice the threshold. Percentiles
        are widened until the threshold lies within the display.

    Examples
    --------
    >>> comparison = Comparison(Signal(normalise="none", threshold=10.0))
    >>> comparison.display_points, comparison.shown(5.0)
    ((0.0, 10.0, 20.0), 0.25)
    """

    def __init__(self, settings: Signal):
        self.settings = settings
        self.up: bool = settings.direction == "up"
        self.ready: bool = settings.baseline is not None or not settings.needs_baseline
        self.scale: float
        self.shift: float
        self.scale, self.shift = self._normalisation()
        self.threshold: float = self._threshold_in_z()
        self.display_points: tuple[float, float, float] = self._display_points()

    def shown(self, z: float) -> float:
        """Return what displays show for `z`: 0 (empty) to 1 (full)."""
        low, middle, high = self.display_points
        if z < middle:
            share = 0.5 * (z - low) / (middle - low) if z > low else 0.0
        else:
            share = 0.5 + 0.5 * (z - middle) / (high - middle) if z < high else 1.0
        return share if self.up else 1 - share

    def _display_points(self) -> tuple[float, float, float]:
        base, threshold = self.settings.baseline, self.threshold
        if self.settings.display_range is not None:
            return _with_middle(*self.settings.display_range)
        if base is None:
            if not np.isfinite(threshold) or threshold == 0:
                return -1.0, 0.0, 1.0
            return _with_middle(*sorted((0.0, 2 * threshold)))
        points = [base.percentile(percent) for percent in SHOWN_PERCENTILES]
        if not points[0] < points[1] < points[2]:
            points = [base.mean - 2 * base.sd, base.mean, base.mean + 2 * base.sd]
        low, middle, high = sorted(point * self.scale + self.shift for point in points)
        beyond = HEADROOM * (high - low)
        if threshold < low:
            low = threshold - beyond
        elif threshold > high:
            high = threshold + beyond
        return low, middle, high

    def _normalisation(self) -> tuple[float, float]:
        base, kind = self.settings.baseline, self.settings.normalise
        if kind == "none" or base is None:
            return 1.0, 0.0
        if kind == "zscore":
            return 1 / base.sd, -base.mean / base.sd
        name = "mean" if kind == "percent" else "maximum"
        divisor = base.mean if kind == "percent" else base.maximum
        if abs(divisor) < SMALLEST:
            raise SettingsError(
                f"baseline.{name}",
                divisor,
                f'cannot be compared with by normalise="{kind}"; choose "zscore" or "none"',
            )
        return (100 / divisor, -100.0) if kind == "percent" else (1 / divisor, 0.0)

    def _threshold_in_z(self) -> float:
        wanted, kind = self.settings.threshold, self.settings.threshold_kind
        base, rule = self.settings.baseline, None
        if isinstance(wanted, ThresholdRule):
            rule, wanted = wanted, wanted.start
        if wanted is not None and kind == "fixed":
            return float(wanted)
        if base is None:
            return np.inf if self.up else -np.inf
        if rule is not None:
            with own_faults(rule, "threshold", "cannot be taken from the baseline"):
                level = float(rule.of_baseline(base, self.up, self.settings.role == "inhibit"))
                if not np.isfinite(level):
                    raise ValueError(f"of_baseline gave {level}")
        elif kind == "bursts":
            level = base.burst_threshold(wanted)
        else:
            level = base.percentile(wanted)
        return level * self.scale + self.shift


def _with_middle(low: float, high: float) -> tuple[float, float, float]:
    return low, (low + high) / 2, high
