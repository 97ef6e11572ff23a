"""A plan of a session, as settings: blocks, groups of blocks, and what is around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from psychopy_nfb.budget import LONGEST_NAME
from psychopy_nfb.checks import check_choice, check_number, check_whole
from psychopy_nfb.course.questions import check_questions
from psychopy_nfb.course.texts import check_text
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.baseline import check_length
from psychopy_nfb.protocol.chosen_lag import LARGEST_SEED, LONGEST_LAG, SHORTEST_DRAW, Lag
from psychopy_nfb.settings import to_dict

KINDS: dict[str, tuple[bool, bool]] = {
    "train": (True, True),
    "transfer": (False, True),
    "observe": (True, False),
    "rest": (False, False),
    "baseline": (False, False),
}
"""Of each kind of block whether there is feedback, and whether points are counted."""
ORDERS = ("fixed", "shuffled", "shuffled in each repeat")
BEEPS = ("none", "begin", "end", "both")
MOST_TURNS = 10_000
"""Blocks of a session. More are a mistake in a number of repeats."""
HALF_TIME_SECONDS = 2.0
"""How long a half-time text is shown."""
LONGEST_BLOCK = 7200.0
"""Seconds of one block, at most."""


@dataclass(kw_only=True)
class Until:
    """What ends a block before its time: as soon as one of them is reached.

    Examples
    --------
    >>> Until(rewards=20).rewards
    20
    """

    rewards: int | None = None
    """Rewards within the block."""
    points: float | None = None
    """Points gained within the block."""

    def __post_init__(self) -> None:
        if self.rewards is None and self.points is None:
            raise SettingsError("rewards", None, "is missing, and so is points; give one of them")
        if self.rewards is not None:
            check_whole("rewards", self.rewards, at_least=1, at_most=100_000)
        if self.points is not None:
            self.points = check_number("points", self.points, above=0)


@dataclass(kw_only=True)
class PlannedBlock:
    """One block: its name, its length, and what the participant sees and hears.

    Examples
    --------
    >>> PlannedBlock(label="training", seconds=60).feedback
    True
    """

    label: str
    """Its name in the recording and in all tables."""
    kind: Literal["train", "transfer", "observe", "rest", "baseline"] = "train"
    """``train``: feedback, points are counted. ``transfer``: no feedback, points are counted.
    ``observe``: feedback, no points. ``rest``: neither. ``baseline``: no feedback; the signals are
    compared with this block from its end on."""
    seconds: float
    """Its length; with `until` the longest that it may last."""
    extra: float = 0.0
    """Up to so many seconds more, drawn anew for each time the block comes."""
    until: Until | None = None
    """What ends it earlier; None waits for its time."""
    repeats: int = 1
    """How often it comes."""
    text: str = ""
    """What is shown throughout; with feedback, in its upper part."""
    instructions: str = ""
    """What is shown before it."""
    instruction_seconds: float | None = None
    """For how long; None waits for the key."""
    half_time: str = ""
    """What is shown for two seconds at half of its time, in a block of 4 s or more."""
    beep: Literal["none", "begin", "end", "both"] = "none"
    """When a short tone sounds. At the end of a block with closed eyes it tells to open them."""
    sign: bool = False
    """Whether a tick or a cross tells afterwards if it was a success."""
    shown: str = ""
    """What feedback is shown: ``own``, ``none``, or a name among the training's `shown`. Empty: the
    own one, and in a study what the participant's arm says."""
    lag_ms: float | list[float] | None = None
    """Milliseconds from the brain to the flip, where they shall be more than they must be; of two
    numbers one between them is drawn, anew every `lag_every` seconds."""
    lag_every: float = 1.0
    """Seconds from one drawn lag to the next."""
    eyes: Literal["open", "closed"] = "open"
    """Of a baseline."""

    def __post_init__(self) -> None:
        self.label = str(self.label).strip()
        if not self.label or len(self.label) > LONGEST_NAME:
            raise SettingsError(
                "label", self.label, f"must have 1 to {LONGEST_NAME} characters; name the block"
            )
        check_choice("kind", self.kind, tuple(KINDS))
        check_choice("beep", self.beep, BEEPS)
        check_choice("eyes", self.eyes, ("open", "closed"))
        self.seconds = check_number(
            "seconds", self.seconds, above=0, at_most=LONGEST_BLOCK, unit="s"
        )
        self.extra = check_number("extra", self.extra, at_least=0, at_most=LONGEST_BLOCK, unit="s")
        self.repeats = check_whole("repeats", self.repeats, at_least=1, at_most=MOST_TURNS)
        if self.instruction_seconds is not None:
            self.instruction_seconds = check_number(
                "instruction_seconds", self.instruction_seconds, above=0, unit="s"
            )
            if not self.instructions:
                raise SettingsError(
                    "instruction_seconds",
                    self.instruction_seconds,
                    "has no instructions to show; add instructions or leave it out",
                )
        for name in ("text", "instructions", "half_time"):
            check_text(name, getattr(self, name))
        self._check_lag()
        self._check_kind()

    def _check_lag(self) -> None:
        """Refuse lags that no block can have, or that were meant in seconds."""
        self.lag_every = check_number("lag_every", self.lag_every, at_least=SHORTEST_DRAW, unit="s")
        if self.lag_ms is None:
            return
        if not isinstance(self.lag_ms, (list, tuple)):
            self.lag_ms = _lag_ms("lag_ms", self.lag_ms)
            return
        if len(self.lag_ms) != 2:
            raise SettingsError(
                "lag_ms", self.lag_ms, "must be one number, or two between which it is drawn"
            )
        low, high = (_lag_ms(f"lag_ms[{n}]", one) for n, one in enumerate(self.lag_ms))
        check_number("lag_ms[1]", high, at_least=low, unit="ms")
        self.lag_ms = [low, high]

    def _check_kind(self) -> None:
        """Refuse what a block of this kind cannot have."""
        if self.until is not None and not self.counts:
            raise SettingsError(
                "until",
                to_dict(self.until),
                f"is never reached, as a block of the kind {self.kind!r} counts no points; leave "
                "it out",
            )
        if self.sign and not (self.feedback or self.counts):
            raise SettingsError(
                "sign", self.sign, f"has nothing to show after a block of the kind {self.kind!r}"
            )
        if self.shown not in ("", "own") and not self.feedback:
            raise SettingsError(
                "shown", self.shown, f"is never seen in a block of the kind {self.kind!r}"
            )
        if self.lag_ms is not None and not self.feedback:
            raise SettingsError(
                "lag_ms", self.lag_ms, f"is never seen in a block of the kind {self.kind!r}"
            )
        if self.kind == "baseline":
            check_length(self.seconds)
        if self.half_time and self.seconds < 2 * HALF_TIME_SECONDS:
            raise SettingsError(
                "half_time",
                self.half_time,
                f"is shown for {HALF_TIME_SECONDS:g} s from half of the block's time on, and a "
                f"block of {self.seconds:g} s ends before that; plan at least "
                f"{2 * HALF_TIME_SECONDS:g} s, or leave it out",
            )
        if self.kind == "baseline" and (self.extra or self.half_time or self.beep != "none"):
            raise SettingsError(
                "kind", self.kind, "has screens of its own; leave out extra, half_time and beep"
            )

    @property
    def feedback(self) -> bool:
        """Whether there is feedback."""
        return KINDS[self.kind][0]

    @property
    def counts(self) -> bool:
        """Whether points and hits are counted."""
        return KINDS[self.kind][1]

    def lag(self, seed: int | None = None) -> Lag | None:
        """Return the lag that the block shall have; one that is drawn by this seed."""
        if self.lag_ms is None:
            return None
        if isinstance(self.lag_ms, list):
            low, high = self.lag_ms
            return Lag(jitter=(low / 1e3, high / 1e3), every=self.lag_every, seed=seed)
        return Lag(hold=self.lag_ms / 1e3)


