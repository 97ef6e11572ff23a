"""The state that each sample of a signal moves on: what is shown, and whether it is beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import is_own, own_faults
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.display_value import DisplayValue
from psychopy_nfb.protocol.signal import Signal
from psychopy_nfb.protocol.thresholds import Follower, GuardedFollower, Situation, ThresholdRule

_GAP = int(Flags.GAP)
ANEW = "its rule, its direction or the baseline is another one from here on"
"""Why a threshold that moves begins anew."""


@dataclass(frozen=True)
class ThresholdChange:
    """A threshold was moved by its rule."""

    row: int
    """After how many rows of the block; it holds from the next one on."""
    old: float
    """The threshold before, in z."""
    new: float
    """The threshold from then on."""
    why: str
    """What the rule went by, in words."""


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

    Attributes
    ----------
    comparison : Comparison
        With the settings that are in use.
    follower : Follower or None
        What moves the threshold; None where it is a number.
    changes : list of ThresholdChange
        How it moved; who has read them clears the list.

    Examples
    --------
    >>> state = SignalState(Signal(normalise="none", threshold=10.0), rate=100.0)
    >>> state.process([5.0, 15.0], [0, 0])
    ([(0.25, 5.0, 5.0, 10.0), (0.75, 15.0, 15.0, 10.0)], [False, True])
    """

    def __init__(self, settings: Signal, rate: float):
        self._rate = rate
        self._display = DisplayValue(rate)
        self._rule: tuple[Any, ...] | None = None
        self.changes: list[ThresholdChange] = []
        self.follower: Follower | None = None
        self.use(settings)

    def use(self, settings: Signal) -> None:
        """Go by these settings, and the baseline in them, from the next sample on.

        A threshold that moves goes on as it did, unless its rule, its direction or the baseline are
        other ones. Another rule without a `start` goes on from the threshold there is.

        Raises
        ------
        SettingsError
            If a setting does not fit the signal's rate; nothing is changed then.
        """
        comparison = Comparison(settings)
        rule = settings.threshold, comparison.up, settings.baseline
        before = self._rule
        old = None if before is None or not self.comparison.ready else self.threshold
        if rule != before:
            self.follower = self._follower(comparison)
            self._rule = rule
            self._rule_number = crc32(repr(rule).encode())  # tells one from another process's
        self.comparison: Comparison = comparison
        self._display.use(comparison)
        if old is not None and self.follower is not None and self.threshold != old:
            self._note(0, old, ANEW)

    def _follower(self, comparison: Comparison) -> Follower | None:
        """Return what moves the threshold from now on."""
        settings, threshold = comparison.settings, comparison.threshold
        rule = settings.threshold
        if not isinstance(rule, ThresholdRule):
            return None
        before = self._rule
        if rule.start is None and before is not None and self.comparison.ready:
            if before[1:] == (comparison.up, settings.baseline):
                threshold = self.threshold
        situation = Situation(self._rate, threshold, comparison.up, settings.role == "inhibit")
        try:
            with own_faults(rule, "rule", "cannot be used"):
                follower = rule.follower(situation)
                if not is_own(type(rule)):
                    return follower
                if not isinstance(follower, Follower):
                    raise TypeError(f"follower must return a Follower, not {follower!r}")
                return GuardedFollower(rule, follower, situation)
        except SettingsError as error:
            raise error.within("threshold") from None

    @property
    def threshold(self) -> float:
        """The threshold that holds for the next sample, in z."""
        return self.comparison.threshold if self.follower is None else self.follower.threshold

    @property
    def fault(self) -> str | None:
        """What has failed in a lab's own rule, and where; None if nothing has."""
        return self.follower.fault if isinstance(self.follower, GuardedFollower) else None

    @property
    def follows(self) -> bool:
        """Whether the threshold moves by a rule, and is not frozen."""
        return self.follower is not None and not self.comparison.settings.frozen

    def block_edge(self, begins: bool) -> None:
        """Note that a block of the experiment begins or ends before the next sample."""
        if self.follower is None or not self.follows:
            return
        if begins:
            self.follower.begin_block()
            return
        old = self.follower.threshold
        self._note(0, old, self.follower.end_block())

    def _note(self, row: int, old: float, why: str | None) -> None:
        if why is not None:
            self.changes.append(ThresholdChange(row, old, self.threshold, why))

    def reached(self) -> dict[str, Any] | None:
        """Return what a successor needs of the moving threshold; None if it does not move."""
        if self.follower is None:
            return None
        return {**self.follower.reached(), "rule": self._rule_number}

    def carried(self) -> dict[str, Any] | None:
        """Return the rule's name, the threshold and the ``settings`` of a later session's rule.

        None where the threshold moves by no rule.
        """
        if self.follower is None:
            return None
        rule = type(self.comparison.settings.threshold).__name__
        return {"rule": rule, "threshold": self.threshold, "settings": self.follower.carried()}

    def go_on(self, parts: Sequence[dict[str, Any]]) -> bool:
        """Go on from what another process's `reached` gave, in its order.

        Returns
        -------
        bool
            Whether it was enough, and of the same rule and baseline; else nothing is changed.
        """
        own: list[dict[str, Any]] = []
        for part in reversed(parts):
            if part["rule"] != self._rule_number:
                break
            own.insert(0, part)
        return self.follower is not None and bool(own) and self.follower.go_on(own)

    @property
    def ready(self) -> bool:
        """Whether there is all that it is compared with."""
        return self.comparison.ready

    def process(
        self, signal: Sequence[float], flags: Sequence[int], takes: Sequence[bool] | None = None
    ) -> tuple[list[tuple[float, float, float, float]], list[bool]]:
        """Take the next samples; plain floats are faster here than arrays of one.

        Parameters
        ----------
        signal : sequence of float, length n
            The pipeline's output.
        flags : sequence of int, length n
            Their `Flags`.
        takes : sequence of bool, length n, optional
            Which of them a moving threshold goes by; None is none of them.

        Returns
        -------
        values : list of tuple, length n
            In the order of `SIGNAL_VALUES`.
        beyond : list of bool, length n
            Whether z is beyond the threshold, in the direction of the settings.
        """
        comparison, display = self.comparison, self._display
        scale, shift, threshold = comparison.scale, comparison.shift, self.threshold
        up, ready = comparison.up, comparison.ready
        taken: Sequence[bool] = () if takes is None else takes
        follower = self.follower if taken and ready and self.follows else None
        values, beyond = [], []
        for x, bits in zip(signal, flags, strict=True):
            z = x * scale + shift
            if ready:
                if bits & HOLDING or z != z:  # NaN
                    display.hold(lost=bool(bits & _GAP))
                else:
                    display.follow(z)
            values.append((display.value, x, z, threshold))
            side = ready and (z >= threshold if up else z <= threshold)
            beyond.append(side)
            if follower is not None and taken[len(beyond) - 1] and z == z:
                why = follower.take(z, side)
                if why is not None:
                    self._note(len(beyond), threshold, why)
                    threshold = follower.threshold
        return values, beyond
