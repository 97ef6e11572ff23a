"""Whether a plan fits a training: what its blocks show, and when a baseline is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psychopy_nfb.course.order import Turn
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol import NONE, OWN, Replay, ShownSource, Signal, Surrogate
from psychopy_nfb.protocol.shown import EarlierBlocks, FromSession
from psychopy_nfb.settings import to_dict


def place_of(turn: Turn) -> str:
    """Return how errors name a block of a course."""
    return f"block {turn.number} ({turn.block.label})"


def check_fit(
    turns: Sequence[Turn],
    signals: Mapping[str, Signal],
    sources: Mapping[str, ShownSource],
    *,
    calibrated: bool,
    blinded: bool = False,
) -> None:
    """Refuse a course that the training cannot have, in one sentence.

    Parameters
    ----------
    turns : sequence of Turn
        Of `course`.
    signals : mapping of str to Signal
        The training's.
    sources : mapping of str to ShownSource
        What the training may show in place of the own feedback.
    calibrated : bool
        Whether there is a baseline before the first block.
    blinded : bool
        Whether it is a session of a blinded study.

    Raises
    ------
    SettingsError
        Naming the block, the field and the remedy.
    """
    needed = any(one.needs_baseline for one in signals.values())
    for turn in turns:
        if blinded:
            _check_blinded(turn)
        _check_shown(turn, sources, calibrated)
        if turn.block.kind == "baseline":
            calibrated = True
        elif needed and not calibrated and (turn.block.feedback or turn.block.counts):
            raise SettingsError(
                f"{place_of(turn)}.kind",
                turn.block.kind,
                "comes before any baseline, and the training's signals need one; put a block of "
                "the kind 'baseline' before it",
            )


def check_again(
    turns: Sequence[Turn],
    sources: Mapping[str, ShownSource],
    earlier: EarlierBlocks | None = None,
    shown: Mapping[str, int] | None = None,
) -> None:
    """Refuse a course that shows a block of the session again that does not come before it.

    Parameters
    ----------
    turns : sequence of Turn
        Of `course`.
    sources : mapping of str to ShownSource
        What the training may show in place of the own feedback.
    earlier : EarlierBlocks, optional
        What comes before the course.
    shown : mapping of str to int, optional
        How often each source was shown before.

    Raises
    ------
    SettingsError
        Naming the block and the remedy.
    """
    earlier = EarlierBlocks() if earlier is None else earlier.copy()
    times, early = dict(shown or {}), set()
    for turn in turns:
        name = turn.block.shown
        source = sources.get(name)
        if isinstance(source, Replay) and source.of_this_session:
            at = times.get(name, 0)
            try:
                earlier.check(name, source, at)
            except SettingsError as error:
                raise error.within(place_of(turn)) from None
            if (source.block, source.number(at)) in early:
                raise SettingsError(
                    f"{place_of(turn)}.shown",
                    name,
                    f"shows block {source.number(at)} of the name {source.block} again, which its "
                    "until may end before its time; leave that out",
                )
            times[name] = at + 1
        if turn.block.feedback:
            earlier.begin(turn.block.label, turn.number)
            if turn.block.until is not None and earlier.open is not None:
                early.add(earlier.open)
            earlier.end(turn.number, turn.seconds)


def _check_blinded(turn: Turn) -> None:
    """Refuse what would tell the arm, or not be that of the arm."""
    if turn.block.shown not in ("", NONE):
        raise SettingsError(
            f"{place_of(turn)}.shown",
            turn.block.shown,
            "is set by the study's arm; leave it out",
        )
    if turn.block.until is not None:
        raise SettingsError(
            f"{place_of(turn)}.until",
            to_dict(turn.block.until),
            "ends the block by what is shown, so that its length would tell the arm of a blinded "
            "study; leave it out",
        )


def _check_shown(turn: Turn, sources: Mapping[str, ShownSource], calibrated: bool) -> None:
    """Refuse what cannot be shown, or not for so long."""
    name = turn.block.shown
    if name in ("", OWN, NONE):
        return
    place = f"{place_of(turn)}.shown"
    source = sources.get(name)
    if source is None:
        raise SettingsError(
            place,
            name,
            f"is not among the training's settings; there are {listed([OWN, NONE, *sources])}",
        )
    if isinstance(source, Surrogate) and not calibrated:
        raise SettingsError(
            place,
            name,
            "is made of a baseline of this session; put a block of the kind 'baseline' before it",
        )
    if isinstance(source, FromSession) and turn.seconds > source.seconds:
        raise SettingsError(
            place,
            name,
            f"shows recorded blocks of {source.seconds:g} s, and this one lasts up to "
            f"{turn.seconds:g} s; plan shorter blocks, or set the source's seconds to "
            f"{turn.seconds:g}, which needs recorded blocks of that length",
        )
