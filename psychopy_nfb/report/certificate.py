"""The timing certificate of a computer: what its file holds, and what has changed since."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psychopy_nfb.errors import FileError
from psychopy_nfb.report.numbers import counted
from psychopy_nfb.settings import read_plain_json

logger: logging.Logger = logging.getLogger(__name__)

PREFIX, PAGE, DATA = "certificate_", ".html", ".json"
VERSION = 1
"""Of the file's form."""


@dataclass(frozen=True)
class Certificate:
    """What was measured on a computer."""

    date: datetime
    """When, with the time zone."""
    machine: dict[str, Any]
    """Computer and versions, as in the settings file of a session."""
    parts: dict[str, dict[str, Any]]
    """By the command that measured: ``holds`` (None if it could not be measured), ``said`` in a
    sentence, and its ``content``."""
    path: Path | None = None
    """Where it was read from."""

    @property
    def holds(self) -> bool:
        """Whether all that was measured is as it should be, and all was measured."""
        return bool(self.parts) and all(part["holds"] for part in self.parts.values())

    @property
    def verdict(self) -> str:
        """The certificate in a sentence."""
        wrong = [name for name, part in self.parts.items() if part["holds"] is False]
        missing = [name for name, part in self.parts.items() if part["holds"] is None]
        if self.holds:
            return "This computer holds what was measured."
        said = [f"not held: {', '.join(wrong)}"] if wrong else []
        said += [f"not measured: {', '.join(missing)}"] if missing else []
        return f"Not certified; {'; '.join(said) or 'nothing was measured'}."

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "psychopy_nfb_certificate": VERSION,
            "date": self.date.isoformat(timespec="seconds"),
            "verdict": self.verdict,
            "holds": self.holds,
            "machine": self.machine,
            "parts": self.parts,
        }


def read_certificate(path: Path) -> Certificate:
    """Read a certificate.

    Raises
    ------
    FileError
        If the file holds something else.
    """
    content = read_plain_json(path)
    try:
        if content["psychopy_nfb_certificate"] != VERSION:
            raise ValueError(content["psychopy_nfb_certificate"])
        date = datetime.fromisoformat(content["date"]).astimezone()
        return Certificate(date, dict(content["machine"]), dict(content["parts"]), path)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FileError(
            "certificate", str(path), "is no certificate of psychopy-nfb certify"
        ) from None


def certificates_in(folder: Path) -> list[Certificate]:
    """Return the certificates in a folder of sessions; one that cannot be read is told of."""
    found = []
    for path in sorted(folder.glob(f"{PREFIX}*{DATA}")):
        try:
            found.append(read_certificate(path))
        except FileError as error:
            logger.warning("%s", error)
    return found


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two descriptions of a computer, a few words each.

    Examples
    --------
    >>> old = {"python": "3.10.1", "packages": {"psychopy": "2026.1"}}
    >>> changes(old, {"python": "3.11.2", "packages": {"psychopy": "2026.1"}})
    ['python was 3.10.1, is 3.11.2']
    >>> changes(old, old)
    []
    """
    told = []
    for name in ("platform", "processor", "python", "liblsl"):
        if name in before and name in now and before[name] != now[name]:
            told.append(f"{name} was {before[name]}, is {now[name]}")
    old, new = before.get("packages") or {}, now.get("packages") or {}
    for name in old:
        if name in new and old[name] != new[name]:
            told.append(f"{name} was {old[name]}, is {new[name]}")
    return told


@dataclass(frozen=True)
class Cited:
    """The certificate that is nearest to a session."""

    name: str
    """Of its file."""
    days: int
    """From the certificate to the session; negative if it was made afterwards."""
    verdict: str
    """Its own."""
    different: str
    """What differs between its computer and the session's; empty if nothing does."""

    @property
    def change(self) -> str:
        """A sentence on what differs; empty if nothing does."""
        if not self.different:
            return ""
        begins = "Since then" if self.days >= 0 else "Between them"
        return f"{begins} differs: {self.different}."


def cited_certificate(
    settings: Mapping[str, Any], certificates: Iterable[Certificate]
) -> Cited | None:
    """Return the certificate that is nearest in time to a session; None without one.

    Parameters
    ----------
    settings : mapping
        The session's settings file.
    certificates : iterable of Certificate
        Those of its folder.
    """
    date = (settings.get("session") or {}).get("date")
    if not date:
        return None
    try:
        begun = datetime.fromisoformat(date).astimezone()
    except (TypeError, ValueError):  # somebody has edited the settings file
        return None
    found = min(certificates, key=lambda one: abs(one.date - begun), default=None)
    if found is None or found.path is None:
        return None
    days = round((begun - found.date).total_seconds() / 86_400)
    different = "; ".join(changes(found.machine, settings.get("machine") or {}))
    return Cited(found.path.name, days, found.verdict, different)


def certificate_sentence(settings: Mapping[str, Any], folder: Path) -> str:
    """Return which certificate is nearest to a session, and what changed; nothing without one.

    Parameters
    ----------
    settings : mapping
        The session's settings file.
    folder : path
        The session's.
    """
    cited = cited_certificate(settings, certificates_in(folder))
    if cited is None:
        return ""
    n = abs(cited.days)
    when = f"{counted(n, 'day')} {'before' if cited.days > 0 else 'after'}"
    when = when if n else "on the same day"
    return f"Timing certificate {cited.name}, {when}: {cited.verdict} {cited.change}".rstrip()
