"""Parts that a lab has written: found in installed packages and in named files, and loaded.

A part is a class that joins a family, such as a step, or an `Estimator`. The experiment's process
loads it first; the background process gets a file's text with its order, so that it runs the same,
also after a restart and when the file was changed meanwhile.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import sys
import types
from collections.abc import Iterable, Sequence
from typing import Any

from psychopy_nfb.budget import MOST_TEXT
from psychopy_nfb.dsp import load_steps
from psychopy_nfb.dsp.estimators import ESTIMATORS, Estimator
from psychopy_nfb.dsp.step import Step
from psychopy_nfb.engine.own_parts import GROUPS, Plugin, all_or_nothing, forget, joined, offer
from psychopy_nfb.errors import SettingsError, cause
from psychopy_nfb.families import PACKAGE, is_own, members_in, source, two_of_a_name, types_in
from psychopy_nfb.protocol import ShownSource
from psychopy_nfb.reading import check_file

logger: logging.Logger = logging.getLogger(__name__)

_Entry = tuple[importlib.metadata.EntryPoint, str, str]
"""An entry point, and name and version of its package."""
_loaded: dict[str, Plugin] = {}
"""By the file's path or the package's name."""


def load_plugins(files: Iterable[str | os.PathLike[str]] = ()) -> list[Plugin]:
    """Load a lab's own steps, estimators, threshold rules and schedules from Python files.

    `Neurofeedback` does it for its argument `plugins`. Call it before, where settings are made with
    an estimator that is in a file. Parts of installed packages are found without being named.

    Parameters
    ----------
    files : iterable of path
        Python files. One that was loaded before is loaded again only if it has been changed.

    Returns
    -------
    list of Plugin
        Name, hash and parts of each file.

    Raises
    ------
    SettingsError, FileError
        In one sentence: a file that cannot be read or fails, with the line; a part whose name
        another one has, with whose both are.

    Examples
    --------
    >>> load_plugins([])
    []
    """
    if isinstance(files, (str, os.PathLike)):
        raise SettingsError("plugins", files, f"must be a list of files: [{os.fspath(files)!r}]")
    files = list(files) if isinstance(files, Iterable) else None
    if files is None or not all(isinstance(file, (str, os.PathLike)) for file in files):
        raise SettingsError("plugins", files, "must be a list of files: ['my_lab.py']")
    load_steps()  # or ours would be the ones that come second
    _offered()
    return [_load_file(path) for path in files]


def load_installed() -> None:
    """Load all parts of installed packages; warn of those that cannot be loaded.

    Settings that name one of these are refused when they are read, see `load_needed`.

    Raises
    ------
    SettingsError
        If two packages offer a part of the same name, or one that of a part of ours.
    """
    load_steps()
    for one in _offered():
        try:
            _load_entry(*one)
        except SettingsError as error:
            logger.warning("%s Settings that do not use it are not affected.", error)


def load_needed(settings: Any) -> None:
    """Load those parts of installed packages that plain settings name and nothing has yet.

    Raises
    ------
    SettingsError
        As `load_plugins`.
    """
    named = set(types_in(settings))
    if named:
        load_steps()
        ours = (ShownSource.family, *(kind.base.family for kind in GROUPS.values()))
        load_named(named.difference(*ours))


def load_named(names: Iterable[str]) -> None:
    """Load the parts of installed packages that have these names.

    Raises
    ------
    SettingsError
        As `load_plugins`.
    """
    wanted = set(names)
    for one in _offered() if wanted else ():
        if one[0].name in wanted:
            _load_entry(*one)


def load_ordered(orders: Sequence[dict[str, Any]]) -> None:
    """Load in the background process what `Plugin.order` has described.

    Raises
    ------
    SettingsError
        As `load_plugins`.
    """
    load_steps()
    for order in orders:
        if order["file"]:
            _run(order["file"], order["text"], order["sha256"])
        for group, name, value in order["entries"]:
            entry = importlib.metadata.EntryPoint(name, value, group)
            _load_entry(entry, order["name"], order["version"])


def plugins_used(settings: Any, named: Sequence[Plugin] = ()) -> list[Plugin]:
    """Return the plugins that a training needs: those named, and those its parts came from.

    Parameters
    ----------
    settings : Configuration
        The training.
    named : sequence of Plugin
        What was named for it.

    Raises
    ------
    SettingsError
        If a part was written where the background process cannot load it from.
    """
    used = {plugin.origin: plugin for plugin in named}
    for part in members_in(settings):
        kind = type(part)
        if is_own(kind):
            plugin = _home(kind)
            used[plugin.origin] = plugin
    return list(used.values())


def _home(kind: type) -> Plugin:
    """Return the plugin that has brought a class, or the same class of another import."""
    name, place = kind.__name__, source(kind)
    plugin = _holder(name, place)
    if plugin is None:
        load_named([name])
        plugin = _holder(name, place)
    if plugin is not None:
        return plugin
    advice = "put it into a file of its own and name that"
    if os.path.isfile(place) and place != _main_file():
        advice = f"name that file: plugins=[{place!r}]"
    raise SettingsError(
        "plugins",
        name,
        f"is written in {place}, which the background process does not load; {advice}",
    )


def _holder(part: str, place: str) -> Plugin | None:
    """Return the loaded package, or the file at `place`, that has brought a part."""
    for plugin in _loaded.values():
        if part in plugin.parts and plugin.file in ("", place):
            return plugin
    return None


def differences(recorded: object) -> list[str]:
    """Return a sentence for each plugin of a session that is another one now.

    Parameters
    ----------
    recorded : list of dict
        What `Plugin.facts` gave then.
    """
    sentences = []
    now = {plugin.name: plugin for plugin in _loaded.values()}
    for then in recorded if isinstance(recorded, list) else ():
        plugin = now.get(str(then.get("name"))) if isinstance(then, dict) else None
        if plugin is None:
            continue
        if (then.get("sha256") or "") != plugin.sha256:
            what = f"SHA-256 {str(then.get('sha256'))[:16]} then, {plugin.sha256[:16]} now"
        elif (then.get("version") or "") != plugin.version:
            what = f"version {then.get('version')} then, {plugin.version} now"
        else:
            continue
        sentences.append(
            f"{plugin.name} is not the same as in the session ({what}); values may differ"
        )
    return sentences


def _main_file() -> str | None:
    """Return the experiment's own file, if it is one."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.realpath(main) if main else None


