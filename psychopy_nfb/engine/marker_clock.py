"""When markers of other programs were, also where these share a clock of its own with the EEG."""

from __future__ import annotations

from psychopy_nfb.lsl.markers import Marker

SAME_CLOCK_SECONDS = 1.0
"""Longest way of a marker, by which its stamp tells that it is on the EEG's own clock."""


def time_beside_eeg(marker: Marker, offset: float) -> float:
    """Return when a marker was, in LSL's seconds; one on the EEG's own clock is moved with it.

    Parameters
    ----------
    marker : Marker
        As it arrived.
    offset : float
        What is added to the EEG's stamps, in seconds.

    Examples
    --------
    >>> came = {"stream": "Keys", "label": "left", "stamp": 95.0, "arrived": 100.02}
    >>> time_beside_eeg(Marker(t=95.0, **came), 0.0)
    95.0
    >>> time_beside_eeg(Marker(t=95.0, **came), 5.0)
    100.0
    """
    with_the_eeg = marker.stamp + offset
    foreign = abs(marker.arrived - marker.stamp) > SAME_CLOCK_SECONDS
    if foreign and abs(marker.arrived - with_the_eeg) <= SAME_CLOCK_SECONDS:
        return with_the_eeg
    return marker.t
