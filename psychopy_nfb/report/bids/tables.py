"""Cells, tables and JSON as BIDS wants them: UTF-8, tabs between columns, ``n/a`` for nothing."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psychopy_nfb.recording.text import NOT_AVAILABLE, safe_text
from psychopy_nfb.settings import finite


def cell(value: object) -> str:
    r"""Return a value for a table's cell.

    A tab or line break in a text becomes a space, because BIDS knows no quotes.

    Examples
    --------
    >>> cell(0.25), cell(float("nan")), cell(None), cell("a\tb"), cell(3)
    ('0.25', 'n/a', 'n/a', 'a b', '3')
    """
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return NOT_AVAILABLE
        return f"{value:.12g}"
    text = re.sub(r"[\t\r\n]+", " ", safe_text(value)).strip()
    return text or NOT_AVAILABLE


def write_table(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table with a heading line."""
    lines = ["\t".join(columns), *("\t".join(map(cell, row)) for row in rows)]
    _write(path, "\n".join(lines) + "\n")


def write_series(path: Path, table: pd.DataFrame) -> None:
    """Write a recording that goes on at a fixed rate: compressed, without a heading line."""
    # No time in the header: the same session gives the same file.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        text = table.to_csv(
            sep="\t", header=False, index=False, na_rep=NOT_AVAILABLE, float_format="%.9g"
        )
        packed.write(text.replace("\r\n", "\n").encode())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object; numbers that are infinite or missing become null."""
    _write(path, json.dumps(finite(content), indent=2, ensure_ascii=False) + "\n")


def add_row(path: Path, row: Mapping[str, object]) -> None:
    """Add a row to a table, which is made if it is not there.

    Rows and columns that are there stay as they are, those that somebody has added by hand
    included; a row whose first cell is there already is not added again.
    """
    if not path.exists():
        write_table(path, row, [row.values()])
        return
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    head = lines[0].split("\t")
    key = cell(next(iter(row.values())))
    if key in (line.split("\t")[0] for line in lines[1:]):
        return
    added = "\t".join(cell(row.get(name)) for name in head)
    _write(path, "\n".join([*lines, added]) + "\n")


def complete_rows(
    path: Path, columns: Iterable[str], rows: Mapping[str, Mapping[str, object]]
) -> None:
    """Add columns to a table, and fill their cells where they say ``n/a``.

    Parameters
    ----------
    path : path
        The table.
    columns : iterable of str
        Names of the columns; those that are there are filled, the others come after them.
    rows : mapping of str to mapping of str to object
        By the first cell of a row, the value in each of the columns.
    """
    first, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    head = first.split("\t")
    head += [name for name in columns if name not in head]
    filled = ["\t".join(head)]
    for line in filter(None, lines):
        cells = line.split("\t")
        cells += [NOT_AVAILABLE] * (len(head) - len(cells))
        known = rows.get(cells[0], {})
        filled.append(
            "\t".join(
                cell(known[name]) if text == NOT_AVAILABLE and name in known else text
                for name, text in zip(head, cells, strict=True)
            )
        )
    _write(path, "\n".join(filled) + "\n")


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.part")
    draft.write_bytes(text.encode("utf-8"))
    os.replace(draft, path)
