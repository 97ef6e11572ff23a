"""What was assumed of a session's stream, and numbers that cannot be microvolts."""

from __future__ import annotations

from collections.abc import Iterator

from psychopy_nfb.report.finding import Finding
from psychopy_nfb.report.session_data import SessionData

SAY_UNIT = "The unit is set in Builder as Unit of the EEG, in a settings file as stream.units."


def of_stream(data: SessionData) -> Iterator[Finding]:
    """Yield what is wrong with the stream or its channels, and what was assumed of it."""
    for detail in data.events_of("no_data").detail:
        if "sentence" in detail:
            yield Finding(1.0, True, detail["sentence"], "")
    for detail in data.events_of("unlikely_amplitude").detail:
        if "sentence" in detail:  # not in one that was cut off
            yield Finding(1.0, True, detail["sentence"], SAY_UNIT)
    for detail in data.events_of("bad_channel").detail:
        if "remedy" in detail:
            what = "{channel} was bad ({reason}) and is in {within}, which it spoiled."
            yield Finding(0.6, True, what.format(**detail), detail["remedy"])
    for sentence in (data.settings.get("stream") or {}).get("assumptions", ()):
        yield Finding(0.0, False, sentence, "")
