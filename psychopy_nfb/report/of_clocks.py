"""What is found of a session's clocks and rates, and of a lag that is too long."""

from __future__ import annotations

from collections.abc import Iterator

from psychopy_nfb.analysis import LagSummary
from psychopy_nfb.lsl.stamps_heard import WRONG_RATE
from psychopy_nfb.lsl.stamps_words import apart_in_words
from psychopy_nfb.report.finding import Finding
from psychopy_nfb.report.numbers import times
from psychopy_nfb.report.session_data import SessionData

LONG_LAG_MS = 500.0
"""Feedback later than this is hard to link to one's own state."""
USE_LSL = "Use an amplifier program that stamps samples with LSL's clock (local_clock)."


def of_clocks(data: SessionData, summary: LagSummary) -> Iterator[Finding]:
    """Yield stamps that cannot be right, a rate that is not the declared one, and a long lag."""
    yield from _of_rate(data)
    yield from _of_losses(data)
    yield from _of_stamps(data, summary)
    received, total = summary.stages["sample_to_received_ms"], summary.stages["total_ms"]
    if summary.clock_offset is not None:
        yield Finding(
            0.01,
            True,
            f"{apart_in_words(-summary.clock_offset, past=True)}: how old the samples were cannot "
            "be told.",
            USE_LSL,
        )
    elif received.n and received.median < -1.0:
        yield Finding(
            0.01,
            True,
            f"Samples seem to arrive {-received.median:.1f} ms before they are taken: the "
            "amplifier's stamps are wrong by at least that.",
            USE_LSL,
        )
    elif total.n and total.median > LONG_LAG_MS / 2 and not summary.all_chosen:
        yield Finding(
            min(1.0, total.median / LONG_LAG_MS / 4),
            total.median > LONG_LAG_MS,
            f"The feedback showed the brain signal of {total.median:.0f} ms before (median).",
            "The section on the lag says what took longest, and what would shorten it.",
        )


def _of_stamps(data: SessionData, summary: LagSummary) -> Iterator[Finding]:
    """Yield what was done to stamps that were not right."""
    if summary.clock_note is not None:
        yield Finding(0.01, False, summary.clock_note, USE_LSL)
    jumps = len(data.events_of("clock_jump"))
    if jumps:
        yield Finding(
            0.05,
            True,
            f"The clock of the amplifier's stamps jumped {times(jumps)} during the run; the "
            "filters began anew each time.",
            "See whether the amplifier's program sets its clock while it runs, or was restarted.",
        )
    missing = (data.settings.get("stamps") or {}).get("n_missing")
    if missing:
        yield Finding(
            0.01,
            False,
            f"{missing} samples came without a valid stamp, and were stamped by counting.",
            "See whether there is a newer version of the amplifier's program.",
        )


def _of_losses(data: SessionData) -> Iterator[Finding]:
    """Yield samples that were missing a few at a time."""
    for detail in data.events_of("samples_missing").detail[:1]:
        yield Finding(
            0.02,
            True,
            f"Samples were missing, a few at a time: {100 * detail['share']:.1f} % when it was "
            "told. Filters meet steps there.",
            "Bring the amplifier closer to its receiver, and look at its battery and radio link.",
        )


def _of_rate(data: SessionData) -> Iterator[Finding]:
    """Yield a rate that is not the declared one, from the start or later."""
    stream = data.settings.get("stream") or {}
    declared, rate = stream.get("declared_rate"), stream.get("rate")
    at_start = declared and rate and abs(rate / declared - 1) > WRONG_RATE
    if at_start:
        yield Finding(
            0.01,
            False,
            f"The stream declared {declared:g} Hz but had {rate:.5g} samples a second; filters and "
            f"figures are made for {rate:.5g} Hz.",
            "Correct the rate in the amplifier's program.",
        )
    later = [detail for detail in data.events_of("rate_differs").detail if "real" in detail]
    later = [detail for detail in later if rate and abs(detail["real"] / rate - 1) > WRONG_RATE]
    if later:
        # What was told when it left the rate may have been its first step only.
        real = [*later, *data.events_of("rate_spoilt").detail]
        furthest = max(
            (one["real"] for one in real if "real" in one), key=lambda real: abs(real - rate)
        )
        yield Finding(
            0.02,
            True,
            f"The stream left its rate: the filters were made for {rate:.5g} Hz, but it sent "
            f"{furthest:.5g} samples a second at times.",
            "Look at the amplifier's battery, radio link and program.",
        )
