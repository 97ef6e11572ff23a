"""`psychopy-nfb photodiode SESSION --sound`: when the session's sounds were heard."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.checks import check_writable, prepare_folder
from psychopy_nfb.errors import FileError, SettingsError, cause, shown
from psychopy_nfb.photodiode.heard import HeardSounds, HeardSummary, NotHeard, heard_sounds
from psychopy_nfb.photodiode.sensor_files import Channel, choose, read_channels
from psychopy_nfb.photodiode.verdict import Finding, passed
from psychopy_nfb.terminal import doing, naming_kept_files

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

TELLING = re.compile(r"audio|sound|mic|stimtrak|speaker|line", re.IGNORECASE)
"""Names of channels that are looked at first."""
STEADY_MS, LOOSE_MS = 1.0, 5.0
"""Spread of the onsets that a low-latency sound library keeps below, and that spoils studies."""
LATE_MS = 10.0
"""From the logged onset to the sound; more is the device's own delay."""


def main(options: argparse.Namespace) -> int:
    """Analyse as `options` say; return 0 if the sounds are on time and 1 if they are not."""
    from psychopy_nfb.recording import read_session

    if options.session is None:
        raise SettingsError("session", None, "name the session whose sounds were recorded")
    if options.json:
        check_writable("json", options.json)
    with doing("Reading the recording"):
        session = read_session(options.session)
        path = Path(options.signal or session.files.eeg)
        channels = read_channels(path)
    onsets = sounds_of(session.events)
    facts = session.settings.get("sounds") or {}
    if options.channel:
        channels = [choose(channels, options.channel, path)]
    with doing("Listening for the sounds"):
        channel, heard = find_channel(onsets, facts, channels)
    findings = judge(heard.summary)
    print(f"Sounds: {channel}")
    print(heard.summary.table())
    for finding in findings:
        print(finding)
    stem = session.files.stem
    if options.out is not None:
        prepare_folder(options.out)
        stem = Path(options.out) / stem.name
    with doing("Writing the page"), naming_kept_files(stem.with_name(f"{stem.name}_sound")):
        files = write_results(stem, heard, findings, str(channel))
    print("Files:")
    for kept in files.values():
        print(f"  {kept}")
    if options.json:
        Path(options.json).write_text(files["json"].read_text(encoding="utf-8"), encoding="utf-8")
    return 0 if passed(findings) else 1


def sounds_of(events: pd.DataFrame) -> pd.DataFrame:
    """Return name and onset of the sounds that a session's events tell.

    Raises
    ------
    FileError
        If there is none.
    """
    sounds = events[events.trial_type == "sound"]
    told = [json.loads(one) if isinstance(one, str) else {} for one in sounds.detail]
    sounds = sounds[[one.get("heard", True) for one in told]]
    if not len(sounds):
        raise FileError(
            "session",
            "sound",
            "is not among its events: no sound has begun; FeedbackTone, in Builder the Feedback "
            "Display of a sound, writes one for each onset",
        )
    return sounds[["value", "t"]].rename(columns={"value": "name"}).reset_index(drop=True)


def find_channel(
    onsets: pd.DataFrame, facts: dict[str, dict[str, object]], channels: list[Channel]
) -> tuple[Channel, HeardSounds]:
    """Return the channel in which the most sounds are heard, those with telling names first.

    Raises
    ------
    NotHeard
        If they are in none.
    """
    telling = [one for one in channels if TELLING.search(f"{one.name} {one.stream}")]
    reason: NotHeard | None = None
    for group in (telling, [one for one in channels if one not in telling]):
        found = []
        for one in group:
            try:
                heard = heard_sounds(onsets, facts, one.values, one.stamps)
            except NotHeard as error:
                reason = error
            else:
                found.append((-heard.summary.heard, len(found), one, heard))
        if found:
            *_, channel, heard = min(found)
            return channel, heard
    if len(channels) == 1 and reason is not None:
        raise reason
    last = "" if reason is None else f"; the last one tried: {shown(reason.value)} {reason.remedy}"
    raise NotHeard("channel", None, f"none of {len(channels)} channels holds the sounds{last}")


def judge(summary: HeardSummary) -> list[Finding]:
    """Return what the figures mean, the most serious first."""
    counts = f"{summary.heard} of {summary.sounds} sounds were heard"
    if summary.heard < 0.95 * summary.sounds:
        heard = Finding(
            "bad",
            counts,
            "make sure that nothing else plays, that the volume is up, and that the channel is not "
            "overdriven; sounds that follow each other within 50 ms count as one",
        )
    else:
        heard = Finding("good", counts)
    spread = f"the onsets vary by {summary.lag_sd_ms:.2f} ms (SD)"
    if summary.lag_sd_ms < STEADY_MS:
        steady = Finding("good", spread)
    else:
        steady = Finding(
            "bad" if summary.lag_sd_ms > LOOSE_MS else "mind",
            spread,
            "choose PsychToolbox as audio library in PsychoPy's preferences, with latency mode 3, "
            "a wired loudspeaker or headphones, and end other programs",
        )
    late = f"sounds are heard {summary.lag_median_ms:.1f} ms after the onset that was logged"
    if abs(summary.lag_median_ms) < LATE_MS:
        delay = Finding("good", late)
    else:
        delay = Finding(
            "mind",
            late,
            "this is the delay of sound card, loudspeaker and amplifier, which no program knows: "
            "take it into account in the analysis and state it; wireless headphones add "
            "100 to 300 ms",
        )
    order = {"bad": 0, "mind": 1, "good": 2}
    return sorted([heard, steady, delay], key=lambda finding: order[finding.grade])