def _lag_ms(name: str, value: object) -> float:
    """Return a lag in milliseconds; a smaller one is one of seconds."""
    lag = check_number(name, value, above=0, at_most=1e3 * LONGEST_LAG, unit="ms")
    if lag < 1:
        raise SettingsError(
            name, value, f"is less than one millisecond; did you mean {1000 * lag:g} ms?"
        )
    return lag


@dataclass(kw_only=True)
class Group:
    """Blocks that belong together and are repeated or shuffled together.

    Examples
    --------
    >>> trials = [PlannedBlock(label=one, seconds=8) for one in ("left", "right")]
    >>> Group(group="trials", blocks=trials, repeats=10, order="shuffled").repeats
    10
    """

    group: str
    """Its name."""
    blocks: list[PlannedBlock]
    """At least one."""
    repeats: int = 1
    """How often all of its blocks come."""
    order: Literal["fixed", "shuffled", "shuffled in each repeat"] = "fixed"
    """As they stand here; all repeats shuffled together; or each repeat by itself."""
    most_in_a_row: int | None = None
    """No label comes more often in a row than this; None sets no bound."""

    def __post_init__(self) -> None:
        if not self.blocks:
            raise SettingsError("blocks", [], "must hold at least one block")
        check_choice("order", self.order, ORDERS)
        self.repeats = check_whole("repeats", self.repeats, at_least=1, at_most=MOST_TURNS)
        if self.most_in_a_row is None:
            return
        self.most_in_a_row = check_whole(
            "most_in_a_row", self.most_in_a_row, at_least=1, at_most=MOST_TURNS
        )
        if self.order == "fixed":
            raise SettingsError(
                "most_in_a_row", self.most_in_a_row, 'is for a shuffled order; set order="shuffled"'
            )
        counts: dict[str, int] = {}
        for block in self.blocks:
            counts[block.label] = counts.get(block.label, 0) + block.repeats
        label, most = max(counts.items(), key=lambda one: one[1])
        times = self.repeats if self.order == "shuffled" else 1
        others = (sum(counts.values()) - most) * times
        if most * times > (others + 1) * self.most_in_a_row:
            raise SettingsError(
                "most_in_a_row",
                self.most_in_a_row,
                f"is impossible: {label!r} comes {most * times} times and the others {others} "
                "times; allow more in a row or repeat it less often",
            )