def _load_file(path: str | os.PathLike[str]) -> Plugin:
    file = os.path.realpath(check_file(path, "plugins", MOST_TEXT))
    if file == _main_file():
        raise SettingsError(
            "plugins", file, "is the experiment itself; put the parts into a file of their own"
        )
    try:
        with open(file, "rb") as opened:
            raw = opened.read()
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("plugins", file, f"cannot be read: {cause(error)}") from None
    return _run(file, text, hashlib.sha256(raw).hexdigest())


def _run(file: str, text: str, sha256: str) -> Plugin:
    """Run the text of a file as a module, unless that has been done."""
    before = _loaded.get(file)
    if before is not None and before.sha256 == sha256:
        return before
    plugin = Plugin(os.path.basename(file), file=file, sha256=sha256, text=text)
    module = types.ModuleType(f"nfb_own_parts_{sha256[:16]}")
    module.__file__ = file
    with all_or_nothing(file, file):
        forget(file, before)
        sys.modules[module.__name__] = module  # dataclasses look for their module there
        exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
        parts = joined(lambda kind: kind.__module__ == module.__name__, plugin.origin)
        for one in [one for one in vars(module).values() if isinstance(one, Estimator)]:
            if not one.origin and one is not ESTIMATORS.get(one.name):  # not one of ours, imported
                parts.append(offer(one, plugin.origin))
    plugin = _loaded[file] = dataclasses.replace(plugin, parts=tuple(parts))
    return plugin


def _offered() -> list[_Entry]:
    """Return what installed packages offer.

    Raises
    ------
    SettingsError
        If two offer the same name, or one that of a part of ours.
    """
    found: dict[tuple[str, str], _Entry] = {}
    for group, kind in GROUPS.items():
        for entry in importlib.metadata.entry_points(group=group):
            dist = getattr(entry, "dist", None)
            package, version = (dist.name, dist.version) if dist else (entry.value, "")
            ours = kind.base.family.get(entry.name)
            estimator = ESTIMATORS.get(entry.name)
            if (ours and not is_own(ours)) or (estimator and not estimator.origin):
                raise two_of_a_name(kind.what, entry.name, PACKAGE, f"{package} {version}")
            _, other, its_version = found.get((group, entry.name), (None, package, ""))
            if other != package:
                both = f"{other} {its_version}", f"{package} {version}"
                raise two_of_a_name(kind.what, entry.name, *both)
            found[group, entry.name] = entry, package, version
    return list(found.values())


def _folder(package: str) -> str:
    """Return where a package is, or the file of a module; empty if it is not there."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return ""
    return os.path.realpath(next(iter(spec.submodule_search_locations or ()), spec.origin or ""))


def _load_entry(entry: importlib.metadata.EntryPoint, package: str, version: str) -> None:
    """Import what an entry point names, unless that has been done."""
    this = (entry.group, entry.name, entry.value)
    plugin = _loaded.get(package, Plugin(package, version))
    if this in plugin.entries:
        return
    kind = GROUPS[entry.group]
    top = entry.value.split(":")[0].split(".")[0].strip()
    what = f"its entry point {entry.name} = {entry.value} in the group {entry.group}"
    remedy = f"mend or uninstall {package}"
    with all_or_nothing(plugin.origin, _folder(top), what, remedy):
        importlib.import_module(entry.module)
        brought = joined(lambda one: one.__module__.split(".")[0] == top, plugin.origin)
    # What the module has brought stays, also if this entry point is wrong: a module is run once.
    try:
        found = entry.load()
    except AttributeError as error:
        raise SettingsError(
            "plugins", plugin.origin, f"{what} is not there ({cause(error)}); {remedy}"
        ) from None
    if isinstance(found, Estimator) and kind.base is Step:
        name = found.name
        offer(found, plugin.origin)
    elif isinstance(found, type) and issubclass(found, kind.base):
        name = found.__name__
    else:
        raise SettingsError("plugins", plugin.origin, f"{what} is no {kind.what}; {remedy}")
    if name != entry.name:
        raise SettingsError(
            "plugins", plugin.origin, f"{what} has the name {name}; give both the same"
        )
    parts = tuple(dict.fromkeys((*plugin.parts, *brought, name)))
    entries = (*plugin.entries, this)
    _loaded[package] = dataclasses.replace(plugin, entries=entries, parts=parts)
