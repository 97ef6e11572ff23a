from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import uuid

import numpy as np
import pylsl
import pytest

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.simulate.eeg_model import SimulatedEEG
from psychopy_nfb.simulate.faults import Faults, Spoil
from psychopy_nfb.simulate.simulator import run_simulator

SIMULATOR = "psychopy_nfb.simulate.simulator"
CHANNELS = ("Fp1", "Cz", "Oz")


def place_in(samples, rows):
    """Return the sample number of the first of `rows`, found by its values."""
    (found,) = np.flatnonzero((samples == np.float32(rows[0])).all(axis=1))
    return int(found)


class Watch(threading.Thread):
    """Counts what arrives of a stream in a minute, by arrival: stamps follow the nominal rate."""

    def __init__(self, inlet):
        super().__init__(daemon=True)
        self.inlet, self.received, self.stamps, self.seconds = inlet, 0, [], 0.0

    def run(self):
        self.inlet.pull_sample(timeout=5)
        self.inlet.pull_chunk(timeout=0.0, max_samples=100000)
        began = pylsl.local_clock()
        while True:
            _, new = self.inlet.pull_chunk(timeout=0.05, max_samples=8)
            self.seconds = pylsl.local_clock() - began
            self.received += len(new)
            self.stamps += new
            if self.seconds >= 60 and len(new):
                break


@pytest.fixture(scope="module", autouse=True)
def watched():
    """Return an amplifier's process and its `Watch`, which looks on while other tests run."""
    name = str(uuid.uuid4())
    arguments = ["--rate", "500", "--channels", "Cz,Oz", "--source-id", name]
    silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen([sys.executable, "-m", SIMULATOR, *arguments], **silent)
    try:
        (found,) = pylsl.resolve_byprop("source_id", name, 1, 20.0)
        watch = Watch(pylsl.StreamInlet(found, recover=False))
        watch.start()
        yield process, watch
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_being_stopped_is_no_error_and_one_line(start_module, open_inlet, how):
    process, source_id = start_module(SIMULATOR, "--channels", "Oz", "--name", "Brain")
    open_inlet(source_id).pull_sample(timeout=5)
    process.send_signal(how)
    assert process.wait(timeout=3) == 0
    said = process.said.read_text()
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("Brain: ended after ")


def test_with_a_parent_ctrl_c_is_for_the_parent(start_module, open_inlet, take):
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process, source_id = start_module(
        SIMULATOR, "--channels", "Oz", "--until-process-ends", parent.pid
    )
    inlet = open_inlet(source_id)
    inlet.pull_sample(timeout=5)
    process.send_signal(signal.SIGINT)
    _, stamps = take(inlet, 250)
    assert len(stamps) == 250
    assert process.poll() is None
    parent.communicate(b"\n")
    assert process.wait(timeout=5) == 0


def test_the_stream_is_the_model_and_the_truth_has_its_stamps(start_module, open_inlet, take):
    _, source_id = start_module(
        SIMULATOR, "--channels", ",".join(CHANNELS), "--seed", 4, "--chunk", 7
    )
    truth = open_inlet(f"{source_id}-truth")
    eeg = open_inlet(source_id)
    rows, stamps = take(eeg, 600)
    envelope, truth_stamps = take(truth, 900)
    samples, true_envelope = SimulatedEEG(channels=CHANNELS, seed=4).generate(250 * 30)
    first = place_in(samples.astype(np.float32), rows)
    assert np.array_equal(np.float32(rows), samples[first : first + 600].astype(np.float32))
    both, ours, theirs = np.intersect1d(stamps, truth_stamps, return_indices=True)
    assert len(both) > 100
    assert np.array_equal(
        np.float32(envelope)[theirs, 0], true_envelope[first + ours].astype(np.float32)
    )
    info = eeg.info(timeout=5)
    assert (info.type(), truth.info(timeout=5).type()) == ("EEG", "Envelope")
    assert info.get_channel_labels() == list(CHANNELS)


def test_markers_are_stamped_as_their_samples(start_module, open_inlet, take, tmp_path):
    settings = tmp_path / "person.json"
    settings.write_text(
        json.dumps({"channels": list(CHANNELS), "eyes_seconds": 2, "blinks_per_minute": 60})
    )
    _, source_id = start_module(SIMULATOR, "--settings", settings, "--seed", 2, "--seconds", 12)
    markers = open_inlet(f"{source_id}-markers")
    rows, stamps = take(open_inlet(source_id), 12 * 250, silence=1.0)
    labels, times = take(markers, 100, silence=0.1)
    person = SimulatedEEG(channels=CHANNELS, seed=2, eyes_seconds=2, blinks_per_minute=60)
    samples = person.generate(12 * 250)[0].astype(np.float32)
    start = stamps[0] - place_in(samples, rows) / 250
    expected = person.collect_markers()[-len(labels) :]
    assert {label for _, label in expected} == {"eyes_open", "eyes_closed", "blink"}
    assert [label for (label,) in labels] == [label for _, label in expected]
    assert np.allclose((times - start) * 250, [sample for sample, _ in expected], atol=0.01)


