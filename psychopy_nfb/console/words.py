"""What the page says in words and numbers, as HTML in which every text from outside is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.console.desk import Desk
from psychopy_nfb.dsp import Flags
from psychopy_nfb.protocol import value_name

DISK_GB = 2.0
"""Less than this on the disk is told."""
FLAG_WORDS = {
    Flags.INVALID: "no valid values",
    Flags.AMPLITUDE: "artifact: too large",
    Flags.BURST: "artifact: sudden",
    Flags.FLAT: "flat channel",
    Flags.GAP: "samples lost",
    Flags.SETTLING: "filters settle",
    Flags.CALIBRATING: "baseline is recorded",
    Flags.NO_DATA: "no data",
    Flags.PAUSED: "paused",
    Flags.UNCALIBRATED: "needs a baseline",
    Flags.INHIBITED: "inhibited",
    Flags.DRIFTING: "scanner clock drifts",
    Flags.NO_POINTS: "no points here",
    Flags.RATE: "wrong sampling rate",
}
STAGE_WORDS = {
    "processing": "filters and smoothing",
    "arrival": "amplifier and network",
    "published": "computing",
    "network": "network, between the computers",
    "read": "wait for the frame's read",
    "flip": "drawing, to the flip",
}
SILENT_SECONDS = 1.0
"""A shorter silence is no reason to look at the amplifier."""
MOST_MESSAGES = 8
MOST_FAULTS = 6


def header(desk: Desk, page: int) -> str:
    """Return the session's name and what it is doing, and which of several pages this is."""
    state = desk.state
    block = " › ".join(one["label"] for one in state["blocks"]) or "between blocks"
    mine = ", has control" if desk.control.has(page) else ""
    chips = [
        "recording" if state["files"] else "nothing is recorded",
        *(["simulated EEG"] if state["simulated"] else []),
        *(["blinded"] if desk.blinded else []),
        *([f"page {page}{mine}"] if desk.control.count > 1 else []),
        *[FLAG_WORDS[flag] for flag in Flags if desk.watch.newest.get("flags", 0) & flag],
    ]
    told = "".join(f'<span class="chip">{escape(chip)}</span>' for chip in chips)
    return f"<h1>{escape(block)}</h1><div class=quiet>{escape(desk.name)}</div>{told}"


def notices(desk: Desk, page: int) -> str:
    """Return what needs the operator's eye at a page, each with its remedy."""
    state, watch = desk.state, desk.watch
    said = []
    if desk.line.ended.is_set():
        said.append("The session has ended. This page shows its last state; close it.")
    else:
        if watch.silence > max(SILENT_SECONDS, state["stale_after"]):
            said.append(
                "No EEG arrives. Look whether the amplifier is on and its program still sends."
            )
        if state["recording_error"]:
            said.append(f"Recording: {state['recording_error']}")
        if state["aborted"]:
            said.append("The end of the experiment was asked for; it ends after this frame.")
        free = watch.disk_free(state["files"])
        if free is not None and free < DISK_GB:
            said.append(f"Only {free:.1f} GB are left on the disk. Make room before it is full.")
        if state["restarts"]:
            times = "once" if state["restarts"] == 1 else f"{state['restarts']} times"
            said.append(f"The background process was restarted {times}; see the messages.")
        if page and not desk.control.has(page):
            said.append(desk.control.told(page))
    return "".join(f"<div class=notice role=status>{escape(one)}</div>" for one in said)


def tiles(desk: Desk) -> str:
    """Return the few large numbers."""
    state, watch = desk.state, desk.watch
    found: list[tuple[str, str, str, bool]] = []
    name, left = _time(state)
    found.append((name, left, "", False))
    if desk.may_send("display"):
        shown = watch.frame.get("shown", math.nan)
        found.append(("participant sees", _number(shown, 2), "0 to 1", False))
    if (score := desk.given("score")) is not None:
        rewards = desk.given("rewards") or 0
        found.append(("score", f"{score:g}", f"{rewards:g} rewards", False))
    if desk.may_send("success"):
        share = watch.success
        found.append(
            ("success", "–" if share is None else f"{100 * share:.0f} %", "last 30 s", False)
        )
    quality = watch.newest.get("quality", math.nan)
    bad = [one for one in desk.eeg.verdicts if one.judged and not one.good]
    found.append(("clean signal", _percent(quality), f"{len(bad)} bad channels", quality < 0.5))
    stages = watch.stages()
    shown = bool(watch.frame)
    if stages:
        lag = f"{sum(stages.values()):.0f} ms", "brain to flip"
    else:
        known = state["lag_sealed"] or not shown
        lag = "–", "brain to flip" if known else "not known: stamps of another clock"
    found.append(("lag, median", *lag, False))
    if shown and desk.dropped is None:
        dropped = "–", "not known: no frame period"
    else:
        dropped = "–" if desk.dropped is None else f"{desk.dropped:.0f}", "in the session"
    found.append(("dropped frames", *dropped, False))
    free = watch.disk_free(state["files"])
    if free is not None:
        found.append(("disk left", f"{free:.0f} GB", "", free < DISK_GB))
    parts = [
        f'<div class="tile{" bad" if wrong else ""}"><span class=name>{escape(what)}</span>'
        f"<b>{escape(number)}</b><small>{escape(small)}</small></div>"
        for what, number, small, wrong in found
    ]
    return f"<div class=tiles>{''.join(parts)}</div>"


