"""What went wrong in a session, the worst for the participant first.

`findings` lists; each `Finding` says what happened, with its figure, and what to do. What the
participant saw is in `report.seen`, what is found of clocks and rates in `report.of_clocks`, of
channels and units in `report.of_stream`, of parts that failed in `report.of_parts`, of lags that
were chosen in `report.chosen_lags`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from psychopy_nfb.analysis import LagSummary
from psychopy_nfb.analysis.lag import knows_dropped
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.errors import listed
from psychopy_nfb.lsl.selection import STAND_IN
from psychopy_nfb.recording.blinding import is_sealed, lag_is_sealed
from psychopy_nfb.report import seen
from psychopy_nfb.report.chosen_lags import of_chosen_lags
from psychopy_nfb.report.finding import Finding
from psychopy_nfb.report.lag_words import SEALED
from psychopy_nfb.report.numbers import percent, seconds, times
from psychopy_nfb.report.of_clocks import of_clocks
from psychopy_nfb.report.of_files import of_files
from psychopy_nfb.report.of_parts import of_parts
from psychopy_nfb.report.of_stream import of_stream
from psychopy_nfb.report.session_data import SessionData

NOT_SIMULATED = (
    "In a real session start the amplifier first, and let nothing take its place: "
    'simulate="never", in Builder Simulate the EEG: never.'
)
"""What to do where the session itself started the simulator."""
ANOTHER_STREAM = (
    "The stream came from another program: in a real session end psychopy-nfb simulate or replay, "
    "start the amplifier and choose its stream."
)
"""What to do where it took the stream of one that was running."""
FEW_SECONDS = 10.0
"""A run or training shorter than this says little."""
CHECK = 'see "psychopy-nfb check" for what slows this computer'
MOST_LOST = 0.1
"""Share of a run without EEG above which nothing else is the headline."""


def findings(data: SessionData, summary: LagSummary) -> list[Finding]:
    """Return what was found in a session, problems first, the most harmful of them first.

    Parameters
    ----------
    data : SessionData
        The session.
    summary : LagSummary
        Of its frame log.
    """
    found = [*_of_the_run(data, summary), *of_files(data), *of_stream(data), *of_parts(data)]
    if len(data.frames):
        frames = seen.feedback_frames(data)
        found += [
            *_of_losses(data, frames, summary),
            *_of_frames(data, frames),
            *of_clocks(data, summary),
            *of_chosen_lags(data),
        ]
        if len(frames):
            found += [*_of_signal(data, frames), *_of_display(data, frames)]
    return sorted(found, key=lambda one: (not one.problem, -one.harm))


def in_headline(found: list[Finding]) -> list[Finding]:
    """Return the findings that the headline tells: the worst problem and what is said beside it."""
    problems = [one for one in found if one.problem and not one.beside]
    return [*problems[:1], *(one for one in found if one.beside)]


def headline(found: list[Finding], summary: LagSummary) -> str:
    """Return the one sentence that matters most."""
    if first := in_headline(found):
        return " ".join(one.what for one in first)
    dropped = f"{summary.dropped or 'none'} of {summary.due} frames due"
    said = f"No problem was found: {dropped} {'was' if summary.dropped == 1 else 'were'} dropped"
    total = summary.stages["total_ms"]
    if not total.n:
        return said + "."
    where = " where no lag was chosen" if summary.chosen_frames and not summary.all_chosen else ""
    said += f", and the feedback showed the brain signal of {total.median:.0f} ms before"
    return f"{said} (median){where}."


def _of_the_run(data: SessionData, summary: LagSummary) -> Iterator[Finding]:
    """Yield what is wrong with the run as a whole."""
    first, last = data.span
    if not len(data.frames):
        yield Finding(
            1.0,
            True,
            "Not one frame was logged: the participant saw no feedback that this session knows of.",
            "Call nfb.attach(win) before the frame loop, and nfb.update() once a frame; in Builder "
            "both are done by the component Neuro Feedback.",
        )
    elif summary.frames == summary.frames_without_value and not lag_is_sealed(data.settings):
        yield Finding(
            1.0,
            True,
            f"None of the {summary.frames} frames had a value: no EEG was processed while they "
            "were shown.",
            "See whether the amplifier was streaming, and whether the run was long enough.",
        )
    elif (shown := data.frames.t_flip.iloc[-1] - data.frames.t_flip.iloc[0]) < FEW_SECONDS:
        yield Finding(
            0.2,
            True,
            f"Frames were shown for only {seconds(shown)}: the figures of this session say little.",
            "Record at least a minute.",
        )
    if data.files.rest.exists():
        yield Finding(
            1.0,
            True,
            f"Only the first {seconds(last - first)} are in these files: they could no longer be "
            "written.",
            data.files.rest.read_text(encoding="utf-8").strip(),
        )
    elif data.settings and "late_read" not in data.settings:  # which close() sends
        yield Finding(
            0.3,
            True,
            f"The run was cut off after {seconds(last - first)}: the experiment ended without "
            "closing the session, or is still running.",
            "What was recorded until then is in the files. If nobody stopped the experiment, look "
            "for an error message in PsychoPy's Runner.",
        )
    yield from _of_early_ends(data)
    if is_sealed(data.settings):
        yield Finding(
            0.0,
            False,
            "The session is of a blinded study: values, score and rewards here are the "
            "participant's own, whatever was shown.",
            "What was shown is sealed until psychopy-nfb study unblind opens it.",
        )
    if lag_is_sealed(data.settings):
        yield Finding(0.0, False, SEALED, "")
    if (data.settings.get("experiment") or {}).get("simulated"):
        stream = data.settings.get("stream") or {}
        how = stream.get("simulated") or "synthetic EEG"
        yield Finding(
            0.9,
            True,
            f"The EEG was simulated ({how}): it came from no amplifier.",
            NOT_SIMULATED if str(stream.get("source_id")).startswith(STAND_IN) else ANOTHER_STREAM,
            beside=True,
        )


def _of_early_ends(data: SessionData) -> Iterator[Finding]:
    """Yield which blocks and baselines ended before their time."""
    early = [block for block in data.blocks if block.ended_early]
    if early:
        each = listed([f"'{one.label}' after {seconds(one.seconds)}" for one in early], most=4)
        yield Finding(
            0.3,
            True,
            f"Ended early, by the operator, by Escape or by an error: {each}.",
            "Leave what ended early out of comparisons with whole blocks.",
            beside=True,
        )
    for event in data.events_of("baseline_cut_off").itertuples():
        yield Finding(
            0.3,
            True,
            f"The baseline '{event.detail.get('label', '')}' ended early, with the session, and is "
            "not in use.",
            "Record it again, and let it get to its end.",
            beside=True,
        )


def _of_losses(data: SessionData, frames: pd.DataFrame, summary: LagSummary) -> Iterator[Finding]:
    """Yield what kept values from being fresh: stream, background process, or something else."""
    still = seen.still_seconds(data)
    trained = sum(block.seconds for block in data.trained)
    losses = seen.stream_losses(data)
    if losses:
        lost, longest = sum(loss.seconds for loss in losses), max(loss.seconds for loss in losses)
        back = "" if losses[-1].back else " and did not come back"
        how = f"for {seconds(lost)}"
        if len(losses) > 1:
            how = f"{times(len(losses))}, {how} in all (the longest time {seconds(longest)})"
        first, last = data.span
        verb = "The EEG stream was lost"
        if longest < 1.0 and not back:
            verb = "Samples of the EEG stream were missing"
        part = lost / max(1.0, last - first)
        yield Finding(
            1.0 if part > MOST_LOST else part,
            longest >= 1.0 or lost > 0.01 * (last - first),
            f"{verb} {how}{back} ({percent(lost / max(lost, last - first))} of the run).",
            "Look at the amplifier's battery, cable or radio link, and at its LSL program.",
        )
    restarts = data.events_of("worker_restarted")
    if len(restarts):
        each = [one for row in restarts.detail for one in (*row.get("earlier", ()), row)]
        stalled = sum(one.get("why") == "stalled" for one in each)
        why = "it stood still" if stalled == len(each) else "it had ended unexpectedly"
        why = f"{stalled} of these times it stood still" if 0 < stalled < len(each) else why
        stood, missing = still["restart"], seen.unrecorded_seconds(data)
        unrecorded = f", and {seconds(missing)} of the EEG are missing" if missing else ""
        yield Finding(
            min(1.0, stood / max(1.0, trained)),
            True,
            f"The background process was restarted {times(len(each))} ({why}); meanwhile the "
            f"feedback stood still for {seconds(stood)} in all{unrecorded}.",
            f"{data.files.stem.name}_worker.log, if it is there, says why; see also whether the "
            "computer ran out of memory or was put to sleep.",
        )
    old = still["other"] / max(1.0, trained)
    if len(frames) and old > 0.002:
        yield Finding(
            old,
            old > 0.01,
            f"In {percent(old)} of the time with feedback no sample of the last "
            f"{summary.stale_seconds:g} s was there.",
            f"Let the amplifier's program send smaller chunks; {CHECK}.",
        )


def _of_frames(data: SessionData, frames: pd.DataFrame) -> Iterator[Finding]:
    """Yield dropped frames and standstills of the display, of the blocks with feedback."""
    where = "with feedback"
    if not len(frames):
        frames, where = seen.all_frames(data), "of the run"
    missed, due = int(frames.missed.sum()), int(frames.missed.sum()) + len(frames)
    share, known = missed / max(1, due), knows_dropped(data.settings)
    if known and share > 0.002:
        longest = 1e3 * frames.interval[frames.missed > 0].max()
        yield Finding(
            0.8 * share,
            share > 0.01,
            f"{percent(share)} of the frames {where} were dropped ({missed} of {due} due; the "
            f"longest time without a new picture was {longest:.0f} ms).",
            "Draw less in each frame, load pictures and sounds before the block and close other "
            f"programs; in a script, call psychopy.core.rush(True) after nfb.attach(win); {CHECK}.",
        )
    if not known:
        shown_for = frames.seconds.sum()
        yield Finding(
            0.05,
            True,
            "How many frames were dropped is not known, as the display's frame period could not be "
            f"measured; {len(frames)} frames were shown in {seconds(shown_for)} (the longest time "
            f"without a new picture was {1e3 * frames.interval.max():.0f} ms).",
            "Switch vertical sync on in the graphics driver, or give the rate: "
            "nfb.attach(win, pace=60).",
        )
    stops = frames.interval[frames.standstill]
    if len(stops):
        yield Finding(
            min(1.0, stops.sum() / max(1.0, sum(block.seconds for block in data.trained))),
            True,
            f"The picture stood still for more than a second {times(len(stops))} ({where}; "
            f"{seconds(stops.sum())} in all).",
            "Something in the script takes this long between two flips, e.g. loading a file or "
            "waiting for a device: do it before the block.",
        )
    paced = (data.settings.get("display") or {}).get("paced_hz")
    late = data.settings.get("late_read") or {}
    if paced:
        yield Finding(
            0.02,
            False,
            f"Flips did not wait for the screen; the program paced them to {paced:g} Hz.",
            "On a real display switch vertical sync on in the graphics driver.",
        )
    elif late and not late.get("active"):
        yield Finding(
            0.01,
            False,
            f"Late read was off: {late.get('why_off') or 'it was not wanted'}.",
            "Values were up to a frame older than need be.",
        )


def _of_signal(data: SessionData, frames: pd.DataFrame) -> Iterator[Finding]:
    """Yield what of the signal could not be used while there was feedback."""
    share = seen.share(frames, frames.uncalibrated)
    if share > 0:
        refused = [
            detail["why"]
            for detail in data.events_of("refused").detail
            if detail.get("command") == "baseline_end" and "why" in detail
        ]
        why = f" The baseline was refused: {refused[-1].rstrip('.')}." if refused else ""
        yield Finding(
            share,
            share > 0.01,
            f"There was no baseline in {percent(share)} of the time with feedback: bar and points "
            f"stayed at 0.{why}",
            "Record a baseline before the training (nfb.baseline(); in Builder Neuro Baseline).",
        )
    share = seen.share(frames, frames.bad)
    if share > 0.05:
        channels = seen.trained_channels(data)
        parts = {name: part for name, part in seen.bad_parts(frames).items() if part > 0.01}
        why = " and ".join(f"{name} ({percent(part)})" for name, part in parts.items())
        yield Finding(
            share,
            share > 0.2,
            f"In {percent(share)} of the time with feedback the signal {channels}could not be "
            f"used: {why}. The feedback stood still meanwhile and gave no points.",
            seen.remedy(next(iter(parts), "")),
        )
    share = seen.share(frames, frames.inhibited)
    if share > 0.2:
        yield Finding(
            0.5 * share,
            share > 0.5,
            f"In {percent(share)} of the time with feedback a signal that inhibits (such as "
            "muscle activity) withheld the points.",
            "Let the participant relax the jaw and the neck, or raise that signal's threshold.",
        )


def _of_display(data: SessionData, frames: pd.DataFrame) -> Iterator[Finding]:
    """Yield feedback that the participant cannot learn from: always empty, full, or unrewarded."""
    held = (frames["flags"] & HOLDING) != 0
    usable = frames[~(frames.uncalibrated | held | frames.old)]
    if not len(usable):
        return
    for what, rows, end in (
        ("empty", usable.shown <= 0, "lower"),
        ("full", usable.shown >= 1, "upper"),
    ):
        share = seen.share(usable, rows)
        if share > 0.08:
            yield Finding(
                0.5 * share,
                share > 0.25,
                f"The feedback was {what} in {percent(share)} of the time in which it was shown.",
                "Leave the display range out, so that it follows from the baseline, or move its "
                f"{end} end.",
            )
    trained = sum(block.seconds for block in data.trained)
    if trained >= FEW_SECONDS and seen.hits(data) == 0:
        yield Finding(
            0.4,
            True,
            f"There was not a single hit in {seconds(trained)} of training.",
            "Lower the threshold, or shorten the time that the signal has to stay beyond it.",
        )
