"""The blocks of a plan in the order that a seed gives, with their times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from psychopy_nfb.course.plan import Group, Plan, PlannedBlock
from psychopy_nfb.protocol.chosen_lag import LARGEST_SEED, Lag


@dataclass(frozen=True)
class Turn:
    """One block of a course."""

    number: int
    """In the course, from 1."""
    block: PlannedBlock
    seconds: float
    """Its length, with the extra time that was drawn for it."""
    group: str = ""
    """Name of the group that it belongs to; empty if to none."""
    repeat: int = 1
    """Which repeat it is, of its group or of itself, from 1."""
    lag: Lag | None = None
    """The lag that is chosen for it, with the seed of one that is drawn."""


def drawn_seed() -> int:
    """Return a seed for a plan that has none."""
    return int(np.random.default_rng().integers(LARGEST_SEED + 1))


def course(plan: Plan, seed: int | None = None) -> list[Turn]:
    """Return the blocks in the order in which they come.

    Parameters
    ----------
    plan : Plan
        With groups and repeats.
    seed : int, optional
        In place of the plan's; one is drawn if both have none.

    Returns
    -------
    list of Turn
        The same for the same plan and seed, on every computer.

    Examples
    --------
    >>> trials = [PlannedBlock(label=one, seconds=8, extra=2) for one in ("left", "right")]
    >>> group = Group(group="a", blocks=trials, repeats=3, order="shuffled", most_in_a_row=2)
    >>> [turn.block.label for turn in course(Plan(blocks=[group]), seed=1)]
    ['left', 'left', 'right', 'left', 'right', 'right']
    """
    seed = plan.seed if seed is None else seed
    lots = np.random.default_rng(drawn_seed() if seed is None else seed)
    turns: list[Turn] = []

    def add(block: PlannedBlock, group: str, repeat: int) -> None:
        seconds = block.seconds + (float(lots.uniform(0, block.extra)) if block.extra else 0.0)
        drawn = isinstance(block.lag_ms, list)
        lag = block.lag(int(lots.integers(LARGEST_SEED + 1)) if drawn else None)
        turns.append(Turn(len(turns) + 1, block, seconds, group, repeat, lag))

    for one in plan.blocks:
        if isinstance(one, Group):
            for block, repeat in _of_group(one, lots):
                add(block, one.group, repeat)
        else:
            for repeat in range(1, one.repeats + 1):
                add(one, "", repeat)
    return turns


def _of_group(group: Group, lots: np.random.Generator) -> list[tuple[PlannedBlock, int]]:
    """Return a group's blocks in their order, with the repeat that each belongs to."""
    once = [block for block in group.blocks for _ in range(block.repeats)]
    repeats = range(1, group.repeats + 1)
    if group.order == "fixed":
        return [(block, repeat) for repeat in repeats for block in once]
    if group.order == "shuffled":
        blocks = _shuffled(once * group.repeats, group.most_in_a_row, lots)
        return [(block, 1 + place // len(once)) for place, block in enumerate(blocks)]
    found: list[tuple[PlannedBlock, int]] = []
    for repeat in repeats:
        before = [block.label for block, _ in found]
        blocks = _shuffled(once, group.most_in_a_row, lots, before)
        found += [(block, repeat) for block in blocks]
    return found


def _shuffled(
    blocks: list[PlannedBlock],
    most: int | None,
    lots: np.random.Generator,
    before: list[str] | None = None,
) -> list[PlannedBlock]:
    """Return blocks in random order, no label more than `most` times in a row.

    They are drawn one after the other, each among those after which the rest can still be placed.
    Labels of blocks `before` them count for the row, where that is possible.
    """
    left = [blocks[place] for place in lots.permutation(len(blocks))]
    if most is None:
        return left
    found: list[PlannedBlock] = []
    labels = list(before or ())
    if not _can_be_placed(Counter(one.label for one in left), *_row(labels), most):
        labels = []
    while left:
        counts = Counter(one.label for one in left)
        last, row = _row(labels)
        for place in range(len(left)):  # they lie in random order
            label = left[place].label
            now = row + 1 if label == last else 1
            rest = counts - Counter([label])
            if now <= most and _can_be_placed(rest, label, now, most):
                break
        found.append(left.pop(place))
        labels.append(found[-1].label)
    return found


def _row(labels: list[str]) -> tuple[str, int]:
    """Return the last label, and how often it has come in a row."""
    if not labels:
        return "", 0
    row = next((n for n, one in enumerate(reversed(labels)) if one != labels[-1]), len(labels))
    return labels[-1], row


def _can_be_placed(counts: Counter[str], last: str, row: int, most: int) -> bool:
    """Return whether so many of each label can follow after `last`, which came `row` times."""
    total = sum(counts.values())
    for label, count in counts.items():
        others = total - count
        room = most * (others + 1) - (row if label == last else 0)
        if count > room:
            return False
    return True
