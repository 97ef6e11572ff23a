"""A whole session as planned: instructions, blocks, signs of success, questions."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_flag, check_number, check_whole
from psychopy_nfb.course import Plan, Turn, course, read_plan
from psychopy_nfb.course.fit import check_again, check_fit, place_of
from psychopy_nfb.course.order import drawn_seed
from psychopy_nfb.course.texts import filled
from psychopy_nfb.display.calibration import run_baseline
from psychopy_nfb.display.plan_result import PlanResult, TurnResult
from psychopy_nfb.display.plan_screens import PlanScreens
from psychopy_nfb.display.screens import Escaped
from psychopy_nfb.display.signal_check import show_signal_check
from psychopy_nfb.errors import SettingsError, in_milliseconds
from psychopy_nfb.protocol.baseline import check_length
from psychopy_nfb.protocol.chosen_lag import LARGEST_SEED

if TYPE_CHECKING:
    from psychopy.visual import Form, Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback
    from psychopy_nfb.display.shown_choice import ShownChoice

logger: logging.Logger = logging.getLogger(__name__)

BEEP_SECONDS = 0.3
"""Of frames after a beep at a block's end, so that it is heard before anything else comes."""
SPARE_SECONDS = 1.0
"""By which a baseline in a hurry is longer than it must be, for a blink."""


def run_plan(
    nfb: Neurofeedback,
    win: Window,
    plan: str | os.PathLike[str] | dict[str, Any] | Plan,
    *,
    draw: Callable[[Turn], object] | None = None,
    points: bool | None = None,
    seed: int | None = None,
    key: str = "space",
    wait: float | None = None,
    hurry: float = 1.0,
) -> PlanResult:
    """Run a session as planned.

    First comes what the plan has before its blocks: the prompt, the signal check, the idle time.
    Then each block, with its instructions, beeps and half-time text; with ``sign`` a tick or a
    cross tells afterwards whether it was a success. Last come the questions and the end's text.
    Escape ends it. Plan, seed, results and answers are in the session's settings file, an entry of
    the section ``plans`` for each call; what happened when is in the events.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown.
    plan : path, str, dict or Plan
        As for `read_plan`. `check_plan` tells of mistakes before the window opens.
    draw : callable, optional
        Called as ``draw(turn)`` once a frame in blocks with feedback; draws what the participant
        sees. None shows a bar.
    points : bool, optional
        Whether the points are shown below the feedback, in blocks that count them; None shows
        them if there is no `draw`.
    seed : int, optional
        In place of the plan's.
    key : str
        Ends instructions.
    wait : float, optional
        Seconds after which screens go on without a key, to run unattended; None waits for the key.
    hurry : float
        All times are divided by it, to try a plan out; a baseline lasts as long as it must.

    Returns
    -------
    PlanResult

    Raises
    ------
    SettingsError
        If the plan cannot be used with this training, before anything is shown.

    Examples
    --------
    .. code-block:: python

        with Neurofeedback("alpha_up.json", data="data") as nfb:
            plan = check_plan(nfb, "my_plan.json")
            win = visual.Window(fullscr=True, units="height", color="black")
            nfb.attach(win)
            result = run_plan(nfb, win, plan)
    """
    plan = read_plan(plan)
    if wait is not None:
        wait = check_number("wait", wait, above=0, unit="s")
    seed = plan.seed if seed is None else seed
    seed = drawn_seed() if seed is None else _checked(seed)
    hurry = check_number("hurry", hurry, at_least=1, at_most=1000)
    turns = course(plan, seed)
    _check(nfb, turns, nfb.calibrated, nfb._blocks.shown)
    turns = [_hurried(turn, hurry, nfb.shortest_baseline + SPARE_SECONDS) for turn in turns]
    beeps = any(turn.block.beep != "none" for turn in turns)
    points = draw is None if points is None else check_flag("points", points)
    screens = PlanScreens(nfb, win, draw, points, beeps)
    # Made now: what Form does not take is told before the session, and it takes a moment.
    form = screens.form(plan.questions) if plan.questions else None
    result = PlanResult(seed)
    run = _Run(nfb, win, replace(plan, idle=plan.idle / hurry), screens, form, result, key, wait)
    try:
        run.before()
        for turn in turns:
            run.turn(turn)
        run.after()
    except Escaped:
        result.escaped = True
        nfb.mark("ended by Escape")
    run.keep()
    return result


