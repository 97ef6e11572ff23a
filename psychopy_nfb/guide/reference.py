"""The manual's reference of classes and functions, made from their docstrings.

They are read from the source without importing it, so that no display is needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import textwrap
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.guide import all_pages

if TYPE_CHECKING:
    from griffe import Class, Function, Object

PACKAGE = "psychopy_nfb"
CONTENTS: dict[str, tuple[str, ...]] = {
    "api": (PACKAGE,),
    "api_dsp": (f"{PACKAGE}.dsp",),
    "api_data": (f"{PACKAGE}.recording", f"{PACKAGE}.analysis"),
}
"""Of which modules each page holds all public names."""
_INTRODUCTIONS = {
    "api": "What `import psychopy_nfb` offers to a script. [First training in Python]"
    "(first_training_coder.md) shows how the parts are used together.",
    "api_dsp": "Steps of a pipeline and what else `psychopy_nfb.dsp` offers. In a settings file a "
    'step is written as `{"type": "Pick", "channels": ["Oz"]}`: its name and its parameters. See '
    "[Settings files](settings.md).",
    "api_data": "Reading sessions and lag. [Files and their analysis](files.md) shows examples.",
}
_LISTS = {
    "parameters": "Parameters",
    "other parameters": "Other parameters",
    "returns": "Returns",
    "yields": "Yields",
    "raises": "Errors",
    "attributes": "Attributes",
}
"""Sections of a docstring that are lists, and their headings on the page."""
LINE = 80
"""Longest call that is written on one line, in characters."""


def reference(page: str) -> str:
    """Return a page in Markdown with everything public of its modules.

    Parameters
    ----------
    page : str
        A key of `CONTENTS`.
    """
    parts = [f"# {all_pages()[page]}", _INTRODUCTIONS[page]]
    objects = public_objects(page)
    for name, one in objects.items():
        parts += [f"## {name}", *_described(name, one)]
        if one.is_class:
            parts += _members(one, objects)
    return "\n\n".join(parts) + "\n"


def public_objects(page: str) -> dict[str, Object]:
    """Return the classes and functions of a page, by name.

    Parameters
    ----------
    page : str
        A key of `CONTENTS`.
    """
    found = {}
    for module in CONTENTS[page]:
        for name in importlib.import_module(module).__all__:
            one = _source()[_home(module, name).removeprefix(f"{PACKAGE}.")]
            one = one.final_target if one.is_alias else one
            if one.is_class or one.is_function:
                found[name] = one
    return found


@cache
def _source() -> Object:
    """Return the package as it is written."""
    import griffe

    return griffe.load(
        PACKAGE,
        search_paths=[Path(importlib.import_module(PACKAGE).__file__).parents[1]],
        docstring_parser="numpy",
        docstring_options={"warnings": False},
    )


def _home(module: str, name: str) -> str:
    """Return the full name of `name`, which a folder's ``__init__`` imports when it is used."""
    if importlib.util.find_spec(module).submodule_search_locations is None:
        return f"{module}.{name}"  # not a folder: nothing of it is imported here
    homes = getattr(importlib.import_module(module), "_HOME", {})
    if name not in homes:
        return f"{module}.{name}"
    home = homes[name]
    return _home(home if home.startswith(PACKAGE) else f"{module}.{home}", name)


def _described(name: str, one: Object) -> list[str]:
    """Return call, sentences, parameters and examples as paragraphs of Markdown."""
    parts = [_call(name, one)]
    for section in one.docstring.parsed:
        kind, value = section.kind.value, section.value
        if kind == "text":
            parts.append(_plain(value))
        elif kind in _LISTS:
            parts += [f"**{_LISTS[kind]}**", _list(value)]
        elif kind == "examples":
            parts += ["**Example**", *(_example(part.value, text) for part, text in value)]
        elif kind == "admonition":
            parts += [f"**{section.title}**", _plain(value.description)]
    return parts


