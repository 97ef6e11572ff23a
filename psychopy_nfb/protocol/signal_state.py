"""The state that each sample of a signal moves on: what is shown, and whether it is beyond."""

from __future__ import annotations

from collections.abc import Sequence

from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.display_value import DisplayValue
from psychopy_nfb.protocol.signal import Signal

_GAP = int(Flags.GAP)


class SignalState:
    """Turns a pipeline's output into `SIGNAL_VALUES`, sample by sample.

    While a flag says that the sample itself is not to be trusted, the value that is shown keeps its
    last trusted state: a blink must not move the bar.

    Parameters
    ----------
    settings : Signal
        What it is compared with, its threshold, and what displays show of it.
    rate : float
        Of the signal, in Hz; all durations are counted in its samples.

    Examples
    --------
    >>> state = SignalState(Signal(normalise="none", threshold=10.0), rate=100.0)
    >>> state.process([5.0, 15.0], [0, 0])
    ([(0.25, 5.0, 5.0, 10.0), (0.75, 15.0, 15.0, 10.0)], [False, True])
    """

    def __init__(self, settings: Signal, rate: float):
        self._display = DisplayValue(rate)
        self.use(settings)

    def use(self, settings: Signal) -> None:
        """Go by these settings, and the baseline in them, from the next sample on."""
        self.comparison: Comparison = Comparison(settings)
        self._display.use(self.comparison)

    @property
    def ready(self) -> bool:
        """Whether there is all that it is compared with."""
        return self.comparison.ready

    def process(
        self, signal: Sequence[float], flags: Sequence[int]
    ) -> tuple[list[tuple[float, float, float, float]], list[bool]]:
        """Take the next samples; plain floats are faster here than arrays of one.

        Parameters
        ----------
        signal : sequence of float, length n
            The pipeline's output.
        flags : sequence of int, length n
            Their `Flags`.

        Returns
        -------
        values : list of tuple, length n
            In the order of `SIGNAL_VALUES`.
        beyond : list of bool, length n
            Whether z is beyond the threshold, in the direction of the settings.
        """
        comparison, display = self.comparison, self._display
        scale, shift, threshold = comparison.scale, comparison.shift, comparison.threshold
        up, ready = comparison.up, comparison.ready
        values, beyond = [], []
        for x, bits in zip(signal, flags, strict=True):
            z = x * scale + shift
            if ready:
                if bits & HOLDING or z != z:  # NaN
                    display.hold(lost=bool(bits & _GAP))
                else:
                    display.follow(z)
            values.append((display.value, x, z, threshold))
            beyond.append(ready and (z >= threshold if up else z <= threshold))
        return values, beyond
