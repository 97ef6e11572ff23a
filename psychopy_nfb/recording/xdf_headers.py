"""The XML in an XDF file: what it says of the file and of each stream.

The elements are those of https://github.com/sccn/xdf/wiki/Meta-Data; ``datetime`` is LabRecorder's.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psychopy_nfb.recording.text import safe_text

DECLARATION = b'<?xml version="1.0"?>'


def file_header(date: datetime) -> bytes:
    """Return the file's header.

    Parameters
    ----------
    date : datetime with time zone
        When the recording began. Written to the second, as LabRecorder does: some readers refuse
        fractions.
    """
    return _xml({"version": "1.0", "datetime": date.isoformat(timespec="seconds")})


def stream_header(
    name: str,
    type: str,  # noqa: A002 - LSL's own word
    labels: Sequence[str],
    rate: float,
    format: str,  # noqa: A002 - LSL's own word
    *,
    created_at: float,
    source_id: str = "",
    units: str | Sequence[str] = "",
    kinds: Sequence[str] | None = None,
    positions: Mapping[str, Sequence[float]] | None = None,
    desc: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the header of a stream; parameters as for `XdfWriter.add_stream`.

    Parameters
    ----------
    created_at : float
        LSL time in seconds.
    """
    units = [units] * len(labels) if isinstance(units, str) else units
    kinds = [type] * len(labels) if kinds is None else kinds
    channels = []
    for label, unit, kind in zip(labels, units, kinds, strict=True):
        channel = {"label": label, "unit": unit, "type": kind}
        if positions and label in positions:
            place = positions[label]
            channel["location"] = {
                axis: f"{value:.4f}" for axis, value in zip("XYZ", place, strict=True)
            }
        channels.append(channel)
    return _xml(
        {
            "name": name,
            "type": type,
            "channel_count": len(labels),
            "nominal_srate": f"{rate:.17g}",
            "channel_format": format,
            "source_id": source_id,
            "created_at": repr(created_at),
            "desc": {"channels": {"channel": channels}, **(desc or {})},
        }
    )


def stream_footer(first: float | None, last: float | None, count: int) -> bytes:
    """Return the footer of a stream: LSL times of its outer samples and their number."""
    return _xml(
        {
            "first_timestamp": repr(first or 0.0),
            "last_timestamp": repr(last or 0.0),
            "sample_count": count,
        }
    )


def read_stream_header(xml: bytes) -> dict[str, str]:
    """Return the elements directly below ``info`` that hold a text."""
    return {element.tag: element.text or "" for element in ET.fromstring(xml) if not len(element)}


def _xml(content: Mapping[str, Any]) -> bytes:
    info = ET.Element("info")
    _fill(info, content)
    return DECLARATION + ET.tostring(info)


def _fill(element: ET.Element, content: Mapping[str, Any]) -> None:
    for tag, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            child = ET.SubElement(element, tag)
            if isinstance(one, Mapping):
                _fill(child, one)
            else:
                child.text = safe_text(one)