def _call(name: str, one: Class | Function) -> str:
    """Return how it is called, one parameter a line if it is long."""
    told, star = [], False
    for each in one.parameters:
        kind = each.kind.value if each.kind else ""
        if each.name in ("self", "cls"):
            continue
        if kind == "variadic positional":
            told.append(f"*{each.name}")
            star = True
        elif kind == "variadic keyword":
            told.append(f"**{each.name}")
        else:
            if kind == "keyword-only" and not star:
                told.append("*")
                star = True
            told.append(each.name if each.required else f"{each.name}={each.default}")
    line = f"{name}({', '.join(told)})"
    if len(line) > LINE:
        line = f"{name}(\n    " + ",\n    ".join(told) + ",\n)"
    return f"```text\n{line}\n```"


def _list(entries: list[Any]) -> str:
    """Return parameters, results or errors as a list, with their types."""
    lines = []
    for entry in entries:
        name, kind = getattr(entry, "name", ""), _type(str(entry.annotation or ""))
        head = f"`{name}` ({kind})" if name and kind else f"`{name}`" if name else kind
        lines.append(f"- {head}: {_sentence(entry.description)}".removesuffix(": "))
    return "\n".join(lines)


def _type(annotation: str) -> str:
    """Return a type without the parentheses and marks that Markdown or a reader would trip over."""
    if annotation.startswith("(") and annotation.endswith(")"):
        annotation = annotation[1:-1]
    return annotation.replace("*", r"\*").replace("[", r"\[")


def _example(kind: str, text: str) -> str:
    return f"```pycon\n{text}\n```" if kind == "examples" else _plain(text)


def _members(one: Class, on_this_page: Collection[str]) -> list[str]:
    """Return the public methods and attributes of a class that have a docstring.

    What it has of a class that is described on the same page stands there.
    """
    told = {each.name for kind in ("attributes", "parameters") for each in _entries(one, kind)}
    inherited = {
        name: member.final_target
        for name, member in one.inherited_members.items()
        if member.final_target.parent.name not in on_this_page
    }
    methods: list[str] = []
    fields: dict[str, list[str]] = {"Parameters": [], "Attributes": []}
    for name, member in {**inherited, **one.members}.items():
        if name.startswith("_") or name in told or not member.has_docstring:
            continue
        if member.is_function:
            methods += [f"### {one.name}.{name}", *_described(name, member)]
            continue
        kind = "Parameters" if name in one.parameters else "Attributes"
        fields[kind].append(f"- `{name}`{_default(member)}: {_sentence(member.docstring.value)}")
    parts = []
    for kind, lines in fields.items():
        parts += [f"**{kind}**", "\n".join(lines)] if lines else []
    bases = [base.name for base in one.mro() if base.name in on_this_page]
    if bases:
        links = " and ".join(f"[{base}](#{base.lower()})" for base in bases)
        parts.append(f"It has, too, what {links} has.")
    return parts + methods


def _entries(one: Object, kind: str) -> list[Any]:
    """Return the entries of all sections of a kind of its docstring."""
    sections = one.docstring.parsed if one.docstring else ()
    return [each for part in sections if part.kind.value == kind for each in part.value]


def _default(member: Object) -> str:
    """Return the default of a field in words, empty where there is none that one wants to know."""
    value = getattr(member, "value", None)
    if value is None or "property" in member.labels or "field(" in str(value):
        return ""
    return f" (default `{value}`)"


def _sentence(text: str) -> str:
    return " ".join(_plain(text).split())


def _plain(text: str) -> str:
    """Return a docstring's reStructuredText as Markdown: code in a line, and blocks of code."""
    text = re.sub(r"``(.+?)``", r"`\1`", text, flags=re.DOTALL)
    return re.sub(
        r"^\.\. code-block:: (\w+)\n\n((?: {4}.*\n?|\n)+)",
        lambda block: f"```{block[1]}\n{textwrap.dedent(block[2]).rstrip()}\n```\n",
        text,
        flags=re.MULTILINE,
    )
