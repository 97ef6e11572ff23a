"""Plans as tables: conditions files for Builder's loops, written from a course, and read."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.course.order import Turn
from psychopy_nfb.course.plan import KINDS
from psychopy_nfb.errors import FileError, SettingsError, cause, listed
from psychopy_nfb.reading import read_text, reading

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = (".csv", ".xlsx")
"""Endings of conditions files."""
_TRUE, _FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0", "")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


def _text(value: str) -> str:
    return value


def _truth(value: str) -> bool:
    said = value.strip().lower()
    if said not in (*_TRUE, *_FALSE):
        raise ValueError("must be True or False")
    return said in _TRUE


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        remedy = "must be a number"
        if _DECIMAL_COMMA.fullmatch(value):
            remedy += f"; write decimals with a point: {value.replace(',', '.')}"
        raise ValueError(remedy) from None


def _whole(value: str) -> int:
    number = _number(value)
    if not number.is_integer():  # nor are infinity and no number
        raise ValueError("must be a whole number")
    return int(number)


READ: dict[str, Callable[[Any], Any]] = {
    "label": _text,
    "kind": _text,
    "seconds": _number,
    "extra": _number,
    "repeats": _whole,
    "text": _text,
    "instructions": _text,
    "instruction_seconds": _number,
    "half_time": _text,
    "beep": _text,
    "sign": _truth,
    "shown": _text,
    "eyes": _text,
    "lag_ms": _number,
}
"""Columns that are fields of a block, and how their cells are read."""
FURTHER = ("number", "group", "repeat", "feedback", "points")
"""Columns that `write_conditions` adds, for the fields of Builder's components."""
CRITERIA = {"until_rewards": "rewards", "until_points": "points"}
"""Columns that are fields of a block's `Until`."""
COLUMNS = (
    *("number", "group", "repeat", "label", "kind", "seconds", "feedback", "points", "shown"),
    *("lag_ms", "text", "instructions", "instruction_seconds", "half_time", "beep", "sign"),
    *("eyes", *CRITERIA),
)
"""Of a conditions file that is written."""
NOTHING = " "
"""As a text in a cell: of an empty one Builder would show the word None."""


