"""Texts of a plan: what stands in braces is filled in when the text is shown."""

from __future__ import annotations

import re
from difflib import get_close_matches

from psychopy_nfb.errors import SettingsError

FILLED = ("points",)
"""Names that may stand in braces: the score so far."""
_IN_BRACES = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")


def check_text(name: str, text: str) -> None:
    """Refuse a text with a name in braces that nothing fills in.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    text : str
        Braces around anything but a name, such as ``{1, 2}``, are shown as they are.

    Raises
    ------
    SettingsError
        Naming what stands in the braces, and what may.

    Examples
    --------
    >>> check_text("end", "You have {points} points.")
    >>> check_text("end", "You have {pionts} points.")
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: end='{pionts}': is not a known placeholder; did you mean ...
    """
    for found in _IN_BRACES.finditer(text):
        if found[1] in FILLED:
            continue
        near = get_close_matches(found[1].lower(), FILLED, 1)
        meant = (
            f"did you mean {{{near[0]}}}?"
            if near
            else "{points} is the score, and no other word may stand in braces"
        )
        raise SettingsError(name, found[0], f"is not a known placeholder; {meant}")


def filled(text: str, points: float) -> str:
    """Return a text as it is shown at this score.

    Examples
    --------
    >>> filled("You have {points} points.", 12.0)
    'You have 12 points.'
    """
    return _IN_BRACES.sub(lambda found: f"{points:g}" if found[1] in FILLED else found[0], text)
