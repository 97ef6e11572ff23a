"""A spatial filter from a recording, by command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import signal
from signals import background, rhythm
from trainings import the_signal

from psychopy_nfb.cli import main
from psychopy_nfb.dsp import SignalInfo, SpatialFilter, individual_frequency
from psychopy_nfb.engine.configuration import read_configuration

mne = pytest.importorskip("mne")
RATE = 250.0
LABELS = ["Fp1", "Fp2", "F3", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "O2"]
PATTERN = np.array([0, 0, 0, 0, 0.1, 0.2, 0.1, 0.5, 0.7, 0.5, 1, 1.0])


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Return the path of a recording, and its planted rhythm: alpha while eyes are closed."""
    random = np.random.default_rng(3)
    n = round(80 * RATE)
    closed = (np.arange(n) // round(10 * RATE)) % 2 == 1
    alpha = 8 * rhythm(random, n, RATE, (9.2, 9.8)) * np.where(closed, 1, 0.1)
    samples = 8 * background(random, n, RATE, 12) @ (0.5 * random.standard_normal((12, 12)))
    blinks = np.zeros(n)
    for start in range(200, n - 200, 600):
        blinks[start : start + 75] += 150 * np.hanning(75)
    spread = np.array([1, 1, 0.4, 0.4, *[0.1] * 8])
    samples += np.outer(alpha, PATTERN) + np.outer(blinks, spread)
    raw = mne.io.RawArray(1e-6 * samples.T, mne.create_info(LABELS, RATE, "eeg"), verbose="ERROR")
    onsets = np.arange(8) * 10.0
    raw.set_annotations(mne.Annotations(onsets, 0.0, ["open", "closed"] * 4))
    path = tmp_path_factory.mktemp("recording") / "rest_raw.fif"
    raw.save(path, verbose="ERROR")
    return path, alpha, samples


@pytest.mark.row(69)
@pytest.mark.parametrize("method", [["ssd"], ["csp", "--states", "closed", "open"]])
def test_row_069_by_command_a_filter_and_its_topography(method, recording, tmp_path, capsys):
    path, alpha, samples = recording
    status = main(
        ["spatial", str(path), "--band", "8", "11", "--out", str(tmp_path), "--method", *method]
    )
    assert status == 0
    assert "Component 1" in capsys.readouterr().out
    (weights,) = tmp_path.glob("spatial_*.json")
    step = SpatialFilter(file=str(weights))
    step.prepare(SignalInfo(RATE, tuple(LABELS)))
    sos = signal.butter(2, (8, 11), "bandpass", fs=RATE, output="sos")
    found = signal.sosfiltfilt(sos, step.process(samples)[:, 0])
    assert abs(np.corrcoef(found, alpha)[0, 1]) > 0.9
    (page,) = tmp_path.glob("spatial_*.html")
    assert "data:image/png" in page.read_text(encoding="utf-8")
    # What is kept with a session needs no file.
    assert step.file is None
    assert step.weights == json.loads(weights.read_text())


@pytest.mark.parametrize("method", ["ica", "eog"])
def test_row_069_channels_freed_of_blinks_by_command(method, recording, tmp_path):
    path, _, samples = recording
    assert main(["spatial", str(path), "--method", method, "--eyes", "Fp1,Fp2"]
                + ["--out", str(tmp_path)]) == 0  # fmt: skip
    (weights,) = tmp_path.glob("spatial_*.json")
    step = SpatialFilter(file=str(weights))
    labels = step.prepare(SignalInfo(RATE, tuple(LABELS))).labels
    at = labels.index("F3")
    blinks = np.arange(200, len(samples) - 200, 600)[:, None] + np.arange(75)
    left = step.process(samples)[:, at][blinks].mean(axis=0)
    assert np.ptp(left) < 0.3 * np.ptp(samples[:, 2][blinks].mean(axis=0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "csp"], "states=None: must be given for --method csp: --states A B."),
        (
            ["--method", "csp", "--states", "open", "shut"],
            "'shut': is no marker of the recording, which has closed, open",
        ),
        (
            ["--method", "csp", "--states", "open", "open"],
            r"states=\['open', 'open'\]: names one marker twice",
        ),
        (["--method", "ica"], "eyes=None"),
        (["--method", "spoc", "--target", "EMG"], "target='EMG'.*no such channel"),
        (["--exclude", "Qz"], "exclude='Qz'"),
        (["--components", "40"], "n_components=40.*at most 12"),
    ],
)
def test_what_is_missing_is_said(arguments, said, recording, tmp_path, capsys):
    assert main(["spatial", str(recording[0]), "--out", str(tmp_path), *arguments]) == 2
    assert re.search(said, capsys.readouterr().err)


@pytest.fixture
def changed(recording, tmp_path):
    """Return a function that writes the recording with other samples, and its path."""

    def write(samples, marks=()):
        info = mne.create_info(LABELS, RATE, "eeg")
        raw = mne.io.RawArray(1e-6 * samples.T, info, verbose="ERROR")
        raw.set_annotations(mne.Annotations([t for t, _ in marks], 0.0, [m for _, m in marks]))
        path = tmp_path / "changed_raw.fif"
        raw.save(path, verbose="ERROR")
        return str(path)

    return write


