"""`psychopy-nfb photodiode`: when each frame of a session was light."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from psychopy_nfb.checks import check_writable, prepare_folder
from psychopy_nfb.errors import FileError, SettingsError, cause, shown
from psychopy_nfb.reading import read_table
from psychopy_nfb.terminal import doing, naming_kept_files

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.photodiode.sensor_files import Channel
    from psychopy_nfb.photodiode.summary import LightSummary
    from psychopy_nfb.photodiode.times import LightTimes
    from psychopy_nfb.photodiode.verdict import Finding
    from psychopy_nfb.report.page import Table

TELLING = re.compile(r"light|photo|diode|lux|sensor", re.IGNORECASE)
"""Names of channels that are looked at first."""
NEEDED = ("frame", "t_flip", "patch")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb photodiode``."""
    add = parser.add_argument
    add(
        "session",
        nargs="?",
        metavar="SESSION",
        help="any file of a session, or what their names begin with",
    )
    add("--frames", metavar="CSV", help="frame log (default: the session's)")
    add(
        "--signal",
        metavar="FILE",
        help="recording of the light sensor, .xdf or .csv (default: the session's)",
    )
    add(
        "--channel",
        metavar="NAME",
        help="channel of the light sensor (default: the one that shows the patch best)",
    )
    add(
        "--sound",
        action="store_true",
        help="when the session's sounds were heard instead: --channel is then that of a microphone "
        "or of an audio line (StimTrak)",
    )
    add("--out", metavar="DIR", help="folder for table, figure and page (default: the log's)")
    add("--json", metavar="FILE", help="write the summary to this file, too")


def main(options: argparse.Namespace) -> int:
    """Analyse as `options` say; return 0 if the display does well and 1 if it does not."""
    if options.sound:
        from psychopy_nfb.photodiode.sound_command import main as main_of_sound

        return main_of_sound(options)
    from psychopy_nfb.photodiode.sensor_files import choose, read_channels
    from psychopy_nfb.photodiode.times import light_times
    from psychopy_nfb.photodiode.verdict import judge, passed

    frames_path, signal_path = _inputs(options)
    if options.json:
        check_writable("json", options.json)
    stem = _stem(frames_path, options.out)
    with doing("Reading the recording"):
        log = read_log(frames_path)
        channels = read_channels(signal_path)
    if options.channel:
        channel = choose(channels, options.channel, signal_path)
        with doing("Finding the patch's changes in the light"):
            times = light_times(log, channel.values, channel.stamps, channel=str(channel))
    else:
        channel, times = find_sensor(log, channels)
    findings = judge(times.summary)
    print(f"Light sensor: {channel}, {times.light.rate:.0f} Hz")
    print(times.summary.table())
    for finding in findings:
        print(finding)
    with doing("Writing the page"), naming_kept_files(stem.with_name(f"{stem.name}_photodiode")):
        files = write_results(stem, times, findings, str(channel))
    print("Files:")
    for path in files.values():
        print(f"  {path}")
    if options.json:
        content = results(times, findings, str(channel), files)
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if passed(findings) else 1


