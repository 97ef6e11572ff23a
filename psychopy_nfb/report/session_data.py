"""What a report needs of a session: its files, read as far as they go."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.budget import MOST_RECORDING
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import SIGNAL_VALUES, units, value_name
from psychopy_nfb.protocol.version_0_1 import converted_settings, is_older
from psychopy_nfb.reading import check_file, read_table, reading
from psychopy_nfb.recording.names import SessionFiles, recorded_session
from psychopy_nfb.recording.opened import OpenedSession
from psychopy_nfb.recording.read import named_today
from psychopy_nfb.recording.settings_file import SessionRecord
from psychopy_nfb.recording.tables import TEXT_COLUMNS, holds_numbers
from psychopy_nfb.recording.text import text_of_cell

CALIBRATING_SHARE = 0.5
"""Of a block's frames or samples, from which on it is the recording of a baseline."""
WHOLE_RUN = "whole run"
NEEDED = ("t_sample", "t_received", "t_published", "t_read", "t_flip", "delay", "interval")
"""Columns without which a table is no frame log."""
NO_SIGNALS = (
    'The training\'s outcome needs the package pyxdf; run: pip install "psychopy-nfb[files]"'
)


@dataclass(frozen=True)
class Block:
    """A part of the session, as the experiment named it."""

    label: str
    begin: float
    """LSL time in seconds."""
    end: float
    feedback: bool
    """Whether the participant was shown feedback."""
    baseline: bool = False
    """Whether a baseline was recorded in it."""
    lag: dict[str, Any] | None = None
    """The lag that was chosen for it, as `Lag.facts`; None for as little as there must be."""
    ended_early: bool = False
    """Whether an exception, the experiment's end or the operator ended it before its time."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.begin

    @property
    def kind(self) -> str:
        """In words: baseline, feedback or no feedback."""
        return "baseline" if self.baseline else "feedback" if self.feedback else "no feedback"


@dataclass
class SessionData:
    """A session on its way into a report; one that was unblinded with all that was sealed of it."""

    files: SessionFiles
    settings: dict[str, Any]
    """The settings file."""
    frames: pd.DataFrame
    """The frame log; the first signal's values have the names of the field alone, ``z`` for
    ``alpha_z``."""
    events: pd.DataFrame
    """In the order of time; ``detail`` holds a dictionary in each row."""
    signals: pd.DataFrame | None
    """One row a sample: ``t``, the feedback's values, named as in `frames`, ``flags``; None if it
    cannot be read."""
    no_signals: str
    """Why `signals` is None, in a sentence."""
    blocks: list[Block]
    """In their order; a session without any has one, `WHOLE_RUN`."""
    eeg: dict[str, Any] | None = None
    """The recorded EEG, as pyxdf gives a stream; None if it cannot be read."""

    @property
    def configuration(self) -> dict[str, Any]:
        """The settings of stream, signals and reward."""
        found = self.settings.get("configuration") or {}
        return converted_settings(found) if is_older(found) else found

    @property
    def first(self) -> dict[str, Any]:
        """Settings of the first signal, which is the one reported on."""
        return next(iter((self.configuration.get("signals") or {}).values()), {})

    @property
    def span(self) -> tuple[float, float]:
        """LSL times of the first and the last thing that was recorded; (0, 0) if none was."""
        known = [self.frames.t_flip, self.events.t]
        times = pd.concat([part for part in known if len(part)] or [pd.Series([0.0])])
        return float(times.min()), float(times.max())

    @property
    def trained(self) -> list[Block]:
        """The blocks with feedback."""
        return [block for block in self.blocks if block.feedback and not block.baseline]

    def events_of(self, *kinds: str) -> pd.DataFrame:
        """Return the events of these kinds (``trial_type``)."""
        return self.events[self.events.trial_type.isin(kinds)]


def load_session_data(path: str | os.PathLike[str]) -> SessionData:
    """Read what there is of the session that `path`, its stem or any of its files, belongs to.

    Raises
    ------
    FileError
        If it has no frame log, or a file cannot be read at all.
    """
    files = recorded_session(path, "frames", "a session with feedback")
    frames = _read_table(files.frames, ",", numbers=NEEDED, numbers_if_there=holds_numbers)
    frames = frames[frames.t_flip.notna()].reset_index(drop=True)
    opened = OpenedSession(files) if files.opened.exists() else None
    frames = frames if opened is None else opened.frames(frames)
    for name in set(TEXT_COLUMNS) & set(frames.columns):
        frames[name] = frames[name].map(text_of_cell)
    settings = SessionRecord.load(files.settings).content if os.path.isfile(files.settings) else {}
    signals, reason, eeg = _read_signals(files.eeg)
    if opened is not None:
        settings = opened.settings(settings)
        signals = None if signals is None else opened.signals(signals)
    frames = _first_alone(frames)
    signals = None if signals is None else _first_alone(signals)
    events = _read_events(files.events, opened)
    _on_one_clock(frames, events, signals)
    blocks = _blocks(frames, events, signals)
    return SessionData(files, settings, frames, events, signals, reason, blocks, eeg)


def within(times: pd.Series, blocks: list[Block]) -> np.ndarray:
    """Return which of the `times` lie in one of the blocks."""
    inside = np.zeros(len(times), bool)
    for block in blocks:
        inside |= ((times >= block.begin) & (times < block.end)).to_numpy()
    return inside


def signal_unit(data: SessionData) -> str:
    """Return the unit of the first signal: ``"µV"``, or nothing where a formula made it."""
    steps = (data.first.get("pipeline") or {}).get("steps") or []
    return units.signal_unit(step.get("type") for step in steps)


def compared_unit(data: SessionData) -> str:
    """Return the unit of the signal as it is compared with the baseline."""
    return units.compared_unit(data.first.get("normalise", "none"), signal_unit(data))


def _read_table(path: os.PathLike[str], separator: str, **columns: Any) -> pd.DataFrame:
    # A block may be called "None" or "NA": of pandas' words for nothing only these two are.
    return read_table(
        path,
        "session",
        separator,
        whole_rows=True,
        keep_default_na=False,
        na_values=["", "n/a"],
        **columns,
    )


def _first_alone(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the first signal's values under the names of the field alone."""
    table = named_today(table)
    ends = f"_{SIGNAL_VALUES[0]}"
    first = next((name.removesuffix(ends) for name in table.columns if name.endswith(ends)), None)
    if first is None:
        return table
    return table.rename(columns={value_name(first, what): what for what in SIGNAL_VALUES})


