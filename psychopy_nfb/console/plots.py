"""The other figures: each signal with its threshold, the lag of frames, electrodes on a head."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d, Range1d
from bokeh.models.annotations import Span

from psychopy_nfb.console.desk import Desk
from psychopy_nfb.console.look import in_unit, paint, plain_figure
from psychopy_nfb.console.watch import LOOK_SECONDS
from psychopy_nfb.display.head_map import head_outline, on_map
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.protocol import value_name

SIGNAL_SECONDS = 30.0
ALONE_HEIGHT, HEIGHT = 190, 120
"""Of a signal's figure in pixels, alone and beside others: the head map below stays in sight."""
HEAD_PIXELS = 200
LAG_BINS = 40
BOX = (-142.0, -142.0, 142.0, 142.0)
"""Around a head whose radius is 100."""


class SignalPlot:
    """One signal over the last half minute: z, threshold, baseline, rewards.

    Parameters
    ----------
    desk : Desk
        Where the values come from.
    name : str
        The signal's.
    t0 : float
        LSL time that the time axis counts from.
    """

    def __init__(self, desk: Desk, name: str, t0: float):
        self._desk, self._name, self._t0 = desk, name, t0
        about = desk.state["signals"][name]
        self._source = ColumnDataSource({"t": [], "z": [], "threshold": []})
        self._rewards = ColumnDataSource({"t": [], "z": []})
        follow = DataRange1d(follow="end", follow_interval=SIGNAL_SECONDS, range_padding=0)
        height = ALONE_HEIGHT if len(desk.state["signals"]) == 1 else HEIGHT
        self.figure: Any = plain_figure(height, x_range=follow, name=f"signal {name}")
        self.figure.yaxis.axis_label = in_unit(name, about["compared_unit"])
        self.figure.xaxis.axis_label = "time (s)"
        self._line = self.figure.line("t", "z", source=self._source, line_width=2)
        self._threshold = self.figure.line(
            "t", "threshold", source=self._source, line_width=3, line_dash=[8, 4]
        )
        self._stars = self.figure.scatter(
            "t", "z", source=self._rewards, marker="star", size=11, line_alpha=0
        )
        self._baseline = Span(location=0, dimension="width", line_width=1)
        self._baseline.visible = about["baseline"] is not None and about["normalise"] != "max"
        self.figure.add_layout(self._baseline)
        self._count = 0

    def paint(self, palette: dict[str, str]) -> None:
        """Use the palette's colours."""
        paint(self.figure, palette)
        self._line.glyph.line_color = palette["blue"]
        self._threshold.glyph.line_color = palette["orange"]
        self._stars.glyph.fill_color = palette["orange"]
        self._baseline.line_color = palette["quiet"]

    def update(self) -> None:
        """Add what is new."""
        watch = self._desk.watch
        new = watch.count - self._count
        if not new:
            return
        self._count = watch.count
        points = list(watch.points)[-new:]
        z, threshold = (value_name(self._name, what) for what in ("z", "threshold"))
        times = [point["t_sample"] - self._t0 for point in points]
        added = {
            "t": times,
            "z": [point[z] for point in points],
            "threshold": [point[threshold] for point in points],
        }
        self._source.stream(added, rollover=round(SIGNAL_SECONDS / LOOK_SECONDS))
        given = [point for point in points if point["rewarded"]]
        if given and self._desk.may_send("reward"):
            self._rewards.stream(
                {
                    "t": [one["t_sample"] - self._t0 for one in given],
                    "z": [one[z] for one in given],
                },
                rollover=100,
            )


class LagPlot:
    """How the lag of the last minute's frames is distributed."""

    def __init__(self, desk: Desk):
        self._desk = desk
        self._source = ColumnDataSource({"top": [], "left": [], "right": []})
        self.figure: Any = plain_figure(150, name="lag plot", visible=False)
        self.figure.yaxis.axis_label = "frames"
        self.figure.xaxis.axis_label = "lag: brain to flip (ms)"
        self._bars = self.figure.quad(
            top="top", left="left", right="right", bottom=0, source=self._source, line_alpha=0
        )

    def paint(self, palette: dict[str, str]) -> None:
        """Use the palette's colours."""
        paint(self.figure, palette)
        self._bars.glyph.fill_color = palette["blue"]

    def update(self) -> None:
        """Count anew; called once a second."""
        lags = self._desk.watch.lags()
        if len(lags):
            self.figure.visible = True
            tops, edges = np.histogram(lags, LAG_BINS)
            self._source.data = {"top": tops, "left": edges[:-1], "right": edges[1:]}


class HeadMap:
    """Electrodes whose place is known, seen from above: good ones a disc, bad ones a cross."""

    def __init__(self, desk: Desk):
        self._desk = desk
        self._spots = on_map(standard_positions(desk.eeg.labels), BOX)
        self._sources = {
            sign: ColumnDataSource({"x": [], "y": [], "label": []})
            for sign in ("good", "bad", "open")
        }
        self.figure: Any = plain_figure(
            height=HEAD_PIXELS,
            x_range=Range1d(BOX[0], BOX[2]),
            y_range=Range1d(BOX[1], BOX[3]),
            name="electrodes",
        )
        self.figure.update(width=HEAD_PIXELS, sizing_mode="fixed")
        self.figure.axis.visible = False
        self.figure.grid.visible = False
        self.figure.min_border = 4
        self._outline = [
            self.figure.line(*zip(*line.points, strict=True), line_width=2)
            for line in head_outline(BOX)
        ]
        options = {"x": "x", "y": "y", "size": 11}
        self._good = self.figure.scatter(
            **options, source=self._sources["good"], marker="circle", line_alpha=0
        )
        self._open = self.figure.scatter(
            **options, source=self._sources["open"], marker="circle", fill_alpha=0
        )
        self._bad = self.figure.scatter(
            x="x", y="y", size=15, source=self._sources["bad"], marker="x", line_width=4
        )
        self._names = self.figure.text(
            x="x",
            y="y",
            text="label",
            source=self._sources["bad"],
            y_offset=-10,
            text_align="center",
            text_font_size="15px",
            text_font_style="bold",
        )
        self._told: Any = None
        self.update()

    def paint(self, palette: dict[str, str]) -> None:
        """Use the palette's colours."""
        paint(self.figure, palette)
        for line in self._outline:
            line.glyph.line_color = palette["quiet"]
        self._good.glyph.fill_color = palette["blue"]
        self._open.glyph.line_color = palette["quiet"]
        self._bad.glyph.line_color = palette["orange"]
        self._names.glyph.text_color = palette["text"]

    def update(self) -> None:
        """Show the newest verdicts; called once a second."""
        found = {one.label: one for one in self._desk.eeg.verdicts if one.judged}
        signs = {
            label: "open" if label not in found else "good" if found[label].good else "bad"
            for label in self._spots
        }
        if signs == self._told:
            return
        self._told = signs
        for sign, source in self._sources.items():
            labels = [label for label, its in signs.items() if its == sign]
            source.data = {
                "x": [self._spots[label][0] for label in labels],
                "y": [self._spots[label][1] for label in labels],
                "label": labels,
            }
