"""What is seen and heard in the blocks of a plan, and the questions at its end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.course import PlannedBlock, Turn
from psychopy_nfb.course.plan import HALF_TIME_SECONDS
from psychopy_nfb.course.questions import USUAL
from psychopy_nfb.course.texts import filled
from psychopy_nfb.display.bar import FeedbackBar
from psychopy_nfb.display.beep import Beep
from psychopy_nfb.display.form_answers import answers_of
from psychopy_nfb.display.letters import legible_on
from psychopy_nfb.display.screens import LETTER, WIDTH, Screens
from psychopy_nfb.display.sign import FeedbackSign
from psychopy_nfb.display.text import FeedbackText
from psychopy_nfb.errors import SettingsError, cause
from psychopy_nfb.protocol import Trial

if TYPE_CHECKING:
    from psychopy.visual import Form, Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback

logger: logging.Logger = logging.getLogger(__name__)

SIGN_SECONDS = 1.0
VERDICT_SECONDS = 1.0
"""Longest wait for the background process to say how a trial went."""
TOP = 0.4
"""Where text is shown beside feedback, in units of the window's height."""
FORM_SIZE = (1.2, 0.75)
DONE = "Done"


class PlanScreens(Screens):
    """Shows one block after the other.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown.
    draw : callable, optional
        Draws the feedback of one frame; None draws a bar.
    points : bool
        Whether the points are drawn below it, in blocks that count them.
    beeps : bool
        Whether any block beeps.
    """

    def __init__(
        self,
        nfb: Neurofeedback,
        win: Window,
        draw: Callable[[Turn], object] | None,
        points: bool,
        beeps: bool,
    ):
        from psychopy import visual

        super().__init__(nfb, win)
        self._win = win
        self._upper = visual.TextStim(
            win,
            units="height",
            pos=(0, TOP),
            height=LETTER,
            wrapWidth=WIDTH,
            color=legible_on(win),
            autoLog=False,
        )
        self._draw = self._bar() if draw is None else draw
        self._points = (
            FeedbackText(
                win,
                "{:g}",
                pos=(0, -TOP),
                height=LETTER,
                units="height",
                color=legible_on(win),
            )
            if points
            else None
        )
        self._beep = Beep(nfb) if beeps else None
        self._sign = FeedbackSign(win)

    def _bar(self) -> Callable[[Turn], object]:
        nfb, bar = self._nfb, FeedbackBar(self._win)

        def draw(turn: Turn) -> None:
            bar.value, bar.threshold = nfb.value, nfb.display_threshold
            bar.draw()

        return draw

    def block(self, turn: Turn) -> bool:
        """Show a block until its time is over; return whether its criterion ended it earlier."""
        nfb, block = self._nfb, turn.block
        begun, half = lsl_now(), False
        rewards, score = nfb.rewards, nfb.score
        self._text.text = self._upper.text = text = filled(block.text, score)
        shown_text = self._upper if block.feedback else self._text
        if block.beep in ("begin", "both"):
            self.beep()
        for _ in self._frames(turn.seconds):
            since = lsl_now() - begun - turn.seconds / 2
            if block.half_time and since >= 0 and not half:
                half = True
                nfb.mark(f"half-time: {block.label}")
                shown_text.text = filled(block.half_time, nfb.score)
            elif half and since > HALF_TIME_SECONDS:
                shown_text.text = text
            if block.feedback:
                self._draw(turn)
                if self._points is not None and block.counts:
                    self._points.value = nfb.score
                    self._points.draw()
            shown_text.draw()
            if self._beep is not None:
                self._beep.update()
            if self._reached(block, nfb.rewards - rewards, nfb.score - score):
                return True
        return False

    def _reached(self, block: PlannedBlock, rewards: float, points: float) -> bool:
        until = block.until
        if until is None:
            return False
        return bool(
            (until.rewards is not None and rewards >= until.rewards)
            or (until.points is not None and points >= until.points)
        )

    def beep(self) -> None:
        """Let the short tone sound."""
        self._nfb.mark("beep")
        if self._beep is not None:
            self._beep.sound()

    def wait_frames(self, seconds: float) -> None:
        """Show nothing for so long, or the cross."""
        for _ in self._frames(seconds):
            self._cross.draw()
            if self._beep is not None:
                self._beep.update()

    def sign(self, block_number: int) -> None:
        """Show whether a trial was a success; nothing if it was not judged."""
        trial = self.verdict(block_number)
        if trial is None:
            return
        self._sign.value = trial.success
        self._nfb.mark("✓" if trial.success else "✗")
        for _ in self._frames(SIGN_SECONDS):
            self._sign.draw()

    def verdict(self, block_number: int) -> Trial | None:
        """Wait until it is known how a trial went; None if it was not judged."""
        if block_number:
            for _ in self._nfb.frames(VERDICT_SECONDS):
                if block_number in self._nfb.trials:
                    break
        return self._nfb.trials.get(block_number)

    def ask(self, form: Form, wait: float | None) -> dict[str, Any]:
        """Ask until *Done* is clicked; return the answers by question."""
        from psychopy import event, visual

        for box in _text_boxes(form):
            self._win.addEditable(box)
        button = visual.ButtonStim(
            self._win, DONE, units="height", pos=(0, -0.44), size=(0.2, 0.07), letterHeight=0.03
        )
        mouse, held = event.Mouse(win=self._win), True  # of a click on the screen before
        visible, self._win.mouseVisible = self._win.mouseVisible, True
        for _ in self._frames(3600.0 if wait is None else wait):
            form.draw()
            button.draw()
            pressed = bool(mouse.getPressed()[0])
            if pressed and not held and button.contains(mouse):
                break
            held = pressed
        self._win.mouseVisible = visible
        self._take_no_keys(form)
        return answers_of(form)

    def _take_no_keys(self, form: Form) -> None:
        """Let no text box of a form take the keys of other screens."""
        for box in _text_boxes(form):
            self._win.removeEditable(box)

    def form(self, questions: list[dict[str, Any]]) -> Form:
        """Return PsychoPy's Form with these questions, for `ask`.

        Raises
        ------
        SettingsError
            If Form does not take them, or the window cannot show it.
        """
        from psychopy import visual

        if not self._win.allowStencil:  # Form would end Python, without a word
            raise SettingsError(
                "questions",
                len(questions),
                "need a window that can show PsychoPy's Form; open it with "
                "visual.Window(..., allowStencil=True)",
            )
        color = legible_on(self._win)
        items = [
            {"type": USUAL, "layout": "horiz", "itemWidth": 0.5, "responseWidth": 0.5, **one}
            for one in questions
        ]
        try:
            form = visual.Form(
                self._win,
                items=items,
                units="height",
                size=FORM_SIZE,
                pos=(0, 0.05),
                textHeight=0.03,
                colorSpace=self._win.colorSpace,
                fillColor=self._win.color,  # without one it is grey on whatever is behind it
                itemColor=color,
                responseColor=color,
                autoLog=False,
            )
        except Exception as error:  # Form has exceptions of many kinds
            raise SettingsError(
                "questions", len(questions), f"cannot be asked by PsychoPy's Form ({cause(error)})"
            ) from None
        self._take_no_keys(form)
        return form


def _text_boxes(form: Form) -> list[Any]:
    return [item["responseCtrl"] for item in form.items if item["type"] == "free text"]