def _checked(seed: object) -> int:
    return check_whole("seed", seed, at_least=0, at_most=LARGEST_SEED)


def _hurried(turn: Turn, hurry: float, baseline: float) -> Turn:
    """Return a block with its times divided; one with a baseline lasts `baseline` s at least."""
    if hurry == 1:
        return turn
    shown = turn.block.instruction_seconds
    block = replace(turn.block, instruction_seconds=None if shown is None else shown / hurry)
    least = baseline if block.kind == "baseline" else 0.0
    return replace(turn, block=block, seconds=max(least, turn.seconds / hurry))


def check_plan(
    nfb: Neurofeedback,
    plan: str | os.PathLike[str] | dict[str, Any] | Plan,
    *,
    seed: int | None = None,
    calibrated: bool | None = None,
    alone: bool = True,
) -> Plan:
    """Read a plan and refuse it where it does not fit the training.

    Call it before the window opens: `run_plan` refuses the same things, but only then. With a
    window attached, lags are compared with what its frames take, too.

    Parameters
    ----------
    nfb : Neurofeedback
        Started.
    plan : path, str, dict or Plan
        As for `read_plan`.
    seed : int, optional
        In place of the plan's.
    calibrated : bool, optional
        Whether a baseline will be there when the plan begins; None: whether there is one now.
    alone : bool
        Whether all blocks that it shows again are its own, or were before. With False others may
        come before it, and only `run_plan` refuses to show a block again that is not there.

    Returns
    -------
    Plan
        For `run_plan`.

    Raises
    ------
    FileError, SettingsError
        If it cannot be read or used; the sentence names block, field and remedy.

    Examples
    --------
    .. code-block:: python

        with Neurofeedback("alpha_up.json", data="data") as nfb:
            plan = check_plan(nfb, "my_plan.json")
            win = visual.Window(fullscr=True, units="height", color="black")
    """
    plan = read_plan(plan)
    seed = plan.seed if seed is None else seed
    there = nfb.calibrated if calibrated is None else check_flag("calibrated", calibrated)
    seed = None if seed is None else _checked(seed)
    earlier = nfb._blocks.shown if check_flag("alone", alone) else None
    _check(nfb, course(plan, 0 if seed is None else seed), there, earlier)
    return plan


def _check(
    nfb: Neurofeedback, turns: Sequence[Turn], calibrated: bool, before: ShownChoice | None
) -> None:
    """Refuse a course that does not fit the training, before anything is shown."""
    configuration = nfb.configuration
    check_fit(
        turns,
        configuration.signals,
        configuration.shown,
        calibrated=calibrated,
        blinded=nfb.blinded,
    )
    nfb._blocks.check_lags_of_arms()
    if before is not None:
        check_again(turns, configuration.shown, before.earlier, before.turns)
    checked: list[object] = []
    for turn in turns:
        if turn.block.kind == "baseline":
            _check_baseline(turn, nfb.shortest_baseline)
        if turn.lag is None or turn.block.lag_ms in checked:
            continue
        checked.append(turn.block.lag_ms)
        try:
            nfb._blocks.check_lag(turn.lag)
        except SettingsError as error:
            raise SettingsError(
                f"{place_of(turn)}.lag_ms", turn.block.lag_ms, in_milliseconds(error.remedy)
            ) from None


def _check_baseline(turn: Turn, least: float) -> None:
    """Refuse a baseline that is too short for the training's filters."""
    try:
        check_length(turn.seconds, least)
    except SettingsError as error:
        raise error.within(place_of(turn)) from None


