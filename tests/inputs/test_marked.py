"""What a file marks: codes in trigger channels, channels and parts that are bad, and no EEG."""

from __future__ import annotations

import json

import numpy as np
import pytest
from odd_files import LABELS, RATE, EdfSignal, edf_signals, eeg, refusal, write_edf
from signals import alpha_in_noise

from psychopy_nfb.cli import main
from psychopy_nfb.dsp import Reference, SignalInfo
from psychopy_nfb.recording.eeg_files import read_recording

mne = pytest.importorskip("mne")
N = 768
WHOLE = {"low": "-8388608", "high": "8388607"}


def codes(*begins):
    """Return 6 s of codes, each 32 samples long: (first sample, code)."""
    values = np.zeros(N)
    for first, code in begins:
        values[first : first + 32] = code
    return values


@pytest.mark.kind("BDF whose status channel rests at a constant beside the codes", "corrected")
@pytest.mark.parametrize(("rest", "told"), [(0, False), (0xFF00, True)])
def test_codes_of_biosemi_are_markers_without_the_constant_and_the_upper_bits(
    read, tmp_path, rest, told
):
    status = codes((128, 4), (256, 7), (288, 9)) + rest + (1 << 20) + (1 << 16) - (1 << 23)
    signals = [EdfSignal("Oz", np.rint(eeg()[:, 2]), **WHOLE)]
    signals.append(EdfSignal("Status", status, b"Boolean", **WHOLE))
    recording = read(write_edf(tmp_path / "odd.bdf", signals, kind="BDF+C", bdf=True))
    assert recording.markers == ((128, "4"), (256, "7"), (288, "9"))
    said = " ".join(recording.assumptions)
    assert "3 markers of the trigger channel Status were read, where a code begins." in said
    assert ("Status rests at 65280: this value is no marker." in said) == told


@pytest.mark.kind("EDF whose trigger channel rests high", "corrected")
def test_a_trigger_that_falls_to_its_code_is_a_marker(read, tmp_path):
    trigger = np.where(codes((200, 1)) > 0, 4.0, 255.0)
    signals = [*edf_signals(), EdfSignal("Trigger", trigger, b"", low="0", high="255")]
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert recording.markers == ((200, "4"),)


@pytest.mark.kind("EDF whose trigger channel is an analog signal", "read")
@pytest.mark.parametrize("wave", [0.37, 1.0])
def test_a_trigger_channel_without_codes_has_no_markers_and_is_told(read, tmp_path, wave):
    signal = wave * (np.arange(N) % 5)
    recording = read(
        write_edf(tmp_path / "odd.edf", [*edf_signals(), EdfSignal("Trigger", signal)])
    )
    assert recording.markers == ()
    assert "Trigger changes, but not between codes: no markers are read from it." in (
        recording.assumptions
    )


def saved(path, samples, labels, kinds, bads=(), annotations=((), (), ())):
    scale = [1e-6 if kind == "eeg" else 1e-15 if kind == "mag" else 1.0 for kind in kinds]
    raw = mne.io.RawArray((samples * scale).T, mne.create_info(labels, RATE, kinds), verbose=40)
    raw.info["bads"] = list(bads)
    raw.set_annotations(mne.Annotations(*annotations))
    raw.save(path, verbose=40)
    return path


@pytest.mark.kind("fif with trigger channels, one of which sums up the others", "corrected")
def test_stim_channels_of_a_fif_are_markers(read, tmp_path):
    first, second = codes((128, 5)), codes((300, 5))
    samples = np.column_stack([eeg(), first, second])
    path = saved(
        tmp_path / "a_raw.fif", samples, [*LABELS, "STI 001", "STI 002"], ["eeg"] * 3 + ["stim"] * 2
    )
    assert read(path).markers == ((128, "STI 001/5"), (300, "STI 002/5"))
    samples = np.column_stack([eeg(), first, codes((128, 1), (300, 2))])
    path = saved(
        tmp_path / "b_raw.fif", samples, [*LABELS, "STI 001", "STI101"], ["eeg"] * 3 + ["stim"] * 2
    )
    assert read(path).markers == ((128, "1"), (300, "2"))


