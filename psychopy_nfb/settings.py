"""Settings are dataclasses, and JSON files that say the same.

`from_dict` is strict: an unknown key, a wrong type or a value that is not among the allowed ones is
refused in one sentence that names the key's whole path, because a typing error in a settings file
must never run quietly with a default.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import math
import os
import types
import typing
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from psychopy_nfb import families
from psychopy_nfb.budget import LARGEST
from psychopy_nfb.errors import FileError, NfbError, SettingsError, cause
from psychopy_nfb.reading import patiently, read_text

T = TypeVar("T")


def to_dict(settings: Any) -> Any:
    """Return dataclass `settings` as plain dicts, lists and scalars ready for JSON.

    A dataclass that belongs to a family (has a ``family`` class attribute, as every processing
    step does) is written with a ``"type"`` key that holds its class's name; one that a lab has
    written has a key ``"from"``, too, with the package or file that it came from.
    """
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        out = {"type": type(settings).__name__} if hasattr(settings, "family") else {}
        if out and (origin := families.origin(type(settings))):
            out["from"] = origin
        for field in dataclasses.fields(settings):
            out[field.name] = to_dict(getattr(settings, field.name))
        return out
    if isinstance(settings, dict):
        return {str(key): to_dict(value) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [to_dict(value) for value in settings]
    if hasattr(settings, "tolist"):  # numpy scalars and arrays
        return settings.tolist()
    if isinstance(settings, os.PathLike):
        return os.fspath(settings)
    return settings


def finite(value: Any) -> Any:
    """Return plain `value` with None in place of NaN and infinities, for which JSON has no word.

    Examples
    --------
    >>> finite({"lag": [1.5, float("nan")]})
    {'lag': [1.5, None]}
    """
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def plain_facts(name: str, facts: Any) -> dict[str, Any]:
    """Return facts by name as JSON knows them: infinite and missing numbers become null.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    facts : dict
        What came.

    Raises
    ------
    SettingsError
        If it is no dictionary, or something in it cannot be written to JSON.

    Examples
    --------
    >>> plain_facts("facts", {"share": 0.5, "lag": math.nan})
    {'share': 0.5, 'lag': None}
    """
    if not isinstance(facts, dict):
        raise SettingsError(name, facts, "must be a dictionary of facts by name")
    for key, value in facts.items():
        try:
            json.dumps(to_dict(value))
        except (TypeError, ValueError, RecursionError):
            raise SettingsError(
                f"{name}[{key!r}]",
                value,
                "cannot be written to the settings file (JSON); give numbers, texts, lists or "
                "dictionaries",
            ) from None
    return finite(to_dict(facts))


def from_dict(cls: type[T], data: Any, where: str = "") -> T:
    """Build `cls`, a dataclass, from plain dicts, lists and scalars.

    Parameters
    ----------
    cls : type
        The dataclass.
    data : dict
        What `to_dict` wrote, or what a person did; missing keys take the class's defaults.
    where : str
        Path of `data` within its file, for messages.

    Raises
    ------
    SettingsError
        Naming the key, the value and what is allowed.
    """
    try:
        return _build(cls, data, where)
    except RecursionError:
        raise SettingsError(where or "settings", data, "are nested too deeply") from None


def read_json(cls: type[T], path: str | os.PathLike[str]) -> T:
    """Read settings of class `cls` from the JSON file `path`.

    Raises
    ------
    FileError
        If the file cannot be read or is no JSON.
    SettingsError
        If what it says cannot be used.
    """
    return from_dict(cls, read_plain_json(path))


def read_plain_json(path: str | os.PathLike[str]) -> Any:
    """Read the JSON file `path` as dicts, lists and scalars.

    Raises
    ------
    FileError
        If the file cannot be read or is no JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise FileError("file", os.fspath(path), f"is not valid JSON ({error})") from None
    except RecursionError:
        raise FileError("file", os.fspath(path), "is nested too deeply to be settings") from None


def write_json(settings: Any, path: str | os.PathLike[str]) -> None:
    """Write `settings` to `path` so that a crash leaves either the old file or the new one.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    path = Path(path)
    draft = path.with_name(path.name + ".part")
    text = json.dumps(to_dict(settings), indent=2) + "\n"

    try:
        patiently(lambda: draft.write_text(text, encoding="utf-8"))
    except OSError as error:
        with suppress(OSError):  # half of it is of no use
            draft.unlink(missing_ok=True)
        raise FileError("file", os.fspath(path), f"cannot be written: {cause(error)}") from None
    try:
        patiently(lambda: os.replace(draft, path))
    except OSError as error:
        raise FileError(
            "file",
            os.fspath(path),
            f"cannot be replaced: {cause(error)}; close the program that has it open. What it "
            f"should say is in {draft.name} beside it",
        ) from None


def _build(cls: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise SettingsError(where or "settings", data, "must be an object with named settings")
    data = dict(data)
    if "family" in cls.__dict__.get("__annotations__", {}) or hasattr(cls, "family"):
        cls = _member(cls, data.pop("type", None), data.pop("from", None), where)
    try:
        return _made(cls, data, where)
    except NfbError:
        raise
    except Exception as error:
        if not (hasattr(cls, "family") and families.is_own(cls)):
            raise
        why = families.failure(error, families.source(cls))
        raise SettingsError(_join(where, "type"), cls.__name__, f"cannot be made ({why})") from None


def _made(cls: Any, data: dict[str, Any], where: str) -> Any:
    """Return a `cls` with these settings."""
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for key in data:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsError(
                _join(where, key), data[key], f"is not a setting; {meant}Known: {', '.join(fields)}"
            )
    hints = _hints(cls)
    values = {key: _convert(hints[key], value, _join(where, key)) for key, value in data.items()}
    for name, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and name not in values:
            raise SettingsError(_join(where, name), None, f"is missing; {cls.__name__} needs it")
    try:
        return cls(**values)
    except NfbError as error:
        raise (error.within(where) if where else error) from None


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    """Return the types of a class's fields; evaluating them takes longer than all else here."""
    return typing.get_type_hints(cls)


