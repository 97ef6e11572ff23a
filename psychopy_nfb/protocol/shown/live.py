"""Sources that show the person's own signals of this moment, but not those that are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol.shown.source import ShownSource
from psychopy_nfb.protocol.signal import Signal


@dataclass(kw_only=True)
class Inverse(ShownSource):
    """The own feedback upside down: what was good is bad.

    Each rewarded signal is mirrored: at the baseline's mean where z is counted from there
    (``normalise="zscore"`` or ``"percent"``), else at the middle of the display. With a threshold
    of 0.5 standard deviations above the mean, reward comes 0.5 below it.

    Examples
    --------
    >>> Inverse()
    Inverse()
    """


@dataclass(kw_only=True)
class OtherSignal(ShownSource):
    """Another signal of the training, such as another band or site, with its own threshold.

    It takes the place of the first signal, on displays and for reward.

    Examples
    --------
    >>> OtherSignal(signal="beta").signal
    'beta'
    """

    signal: str
    """Its name in the settings; ``role="watch"`` keeps it out of the own reward."""

    def check(self, signals: Mapping[str, Signal]) -> None:
        """Check that there is such a signal; see `ShownSource.check`."""
        first, *others = signals
        if self.signal == first:
            raise SettingsError("signal", first, "is the first signal, which is shown anyway")
        if self.signal not in signals:
            there = f"the others are {listed(others)}" if others else "it is the only one"
            raise SettingsError(
                "signal", self.signal, f"is no signal of this training beside {first}; {there}"
            )