class _Run:
    """A session that runs."""

    def __init__(
        self,
        nfb: Neurofeedback,
        win: Window,
        plan: Plan,
        screens: PlanScreens,
        form: Form | None,
        result: PlanResult,
        key: str,
        wait: float | None,
    ):
        self._nfb = nfb
        self._win = win
        self._plan = plan
        self._screens = screens
        self._form = form
        self._result = result
        self._key = key
        self._wait = wait
        self._ended: list[tuple[Turn, int, bool, int, float]] = []

    def _wait_for(self, text: str) -> None:
        text = filled(text, self._nfb.score)
        self._screens.wait_for(f"{text}\n\nPress {self._key} to go on.", self._key, self._wait)

    def before(self) -> None:
        """Show what comes before all blocks; only then the session's time begins to count."""
        plan, nfb = self._plan, self._nfb
        if not (plan.prompt or plan.signal_check or plan.idle):
            return
        if plan.prompt:
            nfb.mark("prompt")
            self._wait_for(plan.prompt)
        if plan.signal_check:
            check = show_signal_check(nfb, self._win, key=self._key, wait=self._wait)
            if check.escaped:
                raise Escaped
        if plan.idle:
            nfb.mark("idle time")
            self._screens.wait_frames(plan.idle)
        nfb.mark("session begins")

    def turn(self, turn: Turn) -> None:
        """Run one block."""
        nfb, block = self._nfb, turn.block
        if block.instructions and block.kind != "baseline":
            nfb.mark(f"instructions: {block.label}")
            if block.instruction_seconds is None:
                self._wait_for(block.instructions)
            else:
                text = filled(block.instructions, nfb.score)
                self._screens.show(text, block.instruction_seconds)
        if block.kind == "baseline":
            self._baseline(turn)
            return
        rewards, score = nfb.rewards, nfb.score
        shown = (block.shown or None) if block.feedback else None
        with nfb.block(
            block.label, feedback=block.feedback, points=block.counts, shown=shown, lag=turn.lag
        ):
            number = nfb.block_number
            early = self._screens.block(turn)
            if block.beep in ("end", "both"):
                self._screens.beep()
        if block.beep in ("end", "both"):
            self._screens.wait_frames(BEEP_SECONDS)
        self._ended.append((turn, number, early, nfb.rewards - rewards, nfb.score - score))
        if block.sign:
            self._screens.sign(number)

    def _baseline(self, turn: Turn) -> None:
        block = turn.block
        done = run_baseline(
            self._nfb,
            self._win,
            seconds=turn.seconds,
            eyes=block.eyes,
            instructions=filled(block.instructions, self._nfb.score) or None,
            key=self._key,
            wait=self._wait,
            label=block.label,
        )
        if done.escaped:
            raise Escaped
        self._result.baseline_failed |= not done.succeeded
        self._ended.append((turn, 0, False, 0, 0.0))

    def after(self) -> None:
        """Ask what is asked, and show the end's text."""
        plan, nfb = self._plan, self._nfb
        if not (plan.questions or plan.end):
            return
        nfb.mark("session ends")
        if self._form is not None:
            nfb.mark("questions")
            self._result.answers = self._screens.ask(self._form, self._wait)
        if plan.end:
            nfb.mark("end")
            self._wait_for(plan.end)

    def keep(self) -> None:
        """Write the results into the session's settings file."""
        if self._ended:
            self._screens.verdict(self._ended[-1][1])
        for turn, number, early, rewards, points in self._ended:
            trial = self._nfb.trials.get(number)
            if trial is not None:  # to the sample; a frame may have come before or after
                rewards, points = trial.rewards, trial.points
            self._result.turns.append(
                TurnResult(
                    number=turn.number,
                    label=turn.block.label,
                    kind=turn.block.kind,
                    seconds=turn.seconds,
                    ended_early=early,
                    rewards=rewards,
                    points=points,
                    lost=0.0 if trial is None else trial.lost,
                    share=None if trial is None else trial.share,
                    success=None if trial is None else trial.success,
                )
            )
        self._nfb.tell_plan(self._result.facts(self._plan, self._nfb.blinded))
