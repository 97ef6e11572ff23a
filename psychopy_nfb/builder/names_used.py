"""Which names the fields and the code of an experiment use, and which of them nothing defines."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from psychopy_nfb.builder.parameters import PLUGIN, is_shown
from psychopy_nfb.families import PACKAGE

_TEXTS = ("str", "extendedStr", "file", "table", "color", "device")
"""Types of parameters that are code only after a ``$``."""
_ANYTHING = ("exec", "eval", "globals", "locals", "setattr")
"""What code may define names with that cannot be seen."""


def elements(experiment: Any) -> Iterator[Any]:
    """Yield all enabled components and Routines of the Flow, and its loops."""
    seen: list[Any] = []
    for entry in experiment.flow:
        loop = getattr(entry, "loop", None)
        found = [loop] if loop is not None else [entry]
        if hasattr(entry, "settings"):  # a Routine of components
            found = [entry.settings, *entry]
        for one in found:
            disabled = one.params.get("disabled")
            if not disabled and not any(one is other for other in seen):
                seen.append(one)
                yield one


def code_of(element: Any) -> Iterator[tuple[str, ast.AST]]:
    """Yield the label and the syntax tree of each field of an element that holds Python code."""
    for name, param in element.params.items():
        value = param.val
        if name == "name" or "JS" in name or not isinstance(value, str) or not value.strip():
            continue
        if getattr(element, "plugin", None) == PLUGIN and not is_shown(element, name):
            continue  # without effect
        if param.valType in _TEXTS:
            if not value.startswith("$"):
                continue
            value = value[1:]
        tree = parsed(value)
        if tree is not None:
            yield param.label or name, tree


def parsed(code: str) -> ast.AST | None:
    """Return the syntax tree of Python code; None if it is none, which PsychoPy tells."""
    try:
        return ast.parse(code.strip().lstrip("$"))
    except (SyntaxError, ValueError):
        return None


def conditions(element: Any, experiment: Any) -> list[dict[str, Any]] | None:
    """Return the rows of a loop's conditions file, each by column.

    Empty if it has none; None if it cannot be read: it is made during the run, or named by an
    expression.
    """
    file = getattr(element.params.get("conditionsFile"), "val", "")
    if not file:
        return []
    path = Path(str(file))
    if experiment.filename and not path.is_absolute():
        path = Path(experiment.filename).parent / path
    try:
        file_now = path.stat()
        return [dict(row) for row in _rows(str(path), file_now.st_mtime_ns, file_now.st_size)]
    except Exception:
        return None


@lru_cache(maxsize=16)
def _rows(path: str, changed_at: int, size: int) -> list[dict[str, Any]]:
    """Return the rows of a conditions file, which is read once until it is changed.

    Every component's check asks for them, and PsychoPy logs each reading in Runner.
    """
    from psychopy.data import importConditions

    return list(importConditions(path))


class Names:
    """What an experiment defines.

    Parameters
    ----------
    experiment : psychopy.experiment.Experiment
        In Builder or loaded from a file.
    """

    def __init__(self, experiment: Any):
        self._namespace = experiment.namespace
        # Our components import the package: control conditions are written with its classes.
        self._names = {*vars(builtins), PACKAGE, *map(str, experiment.routines)}
        # "participant|req": PsychoPy hides or demands a field by what follows its name.
        self._asked = {str(key).split("|")[0].strip() for key in experiment.settings.getInfo()}
        self.unclear: bool = False
        """Whether names may come from where they cannot be seen."""
        for element in elements(experiment):
            self._names.add(str(getattr(element.params.get("name"), "val", "")))
            self._add_columns(element, experiment)
            if type(element).__name__ == "CodeComponent":
                for _, tree in code_of(element):
                    self._add_defined(tree)

    def _add_columns(self, element: Any, experiment: Any) -> None:
        """Add the columns of a loop's conditions file."""
        found = conditions(element, experiment)
        if found is None:
            self.unclear = True
        else:
            self._names.update(*found[:1])

    def _add_defined(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self._names.add(node.id)
            elif isinstance(node, ast.Name) and node.id in _ANYTHING:
                self.unclear = True
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self._names.add(node.name)
            elif isinstance(node, ast.arg):
                self._names.add(node.arg)
            elif isinstance(node, ast.alias):
                self.unclear = self.unclear or node.name == "*"
                self._names.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.ExceptHandler) and node.name:
                self._names.add(node.name)

    def asks(self, name: str) -> bool:
        """Return whether `name` is only a field of the dialog at the start of the experiment."""
        return name in self._asked and not self.defines(name)

    def defines(self, name: str) -> bool:
        """Return whether `name` exists when the experiment runs, as far as can be known."""
        return (
            self.unclear
            or name in self._names
            or name.startswith(("_", "this"))  # Builder's own, and those of loops
            or bool(self._namespace.exists(name))
        )


@cache
def attributes(kind: type) -> frozenset[str]:
    """Return what instances of a class have: what it defines, and what its methods set."""
    names = {name for name in dir(kind) if not name.startswith("_")}
    for base in kind.__mro__[:-1]:
        for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(base)))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
            ):
                names.add(node.attr)
    return frozenset(names)
