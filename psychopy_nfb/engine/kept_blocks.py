"""Blocks of the running session that later ones may show again: kept sample by sample in files.

The background process writes them, and its successor goes on with them. A rerun keeps them in files
without a name.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.dsp import Pipeline, SignalInfo
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.engine.replayed_signals import LEAD_SECONDS, through_filters
from psychopy_nfb.errors import SettingsError, cause
from psychopy_nfb.protocol.shown import Extract, Replay, SignalSeries

logger: logging.Logger = logging.getLogger(__name__)

Which = tuple[str, int]
"""A block: its name, and which of that name it is, from 1 on."""
_PLACE, _NUMBER, _SAMPLE, _MARK = range(4)
_HEAD = 4
_LEAD, _AFTER_GAP = 1, 2


class RowsFile:
    """Rows of numbers in a file that grows.

    Parameters
    ----------
    path : Path or None
        A file that may have rows already; None for one without a name.
    width : int
        Numbers a row.
    """

    def __init__(self, path: Path | None, width: int):
        self._file: Any = (
            tempfile.TemporaryFile(buffering=0) if path is None else open(path, "a+b", buffering=0)
        )
        self._width = width

    def add(self, rows: np.ndarray) -> None:
        """Write rows, (n, width), after the others; no later crash of this process loses them."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(np.ascontiguousarray(rows, float).tobytes())

    def where(self, **wanted: float) -> np.ndarray:
        """Return a copy of the rows, (n, width), of one ``place`` and ``number``."""
        rows = self._mapped()
        at = (rows[:, _PLACE] == wanted["place"]) & (rows[:, _NUMBER] == wanted["number"])
        return np.array(rows[at])

    def blocks(self) -> list[tuple[int, int]]:
        """Return place and number of each block of which there are rows."""
        found = np.unique(self._mapped()[:, [_PLACE, _NUMBER]], axis=0)
        return [(int(place), int(number)) for place, number in found]

    def cut(self, sample: int) -> None:
        """Leave the rows of samples before `sample` alone."""
        rows = self._mapped()
        n = int((rows[:, _SAMPLE] < sample).sum())  # they are in the order of their samples
        del rows  # a file that is mapped cannot be made shorter on Windows
        self._file.truncate(n * self._width * 8)

    def replace(self, rows: np.ndarray) -> None:
        """Write rows in place of all."""
        self._file.truncate(0)
        self.add(rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _mapped(self) -> np.ndarray:
        n = self._file.seek(0, os.SEEK_END) // (self._width * 8)
        if not n:
            return np.empty((0, self._width))
        return np.memmap(self._file, float, "r", shape=(n, self._width))


class KeptBlocks:
    """Keeps what blocks of the running session that a `Replay` shows are made of.

    These are the signals as they were, and where filters learn from a baseline the EEG, too: after
    another baseline it passes through the filters as they are then.

    Parameters
    ----------
    sources : sequence of Replay
        Those that show blocks of this session.
    names : sequence of str
        Signals in whose place others are shown.
    info : SignalInfo
        Of the samples.
    learns : bool
        Whether filters learn from a baseline.
    folder : Path, optional
        Where the files are, for a successor of this process.

    Attributes
    ----------
    open : (str, int) or None
        The block that is kept now.
    fault : str or None
        Why nothing more is kept, in a sentence.
    """

    def __init__(
        self,
        sources: Sequence[Replay],
        names: Sequence[str],
        info: SignalInfo,
        learns: bool,
        folder: Path | None = None,
    ):
        self._labels = sorted({source.block for source in sources})
        self._names = list(names)
        self._info = info
        self._n_lead = round(LEAD_SECONDS * info.rate)
        self._lead: list[np.ndarray] = []
        self._after_gap = False
        self.open: Which | None = None
        self.fault: str | None = None
        self._signals = RowsFile(
            None if folder is None else folder / "signals", _HEAD + 2 * len(self._names)
        )
        self._eeg = (
            RowsFile(None if folder is None else folder / "eeg", _HEAD + info.n_channels)
            if learns
            else None
        )

    def go_on(self, sample: int) -> None:
        """Go on with what an earlier process kept, as far as the session's files have it.

        Parameters
        ----------
        sample : int
            The first one that they do not have.
        """
        self.open, self._lead, self._after_gap = None, [], True
        self._signals.cut(sample)
        if self._eeg is not None:
            self._eeg.cut(sample)

    def begin(self, block: Which | None) -> None:
        """Keep what comes as part of this block; None keeps nothing from now on."""
        block = None if block is None or block[0] not in self._labels else (block[0], block[1])
        begins = block is not None and block != self.open
        self.open = block
        if begins and self._eeg is not None and self._lead:
            rows = np.concatenate(self._lead)[-self._n_lead :]
            rows[:, _MARK] = rows[:, _MARK].astype(int) | _LEAD
            self._write(self._eeg, rows)

    def gap(self) -> None:
        """Note that samples are missing before the next ones."""
        self._after_gap = True

    def take(
        self,
        samples: np.ndarray,
        first: int,
        rows: np.ndarray,
        signals: Sequence[np.ndarray],
        flags: Sequence[np.ndarray],
    ) -> None:
        """Take the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n, n_channels)
            Microvolts.
        first : int
            Number of the first of them.
        rows : ndarray of int, shape (n_out,)
            Which of them each sample of the signals stands for.
        signals, flags : sequences of ndarray, shape (n_out,)
            Of the signals that were named, in their order.
        """
        if self._eeg is not None:
            self._take_eeg(self._eeg, samples, first)
        if self.open is not None and len(rows):
            kept = np.zeros((len(rows), _HEAD + 2 * len(signals)))
            kept[:, _SAMPLE] = first + rows
            for place, (signal, own) in enumerate(zip(signals, flags, strict=True)):
                kept[:, _HEAD + 2 * place] = signal
                kept[:, _HEAD + 2 * place + 1] = own & np.uint32(HOLDING)
            self._write(self._signals, kept)

    def _take_eeg(self, file: RowsFile, samples: np.ndarray, first: int) -> None:
        kept = np.zeros((len(samples), _HEAD + samples.shape[1]))
        kept[:, _SAMPLE] = np.arange(first, first + len(samples))
        kept[:, _HEAD:] = samples
        if self._after_gap and len(kept):
            kept[0, _MARK] = _AFTER_GAP
            self._after_gap = False
        self._lead.append(kept)
        while sum(map(len, self._lead[1:])) >= self._n_lead:
            del self._lead[0]
        if self.open is not None:
            self._write(file, kept)

    def _write(self, file: RowsFile, rows: np.ndarray) -> None:
        """Write rows of the block that is open; a full disk ends the keeping, not the session."""
        if self.fault is not None or self.open is None:
            return
        label, number = self.open
        rows[:, _PLACE], rows[:, _NUMBER] = self._labels.index(label), number
        try:
            file.add(rows)
        except OSError as error:
            logger.exception("Blocks can be kept no longer.")
            self.fault = f"the block {label} cannot be shown again, as it was not kept: " + cause(
                error
            )

    def series(self, source: Replay, turn: int) -> SignalSeries:
        """Return the signals of the block that `source` shows when it was shown `turn` times.

        Raises
        ------
        SettingsError
            If nothing was kept of it.
        """
        number = source.number(turn)
        rows = self._signals.where(place=self._labels.index(source.block), number=number)
        if not len(rows):
            raise SettingsError(
                "block",
                source.block,
                f"has nothing of its number {number} in this session to show; show it after that "
                "block",
            )
        columns = rows[:, _HEAD:].T
        return SignalSeries(
            dict(zip(self._names, columns[::2], strict=True)),
            dict(zip(self._names, columns[1::2].astype(np.uint32), strict=True)),
        )

    def take_filters(self, pipelines: Mapping[str, Pipeline]) -> None:
        """Pass the EEG of all blocks through the filters as they are now."""
        if self._eeg is None:
            return
        parts = [np.empty((0, _HEAD + 2 * len(self._names)))]
        for place, number in self._eeg.blocks():
            rows = self._eeg.where(place=place, number=number)
            marks = rows[:, _MARK].astype(int)
            n_lead = int((marks & _LEAD > 0).sum())
            extract = Extract(
                rows[:, _HEAD:],
                np.ones(self._info.n_channels),
                self._info.labels,
                self._info.rate,
                n_lead,
                tuple(np.flatnonzero(marks & _AFTER_GAP).tolist()),
            )
            signals, flags, inside = through_filters(extract, pipelines, self._info)
            part = np.zeros((len(inside), parts[0].shape[1]))
            part[:, _PLACE], part[:, _NUMBER] = place, number
            part[:, _SAMPLE] = rows[n_lead:, _SAMPLE][inside]
            for at, name in enumerate(self._names):
                part[:, _HEAD + 2 * at] = signals[name]
                part[:, _HEAD + 2 * at + 1] = flags[name]
            parts.append(part)
        whole = np.concatenate(parts)
        self._signals.replace(whole[np.argsort(whole[:, _SAMPLE], kind="stable")])

    def close(self) -> None:
        """Close the files."""
        self._signals.close()
        if self._eeg is not None:
            self._eeg.close()
