"""The manual's pages: all there, complete, and every link leads to something."""

from __future__ import annotations

import importlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest
from manual import GUIDE, ROOT, WRITTEN

import psychopy_nfb
from psychopy_nfb import dsp
from psychopy_nfb.cli import COMMANDS
from psychopy_nfb.guide import all_pages
from psychopy_nfb.guide.listed import FIELDS
from psychopy_nfb.guide.pages import STAMP, anchor_of, kept_pages
from psychopy_nfb.guide.reference import CONTENTS, public_objects

MADE = {"commands", *CONTENTS}
"""Pages that are made from the package, not from a file."""
SHORT = 150
"""Lines that the README has at most."""


class Page(HTMLParser):
    """What of a page can be linked to, and what it links to."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.pictures, self.open = set(), [], [], []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.anchors |= {named["id"]} if "id" in named else set()
        self.links += [named["href"]] if tag == "a" else []
        self.pictures += [named["src"]] if tag == "img" else []
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_each_page_is_in_the_list_and_each_in_the_list_is_there(pages):
    written = {path.stem for path in GUIDE.glob("*.md")}
    assert written | MADE == set(all_pages())
    assert {path.stem for path in pages.glob("*.html")} == set(all_pages())


@pytest.mark.parametrize("name", all_pages())
def test_every_link_and_picture_of_a_page_leads_somewhere(pages, name):
    page = Page(pages / f"{name}.html")
    assert page.open == []
    assert page.pictures == [one for one in page.pictures if (pages / one).is_file()]
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https"
            continue
        target = pages / (parts.path or f"{name}.html")
        assert target.is_file(), link
        assert not parts.fragment or unquote(parts.fragment) in Page(target).anchors, link


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_every_link_of_the_markdown_leads_somewhere_too(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = path.parent / parts.path if parts.path else path
        if target.stem in MADE:  # made when the manual is opened
            continue
        assert target.is_file(), link
        headings = (
            re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.M) if parts.fragment else []
        )
        assert not parts.fragment or parts.fragment in map(anchor_of, headings), link


def test_no_page_needs_the_network(pages):
    for path in pages.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r'(?:src|rel="stylesheet" href)="(?:https?:)?//', text)


def test_the_readme_is_short_and_leads_to_the_manual():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= SHORT
    assert "psychopy_nfb/guide/troubleshooting.md" in text


def test_troubleshooting_begins_with_inspect():
    text = (GUIDE / "troubleshooting.md").read_text(encoding="utf-8")
    assert re.search(r"```bash\n(.*)\n", text)[1].startswith("psychopy-nfb inspect")


def test_the_reference_has_every_public_name_with_its_call_and_its_parameters(pages):
    package = Page(pages / "api.html")
    public = set(psychopy_nfb.__all__) - {"__version__"}
    assert {name.lower() for name in public} <= package.anchors
    for said in ("Neurofeedback.mark", "Seconds without new samples after which stale is true"):
        assert said in package.text
    signal_processing = Page(pages / "api_dsp.html").text
    for name in dsp.__all__:
        assert name in signal_processing
    assert "WCFIR( band=(8.0, 12.0), delay=0.1," in " ".join(signal_processing.split())
    assert "Absolute limit in microvolts" in signal_processing  # stands below its field
    assert "to_mne(session)" in Page(pages / "api_data.html").text


@pytest.mark.parametrize("page", ["api", "api_dsp", "api_data"])
def test_everything_public_is_described(page):
    for name, one in public_objects(page).items():
        assert one.has_docstring, name


def test_the_commands_are_those_there_are(pages):
    page = Page(pages / "commands.html")
    assert set(COMMANDS) <= page.anchors
    for command in COMMANDS.values():
        assert command.example in page.text


@pytest.mark.parametrize("page", FIELDS)
def test_a_component_s_page_has_each_field_of_its_dialog(pages, page):
    text = " ".join(Page(pages / f"{page}.html").text.split())
    for name, param in own_params(page).items():
        assert param.label in text, name
        assert " ".join(param.hint.replace("`", "").split()) in text, name


@pytest.mark.parametrize("page", FIELDS)
def test_the_help_of_a_component_is_its_page(page, monkeypatch, kept):
    from psychopy import prefs

    monkeypatch.setitem(prefs.paths, "userPrefsDir", str(kept))
    address = made(page).url
    assert address == (kept_pages() / f"{page}.html").as_uri()
    assert Path(url2pathname(urlsplit(address).path)).is_file()


def test_without_a_place_for_the_page_there_is_no_help_and_the_component_works(
    monkeypatch, tmp_path
):
    from psychopy import prefs

    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setitem(prefs.paths, "userPrefsDir", str(tmp_path / "file"))
    assert made("component_diode_patch").url is None


def test_pages_are_made_anew_when_the_package_has_changed_and_only_then(monkeypatch, kept):
    from psychopy import prefs

    monkeypatch.setitem(prefs.paths, "userPrefsDir", str(kept))
    page = kept_pages() / "index.html"
    page.write_text("as it was", encoding="utf-8")
    kept_pages()
    assert page.read_text(encoding="utf-8") == "as it was"
    (page.parent / STAMP).write_text("made of another version", encoding="utf-8")
    kept_pages()
    assert "psychopy-nfb" in page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return a folder in place of PsychoPy's own for files of this user."""
    return tmp_path_factory.mktemp("psychopy")


def made(page):
    """Return an instance of the page's component or Routine."""
    from psychopy.experiment import Experiment
    from psychopy.experiment.routines import Routine

    module, _ = FIELDS[page]
    experiment = Experiment()
    experiment.addRoutine("trial", Routine("trial", experiment))
    imported = importlib.import_module(f"psychopy_nfb.builder.{module}")
    (kind,) = (
        one
        for one in vars(imported).values()
        if isinstance(one, type) and one.__module__ == imported.__name__ and "url" in vars(one)
    )
    is_routine = kind.__name__.endswith("Routine")
    return kind(experiment) if is_routine else kind(experiment, "trial")


def own_params(page):
    """Return the fields of a page's component that PsychoPy does not bring itself."""
    from psychopy.experiment import Experiment
    from psychopy.experiment.components import BaseComponent
    from psychopy.experiment.routines import BaseStandaloneRoutine, Routine

    experiment = Experiment()
    experiment.addRoutine("trial", Routine("trial", experiment))
    theirs = {*BaseComponent(experiment, "trial").params, *BaseStandaloneRoutine(experiment).params}
    # `delay` is of experiments from before, and hidden.
    return {
        name: param for name, param in made(page).params.items() if name not in {*theirs, "delay"}
    }
