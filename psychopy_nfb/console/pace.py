"""As many updates as the browser can draw: one that is slow, or far away, gets fewer."""

from __future__ import annotations

from typing import Any

from bokeh.models import CustomJS

from psychopy_nfb.clock import lsl_now

MOST_UNDRAWN = 2
"""Updates that may be on their way to the browser."""
PATIENCE_SECONDS = 1.0
"""After so long without an answer the next update goes out all the same."""
ANSWER = "there.tags = [here.tags[0]]"
"""What the browser does when an update has come to its turn: it sends the number back."""


class Pace:
    """Counts updates out and their answers in.

    Without it a browser that cannot keep up would get later and later, and answer no key.

    Parameters
    ----------
    there, back : Model
        Two models of the page, whose tags carry the numbers.
    """

    def __init__(self, there: Any, back: Any):
        self._there = there
        self._sent = self._answered = 0
        self._at = -1e9
        there.tags, back.tags = [0], [0]
        there.js_on_change("tags", CustomJS(args={"here": there, "there": back}, code=ANSWER))
        back.on_change("tags", self._answer)

    def may_send(self) -> bool:
        """Return whether an update is due; it is counted then."""
        now = lsl_now()
        late = self._sent - self._answered > MOST_UNDRAWN
        if late and now - self._at < PATIENCE_SECONDS:
            return False
        self._at = now
        return True

    def sent(self) -> None:
        """Let the browser answer once it has come to the update that was sent last."""
        self._sent += 1
        self._there.tags = [self._sent]

    def _answer(self, attr: str, old: list[Any], new: list[Any]) -> None:
        number = new[0] if new else None
        if isinstance(number, int) and self._answered < number <= self._sent:
            self._answered = number
