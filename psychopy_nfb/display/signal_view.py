"""What the newest feedback record says of one signal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from psychopy_nfb.display.newest_record import NewestRecord
from psychopy_nfb.display.run_state import RunState
from psychopy_nfb.engine.records import Layout
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol import SHOWN, Comparison, Signal, value_name


class SignalViews(dict[str, "SignalView"]):
    """A training's signals by name."""

    def __missing__(self, name: str) -> SignalView:
        raise SettingsError(
            "signals", name, f"is not a signal of this training; the signals are {listed(self)}"
        )


class SignalView(RunState):
    """One of a running training's signals; ``nfb.signals["emg"]`` is one.

    Parameters
    ----------
    newest : NewestRecord
        What was read last.
    name : str
        The signal's.
    settings : Signal
        Its settings.
    layout : Layout
        Of feedback records.
    change : callable
        Called as ``change(changes, name)`` by `set`.
    """

    def __init__(
        self,
        newest: NewestRecord,
        name: str,
        settings: Signal,
        layout: Layout,
        change: Callable[[dict[str, Any], str], None],
    ):
        self._newest = newest
        self._change = change
        self.name = name
        self._find(layout, name)
        self._compare(settings)

    def _find(self, layout: Layout, prefix: str) -> None:
        """Learn where a record has the values whose names begin so."""
        self._value = layout.place(value_name(prefix, "value"))
        self._signal = layout.place(value_name(prefix, "signal"))
        self._z = layout.place(value_name(prefix, "z"))
        self._threshold = layout.place(value_name(prefix, "threshold"))

    def _compare(self, settings: Signal) -> None:
        """Show the threshold as it lies with these settings and the baseline in them."""
        self._comparison = Comparison(settings)
        self._hold = math.inf if settings.display_hold is None else settings.display_hold

    def _get(self, place: int) -> float:
        record = self._newest.record
        return math.nan if record is None else record[place]

    @property
    def value(self) -> float:
        """What displays show: 0 to 1.

        0 in blocks without feedback, before the first value, and when no sample has come for
        `Signal.display_hold`.
        """
        newest = self._newest
        record = newest.record
        if record is None or not newest.showing:
            return 0.0
        return record[self._value] if newest.t_read - newest.t_received <= self._hold else 0.0

    @property
    def signal(self) -> float:
        """The pipeline's output, e.g. an envelope in microvolts; NaN before the first."""
        return self._get(self._signal)

    @property
    def z(self) -> float:
        """The signal against the baseline; NaN before the first value."""
        return self._get(self._z)

    @property
    def threshold(self) -> float:
        """The threshold, in the units of `z`; NaN before the first value."""
        return self._get(self._threshold)

    @property
    def display_threshold(self) -> float | None:
        """The threshold as displays show it, 0 to 1; None while it is not known."""
        threshold = self.threshold
        return self._comparison.shown(threshold) if math.isfinite(threshold) else None

    @property
    def beyond(self) -> bool:
        """Whether z is beyond the threshold; false while there is nothing to compare with."""
        if not self._comparison.ready:
            return False
        return self.z >= self.threshold if self._comparison.up else self.z <= self.threshold

    def set(self, **changes: Any) -> None:
        """Change this signal's settings from now on, e.g. ``set(threshold=2.5)``; logged.

        Raises
        ------
        SettingsError
            If a setting does not exist, must stay as it is during a run, or cannot have this value.
        """
        self._change(changes, self.name)

    def freeze(self) -> None:
        """Leave a threshold that moves by a rule where it is, until `adapt`; logged."""
        self.set(frozen=True)

    def adapt(self) -> None:
        """Let the threshold move by its rule again, from where it is; logged."""
        self.set(frozen=False)


class ShownView(SignalView):
    """The first signal of a training that may show something else in its place: what is shown.

    Parameters
    ----------
    *args
        As `SignalView`.
    """

    def _find(self, layout: Layout, prefix: str) -> None:
        super()._find(layout, SHOWN)
        self._place = layout.place(value_name(SHOWN, "threshold_place"))
        self._beyond = layout.place(value_name(SHOWN, "beyond"))

    @property
    def display_threshold(self) -> float | None:
        """The threshold as displays show it, 0 to 1; None while it is not known."""
        return self._get(self._place) if math.isfinite(self.threshold) else None

    @property
    def beyond(self) -> bool:
        """Whether what is shown is beyond its threshold."""
        return self._get(self._beyond) > 0