@pytest.mark.kind("fif with MEG and no EEG", "refused")
@pytest.mark.parametrize("units", [None, "uV"])
def test_meg_alone_is_no_eeg_whatever_the_unit(tmp_path, units):
    path = saved(tmp_path / "meg_raw.fif", eeg(), ["MEG1", "MEG2", "MEG3"], ["mag"] * 3)
    assert "holds MEG and no EEG; open a recording of EEG" in refusal(path, units=units)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """Return 80 s, of which Fz is marked as bad and 60 to 64 s too; both are artifacts."""
    rng = np.random.default_rng(5)
    alpha = alpha_in_noise(80.0, RATE, 2)
    labels = ["Fz", "Cz", "Pz", "O1", "Oz"]
    samples = alpha[:, None] * [0.1, 0.2, 0.5, 0.8, 1] + 2 * rng.standard_normal((len(alpha), 5))
    samples[:, 0] = 300 * rng.standard_normal(len(alpha))
    part = slice(round(60 * RATE), round(64 * RATE))
    samples[part] += 40 * rng.standard_normal((4 * round(RATE), 1))
    notes = ([10.0, 60.0], [0.0, 4.0], ["closed", "BAD_movement"])
    path = tmp_path_factory.mktemp("marked") / "rest_raw.fif"
    return saved(path, samples, labels, ["eeg"] * 5, ["Fz"], notes)


@pytest.mark.kind("fif whose channels and parts are marked as bad", "corrected")
def test_what_is_marked_as_bad_is_told_and_in_no_reference(marked, read):
    recording = read(marked)
    assert recording.bad == ("Fz",)
    assert recording.bad_parts == ((round(60 * RATE), round(64 * RATE)),)
    assert recording.markers == ((1280, "closed"), (7680, "BAD_movement"))
    assert np.isnan(recording.usable[7680:8192]).all()
    assert np.isfinite(recording.usable[:7680]).all()
    said = " ".join(recording.assumptions)
    assert "The file marks as bad: Fz." in said
    assert "The file marks 1 part as bad, together 4.0 s" in said
    step = Reference("average")
    step.prepare(SignalInfo(RATE, recording.labels, kinds=recording.not_eeg))
    found = step.process(recording.samples)
    mean = recording.samples[:, 1:].mean(axis=1)
    assert np.allclose(found[:, 4], recording.samples[:, 4] - mean)


@pytest.mark.kind("bad channels and parts, for tune and spatial", "corrected")
def test_bad_channels_are_refused_and_bad_parts_left_out(marked, tmp_path, capsys):
    tune = ["tune", str(marked), "--delays", "100", "--out", str(tmp_path), "--channel"]
    assert main([*tune, "Fz"]) == 2
    said = capsys.readouterr().err
    assert "channel='Fz': is marked as bad in the file; choose one of Cz, Pz, O1, Oz" in said
    assert main(["spatial", str(marked), "--band", "8", "12", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Left out, because the file marks them as bad: Fz." in said
    assert (
        "Cz, Pz, O1, Oz: 4.0 s are no numbers, beyond 1 V or marked as bad, from 60.0 to 64.0 s"
        in said
    )
    (weights,) = tmp_path.glob("spatial_*.json")
    assert list(json.loads(weights.read_text(encoding="utf-8"))["C1"]) == ["Cz", "Pz", "O1", "Oz"]


@pytest.mark.kind("no recording, under any name", "refused")
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"hello", "is no recording, or a damaged one"),
        ("a.dat", b"hello", "is of no program whose recordings are read"),
        ("a_raw.fif", b"0       " * 99, "is no .fif file, or a damaged one; if it was renamed"),
    ],
)
def test_what_is_no_recording_is_refused_in_our_words(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    said = refusal(path)
    assert sentence in said
    assert not any(word in said for word in ("Error", "Posix", "mne.io"))


@pytest.mark.kind("EDF whose records last no time", "refused")
def test_records_without_a_length_are_named(tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals())
    content = bytearray(path.read_bytes())
    content[244:252] = b"0       "
    path.write_bytes(content)
    assert "says that a record lasts 0 s, so that its rate is not known" in refusal(path)


def test_an_empty_name_is_told_as_such(capsys):
    assert main(["inspect", ""]) == 2
    assert "input='': is empty; name a recording or a stream." in capsys.readouterr().err
    with pytest.raises(ValueError, match="file='': is empty; name a recording"):
        read_recording("")
