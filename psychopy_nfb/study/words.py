"""Words that commands and files of a study have in common; importing them costs nothing."""

from __future__ import annotations

REPEAT, CONTINUE = "repeat", "continue"
"""What follows a session that was cut off."""
QUESTIONS = ("participant", "experimenter")
"""Who is asked for the arm after the last session."""
UNKNOWN = "unknown"
"""A guess of somebody who does not know, and does not want to guess."""
ITEM_NAMES = (
    *("1a", "1b", "2a", "2b", "2c-raters", "2c-analysts", "2d", "2e"),
    *("3a", "3b", "3c", "3d", "3e", "4a", "4b", "4c", "4d", "4e"),
    *("5a", "5b", "5c", "6a", "6b", "7a"),
)
"""Items of the CRED-nf checklist, whose words are in `report.cred_nf.items`."""
ARM_FORMS = (
    "own, inverse, surrogate, signal:NAME or yoked:BLOCK:SECONDS:N, each with @SECONDS or "
    "@FROM-TO after it if the lag is chosen"
)
"""What an arm is shown, and with which lag, as it is typed in a command."""
