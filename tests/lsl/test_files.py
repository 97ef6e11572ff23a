from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.eeg_files import read_recording

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize("ending", [".fif", ".set", ".vhdr", ".edf", ".xdf"])
def test_every_format_gives_the_same_recording(write_recording, small_eeg, ending):
    recording = read_recording(write_recording(ending))
    assert recording.samples.dtype == np.float64
    assert recording.samples.flags["C_CONTIGUOUS"]
    assert np.allclose(recording.samples, small_eeg, rtol=0, atol=1e-9)
    assert recording.rate == write_recording.rate
    assert recording.labels == write_recording.labels
    assert set(recording.units) == {"microvolts"}
    assert set(recording.kinds) == {"EEG"}
    found = [(row, label.removeprefix("Comment/")) for row, label in recording.markers]
    assert found == list(write_recording.markers)
    assert recording.gaps == ()
    assert recording.seconds == 2.0


def test_xdf_values_are_kept_to_the_last_bit_and_its_gap_is_noted(write_recording, small_eeg):
    recording = read_recording(write_recording(".xdf", gap=0.75))
    assert np.array_equal(recording.samples, small_eeg)
    ((row, missing),) = recording.gaps
    assert row == 250
    assert missing == pytest.approx(0.75, abs=1e-6)
    assert recording.markers == write_recording.markers


def test_the_stream_of_an_xdf_can_be_named(write_recording):
    path = write_recording(".xdf", kind="ExG")
    with pytest.raises(FileError, match="no stream of type EEG.*'Notes' .Markers., 'Amp' .ExG."):
        read_recording(path)
    assert read_recording(path, "Amp").name == "Amp"
    with pytest.raises(FileError, match="^stream='Apm': .* has no such stream; it has "):
        read_recording(path, "Apm")
    with pytest.raises(FileError, match="^stream='Notes': has no regular samples"):
        read_recording(path, "Notes")


def test_real_eeglab_recording_with_its_positions():
    if not (SHARED / "eeglab_data.set").exists():
        pytest.skip("the EEGLAB sample recording does not stand beside the checkout")
    recording = read_recording(SHARED / "eeglab_data.set")
    assert recording.samples.shape == (30504, 32)
    assert recording.rate == 128.0
    assert len(recording.markers) == 154
    assert {label for _, label in recording.markers} == {"rt", "square"}
    assert 10 < np.median(np.std(recording.samples, axis=0)) < 100
    x, y, z = recording.positions["Oz"]
    assert abs(x) < 10
    assert y < -50
    assert 50 < np.linalg.norm(recording.positions["Cz"]) < 150


def test_what_is_no_recording_is_one_sentence(write_recording, tmp_path):
    (tmp_path / "notes.docx").write_text("no recording")
    (tmp_path / "empty.xdf").touch()
    for ending in (".xdf", ".fif", ".set", ".vhdr", ".edf"):
        (tmp_path / f"garbage{ending}").write_bytes(bytes(range(256)) * 8)
    write_recording(".vhdr")
    cases = {
        "missing.xdf": "there is no such file",
        ".": "is a folder; name the recording in it",
        "empty.xdf": "is empty",
        "notes.docx": "is not a known kind of recording",
        "small_eeg.eeg": "is one part of a recording; open its .vhdr file",
        "garbage.xdf": "cannot be read",
        "garbage.fif": "is no .fif file, or a damaged one",
        "garbage.set": "cannot be read",
        "garbage.vhdr": "cannot be read",
        "garbage.edf": "cannot be read",
    }
    for name, sentence in cases.items():
        with pytest.raises(FileError) as caught:
            read_recording(tmp_path / name)
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="^stream='Amp': only .xdf files have named streams"):
        read_recording(tmp_path / "garbage.fif", "Amp")


def test_a_missing_package_is_named_with_what_installs_it(write_recording):
    # None in sys.modules makes an import fail as if the package were not there.
    for ending, package in ((".fif", "mne"), (".xdf", "pyxdf")):
        code = (
            f"import sys; sys.modules[{package!r}] = None\n"
            "from psychopy_nfb.recording.eeg_files import read_recording\n"
            "from psychopy_nfb.errors import FileError\n"
            "try: read_recording(sys.argv[1])\n"
            "except FileError as error: print(error)\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", code, str(write_recording(ending))],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert f"needs {package} to be read" in run.stdout
        assert 'pip install "psychopy-nfb[files]"' in run.stdout