@pytest.mark.parametrize("follows", [True, False])
def test_a_target_is_said_to_be_followed_more_than_by_chance_or_not(
    follows, recording, changed, tmp_path, capsys
):
    _, alpha, samples = recording
    random = np.random.default_rng(3)
    second = round(RATE)
    n = len(alpha) // second
    power = (alpha[: n * second] ** 2).reshape(n, second).mean(axis=1)
    target = power / power.max() if follows else random.random(n)
    samples = samples.copy()
    samples[:, -1] = 50 * np.append(np.repeat(target, second), np.zeros(len(alpha) - n * second))
    path = changed(samples)
    assert main(["spatial", path, "--method", "spoc", "--target", LABELS[-1]]
                + ["--out", str(tmp_path)]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert ("more closely than by chance (p = 0.0" in said) == follows
    assert ("no more closely than by chance (p = 0." in said) == (not follows)
    assert ("Do not train with this filter" in said) == (not follows)
    assert "p = 0." in said


@pytest.mark.parametrize(
    ("method", "seconds", "said"),
    [
        (["ssd"], 19.0, r"has 19.0 s that can be used, and --method ssd needs at least 20 s"),
        (["spoc", "--target", "O1"], 59.0, r"has 59.0 s .* --method spoc needs at least 60 s"),
        (["ica", "--eyes", "Fp1"], 59.0, r"has 59.0 s .* --method ica needs at least 60 s"),
        (["eog", "--eyes", "Fp1"], 19.0, r"has 19.0 s .* --method eog needs at least 20 s"),
        (["csp", "--states", "open", "closed"], 25.0, r"states='closed': has 9.0 s .* 10 s"),
    ],
)
def test_a_recording_too_short_for_the_weights_is_refused(
    method, seconds, said, recording, changed, tmp_path, capsys
):
    path = changed(recording[2][: round(seconds * RATE)], [(0.0, "open"), (16.0, "closed")])
    assert main(["spatial", path, "--out", str(tmp_path), "--method", *method]) == 2
    assert re.search(said, capsys.readouterr().err)
    assert not list(tmp_path.glob("spatial_*"))


@pytest.mark.parametrize("method", [["ssd"], ["eog", "--eyes", "Fp1"]])
def test_flat_channels_get_no_weight(method, recording, changed, tmp_path, capsys):
    samples = recording[2].copy()
    samples[:, [3, 10]] = 0.0, 3000.0
    path = changed(samples)
    assert main(["spatial", path, "--out", str(tmp_path), "--method", *method]) == 0
    assert "Left out, because flat: F4, O1.\n" in capsys.readouterr().out
    (weights,) = tmp_path.glob("spatial_*.json")
    used = {label for column in json.loads(weights.read_text()).values() for label in column}
    assert used == set(LABELS) - {"F4", "O1"}


def test_where_all_is_flat_the_unit_is_to_be_checked(recording, changed, tmp_path, capsys):
    assert main(["spatial", changed(1e-4 * recording[2]), "--out", str(tmp_path)]) == 2
    assert re.search(
        r"is flat in Fp1, .*the unit may be wrong \(--units\)", capsys.readouterr().err
    )


@pytest.mark.row(76)
def test_row_076_the_own_peak_becomes_the_band_s_centre(recording, tmp_path, capsys):
    path, _, samples = recording
    status = main(
        ["tune", str(path), "--channel", "O1", "--own-peak", "--band", "8", "11"]
        + ["--delays", "100", "--out", str(tmp_path)]
    )
    assert status == 0
    half = len(samples) // 2
    peak = individual_frequency(samples[:half, 10], RATE, (7, 12))
    assert peak == pytest.approx(9.5, abs=0.2)
    assert f"Own peak: {peak:.2f} Hz" in capsys.readouterr().out
    (settings,) = Path(tmp_path).glob("tune_*.json")
    band = the_signal(read_configuration(settings)).pipeline.steps[-1].band
    assert sum(band) / 2 == pytest.approx(peak, abs=0.011)
    assert band[1] - band[0] == pytest.approx(3)


def test_channels_without_names_have_no_map_and_their_weights_are_written(
    recording, tmp_path, capsys
):
    raw = mne.io.read_raw(recording[0], preload=True, verbose="ERROR")
    raw.rename_channels({label: f"Ch{place}" for place, label in enumerate(LABELS, start=1)})
    raw.save(tmp_path / "numbered_raw.fif", verbose="ERROR")
    command = ["spatial", str(tmp_path / "numbered_raw.fif"), "--band", "8", "11"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "There is no map of the head: 0 of 12 channels have a name of the 10-20 system" in said
    (weights,) = tmp_path.glob("spatial_*.json")
    assert str(weights) in said
    found = json.loads(weights.read_text(encoding="utf-8"))["C1"]
    assert list(found) == [f"Ch{place}" for place in range(1, 13)]
    (page,) = tmp_path.glob("spatial_*.html")
    assert "There is no map of the head" in page.read_text(encoding="utf-8")


def test_many_channels_need_a_longer_recording_and_the_sentence_says_so(tmp_path, capsys):
    """ICA on 40 channels at 100 Hz: 20 samples for each of 1600 weights are 320 s."""
    labels = [f"Ch{place}" for place in range(1, 41)]
    samples = 8e-6 * np.random.default_rng(1).standard_normal((40, 7000))
    raw = mne.io.RawArray(samples, mne.create_info(labels, 100.0, "eeg"), verbose=40)
    raw.save(tmp_path / "many_raw.fif", verbose=40)
    command = ["spatial", str(tmp_path / "many_raw.fif"), "--method", "ica", "--eyes", "Ch1"]
    assert main([*command, "--out", str(tmp_path)]) == 2
    assert (
        "has 70.0 s that can be used, and --method ica needs at least 320 s with 40 channels at "
        "100 Hz; record more, or leave channels out (--exclude)" in capsys.readouterr().err
    )