@dataclass(kw_only=True)
class Plan:
    """The course of a session.

    Examples
    --------
    >>> train = PlannedBlock(label="training", seconds=120, repeats=3)
    >>> plan = Plan(blocks=[PlannedBlock(label="rest", kind="rest", seconds=20), train])
    >>> plan.blocks[1].repeats
    3
    """

    blocks: list[PlannedBlock | Group]
    """In their order."""
    title: str = ""
    """What it is for, in a line."""
    seed: int | None = None
    """Of the order and the extra times; the same one gives the same course. None draws one, which
    is recorded."""
    signal_check: bool = False
    """Whether the electrodes are checked first, on the screen *Signal Check*."""
    prompt: str = ""
    """What is shown before all blocks until the key is pressed, e.g. to put on electrodes."""
    idle: float = 0.0
    """Seconds after it before the session's time begins to count, e.g. for electrodes to settle."""
    questions: list[dict[str, Any]] = field(default_factory=list)
    """What is asked at the end, as PsychoPy's Form takes it: ``{"itemText": "How tired are you?",
    "type": "slider", "options": ["not", "very"]}``."""
    end: str = ""
    """What is shown last, until the key is pressed. In this text, as in all others of the plan,
    ``{points}`` is the score so far."""

    def __post_init__(self) -> None:
        if not self.blocks:
            raise SettingsError("blocks", [], "must hold at least one block")
        if self.seed is not None:
            self.seed = check_whole("seed", self.seed, at_least=0, at_most=LARGEST_SEED)
        self.idle = check_number("idle", self.idle, at_least=0, at_most=LONGEST_BLOCK, unit="s")
        turns = sum(times for _, times in self._counted())
        if turns > MOST_TURNS:
            raise SettingsError(
                "blocks", turns, f"come to {turns} blocks; {MOST_TURNS} are the most"
            )
        for name in ("prompt", "end"):
            check_text(name, getattr(self, name))
        check_questions(self.questions)

    def _counted(self) -> Iterator[tuple[PlannedBlock, int]]:
        """Yield each block and how often it comes."""
        for one in self.blocks:
            if isinstance(one, Group):
                for block in one.blocks:
                    yield block, block.repeats * one.repeats
            else:
                yield one, one.repeats

    @property
    def kinds(self) -> set[str]:
        """Kinds of blocks that come."""
        return {block.kind for block, _ in self._counted()}
