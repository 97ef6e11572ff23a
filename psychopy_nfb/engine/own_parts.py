"""What labs have added to the families of parts, such as steps, and where each came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from psychopy_nfb.dsp.estimators import ESTIMATORS, Estimator
from psychopy_nfb.dsp.step import Step
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.families import PACKAGE, failure, set_origin, source, two_of_a_name
from psychopy_nfb.protocol import Schedule, ThresholdRule


class Kind(NamedTuple):
    """One kind of parts that labs add."""

    what: str
    """In sentences."""
    base: Any
    """Class whose ``family`` they join."""


GROUPS = {
    "nfb.steps": Kind("step", Step),
    "nfb.thresholds": Kind("threshold rule", ThresholdRule),
    "nfb.schedules": Kind("schedule", Schedule),
}
"""Groups of entry points by which packages offer their parts, and what is in each. In the first
there are estimators, too. None begins with ``psychopy``: PsychoPy resolves all of those itself."""


@dataclass(frozen=True)
class Plugin:
    """One package or file with a lab's own parts, as it was loaded."""

    name: str
    """Of the package, or of the file without its folder."""
    version: str = ""
    """Of the package."""
    entries: tuple[tuple[str, str, str], ...] = ()
    """Of a package: group, name and value of each entry point that was loaded."""
    file: str = ""
    """The file's whole path."""
    sha256: str = ""
    """Of the file, in hexadecimal digits."""
    text: str = dataclasses.field(default="", repr=False)
    """What the file holds."""
    parts: tuple[str, ...] = ()
    """Names of the parts that it has brought."""

    @property
    def origin(self) -> str:
        """Where its parts come from, as sentences and settings files have it."""
        if self.file:
            return f"{self.name} (SHA-256 {self.sha256[:16]})"
        return f"{self.name} {self.version}"

    def facts(self) -> dict[str, Any]:
        """Return what the session's settings file keeps of it."""
        own = {"file": self.file, "sha256": self.sha256} if self.file else {"version": self.version}
        return {"name": self.name, **own, "parts": list(self.parts)}

    def order(self) -> dict[str, Any]:
        """Return what the background process needs to load the same, for JSON."""
        return dataclasses.asdict(self)


@contextmanager
def all_or_nothing(name: str, file: str, what: str = "", remedy: str = "") -> Iterator[None]:
    """Leave families and estimators as they were if loading fails, and say why in a sentence.

    Parameters
    ----------
    name : str
        Of what is loaded, for the message.
    file : str
        Whose line is told.
    what, remedy : str, optional
        What of it is loaded, before "cannot be loaded", and what to do, behind it.

    Raises
    ------
    SettingsError
        In place of whatever the lab's code raises.
    """
    tables: list[dict] = [ESTIMATORS, *(kind.base.family for kind in GROUPS.values())]
    before = [dict(table) for table in tables]
    try:
        yield
    except BaseException as error:
        for table, content in zip(tables, before, strict=True):
            table.clear()
            table.update(content)
        if isinstance(error, NfbError) or not isinstance(error, (Exception, SystemExit)):
            raise
        why = failure(error, file)
        said = " ".join(filter(None, (what, f"cannot be loaded ({why})")))
        raise SettingsError("plugins", name, "; ".join(filter(None, (said, remedy)))) from None


def joined(brought: Callable[[type], bool], origin: str) -> list[str]:
    """Return the names of those classes of all families that were `brought` by a plugin.

    Each is given its `origin`.

    Raises
    ------
    SettingsError
        If one of them is no dataclass, so that its settings could not be written.
    """
    names = []
    for kind in GROUPS.values():
        for name, member in kind.base.family.items():
            if not brought(member):
                continue
            if "__dataclass_fields__" not in vars(member):
                raise SettingsError(
                    kind.what, name, f"of {origin} must be a dataclass; write @dataclass above it"
                )
            set_origin(member, origin)
            names.append(name)
    return names


def offer(one: Estimator, origin: str) -> str:
    """Add a lab's estimator to the table and return its name.

    Raises
    ------
    SettingsError
        If another one has its name, or its step is none.
    """
    other = ESTIMATORS.get(one.name)
    if other is not None and other.origin != origin:
        raise two_of_a_name("estimator", one.name, other.origin or PACKAGE, origin)
    if one.step not in Step.family:
        raise SettingsError(
            "step", one.step, f"is no step, and the estimator {one.name} of {origin} names it"
        )
    ESTIMATORS[one.name] = dataclasses.replace(one, origin=origin)
    return one.name


def forget(file: str, before: Plugin | None) -> None:
    """Take out the parts of a file that has been changed, or that a script has imported itself."""
    for kind in GROUPS.values():
        family = kind.base.family
        for name in [name for name, member in family.items() if source(member) == file]:
            del family[name]
    for name in () if before is None else before.parts:
        if name in ESTIMATORS and ESTIMATORS[name].origin == before.origin:
            del ESTIMATORS[name]
