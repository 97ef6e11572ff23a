"""Where everything on the page of the signal check is; numbers only, no window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from psychopy_nfb.display.letters import Box, width_of

LETTER_SHARE = 0.024
"""Of the window's height: the size of ordinary letters."""
SMALLEST, LARGEST = 11, 32
LEAST_CELL_LETTER = 6
MOST_ROW = 5.0
"""Height of a channel's row in letters, where there is room."""
PANEL_SHARE = 0.36
"""Of the window's breadth: what is wrong, and the head."""
MAP_SHARE = 0.5
"""Of the panel's height at most: the head."""
LONGEST_LABEL = 8
"""Letters of a label that are always shown."""
DOT, GAP, NUMBER, LEAST_TRACE = 1.3, 0.4, 3.0, 2.6
"""Breadths within a row, in letters."""


@dataclass(frozen=True)
class Cell:
    """One channel's row, with what is in it from left to right."""

    box: Box
    dot: tuple[float, float]
    """Middle of the dot."""
    label: Box
    number: Box
    trace: Box


@dataclass(frozen=True)
class ChannelLayout:
    """The page: a title and a state above, rows of channels to the left, a panel to the right."""

    letter: int
    """Size of ordinary letters, in pixels."""
    small: int
    """Size of letters in the rows."""
    title: Box
    state: Box
    columns: tuple[Box, ...]
    """The table's columns, with their heads; the rows are in them."""
    cells: tuple[Cell, ...]
    faults: Box
    """Where the bad channels are named."""
    head: Box | None
    """A square for the head; None without known positions."""
    note: Box


def lay_out(size: Sequence[float], labels: Sequence[str], has_head: bool) -> ChannelLayout:
    """Return where everything is in a window of `size` pixels with channels of these `labels`.

    As many columns are taken as make the letters largest. All boxes are left, bottom, right, top in
    pixels from the window's centre.
    """
    width, height = size
    letter = round(min(max(LETTER_SHARE * height, SMALLEST), LARGEST))
    margin = round(0.02 * height)
    left, right = -width / 2 + margin, width / 2 - margin
    top, bottom = height / 2 - margin, -height / 2 + margin
    title = (left, top - 1.5 * letter, right, top)
    state = (left, title[1] - 3.4 * letter, right, title[1] - 0.4 * letter)
    note = (left, bottom, right, bottom + 2.4 * letter)
    low, high = note[3] + 0.5 * letter, state[1] - 0.5 * letter
    split = right - PANEL_SHARE * (right - left)
    table = (left, low, split - margin, high)
    head, list_low = None, low
    if has_head:
        side = min(right - split, MAP_SHARE * (high - low))
        middle = (split + right) / 2
        head = (middle - side / 2, low, middle + side / 2, low + side)
        list_low = low + side + 0.5 * letter
    columns, cells, small = _table(table, labels, letter)
    return ChannelLayout(
        letter=letter,
        small=small,
        title=title,
        state=state,
        columns=tuple(columns),
        cells=tuple(cells),
        faults=(split, list_low, right, high),
        head=head,
        note=note,
    )


def _table(box: Box, labels: Sequence[str], letter: int) -> tuple[list[Box], list[Cell], int]:
    """Return the columns, the rows and the size of their letters."""
    if not labels:
        return [], [], letter
    left, bottom, right, top = box
    breadth, height = right - left, top - bottom
    longest = max(width_of(label[:LONGEST_LABEL], 100, bold=True) / 100 for label in labels)
    needed = DOT + longest + 3 * GAP + NUMBER + LEAST_TRACE
    best = (0, 0.0, 1)
    for n_columns in range(1, len(labels) + 1):
        n_rows = math.ceil(len(labels) / n_columns)
        fits_height = height / (1.5 * (n_rows + 1))  # one more row for the column's head
        small = int(min(letter, fits_height, breadth / n_columns / needed))
        if small > best[0]:
            best = (small, breadth / n_columns, n_columns)
    small, step, n_columns = best
    small = max(small, LEAST_CELL_LETTER)
    n_rows = math.ceil(len(labels) / n_columns)
    head = 1.5 * small
    row = min((height - head) / n_rows, MOST_ROW * letter)
    columns, cells = [], []
    for number in range(n_columns):
        x = left + number * step
        n_here = min(n_rows, len(labels) - number * n_rows)
        if n_here <= 0:
            break
        columns.append((x, top - head - n_here * row, x + step - GAP * small, top))
        for index in range(n_here):
            y1 = top - head - index * row
            cells.append(_cell((x, y1 - row, x + step - GAP * small, y1), small, longest))
    return columns, cells, small


def _cell(box: Box, small: int, longest: float) -> Cell:
    left, bottom, right, top = box
    middle, half = (bottom + top) / 2, 0.5 * small
    after_dot = left + DOT * small
    after_label = after_dot + (longest + GAP) * small
    after_number = after_label + NUMBER * small
    edge = 0.06 * (top - bottom)
    return Cell(
        box=box,
        dot=(left + 0.5 * DOT * small, middle),
        label=(after_dot, middle - half, after_label, middle + half),
        number=(after_label, middle - half, after_number, middle + half),
        trace=(after_number + GAP * small, bottom + edge, right - 0.2 * small, top - edge),
    )
