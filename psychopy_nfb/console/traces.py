"""The EEG's traces, with what the eye needs: channels, scale, filters, artifacts, a look back."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, DataRange1d, FixedTicker, Range1d
from bokeh.models.widgets import MultiChoice, Select, Slider, Toggle
from scipy import signal

from psychopy_nfb.console.desk import Desk
from psychopy_nfb.console.look import WIDGETS, WRAPS, paint, plain_figure

WINDOW_SECONDS = 10.0
SETTLE_SECONDS = 5.0
"""Before the window, for the filter to settle in."""
BACK_SECONDS = 60
MOST_TRACES = 32
SCALES = (5, 10, 20, 50, 100, 200, 500, 1000)
"""Microvolts between two traces."""
FILTERS: dict[str, tuple[float, float | None]] = {
    "0.5 to 40 Hz": (0.5, 40.0),
    "1 to 20 Hz": (1.0, 20.0),
    "0.5 Hz and above": (0.5, None),
    "no filter": (None, None),
}
"""Edges in Hz. They change what is seen here, and nothing else."""


class Traces:
    """The figure and its widgets.

    Parameters
    ----------
    desk : Desk
        Where the EEG comes from.
    t0 : float
        LSL time that the time axis counts from.
    """

    def __init__(self, desk: Desk, t0: float):
        self._desk, self._eeg, self._t0 = desk, desk.eeg, t0
        self._places = [f"c{number}" for number in range(min(MOST_TRACES, len(desk.eeg.labels)))]
        self._source = ColumnDataSource({"t": [], **{place: [] for place in self._places}})
        self._bad = ColumnDataSource({"left": [], "right": []})
        # It follows by itself, by the first line only: nothing need be sent for it.
        self._x = DataRange1d(follow="end", follow_interval=WINDOW_SECONDS, range_padding=0)
        self._y = Range1d(-1, 1)
        self.figure: Any = plain_figure(480, x_range=self._x, y_range=self._y, name="traces")
        self.figure.ygrid.grid_line_alpha = 0
        self.figure.xaxis.axis_label = "time (s)"
        self._shade = self.figure.quad(
            left="left", right="right", bottom=-1000, top=1000, source=self._bad, line_alpha=0
        )
        self._lines = [
            self.figure.line("t", place, source=self._source, line_width=1)
            for place in self._places
        ]
        self._x.renderers = self._lines[:1]
        labels = list(desk.eeg.labels)
        self._channels = MultiChoice(
            title="Channels (at most 32)",
            value=labels[: len(self._places)],
            options=labels,
            max_items=len(self._places),
            sizing_mode="stretch_width",
            stylesheets=[WIDGETS],
        )
        self._scale = Select(title="Scale (µV)", value="50", options=[str(one) for one in SCALES])
        self._filter = Select(
            title="Filter for the eye", value=next(iter(FILTERS)), options=list(FILTERS)
        )
        self._hold = Toggle(label="Hold (H)", css_classes=["key-h"], align="end")
        self._back = Slider(
            title="Look back (s)", start=0, end=BACK_SECONDS, value=0, step=1, disabled=True
        )
        for widget, width in (
            (self._hold, 110),
            (self._back, 130),
            (self._scale, 110),
            (self._filter, 150),
        ):
            widget.stylesheets = [WIDGETS]
            widget.width = width  # in one row on a laptop's screen
        for widget in (self._channels, self._scale, self._filter, self._back):
            widget.on_change("value", lambda attr, old, new: self._restart())
        self._hold.on_change("active", lambda attr, old, new: self._held())
        self._ends: float | None = None  # of the window while it is held
        self._state: np.ndarray | None = None
        self._count = 0
        self._sos: np.ndarray | None = None
        self._restart()

    def layout(self) -> Any:
        """Return figure and widgets."""
        choice = row(
            self._hold,
            self._back,
            self._scale,
            self._filter,
            sizing_mode="stretch_width",
            styles=WRAPS,
        )
        return column(self.figure, choice, self._channels, sizing_mode="stretch_width")

    def paint(self, palette: dict[str, str]) -> None:
        """Use the palette's colours."""
        paint(self.figure, palette)
        for line in self._lines:
            line.glyph.line_color = palette["trace"]
        self._shade.glyph.fill_color = palette["orange"]
        self._shade.glyph.fill_alpha = 0.22

    def update(self) -> None:
        """Add what is new; called ten times a second."""
        if self._ends is not None:
            return
        stamps, samples = self._eeg.since(self._count)
        if not len(stamps):
            return
        self._count = self._eeg.count
        columns = self._columns(stamps, samples)
        # As lists they go in one message; each array would be one of its own.
        lists = {name: values.round(3).tolist() for name, values in columns.items()}
        self._source.stream(lists, rollover=self._length())
        self._mark_artifacts(float(stamps[-1]))

    def _length(self) -> int:
        return round(WINDOW_SECONDS * self._eeg.rate)

    def _mark_artifacts(self, ends: float) -> None:
        begins = ends - WINDOW_SECONDS
        bad = [one for one in list(self._desk.watch.artifacts) if begins < one[1] and one[0] < ends]
        left = [one[0] - self._t0 for one in bad]
        right = [max(one[1], one[0] + 0.02) - self._t0 for one in bad]
        if left != self._bad.data["left"] or right != self._bad.data["right"]:
            self._bad.data = {"left": left, "right": right}

    def _held(self) -> None:
        active = self._hold.active
        stamps, _ = self._eeg.since(max(0, self._eeg.count - 1))
        self._ends = float(stamps[-1]) if active and len(stamps) else None
        self._back.disabled = not active
        if not active:
            self._back.value = 0
        self._restart()

    def _restart(self) -> None:
        """Draw the whole window anew, with the filter begun some seconds before it."""
        low, high = FILTERS[self._filter.value]
        self._sos = _filter(low, high, self._eeg.rate)
        self._state = None
        labels = [one for one in self._eeg.labels if one in self._channels.value]
        self._shown = [self._eeg.labels.index(one) for one in labels]
        stamps, samples = self._eeg.since(0)
        self._count = self._eeg.count
        ends = float(stamps[-1]) if len(stamps) else self._t0
        if self._ends is not None:
            ends = self._ends - self._back.value
        wanted = stamps > ends - WINDOW_SECONDS - SETTLE_SECONDS
        if self._ends is not None:
            wanted &= stamps <= ends
        columns = self._columns(stamps[wanted], samples[wanted])
        visible = stamps[wanted] > ends - WINDOW_SECONDS
        self._source.data = {name: values[visible] for name, values in columns.items()}
        count = len(labels)
        self._y.update(start=-count, end=1)
        for number, line in enumerate(self._lines):
            line.visible = number < count
        self.figure.yaxis.ticker = FixedTicker(ticks=[-number for number in range(count)])
        self.figure.yaxis.major_label_overrides = {-n: label for n, label in enumerate(labels)}
        self._mark_artifacts(ends)

    def _columns(self, stamps: np.ndarray, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return the next points as they are drawn: filtered, each channel at its height."""
        chosen = samples[:, self._shown].astype(float)
        if len(chosen) and self._sos is not None:
            if self._state is None:
                first = signal.sosfilt_zi(self._sos)[:, :, None] * chosen[0]
                self._state = first
            chosen, self._state = signal.sosfilt(self._sos, chosen, axis=0, zi=self._state)
        elif len(chosen):
            if self._state is None:
                self._state = chosen.mean(axis=0)
            chosen = chosen - self._state
        heights = chosen / float(self._scale.value) - np.arange(len(self._shown))
        columns = {"t": stamps - self._t0}
        for number, place in enumerate(self._places):
            inside = number < len(self._shown)
            columns[place] = heights[:, number] if inside else np.zeros(len(stamps))
        return columns


def _filter(low: float | None, high: float | None, rate: float) -> np.ndarray | None:
    """Return second-order sections of a gentle filter, None for none."""
    if high is not None and high >= 0.45 * rate:
        high = None
    if low is None and high is None:
        return None
    edges = [one for one in (low, high) if one is not None]
    kind = "bandpass" if len(edges) == 2 else "highpass"
    return signal.butter(2, edges if len(edges) == 2 else edges[0], kind, fs=rate, output="sos")
