"""Sessions by name: of two with the same name in one process the second closes the first."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakValueDictionary

from psychopy_nfb.engine.configuration import Configuration


class Session(Protocol):
    """What is asked of a session, which is a `Neurofeedback`."""

    @property
    def configuration(self) -> Configuration:
        """Its settings."""

    def close(self) -> None:
        """End it."""


_named: WeakValueDictionary[str, Session] = WeakValueDictionary()


def close_namesake(name: str, successor: Session) -> None:
    """Close the session of that name, if there is one; from now on `successor` has it."""
    stale = _named.get(name)
    if stale is not None:
        stale.close()
    _named[name] = successor


def named(name: str) -> Session | None:
    """Return the newest session of that name, None if there is none."""
    return _named.get(name)