def read_rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the blocks of a conditions file as settings, each with the number of its row.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.xlsx`` file: the names of the columns in its first row, a block in each
        further one.

    Raises
    ------
    FileError
        If it cannot be read, or its columns are not those of a plan.
    SettingsError
        If a cell cannot be used; the sentence names row and column.
    """
    table, decimal_commas = _table(path)
    if len(table) < 2:
        raise FileError("plan", os.fspath(path), "has no rows; write a block into each row")
    (_, head), *rows = table
    _check_columns(head, path)
    if decimal_commas:
        rows = [(number, _with_points(head, row)) for number, row in rows]
    found = []
    for number, row in rows:
        cells = {column: cell for column, cell in zip(head, row, strict=False) if column and cell}
        where = f"row {number} {labelled(cells)}".rstrip()
        _check_width(head, row, where)
        found.append((number, settings_of(cells, where)))
    return found


def _check_columns(head: list[str], path: Path) -> None:
    """Refuse columns that no plan has, and those that stand there twice."""
    known = (*READ, *FURTHER, *CRITERIA)
    for column in filter(None, head):
        remedy = ""
        if column not in known:
            near = get_close_matches(column.lower().replace(" ", "_"), known, 1)
            remedy = f"has a column {column!r}, which is not one of {listed(known)}"
            remedy += f"; did you mean {near[0]!r}?" if near else ""
        elif head.count(column) > 1:
            remedy = f"has {head.count(column)} columns {column!r}; keep one of them"
        if remedy:
            raise FileError("plan", os.fspath(path), remedy)
    if "label" not in head:
        raise FileError("plan", os.fspath(path), "has no column label; name each block there")


def settings_of(given: dict[str, str], where: str) -> dict[str, Any]:
    """Return the settings of the block in a row.

    Parameters
    ----------
    given : dict of str: str
        The row's cells that are not empty, by column.
    where : str
        How errors name the row.

    Raises
    ------
    SettingsError
        If a cell cannot be read.
    """
    block: dict[str, Any] = {}
    for column, cell in given.items():
        read = READ.get(column)
        if column in CRITERIA:
            read = _whole if column == "until_rewards" else _number
        if read is None:
            continue
        try:
            value = read(cell)
        except ValueError as error:
            raise SettingsError(f"{where}.{column}", cell, str(error)) from None
        if column in CRITERIA:
            block.setdefault("until", {})[CRITERIA[column]] = value
        elif column != "lag_ms" or value:  # a column has a number in each row: 0 is none
            block[column] = value
    _check_agreement(given, block, where)
    return block


def _check_width(head: list[str], row: list[str], where: str) -> None:
    """Refuse cells that stand in no column: most often a comma has split one in two."""
    named = max(place for place, column in enumerate(head) if column) + 1
    beyond = [cell for cell in row[named:] if cell]
    beyond += [cell for column, cell in zip(head[:named], row, strict=False) if cell and not column]
    if beyond:
        raise SettingsError(
            where,
            beyond[0],
            f"is in no column, because the first row names {named} and this one has more cells; "
            "write decimals with a point, and a text with a comma in quotation marks",
        )


def labelled(settings: Any) -> str:
    """Return the label of a block or a group in brackets, for a sentence; empty without one."""
    name = settings.get("label", settings.get("group")) if isinstance(settings, dict) else None
    return f"({name})" if isinstance(name, str) and name else ""


def _check_agreement(given: dict[str, str], block: dict[str, Any], where: str) -> None:
    """Refuse a row whose columns feedback and points say something else than its kind."""
    kind = block.get("kind", "train")
    for column, wanted in zip(("feedback", "points"), KINDS.get(kind, (None, None)), strict=True):
        if column not in given or wanted is None:
            continue
        try:
            agrees = _truth(given[column]) == wanted
        except ValueError as error:
            raise SettingsError(f"{where}.{column}", given[column], str(error)) from None
        if not agrees:
            raise SettingsError(
                f"{where}.{column}",
                given[column],
                f"must be {wanted} for the kind {kind!r}"
                + ("" if "kind" in given else ", which a row without a kind has")
                + "; "
                + ("change the kind" if "kind" in given else "name the kind")
                + ", or leave the column out",
            )


def _table(path: Path) -> tuple[list[tuple[int, list[str]]], bool]:
    """Return the rows that are not empty, with their numbers from 1; whether commas are decimal."""
    semicolons = False
    if path.suffix.lower() == ".csv":
        text = read_text(path)
        first = text.partition("\n")[0]
        # Excel writes semicolons, and commas in numbers, where a comma is the decimal sign.
        semicolons = first.count(";") > first.count(",")
        with reading(path, "plan", "as a table"):
            rows = list(csv.reader(io.StringIO(text), delimiter=";" if semicolons else ","))
    else:
        rows = _sheet(path)
    stripped = [[cell.strip() for cell in row] for row in rows]
    return [(number, row) for number, row in enumerate(stripped, 1) if any(row)], semicolons


def _with_points(head: list[str], row: list[str]) -> list[str]:
    """Return a row with points as the decimal signs of its numbers."""
    kept = [column for column, read in READ.items() if read is _text]
    return [
        cell if column in kept or not _DECIMAL_COMMA.fullmatch(cell) else cell.replace(",", ".")
        for column, cell in zip_longest(head, row, fillvalue="")
    ]


def _sheet(path: Path) -> list[list[str]]:
    """Return the cells of a workbook's first sheet as texts."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        cells = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except Exception as error:  # of the library, which has many
        raise FileError(
            "plan", os.fspath(path), f"cannot be read as a workbook ({cause(error)})"
        ) from None
    return [["" if cell is None else str(cell) for cell in row] for row in cells]


def write_conditions(turns: Sequence[Turn], path: str | os.PathLike[str]) -> None:
    """Write a course as a conditions file, a row for each block, for a loop of Builder.

    The loop's type must be *sequential*: the order is that of the course already. Baselines are not
    in it: in Builder they are Routines of their own.

    Parameters
    ----------
    turns : sequence of Turn
        Of `course`.
    path : path
        A ``.csv`` file.

    Raises
    ------
    SettingsError
        If a block has a lag that is drawn, which no cell can hold.
    FileError
        If it cannot be written.
    """
    rows = [_conditions(turn) for turn in turns if turn.block.kind != "baseline"]
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise FileError(
            "conditions", os.fspath(path), f"cannot be written ({cause(error)})"
        ) from None


def _conditions(turn: Turn) -> dict[str, Any]:
    """Return the row of a block."""
    block = turn.block
    if isinstance(block.lag_ms, list):
        raise SettingsError(
            f"block {turn.number} ({block.label}).lag_ms",
            block.lag_ms,
            "is drawn at random, which a cell cannot hold; run this plan with run_plan",
        )
    until = block.until
    return {
        "number": turn.number,
        "group": turn.group,
        "repeat": turn.repeat,
        "label": block.label,
        "kind": block.kind,
        "seconds": round(turn.seconds, 3),
        "feedback": block.feedback,
        "points": block.counts,
        "shown": block.shown,
        "lag_ms": block.lag_ms or 0,
        "text": block.text or NOTHING,
        "instructions": block.instructions or NOTHING,
        "instruction_seconds": ""
        if block.instruction_seconds is None
        else block.instruction_seconds,
        "half_time": block.half_time or NOTHING,
        "beep": block.beep,
        "sign": block.sign,
        "eyes": block.eyes,
        "until_rewards": "" if until is None or until.rewards is None else until.rewards,
        "until_points": "" if until is None or until.points is None else until.points,
    }
