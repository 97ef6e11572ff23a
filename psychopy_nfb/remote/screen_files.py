"""What is kept on the screen's computer: the frame log, and how its clock was."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from psychopy_nfb.engine.frame_rows import FrameReader
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.settings_clerk import SettingsClerk
from psychopy_nfb.recording import FrameFields, FrameLog, SessionFiles
from psychopy_nfb.recording.sidecars import write_sidecars
from psychopy_nfb.remote.other_clock import OtherClock

logger: logging.Logger = logging.getLogger(__name__)

_FIELDS = FrameFields._fields
_TIMES = tuple(place for place, name in enumerate(_FIELDS) if name.startswith("t_"))
_SEQ = _FIELDS.index("seq")


class ScreenFiles:
    """Writes each frame here, and returns it as the worker's computer needs it.

    Parameters
    ----------
    order : dict
        The process's first command.
    block : SharedBlock
        Where the frame records come from.
    labels : dict
        Texts of marks and blocks, which others add to.
    clock : OtherClock
        Of the worker's computer.
    remote : dict
        Section ``remote`` of the settings file.

    Raises
    ------
    FileError
        If the files cannot be written.
    """

    def __init__(
        self,
        order: dict[str, Any],
        block: SharedBlock,
        labels: dict[str, dict[int, str]],
        clock: OtherClock,
        remote: dict[str, Any],
    ):
        self._layout = block.frames.layout
        self._seq_at = self._layout.place("seq")
        self._reader = FrameReader(block.frames, labels)
        self._clock = clock
        self._log: FrameLog | None = None
        self._settings: SettingsClerk | None = None
        self.cuts: int = 0
        """How often the network was cut."""
        if order["session"] is None:
            return
        goes_on = order["restore"] is not None
        files = SessionFiles.from_stem(order["session"])
        if not goes_on:
            write_sidecars(files, block.value_names)
        self._log = FrameLog(files.frames, block.value_names, append=goes_on)
        self._settings = SettingsClerk(files.settings, new=not goes_on)
        facts = {} if goes_on else order["facts"]
        configuration = order["configuration"]
        self._settings.write({**facts, "configuration": configuration, "remote": remote})
        files.release()

    def remember(self, remote: dict[str, Any]) -> None:
        """Write how the clocks compare by now: of a killed session `join` knows it from here."""
        if self._settings is not None:
            self._settings.write({"remote": {**remote, "cuts": self.cuts}})

    def frames(self, patient: bool, their_number: Callable[[int], int]) -> list[list[float]]:
        """Write the frames that were shown since the last call.

        Parameters
        ----------
        patient : bool
            Whether a frame waits for the text of its mark.
        their_number : callable
            Gives the worker's number of a feedback record.

        Returns
        -------
        list of list
            Their records for the worker's computer: times on its clock, records by its numbers.
        """
        taken = self._reader.take(patient)
        if self._log is not None and taken:
            numbers = [their_number(record[self._seq_at]) or math.nan for record, _ in taken]
            rows = [
                (*row[:_SEQ], number, *row[_SEQ + 1 :])
                for number, (_, row) in zip(numbers, taken, strict=True)
            ]
            try:
                self._log.write(rows)
                self._log.flush()
            except (OSError, ValueError) as error:  # a full disk: the worker's computer has them
                logger.error("The frame log stops on this computer: %s", error)
                self._log = None
        return [self._there(record, their_number) for record, _ in taken]

    def _there(self, record: tuple[Any, ...], their_number: Callable[[int], int]) -> list[float]:
        fields = [*record[self._layout.fields], *record[self._layout.values]]
        for place in _TIMES:
            fields[place] = self._clock.to_there(fields[place])
        fields[_SEQ] = their_number(fields[_SEQ])
        return fields

    def close(self, complete: bool, remote: dict[str, Any]) -> None:
        """Write how it ended: whether the worker's files have all frames."""
        if not complete:
            logger.error(
                "The worker's computer did not answer at the end: its files may lack frames. Bring "
                "the files of both computers together and run psychopy-nfb join."
            )
        if self._log is not None:
            self._log.close()
        if self._settings is not None:
            ended = {"complete": complete, "cuts": self.cuts}
            self._settings.write({"remote": {**remote, **ended}})
            self._settings.close()
