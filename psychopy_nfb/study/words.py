"""Words that commands and files of a study have in common; importing them costs nothing."""

from __future__ import annotations

REPEAT, CONTINUE = "repeat", "continue"
"""What follows a session that was cut off."""
QUESTIONS = ("participant", "experimenter")
"""Who is asked for the arm after the last session."""
UNKNOWN = "unknown"
"""A guess of somebody who does not know, and does not want to guess."""
ARM_FORMS = "own, inverse, surrogate, signal:NAME or yoked:BLOCK:SECONDS:N"
"""What an arm is shown, as it is typed in a command."""
