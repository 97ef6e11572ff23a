"""Streams in words, so that a person can tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pylsl


def describe(info: pylsl.StreamInfo) -> str:
    """Return one stream in a few words.

    Examples
    --------
    >>> describe(pylsl.StreamInfo("Amp", "EEG", 32, 500, "float32", "amp-1"))
    "'Amp' (EEG, 32 channels, 500 Hz, source_id 'amp-1')"
    """
    rate = info.nominal_srate()
    pace = f"{rate:g} Hz" if rate else "irregular"
    n = info.channel_count()
    channels = f"{n} channel{'s' if n != 1 else ''}"
    return f"'{info.name()}' ({info.type()}, {channels}, {pace}, source_id '{info.source_id()}')"


def describe_all(infos: Sequence[pylsl.StreamInfo]) -> list[str]:
    """Return each stream in a few words, which differ: equal ones by machine, or else by uid.

    Examples
    --------
    >>> twins = [pylsl.StreamInfo("Amp", "EEG", 8, 250, "float32", "") for _ in range(2)]
    >>> describe_all(twins[:1])
    ["'Amp' (EEG, 8 channels, 250 Hz, source_id '')"]
    >>> describe_all(twins)
    ["'Amp' (EEG, 8 channels, 250 Hz, source_id '') from the machine '', uid ''",
    "'Amp' (EEG, 8 channels, 250 Hz, source_id '') from the machine '', uid ''"]
    """
    texts = [describe(info) for info in infos]
    texts = _told_apart(texts, [f" from the machine '{info.hostname()}'" for info in infos])
    return _told_apart(texts, [f", uid '{info.uid()}'" for info in infos])


def _told_apart(texts: list[str], more: list[str]) -> list[str]:
    """Add `more` to those texts that are there more than once."""
    times = Counter(texts)
    return [text + (add if times[text] > 1 else "") for text, add in zip(texts, more, strict=True)]


def how_to_choose(infos: Sequence[pylsl.StreamInfo]) -> str:
    """Return what a person must add to mean one of several streams, in words that end a sentence.

    Parameters
    ----------
    infos : sequence of pylsl.StreamInfo
        Two streams or more that meet all that was asked for.
    """
    if not _shared(infos, lambda info: info.source_id()):
        return "add the source_id of the one that is meant"
    if not _shared(infos, lambda info: info.type()):
        return "add the type of the one that is meant"
    if not _shared(infos, lambda info: info.name()):
        return "add the name of the one that is meant"
    if not _shared(infos, lambda info: (info.type(), info.name(), info.source_id())):
        return "add type, name and source_id of the one that is meant"
    if not _shared(
        infos, lambda info: (info.type(), info.name(), info.source_id(), info.hostname())
    ):
        return "add the machine (hostname) of the one that is meant"
    return (
        "some differ in nothing but their uid: a program or an amplifier sends twice. Close one of "
        "them, or take the one that is meant by the predicate uid='…', which lasts until it is "
        "started again"
    )


def _shared(infos: Sequence[pylsl.StreamInfo], mark: Callable[..., Any]) -> bool:
    """Return whether any two streams have the same mark, or one has none."""
    marks = [mark(info) for info in infos]
    return len(set(marks)) < len(marks) or "" in marks
