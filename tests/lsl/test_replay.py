from __future__ import annotations

import signal
import subprocess
import sys

import mne
import numpy as np
import pytest

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.stream_channels import read_channels
from psychopy_nfb.recording.eeg_files import Recording, read_recording
from psychopy_nfb.simulate.replay import exact_format, run_replay

REPLAY = "psychopy_nfb.simulate.replay"


@pytest.fixture
def replayed(start_module, open_inlet, take):
    """Replay a file in another process; return samples, stamps, markers, and their times."""

    def replay(path, n, n_markers, *arguments):
        _, source_id = start_module(REPLAY, path, "--linger", 1, *arguments)
        markers = open_inlet(f"{source_id}-markers")
        inlet = open_inlet(source_id)
        rows, stamps = take(inlet, n)
        labels, times = take(markers, n_markers)
        return np.array(rows), stamps, [label for (label,) in labels], times

    return replay


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".fif", ".set", ".vhdr", ".edf", ".xdf"])
def test_row_005_replay_is_the_same_in_real_time_fast_and_looping(
    replayed, write_recording, ending
):
    path = write_recording(ending)
    recording = read_recording(path)
    n, rate = len(recording.samples), recording.rate
    for speed, laps in ((1, 1), (20, 1), (20, 3)):
        loop = ["--loop"] if laps > 1 else []
        n_markers = laps * len(recording.markers)
        rows, stamps, labels, times = replayed(path, laps * n, n_markers, "--speed", speed, *loop)
        assert np.array_equal(rows, np.tile(recording.samples, (laps, 1)))
        assert np.allclose(np.diff(stamps), 1 / (speed * rate), atol=1e-6)
        expected = [
            (lap * n + row, label) for lap in range(laps) for row, label in recording.markers
        ]
        assert labels == [label for _, label in expected]
        nearest = [int(np.argmin(np.abs(stamps - time))) for time in times]
        assert np.abs(np.subtract(nearest, [row for row, _ in expected])).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".bdf", ".fif.gz"])
def test_row_090_any_file_that_mne_reads_is_played_with_its_annotations(
    replayed, tmp_path, small_eeg, ending
):
    path = tmp_path / f"other_eeg{ending}"
    if ending == ".bdf":
        write_bdf(path, small_eeg)
    else:
        info = mne.create_info(["Cz", "EOG", "Oz", "STI"], 250, ["eeg", "eog", "eeg", "stim"])
        raw = mne.io.RawArray(small_eeg.T * 1e-6, info, first_samp=1000, verbose="ERROR")
        raw.set_annotations(mne.Annotations([0.2, 1.5], 0.1, ["light", "sound"]))
        raw.save(path, fmt="double", verbose="ERROR")
    expected = mne.io.read_raw(path, verbose="ERROR")
    volts = np.array([kind != "stim" for kind in expected.get_channel_types()])
    rows, stamps, labels, times = replayed(path, 500, 2, "--speed", 10)
    # Voltages in microvolts, trigger codes as they are.
    assert np.allclose(rows.T, expected.get_data() * np.where(volts, 1e6, 1)[:, None], atol=1e-9)
    assert labels == ["light", "sound"]
    nearest = [int(np.argmin(np.abs(stamps - time))) for time in times]
    assert np.abs(np.subtract(nearest, [50, 375])).max() <= 1