def signals(desk: Desk) -> str:
    """Return each signal's numbers, with the sample that they belong to."""
    newest = desk.watch.newest
    if not newest:
        return "<p class=quiet>No values yet.</p>"
    rows = []
    for name, about in desk.state["signals"].items():
        unit = about["compared_unit"]
        z = newest[value_name(name, "z")]
        threshold = newest[value_name(name, "threshold")]
        side = "above" if about["direction"] == "up" else "below"
        rule = "" if about["rule"] is None else f", {about['rule']}"
        frozen = ", frozen" if about["frozen"] else ""
        base = about["baseline"]
        told = "no baseline"
        if base is not None:
            told = f"baseline {base['mean']:.2f} ± {base['sd']:.2f} {about['unit']}"
        rows.append(
            f'<tr data-signal="{escape(name)}" data-z="{z!r}" data-threshold="{threshold!r}">'
            f"<td>{escape(name)} ({about['role']})</td><td>{_number(z, 2)} {unit}</td>"
            f"<td>{side} {_number(threshold, 2)}{escape(rule + frozen)}</td><td>{told}</td></tr>"
        )
    return f'<table data-sample="{newest["sample"]}">{"".join(rows)}</table>'


def blocks(desk: Desk) -> str:
    """Return the success of each block that was watched."""
    if not desk.may_send("blocks_success"):
        return ""
    shares = desk.watch.block_success()
    if not shares:
        return "<h2>Success of each block</h2><p class=quiet>No block with feedback yet.</p>"
    rows = [f"<tr><td>block {n}</td><td>{100 * x:.0f} %</td></tr>" for n, x in shares.items()]
    return f"<h2>Success of each block</h2><table>{''.join(rows[-8:])}</table>"


def stages(desk: Desk) -> str:
    """Return the parts of the lag."""
    if desk.state["lag_sealed"]:
        return "<p class=quiet>The lag is sealed: it tells the participant's arm.</p>"
    found = desk.watch.stages()
    if not found:
        return "<p class=quiet>No frames yet.</p>"
    lags = sorted(desk.watch.lags())
    rows = [
        f"<tr><td>{STAGE_WORDS[name]}</td><td>{ms:.1f} ms</td></tr>" for name, ms in found.items()
    ]
    late = lags[min(len(lags) - 1, int(0.99 * len(lags)))]
    rows.append(f"<tr><td>99 of 100 frames below</td><td>{late:.1f} ms</td></tr>")
    return f"<h2>Lag of the last minute, medians</h2><table>{''.join(rows)}</table>"


def faults(desk: Desk) -> str:
    """Return the bad channels, why, and what helps."""
    verdicts = desk.eeg.verdicts
    if not verdicts:
        return "<h2>Channels</h2><p class=quiet>Judged after two seconds of EEG.</p>"
    bad = [one for one in verdicts if one.judged and not one.good]
    if not bad:
        return "<h2>Channels</h2><p>All good.</p>"
    rows = [
        f"<li><strong>{escape(one.label)}</strong>: {escape(one.reason)}. {escape(one.remedy)}</li>"
        for one in bad[:MOST_FAULTS]
    ]
    more = len(bad) - MOST_FAULTS
    rest = f"<li class=quiet>and {more} more</li>" if more > 0 else ""
    return f"<h2>Channels</h2><ul>{''.join(rows)}{rest}</ul>"


def messages(told: Iterable[dict[str, Any]]) -> str:
    """Return the newest messages, each with how long ago it was."""
    rows = []
    for one in list(told)[-MOST_MESSAGES:][::-1]:
        ago = max(0.0, lsl_now() - one["t"])
        when = f"{ago / 60:.0f} min ago" if ago >= 60 else f"{5 * (ago // 5):.0f} s ago"
        rows.append(f"<li><span class=quiet>{when}</span> {escape(one['text'])}</li>")
    told_html = "".join(rows) or "<li class=quiet>None.</li>"
    return f"<h2>Messages</h2><ul role=log>{told_html}</ul>"


def _time(state: dict[str, Any]) -> tuple[str, str]:
    """Return what time is told of the block, and that."""
    now = lsl_now()
    if not state["blocks"]:
        return "block", "–"
    ends = state["frames_end"]
    if ends is not None and math.isfinite(ends) and ends > now:
        return "time left", _clock(ends - now)
    return "in this block", _clock(now - state["blocks"][-1]["begun"])


def _clock(seconds: float) -> str:
    whole = max(0, math.ceil(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if math.isfinite(share) else "–"
