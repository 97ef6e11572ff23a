"""What the columns of the tables mean and their units, in JSON beside each, after BIDS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from psychopy_nfb.dsp import Flags
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.protocol import REWARD_VALUES, SHOWN, SIGNAL_VALUES, value_name
from psychopy_nfb.recording.names import SessionFiles

Column = dict[str, object]


def _column(
    description: str, units: str | None = None, levels: dict[str, Any] | None = None
) -> Column:
    column: Column = {"Description": description}
    if units:
        column["Units"] = units
    if levels:
        column["Levels"] = levels
    return column


_APOSTROPHE = (
    "A text that a spreadsheet would take for a formula, such as =1+1, has an apostrophe before it."
)
_LSL = "s (clock of LSL on this computer)"

EVENTS = {
    "onset": _column("When it happened, counted from the first EEG sample of the recording.", "s"),
    "duration": _column(
        "How long it took; 0 for a moment. Of block_end: since the block's begin. Of gap: how much "
        "of the EEG is missing.",
        "s",
    ),
    "trial_type": _column(
        "What happened.",
        levels={
            "start": "The background process began to record.",
            "stopped": "The experiment ended the recording.",
            "worker failed": "The background process ended by a mistake in it; see the log file.",
            "worker_restarted": "The background process was started again after it had died or "
            "stalled; detail has why, at which time, and the points and thresholds that it went on "
            "with; earlier has the restarts since the last row whose process ended before it "
            "could record anything. EEG is missing before here.",
            "block_begin": "A block of the experiment began; value is its name.",
            "block_end": "That block ended. Detail has cut_off if it was not to end yet: the "
            "operator or an error ended it, or the experiment was killed.",
            "mark": "The experiment wrote a mark; value is its text.",
            "sound": "A sound of the feedback began; value is its name. Of a tone that goes on: "
            "when it began. detail has the time that it was ordered for, and whether it was heard.",
            "marker": "Another program sent a marker over LSL; value is its text.",
            "baseline_begin": "Recording of a baseline began.",
            "baseline_end": "A baseline was complete and is in use from here on.",
            "baseline_cut_off": "The session ended in a baseline, which is not in use.",
            "set": "Settings of the protocol were changed; detail has the new values.",
            "points_on": "From here on points and hits are counted.",
            "points_off": "From here on they are not, as in a rest.",
            "adaptation": "From here on thresholds that follow the person do so (value on) or stay "
            "as they are (off); detail says of a block whether it begins or ends, and as kept its "
            "name and number where a later block may show it again.",
            "threshold": "A threshold was moved by its rule and holds from the row's sample on; "
            "value has the signal and the new one, detail the old one, too, and why.",
            "trial": "A block with feedback or points ended and was judged as it was shown; value "
            "is success or missed, detail has its share of clean time beyond the thresholds, its "
            "rewards and points, and the points that were lost.",
            "shown": "From this sample on something else was shown; detail names what (own is the "
            "own feedback) and how often it was shown before.",
            "not_kept": "A block could not be kept for a later one that shows it again; detail has "
            "why.",
            "shown_ended": "What was shown in place of the own feedback ended before its block.",
            "stages": "At the end of a session of a blinded study: how long the computer took for "
            "each stage. It is sealed.",
            "pause": "From here on there is no reward.",
            "resume": "From here on there is reward again.",
            "reset_score": "Points and hits were set to 0.",
            "note": "The operator wrote a note; value is its text.",
            "end_block": "The operator asked for the end of the block that value names.",
            "abort": "The operator asked for the end of the experiment.",
            "refused": "A command could not be carried out; detail says why.",
            "flags": "The state of the signal changed; value names what is wrong with it, or is "
            "clean.",
            "gap": "EEG samples are missing; the row's sample is the first one after them.",
            "recording_moved": "The session's files could no longer be written; detail says why. "
            "What came before is in them, the rest in these.",
            "step_failed": "A step of the signal processing failed or gave no finite number; "
            "detail says which.",
            "rule_failed": "A lab's own rule for a threshold, or schedule, failed; detail says "
            "which and what follows.",
            "settings_not_written": "The settings file could not be written; detail says why.",
            "no_data": "The EEG stream was open and sent nothing at first; detail says what to do.",
            "stream_lost": "The EEG stream ended.",
            "stream_back": "The same EEG stream was found again.",
            "stream_differs": "A stream of the same name was found whose channels, rate or "
            "source_id differ; it was not used.",
            "reconnect_failed": "Looking for the lost EEG stream failed; it goes on.",
            "aux_lost": "The second stream ended.",
            "clock_offset": "A stream's stamps are not on LSL's clock; they were moved onto it.",
            "clock_jump": "The clock of a stream's stamps jumped; detail says how far.",
            "stamps_counted": "Stamps that do not tell when samples were taken were replaced by "
            "counting.",
            "stamps_unit": "A stream's stamps are not in seconds, but in the unit that detail "
            "names; they were converted.",
            "stamps_missing": "Samples without a valid stamp were stamped by counting.",
            "samples_missing": "Samples are missing a few at a time; detail has their share.",
            "rate_differs": "The stream has another rate than the declared one; detail has both.",
            "rate_spoilt": "The stream has left the rate that the filters were made for: no reward "
            "from here on.",
            "rate_right": "The stream has that rate again.",
            "bad_channel": "A channel that enters a reference, or a signal together with others, "
            "stays bad; detail says which and why.",
            "unlikely_amplitude": "The EEG's amplitude does not fit its unit; detail says how.",
            "marker_stream": "What was corrected, assumed or left out of a stream of markers.",
        },
    ),
    "value": _column(f"Name or text of the event, where it has one. {_APOSTROPHE}"),
    "sample": _column("Number of the EEG sample that belongs to it, counted from 0."),
    "t": _column("When it happened.", _LSL),
    "detail": _column(
        "What else is known of it, as a JSON object. source says who asked for it where that "
        "was not the experiment: operator (at the operator's page) or remote (another program)."
    ),
    "command": _column("Number of the command of the experiment that it comes from, if any."),
}

FRAMES = {
    "frame": _column("Number of the displayed frame, counted from 0."),
    "t_sample": _column("When the EEG sample was taken whose feedback the frame showed.", _LSL),
    "t_received": _column("When that sample arrived in the background process.", _LSL),
    "t_published": _column("When its feedback was ready for the experiment.", _LSL),
    "t_arrived": _column(
        "When it came to the screen's computer; empty where the EEG is processed on that.", _LSL
    ),
    "t_read": _column("When the experiment read it for this frame.", _LSL),
    "t_flip": _column("When the frame was flipped onto the screen.", _LSL),
    "seq": _column("Number of the feedback record shown; empty before the first."),
    "sample": _column("Number of the EEG sample shown, counted from 0."),
    "delay": _column(
        "Delay of the signal processing and of the display's smoothing. The EEG that the frame "
        "showed is of t_sample - delay.",
        "s",
    ),
    "wanted_lag": _column(
        "Lag that the block wanted of this frame, from the EEG that it showed to its flip; empty "
        "where none was chosen. The lag that it had is t_flip - (t_sample - delay).",
        "s",
    ),
    "flags": _column(
        "State of the signal: 0 when it is clean, else the sum of these.",
        levels={str(int(flag)): flag.name for flag in Flags},
    ),
    "interval": _column("Time since the flip before; empty at the first.", "s"),
    "dropped": _column("Frames missed since the first flip."),
    "patch": _column("Grey level of the photodiode patch, if any: 0 (black) to 1 (white)."),
    "shown": _column(
        "What displays showed: 0 (empty) to 1 (full); no value in a block without feedback."
    ),
    "mark": _column(f"Text of the mark that was written at this flip. {_APOSTROPHE}"),
    "block": _column("Name of the block that the frame belongs to."),
}

_OF_A_SIGNAL = {
    "value": ("the feedback, 0 to 1, also in blocks that do not show it", None),
    "signal": ("output of the signal processing", "µV for an envelope of EEG"),
    "z": (
        "the signal compared with the baseline, as its normalise says: standard deviations, "
        "percent, share of the maximum, or the signal itself",
        None,
    ),
    "threshold": ("threshold, on the scale of z", None),
}
_OF_THE_REWARD = {
    "reward": _column("1 at a hit that is rewarded, else 0."),
    "score": _column("Points so far."),
    "hits": _column("Hits so far."),
    "rewards": _column("Hits so far that were rewarded, as the schedule has it."),
    "progress": _column("Hits since the last reward, or seconds, as the schedule counts."),
    "quality": _column("Share of clean samples in the last second, 0 to 1."),
}


_SHOWN = "Of what was shown, the own feedback or what its block named in its place: "
_OF_WHAT_IS_SHOWN = {
    **{what: _column(f"{_SHOWN}{text}.", unit) for what, (text, unit) in _OF_A_SIGNAL.items()},
    "threshold_place": _column(f"{_SHOWN}the threshold as displays show it, 0 to 1."),
    "beyond": _column(f"{_SHOWN}1 while it was beyond its threshold, else 0."),
    "reward": _column(f"{_SHOWN}1 at a reward that was given, else 0."),
    "score": _column("Points that were given so far. Column score has those of the own feedback."),
    "hits": _column(f"{_SHOWN}hits so far."),
    "rewards": _column(f"{_SHOWN}rewards so far."),
    "progress": _column(f"{_SHOWN}hits since the last reward, or seconds."),
    "seconds": _column(
        "For how long what took the place of the own feedback had been shown; 0 while that was.",
        "s",
    ),
}


def columns_of_values(names: Iterable[str]) -> dict[str, Column]:
    """Return what is said of the columns that hold the feedback's values, of those of `names`.

    Examples
    --------
    >>> columns_of_values(["alpha_threshold", "block"])
    {'alpha_threshold': {'Description': 'Of the signal alpha: threshold, on the scale of z.'}}
    """
    values = {name: _OF_THE_REWARD[name] for name in REWARD_VALUES}
    values |= {value_name(SHOWN, what): column for what, column in _OF_WHAT_IS_SHOWN.items()}
    found = {}
    for name in names:
        signal, _, what = name.rpartition("_")
        if name in values:
            found[name] = values[name]
        elif signal and what in SIGNAL_VALUES:
            description, units = _OF_A_SIGNAL[what]
            found[name] = _column(f"Of the signal {signal}: {description}.", units)
    return found


def write_sidecars(files: SessionFiles, value_names: Sequence[str]) -> None:
    """Write both descriptions.

    Raises
    ------
    FileError
        If one cannot be written.
    """
    frames = {**FRAMES, **columns_of_values(value_names)}
    for table, columns in (("frames", frames), ("events", EVENTS)):
        text = json.dumps(columns, indent=2, ensure_ascii=False)
        path = files.sidecar(table)
        try:
            path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise FileError("file", str(path), f"cannot be written: {cause(error)}") from None
