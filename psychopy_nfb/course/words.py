"""A course as a table of text."""

from __future__ import annotations

from collections.abc import Sequence

from psychopy_nfb.course.order import Turn
from psychopy_nfb.course.plan import Plan

COLUMNS = ("", "block", "kind", "seconds", "from", "group", "also")


def clock_time(seconds: float) -> str:
    """Return a time as minutes and seconds.

    Examples
    --------
    >>> clock_time(125.4)
    '2:05'
    """
    whole = int(seconds + 0.5)
    return f"{whole // 60}:{whole % 60:02d}"


def planned_seconds(plan: Plan, turns: Sequence[Turn]) -> tuple[float, float]:
    """Return the seconds of all blocks, and those of idle time and instructions with a length."""
    blocks = sum(turn.seconds for turn in turns)
    return blocks, plan.idle + sum(turn.block.instruction_seconds or 0 for turn in turns)


def rows(plan: Plan, turns: Sequence[Turn]) -> list[tuple[str, ...]]:
    """Return a row for each block, in the order of `COLUMNS`."""
    at, found = plan.idle, []
    for turn in turns:
        block = turn.block
        at += block.instruction_seconds or 0
        found.append(
            (
                str(turn.number),
                block.label,
                block.kind,
                f"{turn.seconds:.4g}",
                clock_time(at),
                f"{turn.group} {turn.repeat}".strip() if turn.group else "",
                ", ".join(_further(turn)),
            )
        )
        at += turn.seconds
    return found


def _further(turn: Turn) -> list[str]:
    block = turn.block
    said = []
    if block.until is not None:
        until = block.until
        said.append(
            f"until {until.rewards} rewards"
            if until.rewards is not None
            else f"until {until.points:g} points"
        )
    if block.shown not in ("", "own"):
        said.append(f"shows {block.shown}")
    if block.lag_ms is not None:
        times = block.lag_ms if isinstance(block.lag_ms, list) else [block.lag_ms]
        said.append(f"lag {' to '.join(f'{one:g}' for one in times)} ms")
    if block.instructions:
        waits = "" if block.instruction_seconds is not None else ", waits for a key"
        said.append(f"instructions{waits}")
    if block.beep != "none":
        said.append("beeps" if block.beep == "both" else f"beep at its {block.beep}")
    if block.half_time:
        said.append("half-time text")
    if block.sign:
        said.append("✓ or ✗")
    return said


def as_text(plan: Plan, turns: Sequence[Turn]) -> str:
    """Return the course as a table for a terminal, with the total time below it."""
    table = [COLUMNS, *rows(plan, turns)]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    blocks, around = planned_seconds(plan, turns)
    waits = sum(
        bool(turn.block.instructions) and turn.block.instruction_seconds is None for turn in turns
    )
    total = f"{len(turns)} blocks, {clock_time(blocks)} min"
    if around:
        total += f", and {clock_time(around)} min of idle time and instructions"
    if waits:
        total += f"; {'once' if waits == 1 else f'{waits} times'} a key is waited for"
    if any(turn.block.until is not None for turn in turns):
        total += "; blocks with a criterion may end earlier"
    before = ["signal check"] * plan.signal_check + ["a prompt"] * bool(plan.prompt)
    after = ["the end's text"] * bool(plan.end)
    if plan.questions:
        after.insert(0, f"{len(plan.questions)} questions")
    around_it = [f"before them: {', '.join(before)}"] if before else []
    around_it += [f"after them: {', '.join(after)}"] if after else []
    said = f" ({'; '.join(around_it)})" if around_it else ""
    return "\n".join([*lines, "", f"{total}{said}."]) + "\n"
