"""A page that shows live which channels are good, before a run begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback

GOOD, BAD, UNKNOWN = "#1DB88A", "#E8743B", "#4A535C"
TEXT, QUIET = "#E6EBF0", "#8A949E"
MOST_ROWS = 16
"""Rows of a column; 64 channels take four columns."""
HEIGHT = 0.8
"""Of the table, in units of the window's height."""


@dataclass(frozen=True)
class SignalCheckResult:
    """How the channels were at the end."""

    bad: dict[str, str]
    """Label of each bad channel: the reason."""
    escaped: bool
    """Whether Escape was pressed: end the experiment."""


def show_signal_check(
    nfb: Neurofeedback,
    win: Window,
    *,
    key: str = "space",
    wait: float | None = None,
    text: str = "Signal check. Press {key} when all is well.",
) -> SignalCheckResult:
    """Show each channel as good or bad, with the reason, until a key is pressed.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown.
    key : str
        Ends it.
    wait : float, optional
        Seconds after which it ends by itself, to run unattended; None waits for the key.
    text : str
        Stands above; ``{key}`` is replaced by the key's name.

    Returns
    -------
    SignalCheckResult
    """
    from psychopy import event

    page = _Page(win, text.format(key=key))
    nfb.watch_channels(True)
    escaped = False
    event.clearEvents()
    try:
        with nfb.block("signal check", feedback=False):
            for _ in nfb.frames(math.inf if wait is None else wait):
                page.show(nfb.channels)
                page.draw()
                pressed = event.getKeys()
                escaped = "escape" in pressed
                if escaped or key in pressed:
                    break
        bad = {verdict.label: verdict.reason for verdict in nfb.channels if not verdict.good}
        nfb.mark("signal check: " + (", ".join(bad) + " bad" if bad else "all good"))
        nfb.update()
        page.draw()
        win.flip()  # the mark goes with a flip
    finally:
        nfb.watch_channels(False)
    return SignalCheckResult(bad, escaped)


class _Page:
    """The table; a row is typeset again only when its verdict has changed."""

    def __init__(self, win: Window, title: str):
        from psychopy import visual

        self._win = win
        self._shown: list = []
        self._rows: list[tuple] = []
        letters = {"units": "height", "autoLog": False}
        self._title = visual.TextStim(
            win, title, height=0.035, pos=(0, 0.45), wrapWidth=1.5, color=TEXT, **letters
        )

    def show(self, verdicts: list) -> None:
        """Take over the newest verdicts."""
        if verdicts == self._shown:
            return
        if [one.label for one in verdicts] != [one.label for one in self._shown]:
            self._lay_out(verdicts)
        for row, verdict, before in zip(
            self._rows, verdicts, self._shown or [None] * len(verdicts), strict=False
        ):
            if verdict != before:
                lamp, _, sign, reason = row
                lamp.fillColor = GOOD if verdict.good else BAD
                sign.text = "" if verdict.good else "x"  # not by colour alone
                reason.text = verdict.reason
        self._shown = verdicts

    def _lay_out(self, verdicts: list) -> None:
        """Make the rows, in as many columns as there need to be."""
        from psychopy import visual

        n_columns = max(1, math.ceil(len(verdicts) / MOST_ROWS))
        n_rows = math.ceil(len(verdicts) / n_columns)
        aspect = self._win.size[0] / self._win.size[1]
        width = 0.94 * aspect / n_columns
        step = HEIGHT / MOST_ROWS
        letter = min(0.6 * step, 0.06 * width)
        top = 0.38 - (MOST_ROWS - n_rows) * step / 2
        self._shown, self._rows = [], []
        common = {"units": "height", "autoLog": False}
        for number, verdict in enumerate(verdicts):
            column, row = divmod(number, n_rows)
            x = -0.47 * aspect + column * width + letter
            y = top - row * step
            words = {"height": letter, "anchorHoriz": "left", "wrapWidth": width, **common}
            lamp = visual.Circle(
                self._win,
                radius=0.5 * letter,
                pos=(x, y),
                fillColor=UNKNOWN,
                lineColor=None,
                **common,
            )
            sign = visual.TextStim(
                self._win, "", height=letter, pos=(x, y + 0.1 * letter), color="#101418", **common
            )
            label = visual.TextStim(
                self._win, verdict.label, pos=(x + letter, y), color=TEXT, **words
            )
            reason = visual.TextStim(self._win, "", pos=(x + 4.2 * letter, y), color=QUIET, **words)
            self._rows.append((lamp, label, sign, reason))

    def draw(self) -> None:
        """Draw it into the next frame."""
        self._title.draw()
        for row in self._rows:
            for part in row:
                part.draw()
