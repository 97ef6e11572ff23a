"""Annotations that say that samples are missing: they become gaps."""

from __future__ import annotations

import math

import numpy as np

from psychopy_nfb.recording.eeg_files.bad_parts import LEAST_SAMPLES
from psychopy_nfb.recording.eeg_files.recording import Found

BOUNDARIES = ("boundary", "bad boundary", "edge boundary", "new segment/")
"""Annotations of a cut: EEGLAB's, MNE-Python's own, BrainVision's in the formats of others."""
SKIPPED = "bad_acq_skip"
"""MNE-Python's annotation of a part that was not stored. It fills it with zeros as it reads, and
adds the annotation itself beside the one that was saved."""
COMMENT = "comment/"
"""What stands before the text in a marker of BrainVision."""


def cuts_as_gaps(found: Found) -> None:
    """Make gaps of the annotations of cuts and of parts that were not stored.

    The samples that fill such a part are taken out, and what follows moves: its time is that of
    the gap. Markers in it lie on the first sample after it.

    Parameters
    ----------
    found : Found
        What a reader found; changed in place.
    """
    boundaries, parts = [], []
    for text, first, end in found.annotations:
        # An event has a length of one sample in many programs, which says nothing.
        length = end - first if end - first >= LEAST_SAMPLES else 0.0
        if _plain(text) in BOUNDARIES:
            after = math.ceil(first - 0.25)  # a cut lies between two samples
            boundaries.append((after, length / found.rate or math.nan))
        elif _plain(text) == SKIPPED:
            parts.append((round(first), round(first + length)))
    found.annotations = [
        one for one in found.annotations if _plain(one[0]) not in (*BOUNDARIES, SKIPPED)
    ]
    found.markers = [one for one in found.markers if _plain(one[1]) not in (*BOUNDARIES, SKIPPED)]
    found.gaps = _together([*found.gaps, *boundaries], len(found.samples))
    if parts:
        _take_out(found, parts)


def _plain(text: str) -> str:
    return text.strip().casefold().removeprefix(COMMENT)


def _together(gaps: list[tuple[int, float]], n: int) -> list[tuple[int, float]]:
    """Return gaps in order of time, one at a place: of those that are told twice the longest."""
    longest: dict[int, float] = {}
    for row, seconds in gaps:
        if 0 < row < n:
            longest[row] = np.fmax(seconds, longest.get(row, math.nan)).item()
    return sorted(longest.items())


def _take_out(found: Found, parts: list[tuple[int, int]]) -> None:
    """Take parts that were not stored, (first sample, first after it), out of the samples."""
    n = len(found.samples)
    stored = np.ones(n, bool)
    for first, end in parts:
        stored[max(0, first) : max(0, end)] = False
    # The row of each sample once they are taken out; for one of them that of the next after it.
    rows = np.concatenate(([0], np.cumsum(stored)))
    edges = np.flatnonzero(np.diff(np.r_[True, stored, True].view(np.int8)))
    holes = edges.reshape(-1, 2).tolist()
    points = [first for first, end in parts if end <= first and 0 < first < n and stored[first]]
    seconds: dict[int, list[float]] = {}
    for row, missing in found.gaps:
        seconds.setdefault(int(rows[row]), []).append(missing)
    for first, end in holes:
        seconds.setdefault(int(rows[first]), []).append((end - first) / found.rate)
    for point in points:
        seconds.setdefault(int(rows[point]), [math.nan])
    n_stored = int(rows[-1])
    found.gaps = sorted((row, sum(each)) for row, each in seconds.items() if 0 < row < n_stored)
    found.samples = found.samples[stored]
    found.markers = [
        (int(rows[row]) if 0 <= row < n else (-1 if row < 0 else n_stored), text)
        for row, text in found.markers
    ]
    found.annotations = [
        (text, *(float(rows[min(max(round(at), 0), n)]) for at in (first, end)))
        for text, first, end in found.annotations
    ]
    told = f", together {(n - n_stored) / found.rate:.1f} s" if holes else ""
    n_parts = len(holes) + len(points)
    found.notes.append(
        f"The file says that {n_parts} part{' was' if n_parts == 1 else 's were'} not stored "
        f"(BAD_ACQ_SKIP){told}: what fills them is taken out, and each is a gap."
    )
