"""One HTML file that needs no other: headings, sentences, tables and figures."""

from __future__ import annotations

import base64
import io
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb import __version__
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.text import safe_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
_WORD = re.compile("[A-Za-z]{3}")


@dataclass
class Table:
    """Rows under a heading line."""

    columns: list[str]
    rows: list[list[str]]

    @property
    def aligned(self) -> list[str]:
        """``"text"`` or ``"number"`` for each column; the first is of text."""
        kinds = ["number"] * len(self.columns)
        for row in self.rows:
            for place, cell in enumerate(row):
                if place == 0 or _WORD.search(cell):
                    kinds[place] = "text"
        return kinds


@dataclass
class Picture:
    """A figure and the sentence under it."""

    figure: Figure
    caption: str

    @cached_property
    def png(self) -> bytes:
        """The figure as a PNG file."""
        return png(self.figure)

    @property
    def data(self) -> str:
        """The figure as a PNG in base 64."""
        return base64.b64encode(self.png).decode()


@dataclass
class Section:
    """A part of a page; what is empty is left out."""

    heading: str
    paragraphs: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    table: Table | None = None
    pictures: list[Picture] = field(default_factory=list)
    lead: str = ""
    """The one sentence that matters most, above the paragraphs."""
    note: str = ""
    """What the table's columns mean, below it."""


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def write_page(
    path: str | os.PathLike[str], title: str, sections: list[Section], subtitle: str = ""
) -> None:
    """Write a page.

    Parameters
    ----------
    path : path
        Of the file; an earlier one is replaced.
    title, subtitle : str
        Of the page.
    sections : list of Section
        Its parts; all their text is escaped.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from jinja2 import Environment

    template = files("psychopy_nfb.report").joinpath("page.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    text = page.render(title=title, subtitle=subtitle, sections=sections, version=__version__)
    try:
        Path(path).write_text(safe_text(text), encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", os.fspath(path), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
