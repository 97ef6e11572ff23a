"""Channels of recordings: their names, kinds and places, and those that are no EEG."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import (
    LABELS,
    RATE,
    EdfSignal,
    amplifier,
    channels,
    edf_signals,
    eeg,
    write_brainvision,
    write_edf,
    write_xdf,
)

from psychopy_nfb.dsp import Reference
from psychopy_nfb.dsp.step import SignalInfo

pytest.importorskip("pyxdf")


@pytest.mark.kind("EDF with channels of other rates and kinds (ECG, SpO2)", "corrected")
def test_channels_of_an_edf_keep_the_rate_of_the_eeg_and_their_own_unit(read, tmp_path):
    t = np.arange(6 * 512) / 512
    beat = 500 * np.sin(2 * np.pi * 5 * t)
    signals = [
        EdfSignal("EEG Oz", eeg()[:, 2]),
        EdfSignal("ECG", beat, rate=512),
        EdfSignal("SpO2", np.array([97.0, 97, 96, 96, 95, 95]), b"%", rate=1, low="0", high="100"),
        EdfSignal("Trigger", np.repeat([0.0, 4, 0], 2 * 256), b"", rate=256),
    ]
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert recording.rate == RATE
    assert recording.kinds == ("EEG", "ECG", "MISC", "STIM")
    assert recording.units == ("microvolts", "microvolts", "%", "unknown")
    assert np.allclose(recording.samples[:, 0], eeg()[:, 2], rtol=0, atol=1e-9)
    middle = slice(64, -64)
    expected = 500 * np.sin(2 * np.pi * 5 * np.arange(768) / RATE)
    assert np.abs(recording.samples[middle, 1] - expected[middle]).max() < 5
    spo2 = recording.samples[:, 2]
    assert np.allclose(spo2, np.repeat([97, 97, 96, 96, 95, 95], 128), rtol=0, atol=0.01)
    assert np.allclose(recording.samples[:, 3], np.repeat([0, 4, 0], 256), rtol=0, atol=0.3)
    assert recording.assumptions == (
        "Channels have different rates: ECG (512 Hz), SpO2 (1 Hz) and Trigger (256 Hz) were "
        "brought to the 128 Hz of the EEG.",
        "No EEG, and so in no reference and not judged as EEG: ECG (ECG, uV), SpO2 (other, %), "
        "Trigger (trigger). What is no voltage keeps its own unit.",
        "1 marker of the trigger channel Trigger was read, where a code begins.",
    )


@pytest.mark.kind("BDF with the status channel of a BioSemi", "corrected")
def test_codes_of_a_biosemi_are_no_eeg_and_lose_the_bits_of_the_amplifier(read, tmp_path):
    whole = {"low": "-8388608", "high": "8388607"}
    status = np.repeat([0.0, 4, 0], 256) + (1 << 20) - (1 << 23)  # in range, and a high bit
    signals = [
        EdfSignal("Oz", np.rint(eeg()[:, 2]), **whole),
        EdfSignal("Status", status, b"Boolean", **whole),
    ]
    path = write_edf(tmp_path / "odd.bdf", signals, {1.5: b"open"}, kind="BDF+C", bdf=True)
    recording = read(path)
    assert recording.kinds == ("EEG", "STIM")
    assert recording.units == ("microvolts", "Boolean")
    assert np.array_equal(recording.samples[:, 0], np.rint(eeg()[:, 2]))
    assert np.array_equal(recording.samples[:, 1], np.repeat([0, 4, 0], 256))
    assert recording.markers == ((192, "open"), (256, "4"))
    said, read_too = recording.assumptions
    assert said.startswith("No EEG, and so in no reference and not judged as EEG: Status (trigger")
    assert read_too == "1 marker of the trigger channel Status was read, where a code begins."


@pytest.mark.kind("XDF with trigger, battery and accelerometer beside the EEG", "corrected")
def test_other_channels_of_an_xdf_are_no_eeg_and_not_rescaled(read, tmp_path):
    labels = [*LABELS, "TRIGGER", "Battery", "AccX"]
    others = np.tile([4.0, 87.0, 0.98], (768, 1))
    stream = amplifier(
        samples=np.hstack([eeg() / 1e3, others]),
        channels=channels(labels, unit=["mV"] * 3 + ["mV", "%", "g"]),
    )
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert recording.kinds == ("EEG", "EEG", "EEG", "STIM", "MISC", "MISC")
    assert np.allclose(recording.samples[:, :3], eeg(), rtol=0, atol=1e-9)
    assert np.array_equal(recording.samples[:, 3:], others)
    assert recording.units[3:] == ("mV", "%", "g")
    assert recording.assumptions == (
        "No EEG, and so in no reference and not judged as EEG: TRIGGER (trigger, mV), Battery "
        "(other, %), AccX (other, g). What is no voltage keeps its own unit.",
    )


@pytest.mark.kind("XDF channels with <name> instead of <label>", "read")
@pytest.mark.parametrize("key", ["name", "Label"])
def test_names_stand_for_missing_labels(read, tmp_path, key):
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(channels=channels(key=key))))
    assert recording.labels == LABELS
    assert recording.assumptions == ()


@pytest.mark.kind("XDF channels without any description", "corrected")
def test_channels_that_are_not_described_are_numbered(read, tmp_path):
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(channels="")))
    assert recording.labels == ("Ch1", "Ch2", "Ch3")
    assert recording.kinds == ("EEG", "EEG", "EEG")
    assert recording.assumptions == (
        "The file names no channels: they are called Ch1, Ch2, Ch3.",
        "The file says no unit for Ch1, Ch2, Ch3: taken as microvolts.",
    )


@pytest.mark.kind("Channels of the same label", "corrected")
@pytest.mark.parametrize("ending", [".xdf", ".edf", ".vhdr"])
def test_equal_labels_are_numbered(read, tmp_path, ending):
    path, labels = tmp_path / f"odd{ending}", ("Oz", "Cz", "Oz")
    if ending == ".xdf":
        write_xdf(path, amplifier(channels=channels(labels)))
    elif ending == ".edf":
        write_edf(path, edf_signals(labels=labels))
    else:
        write_brainvision(path, labels=labels)
    recording = read(path)
    assert recording.labels == ("Oz", "Cz", "Oz-1")
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == (
        "Channels whose name is missing or not the only one are called Oz-1 (channel 3, named "
        "'Oz').",
    )


def test_positions_of_an_xdf_belong_to_their_channel_also_if_labels_are_equal(read, tmp_path):
    described = "".join(
        f"<channel><label>{label}</label><unit>microvolts</unit><location><X>{x}</X><Y>0</Y>"
        "<Z>80</Z></location></channel>"
        for x, label in enumerate(("Oz", "Cz", "Oz"))
    )
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(channels=described)))
    assert recording.positions == {"Oz": (0, 0, 80), "Cz": (1, 0, 80), "Oz-1": (2, 0, 80)}


@pytest.mark.kind("FIF with sEEG or ECoG beside scalp EEG", "corrected")
@pytest.mark.parametrize("kind", ["seeg", "ecog", "dbs"])
def test_electrodes_inside_the_head_are_in_no_reference_of_the_scalp(read, tmp_path, kind):
    path = write_fif(tmp_path / "odd_raw.fif", [*LABELS, "LA1", "LA2"], ["eeg"] * 3 + [kind] * 2)
    recording = read(path)
    assert recording.kinds == ("EEG", "EEG", "EEG", "IEEG", "IEEG")
    assert recording.units == ("microvolts",) * 5
    assert np.allclose(recording.samples, eeg(n=5))
    assert any(
        "in no reference" in one and "LA1 (inside the head" in one for one in recording.assumptions
    )
    info = SignalInfo(recording.rate, recording.labels, kinds=recording.not_eeg)
    step = Reference("average")
    step.prepare(info)
    scalp = eeg(n=5)[:, :3]
    out = step.process(recording.samples)
    assert np.allclose(out[:, :3], scalp - scalp.mean(axis=1, keepdims=True))


@pytest.mark.kind("FIF with sEEG or ECoG alone", "corrected")
@pytest.mark.parametrize("kind", ["seeg", "ecog", "dbs"])
def test_electrodes_inside_the_head_alone_are_used_and_told(read, tmp_path, kind):
    recording = read(write_fif(tmp_path / "odd_raw.fif", ["LA1", "LA2", "LA3"], [kind] * 3))
    assert recording.kinds == ("EEG", "EEG", "EEG")
    assert any(
        one.startswith("Electrodes inside the head (sEEG, ECoG or DBS), not on the scalp: LA1")
        for one in recording.assumptions
    )


def write_fif(path, labels, types):
    """Write `eeg` as MNE-Python does, with channels of these types."""
    mne = pytest.importorskip("mne")
    info = mne.create_info(list(labels), RATE, types)
    raw = mne.io.RawArray(1e-6 * eeg(n=len(labels)).T, info, verbose="ERROR")
    raw.save(path, fmt="double", verbose="ERROR")
    return path