def read_log(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a frame log.

    Raises
    ------
    FileError
        If it cannot be read or is no frame log.
    """
    return read_table(path, "frames", numbers=NEEDED, whole_rows=True)


def find_sensor(log: pd.DataFrame, channels: list[Channel]) -> tuple[Channel, LightTimes]:
    """Return the channel that shows the patch best, those with telling names first.

    Raises
    ------
    NoMatch
        If none does.
    """
    from psychopy_nfb.photodiode.align import NoMatch
    from psychopy_nfb.photodiode.channel import NoLight
    from psychopy_nfb.photodiode.times import light_times

    telling = [one for one in channels if TELLING.search(one.name)]
    reason: NoLight | NoMatch | None = None
    for group in (telling, [one for one in channels if one not in telling]):
        found = []
        for one in tqdm(group, desc="channels", unit="", disable=None, leave=False):
            try:
                times = light_times(log, one.values, one.stamps, channel=str(one))
            except (NoLight, NoMatch) as error:
                reason = error
            else:
                found.append((times.summary.lag_sd_ms, len(found), one, times))
        if found:
            _, _, channel, times = min(found)
            return channel, times
    if reason is not None and (len(channels) == 1 or reason.parameter == "frames"):
        raise reason
    raise NoMatch(
        "channel",
        None,
        f"none of {len(channels)} channels shows the patch of this frame log; the last one tried: "
        f"{reason.parameter}={shown(reason.value)} {reason.remedy}",
    )


def results(
    times: LightTimes, findings: list[Finding], channel: str, files: dict[str, Path]
) -> dict[str, object]:
    """Return what the JSON file holds."""
    from psychopy_nfb.photodiode.verdict import passed

    return {
        "channel": channel,
        "sample_rate": times.light.rate,
        "summary": times.summary.to_dict(),
        "passed": passed(findings),
        "findings": [finding.to_dict() for finding in findings],
        "files": {name: str(path) for name, path in files.items()},
    }


def write_results(
    stem: Path, times: LightTimes, findings: list[Finding], channel: str
) -> dict[str, Path]:
    """Write table, figure, page and summary beside each other; return their paths.

    Raises
    ------
    FileError
        If the folder cannot be written.
    """
    from psychopy_nfb.photodiode.plots import light_figure
    from psychopy_nfb.photodiode.verdict import passed
    from psychopy_nfb.report.page import Picture, Section, png, write_page

    files = {
        kind: stem.with_name(f"{stem.name}_photodiode.{kind}")
        for kind in ("csv", "json", "png", "html")
    }
    figure = light_figure(times, channel)
    try:
        times.frames.to_csv(files["csv"], index=False, float_format="%.7f")
        files["png"].write_bytes(png(figure))
        content = json.dumps(results(times, findings, channel, files), indent=2)
        files["json"].write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", str(stem.parent), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
    well = "does well" if passed(findings) else "needs a change"
    sections = [
        Section("Verdict", points=[str(one) for one in findings], lead=f"This display {well}."),
        Section("Figures", table=_table(times.summary), pictures=[Picture(figure, CAPTION)]),
        Section("How it was measured", METHOD),
    ]
    write_page(files["html"], "From flip to light", sections, subtitle=f"{stem.name} · {channel}")
    return files


def _table(summary: LightSummary) -> Table:
    """Return the figures with what they mean; shares are of the frames that were due."""
    from psychopy_nfb.report.numbers import percent
    from psychopy_nfb.report.page import Table

    due, unit = summary.frames, "unit of the channel"
    lags = [
        ("median", summary.lag_median_ms, "from flip to light"),
        ("mean", summary.lag_mean_ms, ""),
        ("95th percentile", summary.lag_p95_ms, ""),
        ("longest", summary.lag_max_ms, ""),
        ("SD", summary.lag_sd_ms, "how much it varies"),
        (
            "SD in one direction",
            summary.lag_sd_detrended_ms,
            "the same, the clocks' drift and the difference between rise and fall removed",
        ),
        ("fall after rise", summary.falls_later_ms, "how much later falling light is half-way"),
        ("rise", summary.rise_ms, "from 10 to 90 % of the change, pixels and sensor"),
        ("fall", summary.fall_ms, "the same from light to dark"),
    ]
    rows = [[name, f"{value:.2f} ms", meaning] for name, value, meaning in lags]
    rows += [
        ["frames", str(due), "that the sensor saw"],
        ["timed", str(summary.edges), "of them, by a change of the patch of their own"],
        ["never shown", f"{summary.missed} ({percent(summary.missed / max(1, due))})", ""],
        [
            "shown longer",
            f"{summary.repeated} ({percent(summary.repeated / max(1, due))})",
            "than the log knows",
        ],
        ["came later", str(summary.later), "frames, a refresh or more, for a while"],
        ["lost", str(summary.lost), "frames in which the sensor's signal was lost"],
        ["disturbed", str(summary.disturbed), "refreshes that changed though no frame did"],
        ["display", f"{summary.refresh_hz:.3f} Hz", "refresh rate, by the light"],
        ["clock drift", f"{round(summary.drift_ppm) + 0:+d} ppm", "of the sensor against LSL"],
        ["dark, light", f"{summary.level_low:.4g}, {summary.level_high:.4g}", unit],
    ]
    return Table(["", "figure", "what it is"], rows)


CAPTION = (
    "Above: lag of all frames that changed the patch, and its course. Below: the light of single "
    "edges after their flip, and how pixels and sensor go from one level to the other."
)
METHOD = [
    "The patch shows one bit of a pseudo-random sequence with each frame. Its light was laid over "
    "the levels in the frame log, refresh by refresh, so that frames that were never shown and "
    "frames that were shown longer are distinguished from late ones.",
    "A frame is light when the patch is half-way between its levels. Times of edges lie between "
    "the samples: the shape of an edge is learnt from all of them, hum and flicker are subtracted, "
    "and each edge is placed where its own samples fit best.",
    "A frame that was never shown can be seen only if its level differs from the level that was "
    "shown instead of it; with the levels of mode 'code' that is so for about half of them, so "
    "that about twice as many frames as were found may have been missed, and with those of mode "
    "'pairs' for three quarters.",
    "On a display that gives light in pulses (cathode rays, strobing, black frames) a frame is "
    "light when its first pulse is half-way up; on one with a variable refresh rate each flip is "
    "judged by its own light.",
    "Displays are lit from top to bottom within a refresh: a stimulus has the lag of a patch at "
    "its own height. An amplifier's own delay from sensor to stamp is part of these lags.",
]


def _inputs(options: argparse.Namespace) -> tuple[Path, Path]:
    """Return the frame log and the sensor's recording."""
    from psychopy_nfb.recording.names import SessionFiles

    if options.session is None and not (options.frames and options.signal):
        raise SettingsError(
            "session", None, "name a session, or both --frames CSV and --signal FILE"
        )
    if options.session is not None:
        files = SessionFiles.from_stem(options.session)
        if Path(options.session).exists() and not Path(options.frames or files.frames).exists():
            raise FileError(
                "session",
                options.session,
                "has no frame log beside it; name any file of a session, or both --frames CSV and "
                "--signal FILE",
            )
        frames = Path(options.frames or files.frames)
        signal = Path(options.signal or files.eeg)
    else:
        frames, signal = Path(options.frames), Path(options.signal)
    for parameter, path in (("frames", frames), ("signal", signal)):
        if not path.exists():
            raise FileError(
                parameter,
                str(path),
                "does not exist; name any file of a session",
            )
    return frames, signal


def _stem(frames: Path, out: str | None) -> Path:
    """Return what the results' names begin with."""
    name = frames.name.removesuffix(".csv").removesuffix("_frames")
    if out is None:
        return frames.with_name(name)
    prepare_folder(out)
    return Path(out) / name