def write_bdf(path, samples):
    """BDF+: the layout of EDF+ with 24-bit values (https://www.biosemi.com/faq/file_format.htm)."""
    n_notes, n = 60, samples.shape[1]

    def texts(width, values):
        return "".join(str(value).ljust(width) for value in values)

    head = texts(80, ["X X X X", "Startdate X X X X"])
    head += texts(8, ["01.01.20", "00.00.00", 256 * (n + 2)]) + texts(44, ["BDF+C"])
    head += texts(8, [2, 1]) + texts(4, [n + 1])
    head += texts(16, [*"ABCD"[:n], "BDF Annotations"]) + texts(80, [""] * (n + 1))
    head += texts(8, ["uV"] * n + [""]) + texts(8, [-8388608] * n + [-1])
    head += texts(8, [8388607] * n + [1]) + texts(8, [-8388608] * (n + 1))
    head += texts(8, [8388607] * (n + 1)) + texts(80, [""] * (n + 1))
    head += texts(8, [250] * n + [n_notes]) + texts(32, [""] * (n + 1))
    body = b""
    for record, note in enumerate((b"+0.2\x14light\x14\x00", b"+1.5\x14sound\x14\x00")):
        values = samples[record * 250 : (record + 1) * 250].round().astype("<i4").T
        body += np.ascontiguousarray(values).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        body += (f"+{record}\x14\x14\x00".encode() + note).ljust(3 * n_notes, b"\x00")
    path.write_bytes(b"\xffBIOSEMI" + head.encode("ascii") + body)


def test_values_arrive_exactly_whatever_they_are():
    halves = np.array([[0.5, -1.0], [np.nan, np.inf]])
    assert exact_format(halves) == "float32"
    assert exact_format(np.array([[0.1]])) == "double64"
    assert exact_format(np.array([[1e300]])) == "double64"


def test_a_replayed_recording_is_understood_as_the_file_was():
    recording = Recording(
        np.zeros((50, 4)),
        250.0,
        ("Oz", "VEOG", "TRIGGER", "SpO2"),
        units=("microvolts", "microvolts", "unknown", "%"),
        kinds=("EEG", "EOG", "STIM", "MISC"),
    )
    streams = []
    run_replay(recording, wait=False, linger=0, published=streams.extend)
    channels = read_channels(streams[0])
    assert channels.labels == recording.labels
    assert channels.kinds == recording.kinds
    assert channels.scales == (1.0, 1.0, 1.0, 1.0)
    assert channels.not_eeg == recording.not_eeg


@pytest.mark.slow
def test_a_minute_at_twenty_times_real_time_loses_nothing(start_module, open_inlet, take, tmp_path):
    samples = np.random.default_rng(1).standard_normal((60 * 250, 8))
    info = mne.create_info(8, 250, "eeg")
    path = tmp_path / "minute_raw.fif"
    mne.io.RawArray(samples.T * 1e-6, info, verbose="ERROR").save(
        path, fmt="double", verbose="ERROR"
    )
    process, source_id = start_module(REPLAY, path, "--speed", 20)
    inlet = open_inlet(source_id)
    rows, stamps = take(inlet, len(samples))
    assert np.array_equal(rows, read_recording(path).samples)
    assert stamps[-1] - stamps[0] == pytest.approx((len(samples) - 1) / (20 * 250), abs=1e-6)
    assert inlet.info(timeout=5).nominal_srate() == 250
    inlet.close_stream()
    assert process.wait(timeout=5) == 0  # it does not linger for nobody


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to no single process")
def test_it_waits_for_a_receiver_and_stops_on_request(
    start_module, open_inlet, take, write_recording
):
    path = write_recording(".xdf")
    process, source_id = start_module(REPLAY, path, "--loop", "--name", "Again")
    inlet = open_inlet(source_id)
    rows, _ = take(inlet, 5)
    assert np.array_equal(rows, read_recording(path).samples[:5])
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=3) == 0
    said = process.said.read_text()
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("Again: ended after ")


def test_a_file_that_is_not_there_is_one_sentence():
    run = subprocess.run(
        [sys.executable, "-m", REPLAY, "nowhere.xdf"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert "file='nowhere.xdf': there is no such file." in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"speed": 0}, "speed"),
        ({"speed": 1000}, "speed"),
        ({"chunk": 0}, "chunk"),
        ({"format": "int16"}, "format"),
        ({"linger": -1}, "linger"),
    ],
)
def test_impossible_options_are_named(options, named):
    with pytest.raises(SettingsError, match=f"^{named}="):
        run_replay(Recording(np.zeros((10, 1)), 250.0, ("Oz",)), **options)
