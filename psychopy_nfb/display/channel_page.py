"""The page of the signal check: channels with dot, label, microvolts and trace, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.display.channel_layout import Cell, ChannelLayout, lay_out
from psychopy_nfb.display.fault_list import BAD, GOOD, fault_list
from psychopy_nfb.display.head_map import electrodes, head_outline, on_map
from psychopy_nfb.display.letters import (
    BACKGROUND,
    QUIET,
    TEXT,
    Line,
    Patch,
    Picture,
    Text,
    shortened,
    whole,
    wrapped,
)
from psychopy_nfb.display.shapes import box_corners, buffer_pixels, triangles
from psychopy_nfb.dsp.channel_verdict import ChannelVerdict
from psychopy_nfb.dsp.montage import standard_positions

if TYPE_CHECKING:
    from psychopy.visual import Window

DISC, CROSS, RING = "●", "✖", "○"
CURVE = "#B4C0CA"
BEHIND_BAD = "#33261A"
TRACE_UV = 50.0
"""What half a row's height stands for: EEG at rest fills about half of it."""
TRACE_WIDTH, LEAST_WIDTH = 1.6, 0.7
"""Of a trace's line in pixels; between them it is as wide as its points are apart."""
NUMBERS_EVERY = 4
"""Verdicts come four times a second; numbers that changed as often could not be read."""
LEAST_HEAD = 3
"""Electrodes with a known place from which on a head is drawn."""
MOST_UV = 999


