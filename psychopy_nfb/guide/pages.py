"""The manual as HTML pages in a folder, each of which needs nothing from the network."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb import __version__
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.guide import PAGES, all_pages
from psychopy_nfb.guide.listed import FIELDS, commands, fields
from psychopy_nfb.guide.reference import CONTENTS, reference

if TYPE_CHECKING:
    from markdown_it.token import Token

HERE = Path(__file__).parent
STAMP = ".made_from"
"""File beside the pages that tells what they were made from."""


def kept_pages() -> Path:
    """Return the folder with the pages of the installed version; they are made if need be.

    They lie in PsychoPy's own folder for files of this user, so that nothing needs to be written
    where the package is installed.

    Returns
    -------
    Path
        With ``index.html``.

    Raises
    ------
    FileError
        If they cannot be written.
    """
    from psychopy import prefs

    folder = Path(prefs.paths["userPrefsDir"]) / "cache" / "psychopy-nfb-guide"
    made_from = _fingerprint()
    try:
        if (folder / STAMP).read_text(encoding="utf-8") == made_from:
            return folder
    except OSError:
        pass  # never made, or not completely
    write_pages(folder)
    (folder / STAMP).write_text(made_from, encoding="utf-8")
    return folder


def page_address(page: str) -> str:
    """Return the ``file://`` address of a page of the manual, which is made if need be."""
    return (kept_pages() / f"{page}.html").as_uri()


def write_pages(folder: str | os.PathLike[str]) -> Path:
    """Write all pages and their pictures.

    Parameters
    ----------
    folder : path
        Where to; made if it does not exist. Earlier pages are replaced.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    FileError
        If something cannot be written.
    """
    from jinja2 import Environment

    frame = (HERE / "page.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(frame)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(HERE / "pictures", folder / "pictures", dirs_exist_ok=True)
        for name in all_pages():
            title, headings, body = to_html(markdown(name))
            text = template.render(
                title=title,
                headings=headings,
                body=body,
                name=name,
                groups=PAGES,
                version=__version__,
            )
            (folder / f"{name}.html").write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", os.fspath(folder), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
    return folder / "index.html"


def markdown(name: str) -> str:
    """Return a page of the manual as Markdown.

    Parameters
    ----------
    name : str
        One of `psychopy_nfb.guide.all_pages`.
    """
    if name == "commands":
        return commands()
    if name in CONTENTS:
        return reference(name)
    written = files("psychopy_nfb.guide").joinpath(f"{name}.md").read_text(encoding="utf-8")
    return f"{written}\n{fields(name)}" if name in FIELDS else written


def to_html(text: str) -> tuple[str, list[tuple[str, str]], str]:
    r"""Return Markdown as HTML.

    Links to other pages (``files.md#events``) become links to their HTML; each heading can be
    linked to by the name that GitHub gives it.

    Parameters
    ----------
    text : str
        Of a page; it begins with a heading.

    Returns
    -------
    title : str
        Its first heading.
    headings : list of (str, str)
        Anchor and text of each heading of the second level.
    body : str
        The HTML below that heading.

    Examples
    --------
    >>> title, headings, body = to_html("# A page\n\n## Which filter?\n\nSee [files](files.md).")
    >>> title, headings
    ('A page', [('which-filter', 'Which filter?')])
    >>> body.splitlines()[-1]
    '<p>See <a href="files.html">files</a>.</p>'
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(text)
    found = _name_headings(tokens)
    for token in tokens:
        for inner in token.children or ():
            if inner.type == "link_open":
                inner.attrSet("href", _to_page(str(inner.attrGet("href"))))
    title = found[0][2]
    second = [(anchor, said) for level, anchor, said in found if level == 2]
    below = tokens[[token.type for token in tokens].index("heading_close") + 1 :]
    return title, second, parser.renderer.render(below, parser.options, {})


def anchor_of(heading: str) -> str:
    """Return the name by which GitHub links to a heading.

    Examples
    --------
    >>> anchor_of("What happens when … (a list)?")
    'what-happens-when--a-list'
    """
    kept = [one for one in heading.lower() if one in " -_" or unicodedata.category(one)[0] in "LN"]
    return "".join(kept).strip().replace(" ", "-")


def _name_headings(tokens: list[Token]) -> list[tuple[int, str, str]]:
    """Give each heading its anchor; return level, anchor and text of all."""
    found: list[tuple[int, str, str]] = []
    for token, inside in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_open":
            said = "".join(one.content for one in inside.children or ())
            anchor, taken = anchor_of(said), {one[1] for one in found}
            number = 1
            while anchor in taken:
                anchor, number = f"{anchor_of(said)}-{number}", number + 1
            token.attrSet("id", anchor)
            found.append((int(token.tag[1]), anchor, said))
    return found


def _to_page(link: str) -> str:
    return re.sub(r"^([a-z_]+)\.md(?=#|$)", r"\1.html", link)


def _fingerprint() -> str:
    """Return what changes whenever a file that the pages are made from does."""
    package = HERE.parent
    kinds = (".md", ".html", ".png", ".py")
    sources = sorted(path for path in package.rglob("*") if path.suffix in kinds)
    told = hashlib.sha256(__version__.encode())
    for path in sources:
        facts = path.stat()
        told.update(f"{path.relative_to(package)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return told.hexdigest()