def _member(cls: Any, name: Any, came_from: Any, where: str) -> Any:
    """Return the class called `name` in the family of `cls`, a lab's if it came from somewhere."""
    members = cls.family
    if came_from is not None and isinstance(name, str):
        _check_origin(members.get(name), name, str(came_from), where)
    if name is None and cls.__name__ in members:
        return cls
    if not isinstance(name, str) or name not in members:
        offered = sorted(one for one in members if not getattr(members[one], "for_tests", False))
        near = difflib.get_close_matches(str(name), offered, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise SettingsError(
            _join(where, "type"), name, f"is unknown; {meant}Known: {', '.join(offered)}"
        )
    return members[name]


def _check_origin(member: Any, name: Any, came_from: str, where: str) -> None:
    """Refuse what a lab has written and is not there, saying where it came from."""
    if member is None:
        file = came_from.split(" (SHA-256")[0]
        remedy = (
            f'name that file, plugins=["{file}"] in Python or --plugin {file} in a command'
            if file != came_from
            else "install that package"
        )
        raise SettingsError(
            _join(where, "type"), name, f"is not here; it came from {came_from}: {remedy}"
        )
    if not families.is_own(member):
        raise SettingsError(
            _join(where, "type"),
            name,
            f"came from {came_from}, and here it is one of {families.PACKAGE}",
        )


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Return `value` as the annotation `hint` wants it, or raise a `SettingsError`."""
    origin = typing.get_origin(hint)
    args = typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _convert_union(args, value, where)
    if origin is typing.Literal:
        if value not in args or isinstance(value, bool) != any(isinstance(a, bool) for a in args):
            listed = ", ".join(repr(item) for item in args)
            raise SettingsError(where, value, f"must be one of {listed}")
        return value
    if origin in (list, tuple):
        if not isinstance(value, (list, tuple)):
            raise SettingsError(where, value, "must be a list")
        return _convert_list(origin, args, value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise SettingsError(where, value, "must be an object with named entries")
        return {key: _convert(args[1], item, _join(where, key)) for key, item in value.items()}
    if dataclasses.is_dataclass(hint) or hasattr(hint, "family"):
        return value if isinstance(value, hint) else _build(hint, value, where)
    return _convert_scalar(hint, value, where)


def _convert_list(origin: Any, args: Any, value: Any, where: str) -> Any:
    if origin is tuple and args[-1] is not Ellipsis:
        if len(value) != len(args):
            raise SettingsError(where, value, f"must have {len(args)} entries")
        hints = args
    else:
        hints = [args[0]] * len(value)
    return origin(
        _convert(hint, item, f"{where}[{index}]")
        for index, (hint, item) in enumerate(zip(hints, value, strict=True))
    )


def _convert_union(args: Any, value: Any, where: str) -> Any:
    if value is None and type(None) in args:
        return None
    options = [arg for arg in args if arg is not type(None)]
    # What is wrong within an object is told of the object, not that it is no number.
    objects = [one for one in options if _takes_objects(one)]
    options = (objects if isinstance(value, dict) else []) or options
    problems = []
    for option in options:
        try:
            return _convert(option, value, where)
        except SettingsError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    first, *others = dict.fromkeys(problem.remedy for problem in problems)
    remedies = [first, *(one.removeprefix("must be ") for one in others)]
    raise SettingsError(where, value, " or ".join(remedies))


def _takes_objects(hint: Any) -> bool:
    return typing.get_origin(hint) is dict or dataclasses.is_dataclass(hint)


def _convert_scalar(hint: Any, value: Any, where: str) -> Any:
    wanted = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise SettingsError(where, value, "must be a finite number")
        return _not_too_large(number, where)
    if hint is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # R and MATLAB write 3.0
    if hint in wanted:
        if type(value) is not hint:
            raise SettingsError(where, value, f"must be {wanted[hint]}")
        return _not_too_large(value, where) if hint is int else value
    raise TypeError(f"settings cannot hold {hint!r} (at {where})")  # a mistake in our own classes


def _not_too_large(number: T, where: str) -> T:
    if abs(number) > LARGEST:
        raise SettingsError(where, number, f"must be between {-LARGEST:g} and {LARGEST:g}")
    return number


def _join(where: str, key: Any) -> str:
    return f"{where}.{key}" if where else str(key)
