"""The samples as BrainVision files, and what is known of the channels and the recording."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb import __version__
from psychopy_nfb.channels import BIO, EEG, IEEG, MISC, STIM, VOLTAGES, says_no_unit
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.text import NOT_AVAILABLE
from psychopy_nfb.report.bids.tables import write_json, write_table

if TYPE_CHECKING:
    from psychopy_nfb.recording import Session

HOW_TO_INSTALL = 'needs the package pybv; run: pip install "psychopy-nfb[bids]"'
VOLTS = "µV"
"""The only unit of voltages that every reader of BrainVision knows."""
TYPES = {STIM: "TRIG", MISC: "MISC", BIO: "MISC", IEEG: "MISC"}
"""Kinds of channels that BIDS has another word for."""
DESCRIPTIONS = {
    EEG: "scalp electrode",
    "EOG": "eye movements",
    "EMG": "muscle activity",
    "ECG": "heart",
    BIO: "external or bipolar input of the amplifier",
    IEEG: "electrode inside the head (sEEG, ECoG or DBS)",
    STIM: "trigger or status codes",
    MISC: "no voltage, as it was sent",
}
COUNTS = {
    "EEGChannelCount": "EEG",
    "EOGChannelCount": "EOG",
    "ECGChannelCount": "ECG",
    "EMGChannelCount": "EMG",
    "MISCChannelCount": "MISC",
    "TriggerChannelCount": "TRIG",
}
EXACT = ("float32", "int16", "int8")
"""Formats of streams whose every number a 32-bit floating point number can hold."""
ROUNDED = (
    "The amplifier sent numbers of the format %s; BrainVision holds 32-bit floating point numbers, "
    "which differ from them by at most 6e-8 of each."
)


def needs_rounding(session: Session) -> str:
    """Return in a sentence how far the samples are rounded; empty if they are not."""
    form = session.settings["stream"].get("format", str(session.eeg.samples.dtype))
    return "" if form in EXACT else ROUNDED % form


def channels(session: Session) -> list[dict[str, Any]]:
    """Return what is known of each channel: ``name``, ``kind``, ``type``, ``units``, ``scale``.

    ``scale`` makes microvolts of what the stream sent; 1 for what is no voltage.
    """
    stream = session.settings["stream"]
    scales, declared = stream["microvolts_per_unit"], stream.get("units") or []
    kinds = stream.get("kinds") or {}
    found = []
    for place, label in enumerate(session.eeg.labels):
        beside = place >= len(scales)  # of a second stream
        kind = MISC if beside else kinds.get(label, EEG)
        unit = declared[place] if place < len(declared) else ""
        unit = NOT_AVAILABLE if says_no_unit(unit) else unit
        scale = 1.0
        if kind in VOLTAGES:
            unit, scale = VOLTS, float(scales[place])
        found.append(
            {
                "name": label,
                "kind": kind,
                "type": TYPES.get(kind, kind),
                "units": unit,
                "scale": scale,
            }
        )
    return found


def write_eeg(session: Session, folder: Path, stem: str, begun: datetime | None) -> None:
    """Write ``…_eeg.vhdr``, ``.vmrk``, ``.eeg`` and ``…_channels.tsv``, and positions if known.

    Parameters
    ----------
    session : Session
        The session.
    folder : path
        Where to.
    stem : str
        What the files' names begin with.
    begun : datetime, optional
        When the first sample was taken.

    Raises
    ------
    FileError
        If the package pybv is not installed.
    """
    try:
        from pybv import write_brainvision
    except ImportError:
        raise FileError("session", str(session.files.stem), HOW_TO_INSTALL) from None
    known = channels(session)
    scales = np.array([one["scale"] for one in known])
    volts = np.array([1e-6 if one["kind"] in VOLTAGES else 1.0 for one in known])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Encountered unsupported non-voltage units")
        write_brainvision(
            data=(session.eeg.samples * (scales * volts)).T,
            sfreq=session.eeg.rate,
            ch_names=[one["name"] for one in known],
            fname_base=f"{stem}_eeg",
            folder_out=str(folder),
            resolution=scales,  # so the file holds the very numbers that the amplifier sent
            unit=[one["units"] for one in known],
            fmt="binary_float32",
            meas_date=begun,
        )
    rows = [
        (
            one["name"],
            one["type"],
            one["units"],
            DESCRIPTIONS[one["kind"]],
            session.eeg.rate,
            *3 * (NOT_AVAILABLE,),
        )
        for one in known
    ]
    heads = ("name", "type", "units", "description", "sampling_frequency")
    path = folder / f"{stem}_channels.tsv"
    write_table(path, (*heads, "low_cutoff", "high_cutoff", "reference"), rows)
    _write_positions(session, folder, stem)


def _write_positions(session: Session, folder: Path, stem: str) -> None:
    """Write where the electrodes were, if the amplifier's program said so."""
    places = session.eeg.positions
    if not places:
        return
    # Positions belong to the session, whatever the task: another run of it has the same file.
    base = stem.split("_task-")[0]
    rows = [
        (label, *places.get(label, 3 * (NOT_AVAILABLE,)))
        for one in channels(session)
        if one["kind"] == EEG and (label := one["name"])
    ]
    electrodes = folder / f"{base}_electrodes.tsv"
    if not electrodes.exists():
        write_table(electrodes, ("name", "x", "y", "z"), rows)
        write_json(folder / f"{base}_coordsystem.json", COORDINATES)


