"""A whole session as planned: instructions, blocks, signs of success, questions."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_number
from psychopy_nfb.course import Plan, Turn, course, read_plan
from psychopy_nfb.course.files import check_sources
from psychopy_nfb.course.order import drawn_seed
from psychopy_nfb.display.calibration import run_baseline
from psychopy_nfb.display.chosen_lag import read_lag
from psychopy_nfb.display.plan_screens import PlanScreens
from psychopy_nfb.display.screens import Escaped
from psychopy_nfb.display.signal_check import show_signal_check
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.protocol import NONE
from psychopy_nfb.settings import to_dict

if TYPE_CHECKING:
    from psychopy.visual import Form, Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback

logger: logging.Logger = logging.getLogger(__name__)

BEEP_SECONDS = 0.3
"""Of frames after a beep at a block's end, so that it is heard before anything else comes."""
SHORTEST_BASELINE = 6.0
"""Seconds of a baseline in a hurry; less is too little for the usual filters."""


@dataclass(frozen=True)
class TurnResult:
    """How one block of a plan went."""

    number: int
    label: str
    kind: str
    seconds: float
    """As planned, with the extra time that was drawn."""
    ended_early: bool
    """Whether its criterion was reached before its time."""
    rewards: int
    """Within it."""
    points: float
    """Within it; what a missed trial cost is in `lost`."""
    lost: float
    share: float | None
    """Of its clean time beyond the thresholds; None if it was not judged."""
    success: bool | None


BY_WHAT_IS_SHOWN = ("ended_early", "rewards", "points", "lost", "share", "success")
"""Of `TurnResult`: would tell the arm in the files of a blinded session."""


@dataclass
class PlanResult:
    """How a session went."""

    seed: int
    """With which the same plan gives the same course."""
    turns: list[TurnResult] = field(default_factory=list)
    """Blocks that were completed."""
    answers: dict[str, Any] = field(default_factory=dict)
    """Answers by question; None for what was not answered."""
    escaped: bool = False
    """Whether Escape ended it."""
    baseline_failed: bool = False
    """Whether a baseline did not succeed: then there was no feedback compared with it."""

    @property
    def success_rate(self) -> float | None:
        """Share of the judged trials that were a success; None if none was judged."""
        judged = [turn.success for turn in self.turns if turn.success is not None]
        return sum(judged) / len(judged) if judged else None


def run_plan(
    nfb: Neurofeedback,
    win: Window,
    plan: str | os.PathLike[str] | dict[str, Any] | Plan,
    *,
    draw: Callable[[Turn], object] | None = None,
    seed: int | None = None,
    key: str = "space",
    wait: float | None = None,
    hurry: float = 1.0,
) -> PlanResult:
    """Run a session as planned.

    First comes what the plan has before its blocks: the prompt, the signal check, the idle time.
    Then each block, with its instructions, beeps and half-time text; with ``sign`` a tick or a
    cross tells afterwards whether it was a success. Last come the questions and the end's text.
    Escape ends it. Plan, order, results and answers are in the session's settings file as section
    ``plan``; what happened when is in the events.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown.
    plan : path, str, dict or Plan
        As for `read_plan`. Read it before the window opens, to hear of mistakes early.
    draw : callable, optional
        Called as ``draw(turn)`` once a frame in blocks with feedback; draws what the participant
        sees. None shows a bar and the points.
    seed : int, optional
        In place of the plan's.
    key : str
        Ends instructions.
    wait : float, optional
        Seconds after which screens go on without a key, to run unattended; None waits for the key.
    hurry : float
        All times are divided by it, to try a plan out; a baseline lasts 6 s at least.

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

        plan = read_plan("my_plan.json")
        with Neurofeedback("alpha_up.json", data="data") as nfb:
            win = visual.Window(fullscr=True, units="height", color="black")
            nfb.attach(win)
            result = run_plan(nfb, win, plan)
    """
    plan = read_plan(plan)
    if wait is not None:
        wait = check_number("wait", wait, above=0, unit="s")
    seed = plan.seed if seed is None else seed
    seed = drawn_seed() if seed is None else seed
    hurry = check_number("hurry", hurry, at_least=1, at_most=1000)
    turns = [_hurried(turn, hurry) for turn in course(plan, seed)]
    _check(nfb, plan, turns)
    beeps = any(turn.block.beep != "none" for turn in turns)
    screens = PlanScreens(nfb, win, draw, beeps)
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


