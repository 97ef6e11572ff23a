"""Recordings in XDF files, as LabRecorder and this program write them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.lsl.marker_rule import MarkerLabels, is_marker_stream
from psychopy_nfb.recording.eeg_files.own_events import event_text
from psychopy_nfb.recording.eeg_files.recording import Found
from psychopy_nfb.recording.eeg_files.stamps import Timing, read_stamps
from psychopy_nfb.recording.eeg_files.xdf_chunks import mended
from psychopy_nfb.recording.eeg_files.xdf_clocks import synchronize
from psychopy_nfb.recording.eeg_files.xdf_streams import (
    LABEL_KEYS,
    channel_elements,
    choose_stream,
    format_of,
    name_of,
    rate_of,
    text_of,
    type_of,
)
from psychopy_nfb.recording.eeg_files.xdf_units import stamps_to_seconds

HOW_TO_INSTALL = 'needs pyxdf to be read: pip install "psychopy-nfb[files]"'
OTHER_CLOCK_SECONDS = 3600.0
"""Markers so far from all samples were stamped by another clock, not before or after them."""


def load_streams(
    path: Path, *, synchronized: bool = True, **options: Any
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the streams of an XDF file, as pyxdf reads them, and what was mended.

    Parameters
    ----------
    path : path
        The file.
    synchronized : bool
        Whether stamps are brought to seconds on the recording computer's clock; they are not
        steadied, so that gaps of any length show.
    **options
        Of `pyxdf.load_xdf`.

    Raises
    ------
    FileError
        If pyxdf is not installed, or the file is so damaged that nothing can be read.
    """
    try:
        import pyxdf
    except ImportError:
        raise FileError("file", str(path), HOW_TO_INSTALL) from None
    try:
        file, notes = mended(path)
        # pyxdf divides by the time from the first stamp to the last, which may be 0.
        with file, _complaints() as damage, np.errstate(divide="ignore", invalid="ignore"):
            streams, _ = pyxdf.load_xdf(
                file, synchronize_clocks=False, dejitter_timestamps=False, **options
            )
        if synchronized:
            stamps_to_seconds(streams, notes)
            for stream in streams:
                synchronize(stream, notes)
    except FileError:
        raise
    except Exception as error:  # damaged files fail anywhere in the parser
        why = cause(error)[:200].rstrip(".")
        raise FileError("file", str(path), f"cannot be read ({why})") from None
    if damage:
        notes.append("The file is damaged: some of its samples could not be read.")
    return streams, notes


def read_xdf(path: Path, wanted: str | None) -> Found:
    """Read the EEG of an XDF file and its markers; parameters as of `choose_stream`."""
    streams, notes = load_streams(path, on_chunk=_StampsInFile())
    stream, parts = choose_stream(path, streams, wanted, notes)
    info = stream["info"]
    stamps = stream["time_stamps"]
    timing = read_stamps(stamps, rate_of(stream), name_of(stream))
    notes += timing.notes
    gaps = dict(timing.gaps)
    for row in parts:  # told as gaps even if they are shorter than others must be
        gaps.setdefault(row, float(timing.times[row] - timing.times[row - 1]) - 1 / timing.rate)
    elements = channel_elements(info)
    labels = [text_of(element, *LABEL_KEYS) for element in elements]
    return Found(
        samples=np.array(stream["time_series"], dtype=np.float64),
        rate=timing.rate,
        labels=labels,
        types=[text_of(element, "type") for element in elements],
        units=[text_of(element, "unit", "units") for element in elements],
        markers=_markers(streams, stream, timing, notes),
        name=name_of(stream),
        stream_type=type_of(stream),
        positions=_positions(elements),
        gaps=sorted(gaps.items()),
        declared_rate=rate_of(stream),
        real_rate=timing.real_rate,
        chunk_seconds=timing.chunk,
        start=None if timing.n_missing == len(stamps) else float(timing.times[0]),
        n_missing=timing.n_missing,
        n_jumps=timing.n_jumps,
        notes=notes,
    )