def _read_events(path: os.PathLike[str], opened: OpenedSession | None) -> pd.DataFrame:
    """Return the events in the order of time, with those that were sealed and are `opened`."""
    if not os.path.exists(path):
        columns = ["onset", "duration", "trial_type", "value", "sample", "t", "detail"]
        return pd.DataFrame(columns=columns).astype({"t": float, "duration": float})
    events = _read_table(path, "\t", numbers=("t", "duration"), texts=("trial_type", "detail"))
    events = events if opened is None else opened.events(events)
    events = events[events.t.notna()].sort_values("t", kind="stable", ignore_index=True)
    for name in {"trial_type", "value"} & set(events.columns):
        events[name] = events[name].map(text_of_cell)
    events["detail"] = [_detail(text) for text in events.detail]
    return events


def _detail(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        return {}
    try:
        detail = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return detail if isinstance(detail, dict) else {}


def _read_signals(
    path: os.PathLike[str],
) -> tuple[pd.DataFrame | None, str, dict[str, Any] | None]:
    """Return the recorded values of each sample, or why there are none, and the EEG's stream."""
    try:
        import pyxdf
    except ImportError:
        return None, NO_SIGNALS, None
    try:
        check_file(path, "session", MOST_RECORDING)
        with reading(path, "session", "as .xdf"):
            found, _ = pyxdf.load_xdf(
                path,
                select_streams=[{"type": "Feedback"}, {"type": "EEG"}],
                synchronize_clocks=False,
                dejitter_timestamps=False,
                verbose=False,
            )
            streams = {stream["info"]["type"][0]: stream for stream in found}
            feedback = streams["Feedback"]
            if not len(feedback["time_stamps"]):
                return None, "The training's outcome is not known: no sample was processed.", None
            channels = feedback["info"]["desc"][0]["channels"][0]["channel"]
            labels = [channel["label"][0] for channel in channels]
            signals = pd.DataFrame(np.asarray(feedback["time_series"]), columns=labels)
            signals = signals.astype({"flags": int, "sample": int})
            signals.insert(0, "t", feedback["time_stamps"])
            return signals, "", streams.get("EEG")
    except FileError as error:
        reason = f"The training's outcome is not known: the recording {error.remedy}."
        return None, reason, None


def _on_one_clock(frames: pd.DataFrame, events: pd.DataFrame, signals: pd.DataFrame | None) -> None:
    """Move what bears stamps of another clock, in place, to where it lies on LSL's clock."""
    offset = lag_summary(frames, {}).clock_offset
    if offset is None:
        return
    foreign = (events.t - frames.t_flip.median() - offset).abs() < abs(offset) / 2
    events.loc[foreign, "t"] -= offset
    events.sort_values("t", kind="stable", ignore_index=True, inplace=True)
    if signals is not None:
        signals["t"] -= offset


def _blocks(
    frames: pd.DataFrame, events: pd.DataFrame, signals: pd.DataFrame | None
) -> list[Block]:
    """Return the blocks that the events tell; one that was never ended lasts until the end."""
    times = pd.concat([part for part in (frames.t_flip, events.t) if len(part)] or [frames.t_flip])
    if not len(times):
        return []
    last = float(times.max())
    found: list[Block] = []
    ends = events[events.trial_type == "block_end"]
    asked = events[events.trial_type == "end_block"]  # by the operator
    for row in events[events.trial_type == "block_begin"].itertuples():
        number = row.detail.get("block")
        same = [end for end in ends.itertuples() if end.detail.get("block") == number]
        own = [end for end in same if end.t >= row.t and end.value == row.value]
        feedback = bool(row.detail.get("feedback", True))
        lag = row.detail.get("lag")
        lag = lag if isinstance(lag, dict) else None
        end = own[0].t if own else last
        by_operator = (asked.value == row.value) & (asked.t >= row.t) & (asked.t <= end)
        early = bool(own and own[0].detail.get("cut_off")) or bool(by_operator.any())
        found.append(Block(str(row.value), row.t, end, feedback, lag=lag, ended_early=early))
    found = found or [Block(WHOLE_RUN, float(times.min()), last, len(frames) > 0)]
    about = frames.rename(columns={"t_flip": "t"}) if signals is None else signals
    return [_as_baseline(block, about) for block in found]


def _as_baseline(block: Block, about: pd.DataFrame) -> Block:
    """Return the block, marked if a baseline was recorded in it."""
    if "flags" not in about or not len(about):
        return block
    own = about["flags"][(about.t >= block.begin) & (about.t < block.end)].dropna().astype(int)
    calibrating = len(own) and ((own & int(Flags.CALIBRATING)) != 0).mean() > CALIBRATING_SHARE
    return replace(block, baseline=True) if calibrating else block
