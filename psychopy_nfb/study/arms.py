"""Arms as they are typed in a command: ``sham=yoked:training:300:5``, ``late=own@0.5``."""

from __future__ import annotations

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import OWN, Inverse, OtherSignal, ShownSource, Surrogate, Yoked
from psychopy_nfb.protocol.chosen_lag import Lag
from psychopy_nfb.study.plan import DONOR, Arm
from psychopy_nfb.study.words import ARM_FORMS


def read_arm(text: str) -> tuple[str, Arm]:
    """Return name and arm of what was typed.

    Raises
    ------
    SettingsError
        If it is no arm.

    Examples
    --------
    >>> read_arm("real=own")
    ('real', Arm(shown=None, lag=None, share=1))
    >>> read_arm("sham=yoked:training:300:5")[1].shown.blocks
    5
    >>> read_arm("late=own@0.5")[1].lag.hold
    0.5
    """
    name, _, what = text.partition("=")
    what, marked, lag = what.partition("@")
    problem = SettingsError("arm", text, f"must be NAME=WHAT, where WHAT is {ARM_FORMS}")
    return name, Arm(shown=_shown(what, problem), lag=_lag(lag, problem) if marked else None)


def _shown(text: str, problem: SettingsError) -> ShownSource | None:
    """Return what is shown; None is the own feedback."""
    kind, *details = text.split(":")
    simple: dict[str, ShownSource | None] = {
        OWN: None,
        "inverse": Inverse(),
        "surrogate": Surrogate(),
    }
    if kind in simple and not details:
        return simple[kind]
    if kind == "signal" and len(details) == 1 and details[0].strip():
        return OtherSignal(signal=details[0])
    if kind == "yoked" and len(details) == 3:
        block, seconds, blocks = details
        try:
            numbers = float(seconds), int(blocks)
        except ValueError:
            raise problem from None
        return Yoked(session=DONOR, block=block, seconds=numbers[0], blocks=numbers[1])
    raise problem


def _lag(text: str, problem: SettingsError) -> Lag:
    """Return a lag: ``0.5`` is held, one of ``0.3-0.6`` is drawn anew each second."""
    try:
        seconds = [float(one) for one in text.split("-")]
    except ValueError:
        raise problem from None
    if len(seconds) == 1:
        return Lag(hold=seconds[0])
    if len(seconds) == 2:
        return Lag(jitter=(seconds[0], seconds[1]))
    raise problem