def write_results(
    stem: Path, heard: HeardSounds, findings: list[Finding], channel: str
) -> dict[str, Path]:
    """Write table, figure, page and summary beside each other; return their paths.

    Raises
    ------
    FileError
        If the folder cannot be written.
    """
    from psychopy_nfb.report.page import Picture, Section, Table, png, write_page

    files = {
        kind: stem.with_name(f"{stem.name}_sound.{kind}") for kind in ("csv", "json", "png", "html")
    }
    figure = heard_figure(heard, channel)
    summary = heard.summary
    content = {
        "channel": channel,
        "summary": summary.to_dict(),
        "passed": passed(findings),
        "findings": [finding.to_dict() for finding in findings],
        "files": {kind: str(path) for kind, path in files.items()},
    }
    try:
        heard.sounds.to_csv(files["csv"], index=False, float_format="%.7f")
        files["png"].write_bytes(png(figure))
        files["json"].write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", str(stem.parent), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
    rows = [
        ["median", f"{summary.lag_median_ms:.2f} ms", "from the logged onset to the sound"],
        ["mean", f"{summary.lag_mean_ms:.2f} ms", ""],
        ["SD", f"{summary.lag_sd_ms:.2f} ms", "how much it varies"],
        ["earliest", f"{summary.lag_min_ms:.2f} ms", ""],
        ["latest", f"{summary.lag_max_ms:.2f} ms", ""],
        ["heard", f"{summary.heard} of {summary.sounds}", "sounds within the recording"],
        ["channel", f"{summary.rate:.0f} Hz", "a time is known to about one sample"],
    ]
    well = "are on time" if passed(findings) else "need a change"
    sections = [
        Section("Verdict", points=[str(one) for one in findings], lead=f"The sounds {well}."),
        Section(
            "Figures",
            table=Table(["", "figure", "what it is"], rows),
            pictures=[Picture(figure, CAPTION)],
        ),
        Section("How it was measured", METHOD),
    ]
    write_page(files["html"], "From onset to sound", sections, subtitle=f"{stem.name} · {channel}")
    return files


CAPTION = (
    "Left: lags of all sounds that were heard. Middle: their course. Right: the loudness around "
    "each logged onset, one line a sound, black where it is silent."
)
METHOD = [
    "Each onset in the session's events was looked for in the channel, around the sound's own "
    "pitch where it has one. A sound begins where its loudness is half-way up, less half of the "
    "time in which it swells.",
    "The recording counts as one of these sounds only if they are found more often than at other "
    "moments of it.",
    "The delay of microphone, sound line and amplifier is part of these lags.",
]


def heard_figure(heard: HeardSounds, channel: str) -> Figure:
    """Return the lags' distribution, their course, and the loudness around each onset."""
    from psychopy_nfb.report.style import BINS, BLACK, DARK, SMALL, inside, new_figure, tell_outside

    figure = new_figure(10, 4)
    left, middle, right = figure.subplots(1, 3)
    sounds = heard.sounds
    lag = 1e3 * sounds.lag.to_numpy()
    found = np.isfinite(lag)
    low, high = inside(lag[found])
    left.hist(lag[found], np.linspace(low, high, BINS // 2 + 1), color=DARK)
    median = heard.summary.lag_median_ms
    left.axvline(median, color=BLACK, linestyle="--", linewidth=1, label=f"median {median:.2f} ms")
    left.set(xlabel="onset to sound (ms)", ylabel="sounds", xlim=(low, high))
    tell_outside(left, lag[found], low, high, "ms")
    left.legend(fontsize=SMALL)
    middle.plot(sounds.t_sound[found] - sounds.t_sound.iloc[0], lag[found], "o", ms=3, color=DARK)
    middle.set(xlabel="time (s)", ylabel="onset to sound (ms)", ylim=(low, high))
    tell_outside(middle, lag[found], low, high, "ms")
    right.imshow(
        heard.envelopes,
        aspect="auto",
        cmap="gray",
        extent=(1e3 * heard.since[0], 1e3 * heard.since[-1], len(lag), 0),
        interpolation="nearest",
    )
    right.set(
        xlabel="time since the onset (ms)",
        ylabel="sound, by number",
        xlim=(median - 60, median + 120),
    )
    figure.suptitle(f"From onset to sound: {channel}", fontsize=11)
    return figure
