"""Arms as they are typed in a command: ``sham=yoked:training:300:5``."""

from __future__ import annotations

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import OWN, Inverse, OtherSignal, ShownSource, Surrogate, Yoked
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
    ('real', Arm(shown=None, share=1))
    >>> read_arm("sham=yoked:training:300:5")[1].shown.blocks
    5
    """
    name, _, what = text.partition("=")
    kind, *details = what.split(":")
    problem = SettingsError("arm", text, f"must be NAME=WHAT, where WHAT is {ARM_FORMS}")
    simple: dict[str, ShownSource | None] = {
        OWN: None,
        "inverse": Inverse(),
        "surrogate": Surrogate(),
    }
    if kind in simple and not details:
        return name, Arm(shown=simple[kind])
    if kind == "signal" and len(details) == 1:
        return name, Arm(shown=OtherSignal(signal=details[0]))
    if kind == "yoked" and len(details) == 3:
        block, seconds, blocks = details
        try:
            numbers = float(seconds), int(blocks)
        except ValueError:
            raise problem from None
        source = Yoked(session=DONOR, block=block, seconds=numbers[0], blocks=numbers[1])
        return name, Arm(shown=source)
    raise problem
