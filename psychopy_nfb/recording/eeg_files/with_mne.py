"""Recordings of the many formats that MNE-Python reads."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.channels import is_known_type
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.reading import RECORDINGS
from psychopy_nfb.recording.eeg_files.recording import Found

if TYPE_CHECKING:
    import mne

HOW_TO_INSTALL = 'needs mne to be read: pip install "psychopy-nfb[files]"'
HDF5 = (
    "was saved in MATLAB's format 7.3, which needs one more package: pip install pymatreader; or "
    "save it in EEGLAB in the older format (File, Preferences)"
)
CUT_OFF = "Invalid tag with only"
"""What MNE-Python warns of in a .fif file that breaks off."""
UNREADABLE = "cannot be read; the file is damaged or of a kind that MNE-Python does not read"
NO_SAMPLE = "cannot be read (it was cut off before its first sample)"
MEG = {"mag", "grad", "ref_meg"}
"""MNE-Python's types of channels that measure magnetic fields."""
EPOCHS = "holds epochs, pieces cut out of a recording; open the continuous recording instead"
NO_RAW = "holds epochs or averages of a recording; open the continuous recording instead"


def read_with_mne(path: Path) -> Found:
    """Read a file of any format that MNE-Python reads.

    Raises
    ------
    FileError
        If it is of none, damaged or holds epochs, or if MNE-Python is not installed.
    """
    raw, warned = read_raw(path, said=path)
    from mne.io.constants import FIFF

    channels = raw.info["chs"]
    types = raw.get_channel_types()
    # MNE says volts of trigger channels too, whose values are codes.
    volts = [
        channel["unit"] == FIFF.FIFF_UNIT_V and kind != "stim"
        for channel, kind in zip(channels, types, strict=True)
    ]
    if not any(volts) and MEG & set(types):
        raise FileError("file", str(path), "holds MEG and no EEG; open a recording of EEG")
    markers, annotations = _annotations(raw)
    bads = set(raw.info["bads"])
    return Found(
        samples=raw.get_data().T * np.where(volts, 1e6, 1.0),
        rate=float(raw.info["sfreq"]),
        labels=_own_names(raw.ch_names, warned),
        types=[
            "misc"
            if (name in bads if volt else not is_known_type(kind))
            else ("" if kind == "eeg" else kind)
            for name, kind, volt in zip(raw.ch_names, types, volts, strict=True)
        ],
        units=["microvolts" if volt else "unknown" for volt in volts],
        markers=markers,
        name=path.name,
        positions=electrode_positions(raw),
        bad=[place for place, name in enumerate(raw.ch_names) if name in bads],
        annotations=annotations,
        notes=_told(raw, warned),
    )


def read_raw(path: Path, said: Path) -> tuple[mne.io.BaseRaw, list[str]]:
    """Return what MNE-Python reads from `path`, loaded, and its warnings.

    Errors name the file `said`. A .fif file that was cut off is read up to its last whole buffer.
    """
    try:
        import mne
    except ImportError:
        raise FileError("file", str(said), HOW_TO_INSTALL) from None
    options = {"on_split_missing": "warn"} if path.suffix.lower() == ".fif" else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            raw = mne.io.read_raw(path, preload=False, verbose="WARNING", **options)
            warned = [str(one.message) for one in caught]
            try:
                raw.load_data(verbose="ERROR")
            except ValueError:
                if not any(CUT_OFF in text for text in warned):
                    raise
                size = max(1, round(raw.buffer_size_sec * raw.info["sfreq"]))
                whole = (raw.n_times - 1) // size * size  # the last one is what is cut
                raw.crop(0, (whole - 1) / raw.info["sfreq"]).load_data(verbose="ERROR")
        except Exception as error:  # each of MNE's readers fails in its own way
            cut = any(CUT_OFF in str(one.message) for one in caught)
            raise FileError("file", str(said), NO_SAMPLE if cut else _why(error)) from None
    return raw, warned


def _told(raw: mne.io.BaseRaw, warned: Sequence[str]) -> list[str]:
    """Return what MNE-Python's warnings say of the file's end, in our words."""
    seconds = f"{raw.n_times / raw.info['sfreq']:.6g} s"
    told = []
    for text in warned:
        if found := re.search(r"next file (.*?) does not exist", text):
            told.append(
                f"The recording goes on in {Path(found[1]).name}, which is not beside this file: "
                f"it is read up to the end of this file, {seconds}."
            )
    if any(CUT_OFF in text for text in warned):
        told.append(f"The file was cut off: it is read up to its last whole buffer, {seconds}.")
    return told


def _own_names(names: Sequence[str], warned: Sequence[str]) -> list[str]:
    """Return the channels' names as the file has them: MNE-Python numbers those that are equal.

    Examples
    --------
    >>> _own_names(["Oz-0", "Cz", "Oz-1"], ["Channel names ... duplicates for: {'Oz'}. Applying"])
    ['Oz', 'Cz', 'Oz']
    """
    found = re.search(r"duplicates for: (\{.*\})\. Applying", " ".join(warned))
    equal = ast.literal_eval(found[1]) if found else set()
    stems = {name: re.sub(r"-(\d+|[a-z])$", "", name) for name in names}
    return [stems[name] if stems[name] in equal else name for name in names]


def _why(error: Exception) -> str:
    text = "" if isinstance(error, UnicodeError) else str(error)  # which speaks of encodings
    if "Unsupported file type" in text:
        return f"is not a known kind of recording: {RECORDINGS} or another that MNE-Python reads"
    if "HDF reader" in text or "pymatreader" in text:
        return HDF5
    if "number of trials" in text:
        return EPOCHS
    if "No raw data in" in text:
        return NO_RAW
    if "start with a file id tag" in text:
        return "is no .fif file, or a damaged one; if it was renamed, give it its own ending again"
    if "any of the possible readers" in text or "read_raw_" in text:
        return (
            "is of no program whose recordings are read, is damaged, or lacks files that belong "
            f"beside it; known are {RECORDINGS} and others that MNE-Python reads"
        )
    if not text.strip():
        return f"is no recording, or a damaged one; known are {RECORDINGS} and others"
    if isinstance(error, (TypeError, IndexError, KeyError, AttributeError)):
        return UNREADABLE  # the reader stumbled over it, in words of Python or numpy
    why = re.sub(r"<_io\.\w+ name=(.*?)>", r"\1", cause(error)).replace("\\\\", "\\")
    return f"cannot be read ({why[:200].rstrip('.')})"


def electrode_positions(raw: mne.io.BaseRaw) -> list[tuple[float, float, float] | None]:
    """Return the position of each channel in millimetres; None where the file holds none."""
    places = [np.asarray(channel["loc"][:3], dtype=float) for channel in raw.info["chs"]]
    return [
        tuple((1000 * place).tolist()) if np.isfinite(place).all() and place.any() else None
        for place in places
    ]


def _annotations(
    raw: mne.io.BaseRaw,
) -> tuple[list[tuple[int, str]], list[tuple[str, float, float]]]:
    """Return the annotations as markers, and with their lengths."""
    rate, notes = raw.info["sfreq"], raw.annotations
    # Onsets count from the start of acquisition, which may lie before the first sample kept.
    # Not raw.time_as_index: without a measurement date it takes them from the first sample.
    rows = (notes.onset * rate - raw.first_samp).tolist()
    texts = [str(text) for text in notes.description]
    lengths = (notes.duration * rate).tolist()
    return (
        [(round(row), text) for row, text in zip(rows, texts, strict=True)],
        [(text, row, row + length) for row, length, text in zip(rows, lengths, texts, strict=True)],
    )