def test_faults_are_as_ordered(start_module, open_inlet, take):
    _, source_id = start_module(
        SIMULATOR,
        *("--rate", 125, "--channels", ",".join(CHANNELS), "--line-frequency", 0),
        *("--drop", "5:0.5", "--rate-error-ppm", -800, "--stamp-delay", 0.1, "--chunk", 5),
        *("--spoil", "nan:700:710:Oz", "--spoil", "huge:750:755", "--seconds", 8),
    )
    inlet = open_inlet(source_id)
    _, stamp = inlet.pull_sample(timeout=5)
    assert pylsl.local_clock() - stamp > 0.1
    rows, stamps = take(inlet, 1000, silence=1.0)
    rows, steps = np.array(rows), np.diff(stamps)
    gap = int(np.argmax(steps))
    assert steps[gap] == pytest.approx(0.5 + 1 / 124.9, abs=1 / 124.9)
    assert np.allclose(np.delete(steps, gap), 1 / 124.9, atol=1e-6)
    missing = round(steps[gap] * 124.9) - 1
    last = rows[gap + 1 :]  # everything after the gap, up to sample 1000
    number = 1000 - len(last) + np.arange(len(last))
    assert missing in (62, 63)
    spoilt = np.flatnonzero(np.isnan(last[:, 2]))
    assert number[spoilt].tolist() == list(range(700, 710))
    assert not np.isnan(last[:, :2]).any()
    assert number[(last == 1e7).all(axis=1)].tolist() == list(range(750, 755))


@pytest.mark.slow
def test_one_sample_at_a_time_from_64_channels_at_1000_hz(start_module, open_inlet, take):
    labels = ",".join(f"E{index}" for index in range(64))
    _, source_id = start_module(SIMULATOR, "--rate", 1000, "--chunk", 1, "--channels", labels)
    rows, stamps = take(open_inlet(source_id), 3000)
    assert len(rows) == 3000
    assert np.allclose(np.diff(stamps), 0.001, atol=1e-6)


def test_seconds_end_the_stream_with_every_sample_sent(start_module, open_inlet, take):
    process, source_id = start_module(SIMULATOR, "--channels", "Oz", "--seconds", 3, "--chunk", 9)
    rows, stamps = take(open_inlet(source_id), 10000, silence=1.5)
    samples = SimulatedEEG(channels=("Oz",)).generate(750)[0].astype(np.float32)
    assert place_in(samples, rows) + len(rows) == 750
    assert process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rate", "10"], "rate=10.0: must be at least 50 Hz and at most 20000 Hz."),
        (["--drop", "soon"], "drop='soon': must be START:LENGTH in seconds."),
        (["--spoil", "odd:1:2"], "spoil='odd:1:2': must be nan, inf, flat or huge"),
        (["--spoil", "nan:1:2:Xx", "--channels", "Oz"], "spoil='Xx': there is no such"),
        (["--chunk", "0"], "chunk=0: must be at least 1 and at most 15000."),
        (["--chunk", "100000000"], "chunk=100000000: must be at least 1 and at most 15000."),
        (["--settings", "nowhere.json"], "file='nowhere.json': cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence):
    run = subprocess.run(
        [sys.executable, "-m", SIMULATOR, *arguments], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_row_004_simulated_amplifier_keeps_its_rate_and_can_be_killed(watched, take):
    process, watch = watched
    watch.join(70)
    assert watch.received / watch.seconds == pytest.approx(500, rel=0.001)
    assert np.allclose(np.diff(watch.stamps), 1 / 500, atol=1e-6)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=3) == 0
    take(watch.inlet, 100000)  # what was still on its way
    with pytest.raises(pylsl.util.LostError):
        watch.inlet.pull_sample(timeout=2)


def test_impossible_lengths_are_refused_before_anything_is_published():
    for options, named in (({"seconds": 0}, "seconds"), ({"chunk": -3}, "chunk")):
        with pytest.raises(SettingsError, match=f"^{named}="):
            run_simulator(SimulatedEEG(channels=("Oz",)), **options)
    with pytest.raises(SettingsError, match="^drop length="):
        Faults(drop=((1.0, 0.0),))
    with pytest.raises(SettingsError, match="^spoil="):
        Spoil.parse("nan:5:5")
