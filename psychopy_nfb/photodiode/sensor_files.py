"""Where a light sensor was recorded: our own files, another program's .xdf, or a table."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psychopy_nfb.budget import MOST_RECORDING, MOST_TABLE
from psychopy_nfb.errors import FileError, listed
from psychopy_nfb.photodiode.sensor_stamps import steady_stamps
from psychopy_nfb.reading import check_file, first_line, reading
from psychopy_nfb.recording.eeg_files.xdf import load_streams

logger: logging.Logger = logging.getLogger(__name__)

OWN_TYPES = ("Feedback", "Frames")
"""Of the streams of ours; by name they could be an amplifier's."""
FASTEST_SLOW = 100.0
"""Hz; below, a stream cannot show single frames."""
FEWEST_FOR_DRIFT = 3
"""Clock offsets from which on their drift is followed as well."""
TIME_COLUMNS = ("t", "time", "time_stamps", "timestamp", "lsl_time")


@dataclass
class Channel:
    """One channel of a recording."""

    name: str
    """As it was labelled."""
    stream: str
    """Name of its stream; empty for a table."""
    values: np.ndarray
    """(n,) samples."""
    stamps: np.ndarray
    """(n,) seconds on the LSL clock of the computer that showed the frames."""

    def __str__(self) -> str:
        return f"{self.name} ({self.stream})" if self.stream else self.name


def read_channels(path: str | os.PathLike[str]) -> list[Channel]:
    """Read all channels that could be a light sensor's.

    Parameters
    ----------
    path : path
        An .xdf file, of ours or as LabRecorder writes it, or a table (.csv, .tsv) with a column
        ``t`` in seconds of LSL's clock and a column for each channel.

    Raises
    ------
    FileError
        If it cannot be read or has no such channel.

    Notes
    -----
    Stamps of an .xdf that another computer recorded are on that computer's clock. They are brought
    to the clock of the one that showed the frames by the offsets which the file holds for that
    one's own stream (``Feedback``, or markers); without such a stream both count as the same
    computer.
    """
    path = Path(path)
    ending = path.suffix.casefold()
    if ending == ".xdf":
        check_file(path, "signal", MOST_RECORDING, fewest=1)
        with reading(path, "signal", "as .xdf"):
            return _from_xdf(path)
    if ending in (".csv", ".tsv", ".txt"):
        check_file(path, "signal", MOST_TABLE, fewest=1)
        with reading(path, "signal", "as a table"):
            return _from_table(path)
    raise FileError(
        "signal",
        str(path),
        "has no times of LSL's clock, which the frame log could be compared with; record it "
        "over LSL (.xdf), or give a table with a column t",
    )


def choose(channels: list[Channel], name: str, path: str | os.PathLike[str]) -> Channel:
    """Return the channel `name`.

    Raises
    ------
    FileError
        If there is none or more than one.
    """
    fitting = [one for one in channels if name in (one.name, str(one))]
    if len(fitting) == 1:
        return fitting[0]
    there = listed(channels)
    what = "is there twice" if fitting else "is not there"
    raise FileError("channel", name, f"{what}; {os.fspath(path)} has {there}")


def _from_xdf(path: Path) -> list[Channel]:
    try:
        streams, notes = load_streams(path)
    except FileError as error:
        raise FileError("signal", str(path), error.remedy) from None
    for sentence in notes:
        logger.warning("%s: %s", path.name, sentence)
    found = []
    for stream in streams:
        info = stream["info"]
        rate = float(info["nominal_srate"][0])
        name = info["name"][0]
        kind = (info.get("type") or [None])[0]
        if kind in OWN_TYPES or rate < FASTEST_SLOW or len(stream["time_stamps"]) < 2:
            continue
        samples = np.asarray(stream["time_series"], dtype=float)
        stamps, gaps = steady_stamps(np.asarray(stream["time_stamps"]))
        if gaps:
            seconds = sum(abs(length) for _, length in gaps)
            logger.warning(
                "%s: '%s' has %d gap%s, %.3f s in all; light in them is not known.",
                path.name,
                name,
                len(gaps),
                "" if len(gaps) == 1 else "s",
                seconds,
            )
        stamps = _on_the_screens_clock(stamps, streams)
        for column, label in enumerate(_labels(info, samples.shape[1])):
            found.append(Channel(label, name, samples[:, column], stamps))
    if not found:
        names = ", ".join(stream["info"]["name"][0] for stream in streams) or "none"
        raise FileError(
            "signal",
            str(path),
            f"has no stream of at least {FASTEST_SLOW:g} Hz that a light sensor could be in "
            f"(it has: {names})",
        )
    return found


def _on_the_screens_clock(stamps: np.ndarray, streams: list[dict[str, Any]]) -> np.ndarray:
    """Return stamps of the recording computer's clock on that of the one that showed the frames."""
    for stream in streams:
        source = (stream["info"].get("source_id") or [""])[0] or ""
        if source.startswith("psychopy_nfb") and len(stream["clock_values"]):
            times, offsets = np.array(stream["clock_times"]), np.array(stream["clock_values"])
            if len(times) < FEWEST_FOR_DRIFT:
                return stamps - np.median(offsets)
            drift, offset = np.polyfit(times - times[0], offsets, 1)
            return (stamps - offset + drift * times[0]) / (1 + drift)
    return stamps


def _labels(info: dict[str, Any], n: int) -> list[str]:
    try:
        channels = info["desc"][0]["channels"][0]["channel"]
        labels = [(channel["label"][0] or "") for channel in channels][:n]
    except (KeyError, IndexError, TypeError):
        labels = []  # a stream need not describe itself
    labels += [""] * (n - len(labels))
    return [label or f"Ch{number + 1}" for number, label in enumerate(labels)]


def _from_table(path: Path) -> list[Channel]:
    table = _read_table(path)
    times = next((name for name in table.columns if str(name).casefold() in TIME_COLUMNS), None)
    if times is None:
        raise FileError(
            "signal",
            str(path),
            f"has no column t with the seconds of LSL's clock; it has {listed(table.columns)}",
        )
    stamps = pd.to_numeric(table[times], errors="coerce").to_numpy(dtype=float)
    numeric = table.drop(columns=times).select_dtypes("number")
    if len(table) < 2 or numeric.shape[1] == 0:
        raise FileError(
            "signal",
            str(path),
            f"has {len(table)} rows and {numeric.shape[1]} columns of numbers beside {times}; a "
            "light sensor's samples are needed",
        )
    wrong = np.flatnonzero(~(np.diff(stamps) > 0))
    if len(wrong):
        row = wrong[0] + 1
        raise FileError(
            "signal",
            str(path),
            f"needs a column {times} of seconds that rise; in row {row + 1} it is "
            f"{table[times].iloc[row]} after {table[times].iloc[row - 1]}",
        )
    return [Channel(str(name), "", numeric[name].to_numpy(dtype=float), stamps) for name in numeric]


def _read_table(path: Path) -> pd.DataFrame:
    """Return a table, whatever separates its columns, with decimal points or commas."""
    header = first_line(path)
    # Not pandas' own guess, which takes minutes for a file that is no table.
    separator = max("\t;,", key=header.count)
    for decimal in (".", ","):
        table = pd.read_csv(
            path,
            sep=separator if separator in header else r"\s+",
            decimal=decimal,
            encoding="utf-8-sig",
            low_memory=False,
        )
        if table.select_dtypes("number").shape[1] == table.shape[1]:
            break
    return table