class _StampsInFile:
    """Leaves stamps that are in the file, chunk by chunk, before clocks are brought together.

    NaN is in place of 0, which no clock says, and of what pyxdf counts from 0 for a stream whose
    samples have had no stamp so far.
    """

    def __init__(self) -> None:
        self._counted: dict[int, float] = {}  # the last stamp that was counted, by stream

    def __call__(self, values, stamps, stream, number):
        """Return what pyxdf shall keep of a chunk."""
        rate = rate_of(stream)
        last = self._counted.get(number, 0.0 if rate > 0 else np.nan)
        # Added one by one, as pyxdf does, so that the numbers are exactly the same.
        counted = np.cumsum(np.r_[last, np.full(len(stamps), 1 / rate if rate > 0 else np.nan)])[1:]
        so_far = np.logical_and.accumulate(stamps == counted)
        if len(stamps):
            self._counted[number] = float(stamps[-1]) if so_far[-1] else np.nan
        return values, np.where(so_far | (stamps == 0), np.nan, stamps), stream


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what pyxdf logs as errors; keep its log from the person, whom it does not help."""
    logger = logging.getLogger("pyxdf.pyxdf")
    errors: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield errors
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def _markers(
    streams: list[dict[str, Any]], chosen: dict[str, Any], timing: Timing, notes: list[str]
) -> list[tuple[int, str]]:
    """Return the markers of all streams that hold some, each with its nearest row, or -1."""
    found, outside, unplaced = [], [], {}
    for stream in streams:
        n_channels = len(channel_elements(stream["info"]))
        about = (type_of(stream), format_of(stream), rate_of(stream), n_channels)
        if name_of(stream) == name_of(chosen) or not is_marker_stream(*about):
            continue
        times = stream["time_stamps"]
        texts = MarkerLabels(format_of(stream), rate_of(stream)).read(stream["time_series"], times)
        if timing.n_missing == len(timing.times):
            if n_texts := sum(map(bool, texts)):
                unplaced[name_of(stream)] = n_texts
            continue
        rows = nearest(timing.times, times, 1 / timing.rate)
        there = [(row, event_text(text)) for row, text in zip(rows, texts, strict=True) if text]
        lost = [t for t, row, text in zip(times, rows, texts, strict=True) if text and row < 0]
        if there and len(lost) == len(there) and _far(np.array(lost), timing.times):
            outside.append(name_of(stream))
        else:
            found += there
    if unplaced:
        notes.append(
            f"The {sum(unplaced.values())} markers of {' and '.join(map(repr, unplaced))} cannot "
            "be placed, because nothing says when the samples were taken: record again with stamps."
        )
    if outside:
        clocks = " and ".join(map(repr, outside))
        notes.append(
            f"The markers of {clocks} and the samples were stamped by clocks that have nothing to "
            "do with each other, so that no marker can be placed. Set the amplifier's program to "
            "LSL's clock (often an option named timestamps or LSL time)."
        )
    return found


def _far(lost: np.ndarray, times: np.ndarray) -> bool:
    """Return whether all of some times are hours away from the samples."""
    before, after = times[0] - np.nanmax(lost), np.nanmin(lost) - times[-1]
    return bool(max(before, after) > OTHER_CLOCK_SECONDS)


def nearest(times: np.ndarray, wanted: np.ndarray, period: float) -> list[int]:
    """Return the row of `times` nearest to each of `wanted`, or -1 where it lies outside.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Seconds, never falling.
    wanted : ndarray, shape (m,)
        Seconds.
    period : float
        How far before the first and after the last still counts as inside.

    Examples
    --------
    >>> nearest(np.array([0.0, 1.0, 2.0]), np.array([-3.0, 0.4, 1.6, 2.9]), 1.0)
    [-1, 0, 2, 2]
    """
    wanted = np.asarray(wanted, dtype=float)
    right = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    left = np.maximum(right - 1, 0)
    rows = np.where(wanted - times[left] <= times[right] - wanted, left, right)
    inside = (wanted >= times[0] - period) & (wanted <= times[-1] + period)
    return np.where(inside, rows, -1).tolist()


def _positions(elements: list[dict[str, Any]]) -> list[tuple[float, float, float] | None]:
    positions: list[tuple[float, float, float] | None] = []
    for element in elements:
        place = (element or {}).get("location")
        try:
            x, y, z = (float(text_of(place[0], axis).replace(",", ".")) for axis in "XYZ")
        except (TypeError, ValueError, IndexError):
            positions.append(None)
        else:
            positions.append((x, y, z))
    return positions
