"""Marks of the script, and the beginnings of sounds, on their way into the files."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.frame_log import MARKS_BETWEEN, FrameWriter
from psychopy_nfb.display.worker_link import WorkerLink
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.recording.text import LONGEST_TEXT, shortened

if TYPE_CHECKING:
    from psychopy_nfb.hardware.marker_output import (
        LSLMarkers,
        ParallelMarkers,
        SerialMarkers,
        UDPMarkers,
    )

    MarkerOutput = LSLMarkers | UDPMarkers | SerialMarkers | ParallelMarkers

logger: logging.Logger = logging.getLogger(__name__)

NO_LABEL = "(no label)"
"""In place of an empty one."""


class EventMarks:
    """Sends each mark to the worker and to the outputs, at its flip where there is a window.

    Parameters
    ----------
    link : WorkerLink
        To the worker, which writes the files.
    """

    def __init__(self, link: WorkerLink):
        self._link = link
        self._outputs: list[MarkerOutput] = []
        self._sounds: dict[str, dict[str, Any]] = {}
        self.frames: FrameWriter | None = None
        """The frame log, once a window is attached: it sends a mark at the next flip."""
        self._told_cut = False

    def mark(self, label: object) -> None:
        """Write an event at the next flip, or now where nothing flips."""
        label = fitting(label)
        if not self._link.open:
            when = "after close()" if self._link.closed else "before start()"
            logger.warning("The mark %r came %s and is in no file.", label, when)
        elif self.frames is not None:
            self.frames.mark(label)
        else:
            self.send(0, label, lsl_now())

    def send(self, number: int, label: str, t: float) -> None:
        """Send what was marked at LSL time `t`: `number` as in that frame's row, 0 for none."""
        self._link.started()
        for output in self._outputs:
            for one in label.split(MARKS_BETWEEN):
                try:
                    output.send(one, t)
                except Exception:  # of a port or stream: neither the others nor the files miss it
                    logger.exception("The mark %r could not be sent.", one)
        if len(label) > LONGEST_TEXT and not self._told_cut:
            self._told_cut = True
            logger.warning(
                "The marks of one flip have %d characters together; the tables keep them up to "
                "character %d. Mark at more than one flip. This is reported once.",
                len(label),
                LONGEST_TEXT,
            )
        self._link.command("mark", id=number, label=label, t=t)

    def send_to(self, *outputs: MarkerOutput) -> None:
        """Send each mark from now on to these as well."""
        for output in outputs:
            if not (hasattr(output, "send") and hasattr(output, "close")):
                raise SettingsError(
                    "outputs",
                    output,
                    "is no output of marks; make one of LSLMarkers, UDPMarkers, SerialMarkers or "
                    "ParallelMarkers",
                )
        self._outputs.extend(outputs)

    def close_outputs(self) -> list[dict[str, Any]]:
        """Close the outputs; return what each of them has sent, and how late."""
        return [output.close() for output in self._outputs]

    def sound(self, name: str, t: float, detail: dict[str, Any]) -> None:
        """Write that a sound began at LSL time `t`."""
        if self._link.open:
            self._link.command("sound", label=name, t=t, detail=detail)

    def tell_sound(self, name: str, facts: dict[str, Any]) -> bool:
        """Write into the settings file what a sound is; return whether that could be done."""
        if not self._link.open:
            return False
        self._sounds[name] = facts
        self._link.facts(sounds=self._sounds)
        return True


def fitting(label: object) -> str:
    """Return the text of a mark or a block, as far as files can hold it."""
    text = str(label)
    if not text.strip():
        logger.warning("A mark or block without a label is kept as %r.", NO_LABEL)
        text = NO_LABEL
    if len(text) > LONGEST_TEXT:
        logger.warning(
            "A mark or block of %d characters is kept up to character %d.", len(text), LONGEST_TEXT
        )
        text = shortened(text)
    return text
