"""The way into a recording: which reader a file needs, and what all have in common."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from psychopy_nfb.budget import MOST_RECORDING
from psychopy_nfb.errors import FileError
from psychopy_nfb.reading import check_file, reading
from psychopy_nfb.recording.eeg_files.bad_parts import bad_parts, bad_samples
from psychopy_nfb.recording.eeg_files.brainvision import read_brainvision
from psychopy_nfb.recording.eeg_files.channel_facts import channel_facts
from psychopy_nfb.recording.eeg_files.cuts import cuts_as_gaps
from psychopy_nfb.recording.eeg_files.edf import read_edf
from psychopy_nfb.recording.eeg_files.eeglab import read_eeglab
from psychopy_nfb.recording.eeg_files.recording import Found, Recording, listed
from psychopy_nfb.recording.eeg_files.stamp_rates import SLOWEST
from psychopy_nfb.recording.eeg_files.triggers import codes_as_markers
from psychopy_nfb.recording.eeg_files.with_mne import read_with_mne
from psychopy_nfb.recording.eeg_files.xdf import read_xdf

logger: logging.Logger = logging.getLogger(__name__)

FOLDER_ENDINGS = (".mff", ".ds", ".mefd")
"""Recordings that are folders."""
PARTNERS = {".vmrk": ".vhdr", ".eeg": ".vhdr", ".fdt": ".set"}
"""Files that belong to another one, which is the one to open."""
PACKED = (".xdfz", ".gz", ".zip", ".7z", ".bz2", ".xz", ".rar")
"""Endings of packed files."""
READ_PACKED = (".fif.gz",)
"""Those that MNE-Python unpacks itself."""
XDF_ENDINGS = (".xdf",)
FASTEST = 1e6
"""Samples a second that a recording has at most; beyond, and below `SLOWEST`, its header is
wrong."""


def read_recording(
    path: str | os.PathLike[str],
    stream: str | int | None = None,
    *,
    units: str | None = None,
    tell: bool = True,
) -> Recording:
    """Read a recording of any format that pyxdf or MNE-Python reads.

    Parameters
    ----------
    path : path-like
        ``.xdf``; ``.fif``, ``.set``, ``.vhdr``, ``.edf``, ``.bdf`` and others.
    stream : str or int, optional
        Name, source_id or number of the stream to take from an .xdf file; default is the first of
        type EEG.
    units : {"uV", "mV", "V", "nV"}, optional
        Unit of the voltages in the file, if it gives none or a wrong one.
    tell : bool
        Whether what was corrected or assumed is logged as warnings, too.

    Returns
    -------
    Recording
        Voltages in microvolts; ``assumptions`` says what was corrected or assumed.

    Raises
    ------
    FileError
        If there is no such file; if it is a folder, empty, damaged, cut into epochs or of an
        unknown kind; if it has no such stream; if the unit of an EEG channel is not known, or its
        rate is not steady; or if the package that reads it is not installed.

    Notes
    -----
    Markers of .xdf are those of all marker streams in the file, put on the sample whose stamp is
    nearest; without any, the codes of trigger channels. Of other files they are the annotations,
    and the codes of trigger channels. Markers outside the EEG are left out, which is told.
    """
    if not os.fspath(path).strip():
        raise FileError("file", os.fspath(path), "is empty; name a recording")
    path = Path(path)
    _check(path)
    with reading(path):  # whatever a damaged file makes a reader raise
        found = _found(path, None if stream is None else str(stream))
        cuts_as_gaps(found)
    if found.samples.size == 0:
        raise FileError("file", str(path), "has no samples")
    if not SLOWEST <= found.rate <= FASTEST:
        raise FileError(
            "file",
            str(path),
            f"says {found.rate:g} samples a second, which no EEG has ({SLOWEST:g} to "
            f"{FASTEST:g}); export it again with its own rate",
        )
    facts = channel_facts(found, path, units)
    marked = bad_parts(found.annotations, len(found.samples))
    _tell_bad(found, facts.labels, marked)
    codes, told = codes_as_markers(facts.samples, facts.labels, facts.kinds, found.rate)
    if path.suffix.lower() not in XDF_ENDINGS or not any(row >= 0 for row, _ in found.markers):
        found.markers += codes
        found.notes += told
    elif codes:  # most likely the same events, sent on two ways
        found.notes.append(
            "The markers are those of the marker streams; the codes of the trigger channels, "
            f"{len(codes)} of them, are not read as markers."
        )
    markers = _inside(found)
    recording = Recording(
        samples=facts.samples,
        rate=found.rate,
        labels=facts.labels,
        units=facts.units,
        kinds=facts.kinds,
        markers=markers,
        positions={
            label: place
            for label, place in zip(facts.labels, found.positions, strict=False)
            if place is not None
        },
        gaps=tuple(sorted(found.gaps)),
        name=found.name,
        assumptions=tuple(found.notes),
        declared_rate=found.declared_rate,
        real_rate=found.real_rate,
        chunk_seconds=found.chunk_seconds,
        start=found.start,
        n_missing=found.n_missing,
        n_jumps=found.n_jumps,
        bad=tuple(facts.labels[place] for place in found.bad),
        bad_parts=tuple(marked),
    )
    if tell:
        for sentence in recording.assumptions:
            logger.warning("%s: %s", path.name, sentence)
    return recording


def _check(path: Path) -> None:
    """Refuse what cannot be a recording, before a reader tries."""
    ending = path.suffix.lower()
    if not path.exists():
        raise FileError("file", str(path), "there is no such file")
    if path.is_dir() and ending not in FOLDER_ENDINGS:
        raise FileError("file", str(path), "is a folder; name the recording in it")
    if ending == ".snirf":
        raise FileError(
            "file",
            str(path),
            "is a recording of near-infrared light, no EEG; open a recording of EEG",
        )
    if ending in PACKED and not path.name.lower().endswith(READ_PACKED):
        raise FileError("file", str(path), "is packed; unpack it first, and open what is in it")
    if not path.is_dir():
        check_file(path, most=MOST_RECORDING, fewest=1)
    if ending in PARTNERS and path.with_suffix(PARTNERS[ending]).exists():
        raise FileError(
            "file", str(path), f"is one part of a recording; open its {PARTNERS[ending]} file"
        )


def _found(path: Path, stream: str | None) -> Found:
    ending = path.suffix.lower()
    if ending in XDF_ENDINGS:
        return read_xdf(path, stream)
    if stream is not None:
        raise FileError("stream", stream, f"only .xdf files have named streams, not {path.name}")
    if ending in (".edf", ".bdf"):
        return read_edf(path)
    if ending == ".vhdr":
        return read_brainvision(path)
    if ending == ".set":
        return read_eeglab(path)
    return read_with_mne(path)


def _tell_bad(found: Found, labels: Sequence[str], marked: Sequence[tuple[int, int]]) -> None:
    """Tell what the file itself marks as bad."""
    if found.bad:
        found.notes.append(
            f"The file marks as bad: {listed(labels[place] for place in found.bad)}. They are in "
            "no reference and cannot be trained; if they are good, unmark them there (MNE-Python: "
            "raw.info['bads'])."
        )
    if marked:
        seconds = bad_samples(marked) / found.rate
        found.notes.append(
            f"The file marks {len(marked)} part{'s' * (len(marked) > 1)} as bad, "
            f"together {seconds:.1f} s: filters are found and trainings rehearsed without them."
        )


def _inside(found: Found) -> tuple[tuple[int, str], ...]:
    """Return the markers that lie within the samples, by time; tell of others."""
    inside = [
        (int(row), str(label)) for row, label in found.markers if 0 <= row < len(found.samples)
    ]
    if len(inside) < len(found.markers):
        n = len(found.markers)
        found.notes.append(
            f"{n - len(inside)} of {n} markers lie outside the EEG and are left out."
        )
    return tuple(sorted(inside, key=lambda marker: marker[0]))
