"""How the package's folders depend on each other."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import psychopy_nfb

ROOT = Path(psychopy_nfb.__file__).parent
TOP = "psychopy_nfb"
FOLDERS = (
    *("dsp", "protocol", "course", "lsl", "recording", "simulate", "inspection", "engine"),
    *("remote",),
    *("analysis", "study", "hardware", "display", "report", "photodiode", "tune", "console"),
    *("guide", "builder", "bench", "doctor"),
)
"""In the order of the way of a sample, then of what people do around it."""
ABOVE_ALL = ("", "cli", "demo")
"""Modules that may import from every folder: the package itself and its commands."""


def modules() -> dict[str, Path]:
    """Return each module's name within the package, and its file."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield each module of the package that a file imports, also late or for types alone."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{one.name}" for one in node.names]
            names = [one if one.removeprefix(f"{TOP}.") in known else node.module for one in inner]
        else:
            continue
        for name in names:
            if name == TOP or name.startswith(f"{TOP}."):
                yield name.removeprefix(TOP).removeprefix(".")


def imports() -> dict[str, set[str]]:
    """Return what each module imports of the others."""
    known = modules()
    return {name: set(imported(path, known)) - {name} for name, path in known.items()}


def test_no_two_modules_import_each_other_in_a_circle():
    TopologicalSorter(imports()).prepare()  # raises CycleError with the circle


def test_a_folder_imports_only_from_those_before_it():
    def place(name: str) -> int:
        folder = name.split(".")[0]
        return FOLDERS.index(folder) if folder in FOLDERS else -1

    wrong = [
        (name, other)
        for name, others in imports().items()
        for other in others
        if name not in ABOVE_ALL and place(other) > place(name)
    ]
    assert wrong == []


def test_each_folder_is_in_the_order_and_says_what_lives_there():
    folders = {path.parent.name: path for path in ROOT.glob("*/__init__.py")}
    assert folders.keys() == set(FOLDERS)
    untold = []
    for path in ROOT.rglob("*/__init__.py"):
        said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        others = {one.stem for one in path.parent.glob("*.py")} - {"__init__"}
        untold += [f"{path.parent.name}.{one}" for one in others if f"`{one}`" not in said]
    assert untold == []


@pytest.mark.parametrize("folder", ["", ".dsp", ".display", ".photodiode"])
def test_editors_are_told_each_name_that_is_imported_when_it_is_used(folder):
    package = importlib.import_module(f"{TOP}{folder}")
    stub = Path(package.__file__).with_suffix(".pyi")
    told = {}
    for node in ast.parse(stub.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            told |= {one.asname: f"{node.module}.{one.name}" for one in node.names}
    folders = getattr(package, "_FOLDERS", ())
    assert told.keys() == {*package.__all__, *folders} - {"__version__", "load_steps"}
    for name, place in told.items():
        module, _, attribute = place.rpartition(".")
        assert getattr(package, name) is getattr(importlib.import_module(module), attribute)
