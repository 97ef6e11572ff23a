"""The streams of the network as PsychoPy's Device Manager lists devices."""

from __future__ import annotations

from collections import Counter
from typing import Any

SCAN_SECONDS = 1.0
"""How long the streams of the network have to answer."""
BY_HAND = {"deviceName": "LSL stream, to be described by hand"}
"""For a stream that is not sent now."""


def stream_profile(info: Any, told: str, hostname: str = "") -> dict[str, Any]:
    """Return what identifies a stream, by the names that the devices' constructors take.

    Parameters
    ----------
    info : pylsl.StreamInfo
        The stream.
    told : str
        What the Device Manager lists it as.
    hostname : str
        The machine that sends it, if that is needed to tell it from another.
    """
    return {
        "deviceName": told,
        "stream_name": info.name(),
        "stream_type": info.type(),
        "source_id": info.source_id(),
        "hostname": hostname,
    }


def scan(irregular: bool = False) -> list[dict[str, Any]]:
    """Return a profile of each stream of samples, those of EEG first, and one for none of them.

    The machine is a part of a profile only where another one sends an equal stream: a laboratory
    may give its amplifier another computer.

    Parameters
    ----------
    irregular : bool
        Whether streams that declare no rate are listed too, unless they hold markers.
    """
    from psychopy_nfb.lsl.describe import describe_all
    from psychopy_nfb.lsl.find import list_streams
    from psychopy_nfb.lsl.marker_rule import is_marker_stream
    from psychopy_nfb.lsl.streams import FORMATS

    found = []
    for info in list_streams(SCAN_SECONDS):
        form = FORMATS.get(info.channel_format(), "string")
        markers = is_marker_stream(info.type(), form, 0.0, info.channel_count())
        if form != "string" and (info.nominal_srate() or irregular and not markers):
            found.append(info)
    found.sort(key=lambda info: info.type().casefold() != "eeg")
    marks = [(info.type(), info.name(), info.source_id()) for info in found]
    times = Counter(marks)
    profiles = [
        stream_profile(info, told, info.hostname() if times[mark] > 1 else "")
        for info, told, mark in zip(found, describe_all(found), marks, strict=True)
    ]
    return [*profiles, dict(BY_HAND)]
