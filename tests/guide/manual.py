"""The manual as it is written: its files, and the blocks of code in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from psychopy_nfb import guide

GUIDE = Path(guide.__file__).parent
ROOT = Path(__file__).parents[2]
WRITTEN = [*sorted(GUIDE.glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]


class Block(NamedTuple):
    """A block of code of a page."""

    page: str
    number: int
    language: str
    why_not: str
    """Why it cannot be run; empty if it can."""
    code: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def blocks(*languages):
    """Return the blocks of code in these languages of all pages."""
    found = []
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        fences = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        for number, (language, info, code) in enumerate(fences, 1):
            if language in languages:
                why_not = info.removeprefix(" not run:").strip()
                found.append(Block(path.stem, number, language, why_not, code))
    return found