class ChannelPage:
    """What `show_signal_check` draws.

    A frame draws a dozen pictures and two shapes, whatever the number of channels, and paints at
    most one picture anew.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn; any units, any colour.
    title : str
        Stands above.
    key : str
        What goes on.
    """

    def __init__(self, win: Window, title: str, key: str):
        self._win = win
        self._key = key
        self._size = np.asarray(win.frameBufferSize) / buffer_pixels(win)
        half = self._size / 2
        self._ground = triangles(win, box_corners(*-half, *half), BACKGROUND)
        self._labels: tuple[str, ...] = ()
        self._verdicts: Sequence[ChannelVerdict] = ()
        self._numbers: Sequence[ChannelVerdict] = ()
        self._age = 0
        self._silent = False
        self._waiting: dict[Picture, list[Any]] = {}
        self.layout: ChannelLayout = lay_out(self._size, (), has_head=False)
        self._start_anew(title)

    def _start_anew(self, title: str) -> None:
        from psychopy.visual import TextStim

        left, bottom, right, top = self.layout.title
        self._title = TextStim(  # PsychoPy's, because its words may be in any script
            self._win,
            title,
            units="pix",
            height=1.15 * self.layout.letter,
            pos=(left, (bottom + top) / 2),
            anchorHoriz="left",
            alignText="left",
            wrapWidth=10 * (right - left),
            color=TEXT,
            autoLog=False,
        )
        breadth = self._title.boundingBox[0]
        if breadth > right - left:
            self._title.height *= (right - left) / breadth
        self._state = Picture(self._win, whole(self.layout.state, self._win))
        self._note = Picture(self._win, whole(self.layout.note, self._win))
        self._columns: list[Picture] = []
        self._faults: Picture | None = None
        self._head: Picture | None = None
        self._spots: dict[str, tuple[float, float]] = {}
        self._outline: list[Line] = []
        self._strip = np.zeros((0, 1, 6, 2))
        self._curves = [triangles(self._win, np.zeros((3, 2)), color) for color in (CURVE, BAD)]
        self._paint_state()

    @property
    def pictures(self) -> list[Picture]:
        """All that is written, for whoever wants to know what and where."""
        found = [self._state, self._note, *self._columns, self._faults, self._head]
        return [one for one in found if one is not None]

    def show(self, verdicts: Sequence[ChannelVerdict], traces: np.ndarray, silent: bool) -> None:
        """Take over the newest verdicts and traces; cheap while they are the same objects.

        Parameters
        ----------
        verdicts : sequence of ChannelVerdict
            Empty until there are some.
        traces : ndarray, shape (n_channels, n_points)
            In microvolts.
        silent : bool
            Whether no samples arrive.
        """
        if verdicts is self._verdicts and silent == self._silent:
            return
        fresh, told = verdicts is not self._verdicts, silent == self._silent
        self._silent, before, self._verdicts = silent, self._verdicts, verdicts
        labels = tuple(one.label for one in verdicts)
        if labels != self._labels:
            self._lay_out(labels)
        faults = [one.fault for one in verdicts]
        changed = faults != [one.fault for one in before]
        if verdicts and len(traces) == len(verdicts):
            self._move_curves(traces)
        if changed or self._age == 0 or not told or not verdicts:
            self._age, self._numbers = NUMBERS_EVERY, verdicts
            self._paint(changed)
        self._age -= fresh

    def _lay_out(self, labels: tuple[str, ...]) -> None:
        self._labels = labels
        self._waiting.clear()
        places = standard_positions(labels)
        self.layout = layout = lay_out(self._size, labels, len(places) >= LEAST_HEAD)
        self._columns = [Picture(self._win, whole(box, self._win)) for box in layout.columns]
        self._faults = Picture(self._win, whole(layout.faults, self._win))
        self._head, self._spots, self._outline = None, {}, []
        if layout.head is not None:
            self._head = Picture(self._win, whole(layout.head, self._win))
            self._spots = on_map(places, self._head.box)
            self._outline = head_outline(self._head.box)
        self._age = 0

    def _paint(self, changed: bool) -> None:
        """Note what each picture must show; `draw` paints the one that has waited longest."""
        self._paint_state()
        if not self._verdicts:
            return
        self._waiting[self._faults] = fault_list(
            self._numbers, self.layout.faults, self.layout.letter
        )
        if self._head is not None and changed:
            signs = {one.label: _sign(one) for one in self._numbers}
            bad = [one.label for one in self._numbers if not one.good]
            shown = electrodes(self._spots, signs, bad, self._head.box, self.layout.small)
            self._waiting[self._head] = [*self._outline, *shown]
        first = 0
        for picture in self._columns:
            cells = [cell for cell in self.layout.cells if cell.box[0] == self._x(picture)]
            column = self._numbers[first : first + len(cells)]
            first += len(cells)
            self._waiting[picture] = self._column(cells, column)

    def _x(self, picture: Picture) -> float:
        return self.layout.columns[self._columns.index(picture)][0]

    def _column(self, cells: list[Cell], verdicts: Sequence[ChannelVerdict]) -> list[Any]:
        small, first = self.layout.small, cells[0]
        y = first.box[3] + 0.7 * small
        size, trace = max(8, round(0.85 * small)), first.trace[2] - first.trace[0]
        parts = [
            Text(first.number[2], y, "µV", size, QUIET, anchor="r"),
            Text(
                first.trace[0],
                y,
                shortened("last 2 s", size, trace),
                size,
                QUIET,
            ),
        ]
        for cell, verdict in zip(cells, verdicts, strict=True):
            middle = cell.dot[1]
            color, bold = (TEXT, False) if verdict.good else (BAD, True)
            if not verdict.judged:
                color = QUIET
            if not verdict.good:
                parts.append(Patch(cell.box, BEHIND_BAD))
            label = shortened(verdict.label, small, cell.label[2] - cell.label[0])
            sign, sign_color = _sign(verdict)
            parts += [
                Text(*cell.dot, sign, _larger(small, sign), sign_color, anchor="m"),
                Text(cell.label[0], middle, label, small, color, bold),
            ]
            if verdict.judged:
                number = _microvolts(verdict)
                parts.append(Text(cell.number[2], middle, number, small, color, bold, "r"))
        return parts

    def _paint_state(self) -> None:
        judged = [one for one in self._verdicts if one.judged]
        bad = [one for one in judged if not one.good]
        n, key = len(judged), self._key
        if self._silent:
            color, words = (
                BAD,
                f"{CROSS} No samples arrive: is the amplifier on, and its LSL output?",
            )
        elif not self._verdicts:
            color = QUIET
            words = f"Measuring. The first result comes after two seconds; then press {key}."
        elif not judged:
            color, words = BAD, f"{CROSS} This stream has no EEG channel. Is it the right stream?"
        elif bad:
            are = "channel is" if len(bad) == 1 else f"of {n} channels are"
            color = BAD
            words = (
                f"{CROSS} {len(bad)} {are} bad: what to do is on the right. To go on: press {key}."
            )
        else:
            all_of = "The channel is" if n == 1 else f"All {n} channels are"
            color, words = GOOD, f"{DISC} {all_of} good. Go on: press {key}."
        left, bottom, right, top = self.layout.state
        size = round(1.25 * self.layout.letter)
        lines = wrapped(words, size, right - left, bold=True)
        parts = [
            Text(left, top - (0.6 + 1.2 * number) * size, line, size, color, bold=True)
            for number, line in enumerate(lines)
        ]
        self._waiting[self._state] = parts
        left, bottom, right, top = self.layout.note
        size = max(9, round(0.72 * self.layout.letter))
        note = (
            f"{DISC} good, {CROSS} bad, {RING} no electrode, not judged; eyes, heart and "
            "muscles by contact and hum alone. µV: root mean square of the last 2 s without slow "
            f"drift. Traces: the last 2 s; a row is {2 * TRACE_UV:g} µV high."
        )
        lines = wrapped(note, size, right - left)
        parts = [
            Text(left, top - (0.6 + 1.25 * number) * size, line, size, QUIET)
            for number, line in enumerate(lines)
        ]
        self._waiting[self._note] = parts

    def _move_curves(self, traces: np.ndarray) -> None:
        """Put the traces' corners where the newest values are."""
        n_channels, n_points = traces.shape
        if self._strip.shape[:2] != (n_channels, n_points - 1):
            self._strip = np.zeros((n_channels, n_points - 1, 6, 2))
        boxes = np.array([cell.trace for cell in self.layout.cells])
        x = boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * np.linspace(0, 1, n_points)
        middle, half = boxes[:, 1:4:2].mean(axis=1), (boxes[:, 3] - boxes[:, 1]) / 2
        y = middle[:, None] + half[:, None] * np.clip(traces / TRACE_UV, -1, 1)
        points = np.stack((x, y), axis=-1)
        along = np.diff(points, axis=1)
        across = along[..., ::-1] / np.hypot(along[..., 0], along[..., 1])[..., None]
        thick = min(TRACE_WIDTH, max(LEAST_WIDTH, (boxes[0, 2] - boxes[0, 0]) / n_points))
        across = across * (-thick / 2, thick / 2)
        first, last = points[:, :-1], points[:, 1:]
        corners = (first - across, last - across, last + across, first + across)
        for place, corner in enumerate((0, 1, 2, 0, 2, 3)):
            self._strip[:, :, place] = corners[corner]
        bad = np.array([not one.good for one in self._verdicts])
        judged = np.array([one.judged for one in self._verdicts])
        for curve, which in zip(self._curves, (judged & ~bad, bad), strict=True):
            curve.corners = self._strip[which].reshape(-1, 2)

    def draw(self) -> None:
        """Draw it into the next frame."""
        while self._waiting:
            picture = next(iter(self._waiting))
            if picture.paint(self._waiting.pop(picture)):
                break
        self._ground.draw()
        self._title.draw()
        for picture in self.pictures:
            picture.draw()
        for curve in self._curves:
            if len(curve.corners):
                curve.draw()


def _sign(verdict: ChannelVerdict) -> tuple[str, str]:
    """Return the letter that stands for a channel's state, and its colour."""
    if not verdict.judged:
        return RING, QUIET
    return (DISC, GOOD) if verdict.good else (CROSS, BAD)


def _larger(pixels: int, sign: str) -> int:
    """Return the size of a sign among letters of so many pixels; a cross has thin arms."""
    return round(1.2 * pixels) if sign == CROSS else pixels


def _microvolts(verdict: ChannelVerdict) -> str:
    """Return a channel's amplitude in at most four letters."""
    amplitude = verdict.amplitude
    if verdict.fault == "no valid values":
        return "–"
    if amplitude > MOST_UV:
        return f">{MOST_UV}"
    return f"{amplitude:.1f}" if amplitude < 10 else f"{amplitude:.0f}"
