"""Stamps of an XDF file that are in another unit than seconds, brought to seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from psychopy_nfb.lsl.stamps_unit import UNITS, seconds_per_unit
from psychopy_nfb.recording.eeg_files.recording import listed
from psychopy_nfb.recording.eeg_files.xdf_streams import name_of, rate_of


def stamps_to_seconds(streams: Sequence[dict[str, Any]], notes: list[str]) -> None:
    """Convert stamps in milliseconds, microseconds or nanoseconds to seconds, in place.

    The declared rate tells the unit of regular samples. Single events have none: they are in the
    unit in which more of them lie within the samples.

    Parameters
    ----------
    streams : sequence of dict
        As pyxdf returns them with ``synchronize_clocks=False``.
    notes : list of str
        Takes which streams were converted.
    """
    names: dict[float, dict[str, None]] = {}
    spans = []
    for stream in (one for one in streams if rate_of(one) > 0):
        unit = _unit_of_samples(stream["time_stamps"], rate_of(stream))
        if unit == 1:
            continue
        _convert(stream, unit)
        names.setdefault(unit, {})[name_of(stream)] = None
        known = stream["time_stamps"][np.isfinite(stream["time_stamps"])]
        spans.append((unit, float(known.min()), float(known.max())))
    for stream in (one for one in streams if spans and rate_of(one) <= 0):
        unit = _unit_of_events(stream["time_stamps"], spans)
        if unit != 1:
            _convert(stream, unit)
            names.setdefault(unit, {})[name_of(stream)] = None
    for unit, converted in names.items():
        notes.append(
            f"The stamps of {listed(map(repr, converted))} are in {UNITS[unit]}, but those of an "
            f".xdf file are in seconds: they are divided by {1 / unit:,.0f}."
        )


def _unit_of_samples(stamps: np.ndarray, rate: float) -> float:
    """Return the length in seconds of the unit of the stamps of regular samples."""
    rows = np.flatnonzero(np.isfinite(stamps))
    # Samples that came together may share a stamp: the last of each such chunk counts.
    last = np.append(np.diff(stamps[rows]) != 0, True) if len(rows) else []
    rows = rows[last]
    return seconds_per_unit(stamps[rows], rows, rate)


def _unit_of_events(stamps: np.ndarray, spans: Sequence[tuple[float, float, float]]) -> float:
    """Return the unit of stamps of events in which most lie within samples; 1 if as many as sent.

    Spans are those of the samples that were converted: their unit, begin and end in seconds.
    """
    best, most = 1.0, max(_n_within(stamps, begin, end) for _, begin, end in spans)
    for unit, begin, end in spans:
        n = _n_within(unit * stamps, begin, end)
        if n > most:
            best, most = unit, n
    return best


def _n_within(stamps: np.ndarray, begin: float, end: float) -> int:
    return int(((stamps >= begin) & (stamps <= end)).sum())


def _convert(stream: dict[str, Any], unit: float) -> None:
    """Convert the stamps of a stream, and its clock offsets if they are in the same unit.

    LSL measures these itself, in seconds, whatever the stamps are in; a program that wrote the
    file may have converted both. Offsets are measured all along a recording: the time from the
    first to the last tells in which unit they are.
    """
    stamps = stream["time_stamps"]
    times = np.array(stream["clock_times"], dtype=float)
    raw_span = float(np.nanmax(stamps) - np.nanmin(stamps))
    stream["time_stamps"] = stamps * unit
    span = float(np.ptp(times[np.isfinite(times)])) if np.isfinite(times).any() else 0.0
    if span > 0 and abs(np.log(span / raw_span)) < abs(np.log(span / (raw_span * unit))):
        stream["clock_times"] = times * unit
        stream["clock_values"] = np.array(stream["clock_values"], dtype=float) * unit
