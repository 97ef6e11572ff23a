"""The checklist as a page and as Markdown."""

from __future__ import annotations

import os
from pathlib import Path

from psychopy_nfb import __version__
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.text import safe_text
from psychopy_nfb.report.cred_nf.checklist import Checklist, Entry
from psychopy_nfb.report.cred_nf.items import DOMAINS, SOURCE
from psychopy_nfb.report.page import Picture, Section, write_page

TITLE = "CRED-nf checklist"
OPEN = "To be answered: "
FROM_FILES = "From the files: "


def summary(checklist: Checklist) -> str:
    """Return in a sentence how much is still to be answered."""
    n, still = len(checklist.entries), checklist.still_open
    if not still:
        return f"All {n} items are filled."
    return f"{n - len(still)} of {n} items are filled; to be answered: {', '.join(still)}."


def paragraphs(entry: Entry) -> list[str]:
    """Return what is to be read under an item."""
    said = [entry.answer] if entry.answer else []
    if entry.from_files:
        said.append(FROM_FILES + " ".join(entry.from_files))
    if entry.open_question:
        said.append(OPEN + entry.open_question)
    return said


def write_checklist(
    path: str | os.PathLike[str],
    checklist: Checklist,
    subtitle: str = "",
    pictures: list[Picture] | None = None,
) -> None:
    """Write the checklist as a page.

    Parameters
    ----------
    path : path
        Of the file; an earlier one is replaced.
    checklist : Checklist
        All items.
    subtitle : str
        Of the page.
    pictures : list of Picture, optional
        Of the course of the training, under item 5b.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    sections = [Section("How far it is filled", [SOURCE], lead=summary(checklist))]
    for domain in DOMAINS:
        for item in domain.items:
            shown = (pictures or []) if item.name == "5b" else []
            heading = f"{item.name} {item.title}"
            said = paragraphs(checklist.entries[item.name])
            sections.append(Section(heading, said, pictures=shown))
    write_page(path, TITLE, sections, subtitle=subtitle)


def markdown(checklist: Checklist, subtitle: str = "") -> str:
    """Return the checklist as Markdown."""
    lines = [f"# {TITLE}", "", *([_escaped(subtitle), ""] if subtitle else [])]
    lines += [summary(checklist), "", SOURCE, ""]
    for domain in DOMAINS:
        lines += [f"## {domain.title}", ""]
        for item in domain.items:
            lines += [f"### {item.name} {item.title}", ""]
            for paragraph in paragraphs(checklist.entries[item.name]):
                lines += [_escaped(paragraph), ""]
    return "\n".join([*lines, f"psychopy_nfb {__version__}"]) + "\n"


def write_markdown(path: Path, text: str) -> None:
    """Write the Markdown file.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", str(path), f"cannot be written ({cause(error)}); choose another folder"
        ) from None


def _escaped(text: str) -> str:
    """Return a text in which no person's word becomes markup."""
    text = safe_text(text)
    for mark in "\\`*_[]|#":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("<", "&lt;").replace(">", "&gt;")