COORDINATES = {
    "EEGCoordinateSystem": "Other",
    "EEGCoordinateUnits": "mm",
    "EEGCoordinateSystemDescription": "As the amplifier's program sent them over LSL: x to the "
    "right, y to the front, z up. Many programs send standard positions, not measured ones.",
}


def recording_facts(session: Session, gaps: int) -> dict[str, Any]:
    """Return the content of ``…_eeg.json``.

    Parameters
    ----------
    session : Session
        The session.
    gaps : int
        How often samples are missing.
    """
    settings, eeg = session.settings, session.eeg
    machine = settings.get("machine") or {}
    packages = machine.get("packages") or {}
    versions = [
        *(f"{name} {version}" for name, version in packages.items() if version),
        *([f"liblsl {machine['liblsl']}"] if "liblsl" in machine else []),
    ]
    types = [one["type"] for one in channels(session)]
    about = settings.get("session") or {}
    return {
        "TaskName": str(about.get("task_name") or session.files.facts()["task"]),
        "TaskDescription": "EEG neurofeedback in PsychoPy with psychopy_nfb.",
        "EEGReference": NOT_AVAILABLE,
        "EEGGround": NOT_AVAILABLE,
        "HardwareFilters": NOT_AVAILABLE,
        "PowerLineFrequency": power_line(settings),
        "SamplingFrequency": eeg.rate,
        "SoftwareFilters": NOT_AVAILABLE,
        "SoftwareVersions": ", ".join(versions) or NOT_AVAILABLE,
        "RecordingDuration": len(eeg.samples) / eeg.rate,
        "RecordingType": "discontinuous" if gaps else "continuous",
        **{name: types.count(kind) for name, kind in COUNTS.items()},
        "AmplifierStream": {
            name: settings["stream"].get(name) for name in ("name", "type", "format")
        },
        "MissingStretches": gaps,
        "Rounding": needs_rounding(session) or "none",
        "ConvertedBy": f"psychopy_nfb {__version__}",
    }


def power_line(settings: Mapping[str, Any]) -> float | str:
    """Return the frequency of the mains in Hz, as a notch of the training has it.

    Examples
    --------
    >>> power_line({"configuration": {"steps": [{"type": "Notch", "frequency": 60.0}]}})
    60.0
    >>> power_line({})
    'n/a'
    """
    for step in _steps(settings.get("configuration")):
        if step.get("type") == "Notch" and step.get("frequency") in (50, 60):
            return float(step["frequency"])
    return NOT_AVAILABLE


def _steps(content: Any) -> list[dict[str, Any]]:
    """Return each step of signal processing that is anywhere in settings."""
    if isinstance(content, list):
        return [step for one in content for step in _steps(one)]
    if not isinstance(content, dict):
        return []
    own = [content] if "type" in content else []
    return own + [step for one in content.values() for step in _steps(one)]
