"""What may leave a session for the eyes of an operator."""

from __future__ import annotations

from collections.abc import Iterable

from psychopy_nfb.protocol import REWARD_VALUES, SHOWN, value_name

ALWAYS = ("quality",)
"""Of the reward's values what says nothing about it: the share of clean samples."""
OF_THE_SHOWN = ("display", "success", "blocks_success", "shown_source")
"""What the page computes or knows beside the records' values, and what a participant sees or is
told by: with it and the participant's screen the arm could be guessed."""


def may_be_sent(name: str, blinded: bool) -> bool:
    """Return whether an operator's page or another program may be sent what has this name.

    In a blinded session all that has a counterpart on the participant's screen stays here: what is
    shown, the value of displays, reward, score, hits and progress. Whoever saw the own ones beside
    the screen would know whether they are the participant's own. Signal, z and threshold are sent,
    as an operator who sets a threshold needs them.

    Parameters
    ----------
    name : str
        Of a value in shared memory, or one of `OF_THE_SHOWN`.
    blinded : bool
        Whether the session says that nobody present may know what is shown.

    Examples
    --------
    >>> [may_be_sent(name, True) for name in ("alpha_z", "alpha_value", "shown_z", "score")]
    [True, False, False, False]
    """
    if not blinded:
        return True
    hidden = (*REWARD_VALUES, *OF_THE_SHOWN)
    if name in hidden:
        return name in ALWAYS
    return not name.startswith(value_name(SHOWN, "")) and not name.endswith("_value")


def may_be_told(text: str, sources: Iterable[str], blinded: bool) -> bool:
    """Return whether a sentence or label may be sent: in a blinded session no word of a source.

    Parameters
    ----------
    text : str
        A message, or the label of a block.
    sources : iterable of str
        Names of what may be shown in place of the own feedback.
    blinded : bool
        Whether the session says that nobody present may know what is shown.

    Examples
    --------
    >>> may_be_told("The EEG stream was lost.", ["sham"], blinded=True)
    True
    >>> may_be_told("training sham", ["sham"], blinded=True)
    False
    """
    words = (SHOWN, *sources)
    return not blinded or not any(word.casefold() in text.casefold() for word in words)
