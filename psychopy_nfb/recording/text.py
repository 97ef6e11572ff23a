"""Texts from outside, such as marks and channel labels, made safe for every file."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow (section 2.2), halves of surrogate pairs included. One such character
makes the whole XDF file unreadable; NUL does the same to a table, and a half pair is no UTF-8."""


def safe_text(text: object) -> str:
    r"""Return `text` with each character that XML 1.0 does not allow replaced by U+FFFD.

    Examples
    --------
    >>> safe_text("Oz\x00") == "Oz\ufffd"
    True
    """
    return _FORBIDDEN.sub(REPLACEMENT, str(text))
