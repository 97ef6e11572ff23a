"""One session as all its pages and programs see it, and which of the pages has control."""

from __future__ import annotations

import itertools
import logging
import math
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from psychopy_nfb.console.eeg import EEG
from psychopy_nfb.console.session_line import Answer, SessionLine
from psychopy_nfb.console.watch import Watch
from psychopy_nfb.dsp import flag_names
from psychopy_nfb.engine.blinding import may_be_sent
from psychopy_nfb.protocol import SHOWN, value_name

logger: logging.Logger = logging.getLogger(__name__)


class Desk:
    """What there is to see of a session, and the way to command it.

    Parameters
    ----------
    about : dict
        The session's announcement.

    Attributes
    ----------
    name : str
        The session's.
    line, watch, eeg
        Where it all comes from.

    Raises
    ------
    WorkerError
        If the session is gone.
    """

    def __init__(self, about: dict[str, Any]):
        self.name: str = about["name"]
        self.line: SessionLine = SessionLine(about, "operator")
        self.watch: Watch = Watch(about["memory"])
        self.eeg: EEG = EEG(self.line.state["stream"], self.line.state["selection"])
        self.control: Control = Control()

    def look(self) -> None:
        """Take what is new; called twenty times a second. Never raises."""
        try:
            self.watch.look(self.line.state)
        except Exception:  # a session that ends while it is looked at; the next look may succeed
            logger.exception("The state of the session could not be read.")

    @property
    def state(self) -> dict[str, Any]:
        """What the session said last."""
        return self.line.state

    @property
    def blinded(self) -> bool:
        """Whether nobody present may know what is shown."""
        return bool(self.state["blinded"])

    def may_send(self, name: str) -> bool:
        """Return whether a page may be sent what has this name."""
        return may_be_sent(name, self.blinded)

    @property
    def dropped(self) -> int | None:
        """Frames missed in the session; None before the first frame, and where it is not known.

        As in the report: without the display's frame period nobody knows how many were due.
        """
        if self.state["frame_period"] is None:
            return None
        return self.watch.frame.get("dropped")

    def values(self) -> dict[str, Any]:
        """Return the newest values that may be sent: what programs get, and tests compare."""
        newest, watch = self.watch.newest, self.watch
        told: dict[str, Any] = {
            "session": self.name,
            "ended": self.line.ended.is_set(),
            "blinded": self.blinded,
            "t_sample": newest.get("t_sample"),
            "sample": newest.get("sample"),
            "flags": flag_names(newest.get("flags", 0)),
            "stale": watch.silence > self.state["stale_after"],
            "blocks": [one["label"] for one in self.state["blocks"]],
            "dropped": self.dropped,
            "lag_ms": watch.stages(),
            "values": {
                name: _plain(newest[name])
                for name in watch.value_names
                if name in newest and self.may_send(name)
            },
        }
        if self.may_send("success"):
            told["success"] = watch.success
        return told

    def given(self, what: str) -> float | None:
        """Return what the participant was given of `what`, such as ``score``; None if unsent."""
        shown = value_name(SHOWN, what)
        name = shown if shown in self.watch.newest else what
        return self.watch.newest.get(name) if self.may_send(name) else None

    def close(self) -> None:
        """Leave the session."""
        self.eeg.close()
        self.line.close()
        self.watch.close()


class Control:
    """Which page may command.

    Examples
    --------
    >>> control = Control()
    >>> first, second = control.come(), control.come()
    >>> control.has(first), control.has(second), control.take(second)
    (True, False, False)
    >>> control.hand_over(first)
    >>> control.take(second), control.has(first)
    (True, False)
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._pages: dict[int, datetime] = {}  # since when each is open
        self._holder: int | None = None

    def come(self) -> int:
        """Return the number of a page that has opened; the only one has control at once."""
        number = next(self._numbers)
        self._pages[number] = datetime.now()
        if len(self._pages) == 1:
            self._holder = number
        return number

    def go(self, page: int) -> None:
        """Note that a page was closed; if one is left, that one has control."""
        self._pages.pop(page, None)
        self.hand_over(page)
        if self._holder is None and len(self._pages) == 1:
            self._holder = next(iter(self._pages))

    def has(self, page: int) -> bool:
        """Return whether a page has control."""
        return self._holder == page

    @property
    def free(self) -> bool:
        """Whether nobody has control."""
        return self._holder is None

    @property
    def count(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def told(self, page: int) -> str:
        """Return who has control, for a page that has not, and how it can take it."""
        if self._holder is None:
            return "No page has control. Press Take control to command the session from here."
        since = f"{self._pages[self._holder]:%H:%M}"
        return (
            f"Page {self._holder}, open since {since}, has control; this is page {page}. To "
            "command from here, press Hand over control there or close it, then Take control here."
        )

    def take(self, page: int) -> bool:
        """Give control to a page if nobody has it; return whether it has it now."""
        if self._holder is None and page in self._pages:
            self._holder = page
        return self.has(page)

    def hand_over(self, page: int) -> None:
        """Let another page take control."""
        if self.has(page):
            self._holder = None


def refused(sentence: str) -> Future[Answer]:
    """Return the answer to what is not passed on."""
    future: Future[Answer] = Future()
    future.set_result(Answer(False, sentence))
    return future


def _plain(value: float) -> float | None:
    """Return a value as JSON has it: without NaN."""
    return value if math.isfinite(value) else None
