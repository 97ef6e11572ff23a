"""One HTML file that needs no other: headings, sentences, tables and figures."""

from __future__ import annotations

import base64
import io
import os
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb import __version__
from psychopy_nfb.errors import FileError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110


@dataclass
class Table:
    """Rows under a heading line."""

    columns: list[str]
    rows: list[list[str]]


@dataclass
class Picture:
    """A figure and the sentence under it."""

    figure: Figure
    caption: str

    @property
    def data(self) -> str:
        """The figure as a PNG in base 64."""
        return base64.b64encode(png(self.figure)).decode()


@dataclass
class Section:
    """A part of a page; what is empty is left out."""

    heading: str
    paragraphs: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    table: Table | None = None
    pictures: list[Picture] = field(default_factory=list)


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def write_page(
    path: str | os.PathLike, title: str, sections: list[Section], subtitle: str = ""
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
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", os.fspath(path), f"cannot be written ({error.strerror}); choose another folder"
        ) from None
