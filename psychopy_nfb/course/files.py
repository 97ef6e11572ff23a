"""Plans as files: JSON, tables, and those that come with the package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from psychopy_nfb.course.plan import Group, Plan, PlannedBlock
from psychopy_nfb.course.tables import TABLES, labelled, read_rows, settings_of
from psychopy_nfb.errors import FileError, SettingsError, listed
from psychopy_nfb.settings import from_dict, read_plain_json

READY = Path(__file__).parent / "ready"
_NO_PLAN = (
    'is no plan; give an object with its settings, such as {"blocks": […]}, a Plan, a file, or the '
    "name of a plan that comes with the package"
)


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
    if not isinstance(source, (str, os.PathLike)):
        raise SettingsError("plan", source, _NO_PLAN)
    path = Path(source)
    if path.suffix.lower() in TABLES:
        return _plan_of_rows(read_rows(path))
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
    if not isinstance(settings, dict):
        raise SettingsError("plan", settings, _NO_PLAN)
    if isinstance(settings.get("blocks"), list):
        blocks = [_block(one, f"blocks[{n}]") for n, one in enumerate(settings["blocks"])]
        settings = {**settings, "blocks": blocks}
    return from_dict(Plan, settings)


def one_block(**cells: object) -> Plan:
    """Return a plan of one block, given as a row of a conditions file is.

    Parameters
    ----------
    **cells : str, number or bool
        By the names of a table's columns, such as ``seconds``, ``lag_ms`` or ``until_rewards``.
        None and texts without a letter are empty cells.

    Raises
    ------
    SettingsError
        If a cell cannot be used.

    Examples
    --------
    >>> plan = one_block(label="training", seconds=60, shown=None, lag_ms=0)
    >>> plan.blocks[0].seconds, plan.blocks[0].lag_ms
    (60.0, None)
    """
    texts = {
        name: "" if cell is None or cell != cell else str(cell) for name, cell in cells.items()
    }
    given = {name: text.strip() for name, text in texts.items() if text.strip()}
    where = f"block {labelled(given)}".rstrip()
    return Plan(blocks=[_block(settings_of(given, where), where)])


def _plan_of_rows(rows: list[tuple[int, dict[str, Any]]]) -> Plan:
    """Return the plan of a table's rows; errors name the row."""
    return Plan(blocks=[_block(one, f"row {number}") for number, one in rows])


def _block(settings: Any, where: str) -> Any:
    """Return a block or a group; what is neither is left to `from_dict`."""
    if not isinstance(settings, dict):
        return settings
    name = labelled(settings)
    where = where if name and where.endswith(name) else f"{where} {name}".rstrip()
    if "blocks" not in settings:
        return from_dict(PlannedBlock, settings, where)
    blocks = settings["blocks"]
    if isinstance(blocks, list):
        blocks = [
            from_dict(PlannedBlock, one, f"{where}.blocks[{n}] {labelled(one)}".rstrip())
            for n, one in enumerate(blocks)
        ]
    return from_dict(Group, {**settings, "blocks": blocks}, where)
