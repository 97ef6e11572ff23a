"""Plans as files: JSON, tables for Builder's loops, and those that come with the package."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.course.order import Turn
from psychopy_nfb.course.plan import KINDS, Group, Plan, PlannedBlock
from psychopy_nfb.errors import FileError, SettingsError, cause, listed
from psychopy_nfb.reading import read_text
from psychopy_nfb.settings import from_dict, read_plain_json

if TYPE_CHECKING:
    from collections.abc import Callable

READY = Path(__file__).parent / "ready"
TABLES = (".csv", ".xlsx")
"""Endings of conditions files."""
_TRUE, _FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0", "")


def ready_plans() -> list[str]:
    """Return the names of the plans that come with the package.

    Examples
    --------
    >>> ready_plans()
    ['artifacts', 'eyes_open_closed']
    """
    return sorted(path.stem for path in READY.glob("*.json"))


def read_plan(source: str | os.PathLike[str] | dict[str, Any] | Plan) -> Plan:
    """Return the plan that `source` names.

    Parameters
    ----------
    source : path, str, dict or Plan
        A JSON file, a conditions file (``.csv`` or ``.xlsx``, a block in each row), the name of a
        plan that comes with the package, or the plan itself.

    Raises
    ------
    FileError
        If the file cannot be read.
    SettingsError
        If something in it cannot be used; the sentence names the block and the field.

    Examples
    --------
    >>> read_plan("eyes_open_closed").blocks[0].group
    'eyes open and closed'
    """
    if isinstance(source, Plan):
        return source
    if isinstance(source, dict):
        return _plan(source)
    path = Path(source)
    if path.suffix.lower() in TABLES:
        return _plan({"blocks": _blocks(path)})
    if not path.suffix and not path.is_file():
        if path.name not in ready_plans() or path.name != os.fspath(source):
            raise FileError(
                "plan",
                os.fspath(source),
                "is neither a file nor a plan that comes with the package; those are "
                f"{listed(ready_plans())}",
            )
        path = READY / f"{path.name}.json"
    return _plan(read_plain_json(path))


def _plan(settings: Any) -> Plan:
    """Return the plan of plain settings."""
    if isinstance(settings, dict) and isinstance(settings.get("blocks"), list):
        blocks = [_block(one, f"blocks[{n}]") for n, one in enumerate(settings["blocks"])]
        settings = {**settings, "blocks": blocks}
    return from_dict(Plan, settings)


def _block(settings: Any, where: str) -> Any:
    """Return a block or a group; what is neither is left to `from_dict`."""
    if not isinstance(settings, dict):
        return settings
    where = f"{where} {_name(settings)}".rstrip()
    if "blocks" not in settings:
        return from_dict(PlannedBlock, settings, where)
    blocks = settings["blocks"]
    if isinstance(blocks, list):
        blocks = [
            from_dict(PlannedBlock, one, f"{where}.blocks[{n}] {_name(one)}".rstrip())
            for n, one in enumerate(blocks)
        ]
    return from_dict(Group, {**settings, "blocks": blocks}, where)


def _name(settings: Any) -> str:
    """Return a block's label in brackets, for a sentence."""
    name = settings.get("label", settings.get("group")) if isinstance(settings, dict) else None
    return f"({name})" if isinstance(name, str) and name else ""


def _text(value: Any) -> str:
    return str(value)


def _truth(value: Any) -> bool:
    said = str(value).strip().lower()
    if said not in (*_TRUE, *_FALSE):
        raise ValueError("must be True or False")
    return said in _TRUE


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError("must be a number") from None


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
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
}
"""Columns that are fields of a block, and how their cells are read."""
FURTHER = ("number", "group", "repeat", "feedback", "points", "lag_ms")
"""Columns that `write_conditions` adds, for the fields of Builder's components."""
CRITERIA = {"until_rewards": "rewards", "until_points": "points"}
COLUMNS = (
    *("number", "group", "repeat", "label", "kind", "seconds", "feedback", "points", "shown"),
    *("lag_ms", "text", "instructions", "instruction_seconds", "half_time", "beep", "sign"),
    *("eyes", *CRITERIA),
)
"""Of a conditions file that is written."""
NOTHING = " "
"""As a text in a cell: of an empty one Builder would show the word None."""


def _blocks(path: Path) -> list[dict[str, Any]]:
    """Return the blocks of a conditions file as settings."""
    table = _table(path)
    if not table:
        raise FileError("plan", os.fspath(path), "has no rows; write a block into each row")
    known = (*READ, *FURTHER, *CRITERIA)
    for column in table[0]:
        if column not in known:
            raise FileError(
                "plan",
                os.fspath(path),
                f"has a column {column!r}, which is not one of {listed(known)}",
            )
    if "label" not in table[0]:
        raise FileError("plan", os.fspath(path), "has no column label; name each block there")
    return [_row_block(cells, f"row {n}") for n, cells in enumerate(table, start=2)]


def _row_block(cells: dict[str, str], where: str) -> dict[str, Any]:
    block: dict[str, Any] = {}
    where = f"{where} {_name(cells)}".rstrip()
    given = {column: cell for column, cell in cells.items() if cell != ""}
    for column, cell in given.items():
        read = READ.get(column)
        if column in CRITERIA or column == "lag_ms":
            read = _whole if column == "until_rewards" else _number
        if read is None:
            continue
        try:
            value = read(cell)
        except ValueError as error:
            raise SettingsError(f"{where}.{column}", cell, str(error)) from None
        if column in CRITERIA:
            block.setdefault("until", {})[CRITERIA[column]] = value
        elif column == "lag_ms":
            block.update({"lag": value / 1000} if value else {})
        else:
            block[column] = value
    _check_agreement(given, block, where)
    return block


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
                f"is {wanted} for the kind {kind!r}; change the kind, or leave the column out",
            )


def _table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table as texts by column; rows without any are left out."""
    if path.suffix.lower() == ".csv":
        text = read_text(path)
        first = text.partition("\n")[0]
        # Excel writes semicolons, and commas in numbers, where a comma is the decimal sign.
        semicolons = first.count(";") > first.count(",")
        rows = list(csv.reader(io.StringIO(text), delimiter=";" if semicolons else ","))
    else:
        rows, semicolons = _sheet(path), False
    rows = [[cell.strip() for cell in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if not rows:
        return []
    head, found = rows[0], []
    for row in rows[1:]:
        cells = dict(zip(head, [*row, *[""] * len(head)], strict=False))
        cells.pop("", None)
        if semicolons:
            for column in cells.keys() - {"label", "text", "instructions", "half_time"}:
                cells[column] = cells[column].replace(",", ".")
        found.append(cells)
    return found


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
    lag = block.lag
    if isinstance(lag, dict):
        if "hold" not in lag:
            raise SettingsError(
                f"block {turn.number} ({block.label}).lag",
                json.dumps(lag),
                "cannot stand in a conditions file; run this plan with run_plan",
            )
        lag = lag["hold"]
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
        "lag_ms": round(1000 * lag, 3) if lag else 0,
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


def check_sources(plan: Plan, known: Sequence[str]) -> None:
    """Refuse a plan that shows something that the training does not name.

    Raises
    ------
    SettingsError
        Naming it, and what there is.
    """
    for name in sorted(plan.sources - set(known)):
        raise SettingsError(
            "shown",
            name,
            "of the plan is not among the training's settings; there are "
            f"{listed(['own', 'none', *known])}",
        )
