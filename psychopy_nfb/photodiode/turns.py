"""Displays that show only a part of their frames, in turn: which refreshes can begin a frame.

At a half of its rate a display shows every second frame for two refreshes, at a third every third
one for three. The refreshes between tell nothing of the log: they repeat the frame before. At other
parts of its rate, frames stay for shorter and longer in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PATTERNS = ((4, 1), (3, 1), (5, 2), (12, 5), (2, 1), (3, 2))
"""Refreshes in a turn, and how many of them begin a frame; those that leave out most come first.
Twenty-four pictures a second on a display of 60 Hz are 2 of 5, sixty on one of 144 Hz 5 of 12."""
ORDINALS = {2: "second", 3: "third", 4: "fourth"}
LONGEST_RUN = 16
"""Frames in a row that have the same level in a code, at most."""
CHANCE = 1e-3
"""Probability with which changes of light that may come in any refresh keep a turn by chance."""
FEWEST_UNSEEN = 4
"""Changes of the log beside the turns in such a time, from which on they are the display's: where
frames are flipped in turns, or light keeps one by chance, the log does so, too."""


@dataclass(frozen=True)
class Turns:
    """A time in which light changes in some refreshes of each turn only."""

    every: int
    """Refreshes in a turn."""
    shown: int
    """How many of them begin a frame, as evenly apart as they can be."""
    begins: int
    """Number of a refresh with which a turn begins."""
    first: int
    """Refresh of the first change."""
    last: int
    """Refresh of the last change."""
    since: int
    """First refresh that may belong to the turns: light does not change from there to `first`."""
    until: int
    """Last refresh that may: light does not change after `last` up to there."""

    def begin_a_frame(self, numbers: np.ndarray) -> np.ndarray:
        """Return which of the refreshes `numbers` begin a frame, bool."""
        return _in_turn(numbers, self.every, self.shown, self.begins)

    def inside(self, numbers: np.ndarray) -> np.ndarray:
        """Return which of the refreshes `numbers` lie between the first and last change, bool."""
        return (numbers >= self.first) & (numbers <= self.last)


def turns_of(changes: np.ndarray) -> list[Turns]:
    """Return when light changes in turns, by the refreshes in which it changes.

    Parameters
    ----------
    changes : ndarray of int, shape (c,)
        Numbers of these refreshes, rising.

    Returns
    -------
    list of Turns
        No two of them have a change in common; in the order of `PATTERNS`, then of time.

    Examples
    --------
    >>> changes = 3 * np.cumsum([1, 2, 1, 1, 3, 1, 2, 2, 1, 1, 4, 1])
    >>> [(one.every, one.shown, one.first, one.last) for one in turns_of(changes)]
    [(3, 1, 3, 60)]
    >>> turns_of(np.cumsum([1, 2, 1, 1, 3, 1, 2, 2, 1, 1, 4, 1]))
    []
    """
    found = []
    free = np.ones(len(changes), dtype=bool)
    for every, shown in PATTERNS:
        # A quarter is also sought where frames keep a half, and every second change lies in it.
        likely = max(0.5, shown / every)
        fewest = int(np.ceil(np.log(CHANCE) / np.log(likely)))
        runs = []
        for begins in range(every):
            kept = _in_turn(changes, every, shown, begins) & free
            bounds = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False])).astype(int)))
            runs += [(end - first, first, end, begins) for first, end in bounds.reshape(-1, 2)]
        for length, first, end, begins in sorted(runs, reverse=True):
            if length > fewest and free[first:end].all():
                free[first:end] = False
                found.append((every, shown, begins, first, end))
    order = {pattern: number for number, pattern in enumerate(PATTERNS)}
    found.sort(key=lambda one: (order[one[:2]], one[3]))
    return [_turns(changes, *one) for one in found]


def _turns(changes: np.ndarray, every: int, shown: int, begins: int, begin: int, end: int) -> Turns:
    """Return the turns that the changes from `begin` up to `end` keep."""
    first, last = int(changes[begin]), int(changes[end - 1])
    # Frames of one level stay without a change, also before the first one and after the last.
    since, until = first - LONGEST_RUN * every, last + LONGEST_RUN * every
    if begin > 0:
        since = max(since, int(changes[begin - 1]) + 1)
    if end < len(changes):
        until = min(until, int(changes[end]) - 1)
    return Turns(every, shown, begins, first, last, since, until)


def of_the_display(turns: list[Turns], due: np.ndarray) -> list[Turns]:
    """Return the turns that the log does not keep, whatever the lag from flip to light is.

    Parameters
    ----------
    turns : list of Turns
    due : ndarray of int, shape (d,)
        Refreshes in which the log changes, numbered as for `turns_of`, if light came at once.

    Examples
    --------
    Pictures of which each stays for two refreshes, and others of which every second is left out:

    >>> turns = turns_of(2 * np.cumsum([1, 2, 1, 1, 3, 1, 2, 2, 1, 1, 4, 1]))
    >>> of_the_display(turns, turns[0].first + np.arange(-1, 40, 2))
    []
    >>> of_the_display(turns, np.arange(40)) == turns
    True
    """
    found = []
    for one in turns:
        inside = due[one.inside(due)]
        beside = [
            int((~_in_turn(inside, one.every, one.shown, begins)).sum())
            for begins in range(one.every)
        ]
        if min(beside) >= FEWEST_UNSEEN:
            found.append(one)
    return found


def _in_turn(numbers: np.ndarray, every: int, shown: int, begins: int) -> np.ndarray:
    return np.isin((numbers - begins) % every, np.arange(shown) * every // shown)


def begin_a_frame(numbers: np.ndarray, turns: list[Turns]) -> np.ndarray:
    """Return which refreshes can begin a frame: all, but for those between in turns.

    Parameters
    ----------
    numbers : ndarray of int, shape (r,)
        Refreshes, numbered as for `turns_of`.
    turns : list of Turns

    Returns
    -------
    ndarray of bool, shape (r,)
    """
    begin = np.ones(len(numbers), dtype=bool)
    free = np.ones(len(numbers), dtype=bool)
    for one in turns:
        inside = (numbers >= one.since) & (numbers <= one.until)
        begin[inside & free] = one.begin_a_frame(numbers)[inside & free]
        free &= ~inside
    return begin


def in_words(every: int, shown: int) -> str:
    """Return which frames are shown, for a sentence.

    Examples
    --------
    >>> in_words(2, 1), in_words(5, 2)
    ('every second frame', '2 of 5 frames')
    """
    return f"every {ORDINALS[every]} frame" if shown == 1 else f"{shown} of {every} frames"
