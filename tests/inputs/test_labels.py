"""Labels that say more than an electrode's name, or less: in streams and in files alike."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import RATE, XdfStream, channels, edf_signals, eeg, write_edf, write_xdf

from psychopy_nfb.channels import BIO, EEG, MISC
from psychopy_nfb.checks import check_channels
from psychopy_nfb.cli import main
from psychopy_nfb.dsp import Reference, SignalInfo
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording.eeg_files import read_recording

BESIDE = ["Fz", "Cz", "Oz", "M1", "EX1", "EXG2", "BIP1"]
OPENBCI = ["EXG Channel 0", "EXG Channel 1", "EXG Channel 2", "Accel Channel 0"]


@pytest.fixture
def of_stream(odd_amplifier):
    """Return what is understood of a live stream with these labels."""

    def understood(labels):
        inlet = Inlet(StreamSelection(source_id=odd_amplifier(labels=labels), timeout=20))
        inlet.close()
        return inlet

    return understood


@pytest.mark.slow
@pytest.mark.kind("external and bipolar inputs beside named electrodes", "corrected")
def test_external_inputs_beside_named_electrodes_enter_no_reference(of_stream, tmp_path):
    inlet = of_stream(BESIDE)
    recording = read_recording(write_edf(tmp_path / "odd.edf", edf_signals(labels=BESIDE)))
    assert recording.not_eeg == inlet.info.kinds == {"EX1": BIO, "EXG2": BIO, "BIP1": BIO}
    told = [text.replace("microvolts", "uV") for text in inlet.channels.assumptions]
    assert tuple(told) == recording.assumptions
    assert recording.assumptions == (
        "No EEG, and so in no reference and not judged as EEG: EX1 (external input, uV), EXG2 "
        "(external input, uV), BIP1 (external input, uV).",
    )
    assert set(recording.units) == {"microvolts"}
    step = Reference("average")
    step.prepare(SignalInfo(recording.rate, recording.labels, kinds=recording.not_eeg))
    samples = eeg(n=len(BESIDE))
    wanted = samples.copy()
    wanted[:, :4] -= samples[:, :4].mean(axis=1, keepdims=True)
    assert np.abs(step.process(recording.samples) - wanted).max() < 1e-9


@pytest.mark.slow
@pytest.mark.kind("EEG whose channels are all called EXG (OpenBCI)", "corrected")
def test_where_all_are_called_external_they_are_the_eeg(of_stream, tmp_path):
    inlet = of_stream(OPENBCI)
    recording = read_recording(write_edf(tmp_path / "odd.edf", edf_signals(labels=OPENBCI)))
    assert recording.not_eeg == inlet.info.kinds == {"Accel Channel 0": MISC}
    assert [inlet.channels.kinds[place] for place in range(3)] == [EEG] * 3


@pytest.mark.kind("BioSemi: 32 inputs by letter, 8 external, one status", "corrected")
def test_external_inputs_beside_more_others_are_no_eeg(tmp_path):
    labels = [f"A{place + 1}" for place in range(32)] + [f"EXG{place + 1}" for place in range(8)]
    path = write_edf(tmp_path / "odd.bdf", edf_signals(labels=labels, seconds=2.0))
    recording = read_recording(path)
    assert recording.kinds == (EEG,) * 32 + (BIO,) * 8


@pytest.mark.kind("EDF whose labels hold EEG and the reference", "read")
def test_electrodes_are_found_in_the_labels_of_edf(of_stream, tmp_path):
    labels = ("EEG FP1-REF", "EEG Oz-LE", "Cz-REF", "EEG T3", "Fc5.", "EEG Fpz-Cz")
    path = write_edf(tmp_path / "odd.edf", edf_signals(labels=labels))
    recording = read_recording(path)
    assert recording.assumptions == ()
    info = SignalInfo(recording.rate, recording.labels)
    step = Reference("laplacian", neighbours=2)
    assert step.prepare(info).labels == labels[:5]  # a difference of two electrodes has no place
    inlet = of_stream([label.upper() for label in labels])
    assert list(inlet.info.positions) == [label.upper() for label in labels[:5]]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("Oz", "'EEG Oz-LE'?"),
        ("fp1", "'EEG FP1-REF'?"),
        ("T7", "'EEG T3'?"),
        ("EEG Cz", "'Cz-A1' or 'Cz-A2'?"),
        ("Fpz", None),
        ("Q1", None),
    ],
)
def test_who_asks_for_the_electrode_is_told_the_label(wanted, near):
    labels = ("EEG FP1-REF", "EEG Oz-LE", "Cz-A1", "Cz-A2", "EEG T3", "EEG Fpz-Cz")
    with pytest.raises(SettingsError) as caught:
        check_channels("channel", [wanted], labels)
    said = str(caught.value)
    assert said.endswith(f"did you mean {near}" if near else "EEG T3, EEG Fpz-Cz.")


def test_a_command_tells_the_label_in_the_file(tmp_path, capsys):
    path = write_edf(tmp_path / "odd.edf", edf_signals(labels=("EEG Cz-Ref", "EEG Oz-Ref")))
    assert main(["tune", str(path), "--channel", "Oz", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "channel='Oz'" in said
    assert "did you mean 'EEG Oz-Ref'?" in said


@pytest.mark.kind("electrodes named with letters that are not ASCII", "read")
@pytest.mark.parametrize("label", ["Öz", "Äx", "Оz", "Ax前", "mÿ"])
def test_letters_of_any_script_are_no_axis_of_an_accelerometer(tmp_path, label):
    samples = eeg()
    stream = XdfStream(samples, 50 + np.arange(len(samples)) / RATE, channels=channels([label] * 3))
    recording = read_recording(write_xdf(tmp_path / "odd.xdf", stream))
    assert set(recording.kinds) == {EEG}
    assert recording.labels[0] == label


@pytest.mark.kind("electrode called X, declared as EEG", "corrected")
def test_a_declared_type_counts_more_than_a_name_as_short_as_an_axis(read, tmp_path):
    labels = ("Fz", "X", "Gz")
    declared = XdfStream(eeg(), 100 + np.arange(768) / RATE, channels=channels(labels, kind="EEG"))
    recording = read(write_xdf(tmp_path / "declared.xdf", declared))
    assert recording.not_eeg == {}
    assert recording.assumptions == (
        "The file declares X, Gz as EEG, and so they are, though axes are called so. If they are "
        "axes, declare another type or leave them out of the reference.",
    )
    silent = XdfStream(eeg(), 100 + np.arange(768) / RATE, channels=channels(labels, kind=""))
    recording = read(write_xdf(tmp_path / "silent.xdf", silent))
    assert recording.not_eeg == {"X": MISC, "Gz": MISC}
