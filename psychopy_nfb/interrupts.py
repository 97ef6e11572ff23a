"""Ctrl-C, postponed over what must not be left half done."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, "FrameType | None"], Any]


class PostponedInterrupts:
    """Context within which Ctrl-C is noted, and has its effect at the end.

    Python raises KeyboardInterrupt between any two instructions of the main thread. Conditions,
    events and threads of `threading` are written in Python: interrupted while it enters or leaves
    one, the main thread keeps the lock inside for good, and each thread that wants it waits without
    end. So the main thread touches these within this context only. In other threads, which are
    never interrupted, it does nothing, nor where Ctrl-C has no handler in Python.

    Contexts may be nested; Ctrl-C has its effect at the end of the outermost. While an earlier one
    is handled, such as where it ends an experiment, it has had all its effect by `asked`: another
    KeyboardInterrupt would only add a second traceback.

    Attributes
    ----------
    asked : bool
        Whether Ctrl-C was pressed since this context began. A wait within it should end then.

    Examples
    --------
    >>> with PostponedInterrupts() as interrupts:
    ...     interrupts.asked
    False
    """

    def __init__(self) -> None:
        self.asked: bool = False
        self._before: Handler | None = None

    def __enter__(self) -> PostponedInterrupts:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._before = handler
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            return
        signal.signal(signal.SIGINT, self._before)
        if self.asked and not isinstance(sys.exc_info()[1], KeyboardInterrupt):
            self._before(signal.SIGINT, None)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
