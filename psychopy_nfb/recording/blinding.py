"""What a session's settings file says of blinding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPENED = "opened"
"""Section of the settings with what was sealed, in sessions that were unblinded."""


def was_blinded(settings: Mapping[str, Any]) -> bool:
    """Return whether nobody could see what was shown while the session ran.

    Examples
    --------
    >>> was_blinded({}), was_blinded({"study": {"blinded": True}, "opened": {"arm": "sham"}})
    (False, True)
    """
    return bool(_study(settings).get("blinded"))


def is_sealed(settings: Mapping[str, Any]) -> bool:
    """Return whether what was shown is still sealed.

    Examples
    --------
    >>> is_sealed({"study": {"sealed": True}})
    True
    >>> is_sealed({"study": {"sealed": True}, "opened": {"arm": "sham"}})
    False
    """
    study = _study(settings)
    # Sessions of earlier versions say only whether they were blinded.
    return bool(study.get("sealed", study.get("blinded"))) and OPENED not in settings


def lag_is_sealed(settings: Mapping[str, Any]) -> bool:
    """Return whether the lag of the session's frames is still sealed, as it tells the arm."""
    return is_sealed(settings) and bool(_study(settings).get("lag_sealed"))


def _study(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    study = settings.get("study")
    return study if isinstance(study, Mapping) else {}
