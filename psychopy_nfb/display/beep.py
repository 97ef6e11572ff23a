"""A short tone that tells the participant that a block begins or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psychopy_nfb.display.tone import FeedbackTone

if TYPE_CHECKING:
    from psychopy_nfb.display.neurofeedback import Neurofeedback

FREQUENCY = 660.0
SECONDS = 0.2


class Beep(FeedbackTone):
    """A short tone that is heard when it is asked for, in blocks without feedback too.

    When it was heard is an event of the session, ``sound`` with the name ``beep``. Without a sound
    device nothing is heard, which is reported once.

    Parameters
    ----------
    nfb : Neurofeedback
        The session.
    """

    def __init__(self, nfb: Neurofeedback):
        super().__init__(
            nfb, "reward", name="beep", frequency=FREQUENCY, seconds=SECONDS, required=False
        )

    def sound(self) -> None:
        """Let it sound as soon as possible; `update` goes on being called once a frame."""
        self._owed = 1
        self.update()
