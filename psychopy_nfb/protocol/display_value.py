"""What displays show of a signal."""

from __future__ import annotations

import math

from psychopy_nfb.protocol.comparison import Comparison


class DisplayValue:
    """The place of z within the display range, 0 to 1, followed smoothly.

    A sample that cannot be trusted leaves it where it is, for `Signal.display_hold` at most. It
    moves by a first-order low-pass, ``value += (place - value) * (1 - exp(-1 / (time constant *
    rate)))``, which delays slow changes by its time constant. It jumps to the first place.

    Parameters
    ----------
    rate : float
        Of the signal, in Hz.

    Examples
    --------
    >>> from psychopy_nfb.protocol import Signal
    >>> shown = DisplayValue(rate=100.0)
    >>> shown.use(Comparison(Signal(normalise="none", threshold=10.0, display_smoothing=0.1)))
    >>> [round(shown.follow(z), 3) for z in (0.0, 20.0, 20.0)]
    [0.0, 0.095, 0.181]
    """

    def __init__(self, rate: float):
        self._rate = rate
        self._begun = False
        self._held = 0
        self.value: float = 0.0

    def use(self, comparison: Comparison) -> None:
        """Show z as `comparison` says from the next sample on."""
        self._comparison = comparison
        seconds = comparison.settings.display_smoothing
        hold = comparison.settings.display_hold
        self._longest = math.inf if hold is None else hold * self._rate
        self._share = 1 - math.exp(-1 / (seconds * self._rate)) if seconds else 1.0
        if not comparison.ready:
            self._begun = False
            self.value = 0.0

    def follow(self, z: float) -> float:
        """Take the next trusted z and return what is shown."""
        self._held = 0
        place = self._comparison.shown(z)
        if self._begun and self._share < 1:
            self.value += (place - self.value) * self._share
        else:
            self._begun = True
            self.value = place
        return self.value

    def show(self, value: float) -> None:
        """Show a value that is followed smoothly already, 0 to 1."""
        self._held = 0
        self._begun = True
        self.value = value

    def hold(self, lost: bool = False) -> None:
        """Take a sample that cannot be trusted; `lost` if samples are missing before it."""
        self._held += 1
        if self._held > self._longest or lost and self._longest < math.inf:
            self._begun = False
            self.value = 0.0
