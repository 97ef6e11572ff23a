"""Names of electrodes of the 10-20 system and its extensions, as labels of channels hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = r"(?:fp|af|f|ft|fc|t|c|tp|cp|p|po|o|i)(?:z|\d{1,2})h?"
_MASTOID = r"[am][12]"
"""Mastoids and earlobes."""
_REFERENCE = (
    r"ref(?:erence)?|[lr]e|cle|ler|lr|[am][12](?:\+?[am][12])?|aa|av|avg|average|car|ar|lm|mean|"
    r"com(?:mon)?|org|nose|gnd|g\d?"
)
"""What follows an electrode's name where a label says against what it was measured. Another
electrode of the scalp is not among them: the difference of both sits at neither."""
_LABEL = re.compile(
    rf"(?:(?:eeg|pol)[\s_.:-]*)?({_NAME}|{_MASTOID})[\s.]*(?:[\s_:/-]+(?:{_REFERENCE}))?[\s.]*"
)
_OLD_NAMES = {"t3": "t7", "t4": "t8", "t5": "p7", "t6": "p8"}


def electrode(label: str) -> str:
    """Return the name of the electrode that a label says, in lower case; empty if it says none.

    Words before and after it are those of EDF files: ``EEG`` and the reference. The older names
    T3, T4, T5 and T6 become T7, T8, P7 and P8.

    Examples
    --------
    >>> [electrode(label) for label in ("Oz", "EEG FP1-Ref", "T3-LE", "Fc5.", "Fpz-Cz", "Ch1")]
    ['oz', 'fp1', 't7', 'fc5', '', '']
    """
    match = _LABEL.fullmatch(label.strip().casefold())
    return _OLD_NAMES.get(match[1], match[1]) if match else ""


def is_scalp(label: str) -> bool:
    """Return whether a label is that of an electrode on the scalp; a mastoid's is not.

    Examples
    --------
    >>> is_scalp("EEG Oz-A1"), is_scalp("A1"), is_scalp("EXG1")
    (True, False, False)
    """
    name = electrode(label)
    return bool(name) and re.fullmatch(_MASTOID, name) is None


def meant(label: str, labels: Iterable[str]) -> list[str]:
    """Return those of `labels` that are of the electrode that somebody asked for as `label`.

    Examples
    --------
    >>> meant("Oz", ["EEG Cz-Ref", "EEG Oz-Ref"]), meant("T7", ["T3", "T4"]), meant("Q", ["Q1"])
    (['EEG Oz-Ref'], ['T3'], [])
    """
    name = electrode(label)
    return [one for one in labels if name and electrode(one) == name]
