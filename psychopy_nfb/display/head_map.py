"""Electrodes on a head seen from above."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from psychopy_nfb.display.letters import BACKGROUND, QUIET, TEXT, Box, Line, Patch, Text

EXTENT = 1.42
"""Half the map's side in radii of the head; electrodes below its largest girth are outside."""
DOT_SHARE, SMALLEST_DOT = 0.075, 8
LABEL_SHARE = 0.85
"""Size of the labels' letters, as a share of the page's small ones."""
LEAST_LABEL = 8


def on_map(places: Mapping[str, Sequence[float]], box: Box) -> dict[str, tuple[float, float]]:
    """Return where each electrode is in `box`, seen from above with the nose at the top.

    The distance from the middle is the angle from the vertex (azimuthal equidistant projection);
    the drawn head is at 90 degrees.

    Examples
    --------
    >>> on_map({"Cz": (0.0, 0.0, 1.0), "T8": (1.0, 0.0, 0.0)}, (-142, -142, 142, 142))
    {'Cz': (0.0, 0.0), 'T8': (100.0, 0.0)}
    """
    left, bottom, right, top = box
    radius = (right - left) / 2 / EXTENT
    found = {}
    for label, (x, y, z) in places.items():
        across = math.hypot(x, y)
        angle = math.atan2(across, z) / (math.pi / 2)
        share = radius * angle / across if across else 0.0
        found[label] = ((left + right) / 2 + share * x, (bottom + top) / 2 + share * y)
    return found


def head_outline(box: Box) -> list[Line]:
    """Return the lines of head, nose and ears."""
    left, bottom, right, top = box
    radius = (right - left) / 2 / EXTENT
    middle = np.array([(left + right) / 2, (bottom + top) / 2])
    turn = np.linspace(0, 2 * np.pi, 121)
    circle = np.column_stack((np.cos(turn), np.sin(turn)))
    nose = np.array([(-0.12, 0.993), (0.0, 1.13), (0.12, 0.993)])
    bow = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 31)
    ear = np.column_stack((0.98 + 0.09 * np.cos(bow), 0.17 * np.sin(bow)))
    shapes = (circle, nose, ear, ear * (-1, 1))
    return [
        Line(tuple(map(tuple, middle + radius * shape)), QUIET, max(1.0, radius / 80))
        for shape in shapes
    ]


def electrodes(
    spots: Mapping[str, tuple[float, float]],
    signs: Mapping[str, tuple[str, str]],
    bad: Sequence[str],
    box: Box,
    small: int,
) -> list[Patch | Text]:
    """Return the electrodes' signs, and as many labels as there is room for, the bad ones first.

    Parameters
    ----------
    spots : mapping of str to (float, float)
        Where each is, of `on_map`.
    signs : mapping of str to (str, str)
        The letter that stands for each, and its colour.
    bad : sequence of str
        Which are bad.
    box : (float, float, float, float)
        What the labels must stay within.
    small : int
        Size of the page's small letters, in pixels.
    """
    crowd = min(1.0, math.sqrt(32 / max(1, len(spots))))
    dot = round(max(SMALLEST_DOT, crowd * DOT_SHARE * (box[2] - box[0])))
    letter = round(max(LEAST_LABEL, LABEL_SHARE * small))
    marks = [
        Text(*spots[label], *_sign(signs[label], dot), bold=False, anchor="m") for label in spots
    ]
    taken = np.array([_around(mark, dot) for mark in marks])
    kept = [label in bad for label in spots]
    names: list[Patch | Text] = []
    for label in sorted(spots, key=lambda one: one not in bad):
        color, bold = (TEXT, True) if label in bad else (QUIET, False)
        places = [
            Text(x, y, label, letter, color, bold, anchor)
            for x, y, anchor in _beside(spots[label], dot, letter)
        ]
        places = [name for name in places if _inside(name.box, box)]
        name = next((one for one in places if not _overlap(one.box, taken)), None)
        if name is None and label in bad and places:
            # It hides good electrodes then, rather than being left out.
            name = next((one for one in places if not _overlap(one.box, taken[kept])), None)
            names += [] if name is None else [Patch(name.box, BACKGROUND)]
        if name is not None:
            names.append(name)
            taken, kept = np.vstack((taken, name.box)), [*kept, True]
    return marks + names


def _beside(spot: tuple[float, float], dot: int, letter: int) -> list[tuple[float, float, str]]:
    """Return where a label can stand, below, above, right and left, with its anchor."""
    x, y = spot
    away, aside = 0.5 * dot + 0.55 * letter, 0.6 * dot
    return [(x, y - away, "m"), (x, y + away, "m"), (x + aside, y, "l"), (x - aside, y, "r")]


def _sign(sign: tuple[str, str], dot: int) -> tuple[str, int, str]:
    return sign[0], dot, sign[1]


def _around(mark: Text, dot: int) -> Box:
    half = 0.4 * dot
    return (mark.x - half, mark.y - half, mark.x + half, mark.y + half)


def _overlap(one: Box, others: np.ndarray) -> bool:
    left, bottom, right, top = others.T
    return bool(((one[0] < right) & (left < one[2]) & (one[1] < top) & (bottom < one[3])).any())


def _inside(one: Box, other: Box) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]
