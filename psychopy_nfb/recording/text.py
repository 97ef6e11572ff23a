"""Texts from outside, such as marks and channel labels, made safe for every file."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow (section 2.2), halves of surrogate pairs included. One such character
makes the whole XDF file unreadable; NUL does the same to a table, and a half pair is no UTF-8."""
LONGEST_TEXT = 10_000
"""Characters of a text in a table. Spreadsheets take 32 767, Python's own reader 131 072."""
NOT_AVAILABLE = "n/a"
"""What BIDS wants in a cell that has no value."""
_MARKED = re.compile(rf"'*([=+@-]|{NOT_AVAILABLE}$)")
"""What has an apostrophe before it in a cell: formulas of spreadsheets, the word for nothing."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def safe_text(text: object) -> str:
    r"""Return `text` with each character that XML 1.0 does not allow replaced by U+FFFD.

    Examples
    --------
    >>> safe_text("Oz\x00") == "Oz\ufffd"
    True
    """
    return _FORBIDDEN.sub(REPLACEMENT, str(text))


def shortened(text: object) -> str:
    """Return a text with its characters made safe, of a very long one the beginning.

    Examples
    --------
    >>> shortened("x" * 20_000)[-22:]
    'xx… (20000 characters)'
    """
    text = safe_text(text)
    if len(text) <= LONGEST_TEXT:
        return text
    told = f"… ({len(text)} characters)"
    return text[: LONGEST_TEXT - len(told)] + told


def cell_text(text: object) -> str:
    """Return a text for a table's cell.

    There is an apostrophe before what a spreadsheet would execute, and before a text that is the
    word for a cell without a value.

    Examples
    --------
    >>> cell_text("=1+1"), cell_text("-5"), cell_text("left-right"), cell_text("'=a")
    ("'=1+1", '-5', 'left-right', "''=a")
    >>> cell_text("n/a"), cell_text("n/a or nothing")
    ("'n/a", 'n/a or nothing')
    """
    text = shortened(text)
    return f"'{text}" if _MARKED.match(text) and not _NUMBER.fullmatch(text) else text


def text_of_cell(cell: object) -> object:
    """Return what `cell_text` was given; what is no text as it is.

    Examples
    --------
    >>> text_of_cell("'=1+1"), text_of_cell("'quoted'")
    ('=1+1', "'quoted'")
    """
    is_marked = isinstance(cell, str) and cell.startswith("'") and _MARKED.match(cell)
    return cell[1:] if is_marked else cell
