"""The streams of an XDF file: which one is meant, and whether one is there twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.channels import EEG, channel_kinds, numbered
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.eeg_files.recording import listed

LABEL_KEYS = ("label", "name")
"""Under which a channel's name may stand; the first is that of XDF's specification."""


def text_of(element: dict[str, Any] | None, *keys: str) -> str:
    """Return the text of the first of `keys` that an element has, whatever case they are in."""
    folded = {str(tag).casefold(): value for tag, value in (element or {}).items()}
    for key in keys:
        value = folded.get(key.casefold())
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def channel_elements(info: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the description of each channel, empty where there is none."""
    n = int(info["channel_count"][0])
    try:
        elements = list(info["desc"][0]["channels"][0]["channel"])[:n]
    except (KeyError, IndexError, TypeError):
        elements = []  # a stream need not describe itself
    return [*elements, *([{}] * (n - len(elements)))]


def name_of(stream: dict[str, Any]) -> str:
    """Return the name of a stream."""
    return text_of(stream["info"], "name")


def type_of(stream: dict[str, Any]) -> str:
    """Return the content type of a stream."""
    return text_of(stream["info"], "type")


def rate_of(stream: dict[str, Any]) -> float:
    """Return the rate that a stream declares, in Hz; 0 for none."""
    return float(stream["info"]["nominal_srate"][0] or 0)


def format_of(stream: dict[str, Any]) -> str:
    """Return the format of a stream's samples, such as ``float32`` or ``string``."""
    return text_of(stream["info"], "channel_format")


def choose_stream(
    path: Path, streams: Sequence[dict[str, Any]], wanted: str | None, notes: list[str]
) -> tuple[dict[str, Any], list[int]]:
    """Return the stream that is meant, joined if it is there in parts, and where parts begin.

    Parameters
    ----------
    path : path
        The file, for errors.
    streams : sequence of dict
        As pyxdf returns them.
    wanted : str, optional
        Name, source_id or number of the stream; default is the first of type EEG.
    notes : list of str
        Takes what was assumed.

    Raises
    ------
    FileError
        If there is none, if it has no samples, or if streams of one name cannot be joined.
    """
    if not streams:
        raise FileError("file", str(path), "holds no stream at all; choose another file")
    there = ", ".join(f"{name_of(s)!r} ({type_of(s)})" for s in streams)
    if wanted is None:
        fitting = [s for s in streams if type_of(s).casefold() == "eeg"]
        if not fitting:
            raise FileError(
                "file", str(path), f"has no stream of type EEG; name one of those it has: {there}"
            )
    else:
        fitting = _named(streams, wanted)
        if not fitting:
            raise FileError("stream", wanted, f"{path.name} has no such stream; it has {there}")
    filled = [stream for stream in fitting if len(stream["time_stamps"])]
    if not filled:
        raise FileError("file", str(path), "has no samples in its EEG stream")
    first, which = filled[0], ""
    if wanted is None and not _has_eeg(first) and any(map(_has_eeg, filled)):
        first, which = next(filter(_has_eeg, filled)), " with EEG channels"
    if format_of(first) == "string":
        raise FileError("stream", name_of(first), "has no regular samples; choose an EEG stream")
    others = sorted({name_of(stream) for stream in filled} - {name_of(first)})
    if wanted is None and others:
        notes.append(
            f"Of several streams of type EEG the first{which} is taken, {name_of(first)!r}; not "
            f"{listed(map(repr, others))}."
        )
    parts = [stream for stream in filled if name_of(stream) == name_of(first)]
    return _joined(path, parts, notes) if len(parts) > 1 else (first, [])


def _has_eeg(stream: dict[str, Any]) -> bool:
    """Return whether a channel of a stream is EEG; some programs call each of their streams so."""
    elements = channel_elements(stream["info"])
    labels = numbered([text_of(element, *LABEL_KEYS) for element in elements])
    types = [text_of(element, "type") for element in elements]
    units = [text_of(element, "unit", "units") for element in elements]
    return EEG in channel_kinds(labels, types, units)


def _named(streams: Sequence[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    for key in (name_of, lambda s: text_of(s["info"], "source_id"), lambda s: str(_number(s))):
        fitting = [stream for stream in streams if key(stream) == wanted]
        if fitting:
            return fitting
    return []


def _number(stream: dict[str, Any]) -> int:
    return stream["info"]["stream_id"]


def _joined(
    path: Path, parts: list[dict[str, Any]], notes: list[str]
) -> tuple[dict[str, Any], list[int]]:
    """Return one stream of those that an amplifier which was restarted left one after another."""
    name = name_of(parts[0])
    both = listed(f"number {_number(part)} ({_words(part)})" for part in parts)
    if len({_identity(part) for part in parts}) > 1:
        raise FileError(
            "stream",
            name,
            f"is in {path.name} more than once, and not alike: {both}; name one by its number",
        )
    parts = sorted(parts, key=lambda part: part["time_stamps"][0])
    for before, after in pairwise(parts):
        if after["time_stamps"][0] < before["time_stamps"][-1]:
            raise FileError(
                "stream",
                name,
                f"is in {path.name} more than once at one time: {both}; name one by its number",
            )
    whole = dict(parts[0])
    for key in ("time_series", "time_stamps"):
        whole[key] = np.concatenate([part[key] for part in parts])
    begins = np.cumsum([len(part["time_stamps"]) for part in parts])[:-1].tolist()
    notes.append(
        f"The stream {name!r} is there {len(parts)} times, one after the other, as after a restart "
        "of the amplifier: joined, with a gap between."
    )
    return whole, begins


def _identity(stream: dict[str, Any]) -> tuple[Any, ...]:
    labels = tuple(text_of(one, *LABEL_KEYS) for one in channel_elements(stream["info"]))
    return (type_of(stream), rate_of(stream), len(labels), labels)


def _words(stream: dict[str, Any]) -> str:
    n = len(channel_elements(stream["info"]))
    stamps = stream["time_stamps"]
    return f"{n} channels, {rate_of(stream):g} Hz, {stamps[-1] - stamps[0]:.1f} s"
