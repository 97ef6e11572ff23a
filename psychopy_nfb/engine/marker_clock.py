"""When markers of other programs were, also where these have another clock than LSL."""

from __future__ import annotations

import pylsl

from psychopy_nfb.engine.source import Source
from psychopy_nfb.lsl.markers import Marker

FOREIGN_SECONDS = 60.0
"""Markers stamped further than this from their arrival are on another clock than LSL's. That is
more than for samples: a program may send a marker of what was before."""
SENTENCE = (
    "The markers of stream '{}' are {:+,.1f} s off LSL's clock; they are moved with the EEG if its "
    "stamps are off as far, else they lie where they arrive."
)


class MarkerClock:
    """Puts markers on LSL's clock; what had to be moved is told once for each stream.

    Parameters
    ----------
    source : Source
        The EEG, whose clock markers of the same program share; its `events` take what is told.
    """

    def __init__(self, source: Source):
        self._source = source
        self._told: set[str] = set()

    def time_of(self, marker: Marker) -> float:
        """Return when a marker that has just arrived was, in LSL's seconds."""
        now = pylsl.local_clock()
        if abs(now - marker.t) <= FOREIGN_SECONDS:
            return marker.t
        if marker.stream not in self._told:
            self._told.add(marker.stream)
            seconds = marker.t - now
            sentence = SENTENCE.format(marker.stream, seconds)
            detail = {"stream": marker.stream, "seconds": seconds, "sentence": sentence}
            self._source.events.append(("marker_clock", detail))
        with_the_eeg = marker.t + self._source.clock_facts()["offset"]
        return with_the_eeg if abs(now - with_the_eeg) <= FOREIGN_SECONDS else now