def _hurried(turn: Turn, hurry: float) -> Turn:
    """Return a block with its times divided."""
    if hurry == 1:
        return turn
    shown = turn.block.instruction_seconds
    block = replace(turn.block, instruction_seconds=None if shown is None else shown / hurry)
    least = SHORTEST_BASELINE if block.kind == "baseline" else 0.0
    return replace(turn, block=block, seconds=max(least, turn.seconds / hurry))


def _check_blinded(turn: Turn) -> None:
    """Refuse what would tell the arm, or not be that of the arm."""
    where = f"block {turn.number} ({turn.block.label})"
    if turn.block.shown not in ("", NONE):
        raise SettingsError(
            f"{where}.shown", turn.block.shown, "is said by the study's arm; leave it out"
        )
    if turn.block.until is not None:
        raise SettingsError(
            f"{where}.until",
            to_dict(turn.block.until),
            "ends the block by what is shown, so that its length would tell the arm of a blinded "
            "study; leave it out",
        )


def _check(nfb: Neurofeedback, plan: Plan, turns: Sequence[Turn]) -> None:
    """Refuse a plan that does not fit the training, before anything is shown."""
    check_sources(plan, list(nfb.configuration.shown))
    for turn in turns:
        if nfb.blinded:
            _check_blinded(turn)
        if turn.block.lag is None:
            continue
        try:
            read_lag(turn.block.lag)
        except NfbError as error:
            raise SettingsError(
                f"block {turn.number} ({turn.block.label}).{error.parameter}",
                error.value,
                error.remedy,
            ) from None
    signals = nfb.configuration.signals.values()
    first = next((turn for turn in turns if turn.block.feedback or turn.block.counts), None)
    missing = not nfb.calibrated and any(one.needs_baseline for one in signals)
    before = [] if first is None else [turn.block.kind for turn in turns[: first.number - 1]]
    if first is not None and missing and "baseline" not in before:
        raise SettingsError(
            f"block {first.number} ({first.block.label}).kind",
            first.block.kind,
            "comes before any baseline, and the training's signals need one; put a block of the "
            "kind 'baseline' before it",
        )


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
        self._screens.wait_for(f"{text}\n\nPress {self._key} to go on.", self._key, self._wait)

    def before(self) -> None:
        """Show what comes before all blocks."""
        plan, nfb = self._plan, self._nfb
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
                self._screens.show(block.instructions, block.instruction_seconds)
        if block.kind == "baseline":
            self._baseline(turn)
            return
        rewards, score = nfb.rewards, nfb.score
        shown = (block.shown or None) if block.feedback else None
        with nfb.block(
            block.label, feedback=block.feedback, points=block.counts, shown=shown, lag=block.lag
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
            instructions=block.instructions or None,
            key=self._key,
            wait=self._wait,
        )
        if done.escaped:
            raise Escaped
        self._result.baseline_failed |= not done.succeeded
        self._ended.append((turn, 0, False, 0, 0.0))

    def after(self) -> None:
        """Ask what is asked, and show the end's text."""
        plan, nfb = self._plan, self._nfb
        nfb.mark("session ends")
        if self._form is not None:
            nfb.mark("questions")
            self._result.answers = self._screens.ask(self._form, self._wait)
        if plan.end:
            nfb.mark("end")
            self._wait_for(plan.end.replace("{points}", f"{nfb.score:g}"))

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
        result = to_dict(asdict(self._result))
        if self._nfb.blinded:
            for turn in result["turns"]:
                for name in BY_WHAT_IS_SHOWN:
                    turn.pop(name)
        self._nfb.tell_plan({"plan": to_dict(self._plan), **result})
