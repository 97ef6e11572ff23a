"""One recording, streamed in every way: the worker gives what the settings give offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from trainings import AT, VALUE_NAMES

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import (
    WCFIR,
    ArtifactGate,
    DCBlock,
    Flags,
    MovingAverage,
    Notch,
    Pick,
    Pipeline,
    Reference,
    SignalInfo,
    standard_positions,
)
from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.engine.records import SAMPLE
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import Baseline
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.eeg_files import read_recording
from psychopy_nfb.recording.xdf import XdfWriter
from psychopy_nfb.settings import to_dict

pytest.importorskip("pyxdf")
pytestmark = pytest.mark.slow
RATE = 250.0
LABELS = ["Fz", "Cz", "Pz", "Oz"]
MARKERS = ((700, "light"), (701, "sound"), (1500, "light"))
EEGLAB = Path(__file__).parents[3] / "shared" / "data" / "eeglab_data.set"


def newest_sample(nfb):
    """Return the number of the newest sample, -1 before the first."""
    record = nfb.records.newest()
    return -1 if record is None else record[SAMPLE]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Return a file of 20 s: 1/f noise, an offset, mains, and a 10 Hz burst every other second."""
    random = np.random.default_rng(11)
    n = round(20 * RATE)
    t = np.arange(n) / RATE
    samples = 3 * random.standard_normal((n, 4)) + np.cumsum(random.standard_normal((n, 4)), axis=0)
    samples += 2 * np.sin(2 * np.pi * 50 * t)[:, None] + [900.0, -400.0, 0.0, 20000.0]
    samples[:, 3] += 20 * (t % 2 > 1) * np.sin(2 * np.pi * 10 * t)
    path = tmp_path_factory.mktemp("replayed") / "bursts.xdf"
    writer = XdfWriter(path)
    eeg = writer.add_stream("Amp", "EEG", LABELS, RATE, "float32", units="microvolts")
    writer.write(eeg, samples.astype(np.float32), 100 + t)
    notes = writer.add_stream("Notes", "Markers", ["marker"], 0, "string")
    writer.write(notes, [[label] for _, label in MARKERS], [100 + row / RATE for row, _ in MARKERS])
    writer.close()
    return path


@pytest.fixture
def train(training, tmp_path, until, unique_id):
    """Return a function that trains on a replayed file; gives the settings and the session."""
    running = []

    def run(path, n, *options):
        command = ["psychopy_nfb.simulate.replay", str(path), "--source-id", unique_id, *options]
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        steps = [
            Reference("average"),
            Pick(["Oz"]),
            DCBlock(),
            Notch(50.0),
            ArtifactGate(),
            WCFIR((8.0, 12.0), delay=0.1),
            MovingAverage(0.02),
        ]
        settings = training(
            unique_id,
            pipeline=Pipeline(steps),
            normalise="zscore",
            threshold=0.2,
            display_range=None,
            dwell=0.1,
            baseline=Baseline(mean=5.0, sd=3.0, minimum=0.0, maximum=20.0),
        )
        with Neurofeedback(settings, data=tmp_path) as nfb:
            nfb.begin_block("training")
            until(lambda: newest_sample(nfb) >= n - 1, 30, f"sample {n}")
        return settings, read_session(nfb.files.stem)

    yield run
    for process in running:
        process.kill()
        process.wait()


def check_against_offline(settings, session, path):
    """Compare what the worker recorded and computed with the file; return its first row."""
    source = read_recording(path)
    eeg = session.eeg.samples
    first = int(np.flatnonzero((source.samples == eeg[0]).all(axis=1))[0])
    used = source.samples[first : first + len(eeg)]
    assert np.array_equal(eeg, used.astype(eeg.dtype))
    positions = standard_positions(source.labels)
    info = SignalInfo(source.rate, source.labels, positions=positions, kinds=source.not_eeg)
    counting = session.events[session.events.trial_type.isin(["points_on", "points_off"])]
    commands = [(row.sample, row.trial_type, {}) for row in counting.itertuples()]
    values, flags = run_offline(read_configuration(to_dict(settings)), used, info, commands)
    signals = session.signals
    assert signals["sample"].tolist() == list(range(len(eeg)))
    assert np.abs(signals[list(VALUE_NAMES)].to_numpy() - values).max() < 1e-9
    assert (signals["flags"] == flags).all()
    return first


def hits_of(settings, path, n):
    """Return the hits in the first samples of a file, counted from the first one on.

    In a fast replay most of it has come before the experiment can begin its block.
    """
    source = read_recording(path)
    positions = standard_positions(source.labels)
    info = SignalInfo(source.rate, source.labels, positions=positions, kinds=source.not_eeg)
    settings = read_configuration(to_dict(settings))
    values, _ = run_offline(settings, source.samples[:n], info)
    return values[-1, AT["hits"]]


@pytest.mark.parametrize(
    ("seconds", "options"),
    [
        (8, ["--speed", "1"]),
        (20, ["--speed", "20"]),
        (20, ["--speed", "20", "--chunk", "1"]),
        (20, ["--speed", "20", "--chunk", "7"]),
        (20, ["--speed", "20", "--chunk", "50"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_row_005_pace_and_chunks_change_nothing(recording, train, seconds, options):
    n = round(seconds * RATE)
    settings, session = train(recording, n, *options)
    first = check_against_offline(settings, session, recording)
    assert first == 0  # the replay waits for its receiver
    assert len(session.eeg.samples) >= n
    assert session.eeg.samples.dtype == np.float32
    assert session.settings["continuity"]["n_gaps"] == 0
    signals = session.signals
    assert hits_of(settings, recording, n) >= seconds / 2 - 1  # one a burst, the settling aside
    assert signals.loc[signals["flags"] == 0, "trained_value"].between(0.1, 0.9).any()
    assert not (signals["flags"] & ~int(Flags.SETTLING | Flags.NO_POINTS)).any()
    notes = session.events[session.events.trial_type == "marker"]
    expected = [marker for marker in MARKERS if marker[0] < n]
    assert list(zip(notes["sample"], notes.value, strict=True)) == expected


def test_a_published_recording_is_trained_on_as_it_is(train):
    if not EEGLAB.exists():
        pytest.skip(f"{EEGLAB} is not there")
    pytest.importorskip("mne")
    n = 60 * 128
    settings, session = train(EEGLAB, n, "--speed", "20")
    assert check_against_offline(settings, session, EEGLAB) == 0
    assert len(session.eeg.samples) >= n
    assert session.eeg.rate == 128
    assert hits_of(settings, EEGLAB, n) > 0
    assert {"square", "rt"} == set(session.events.value[session.events.trial_type == "marker"])


def test_an_unknown_unit_is_refused_and_can_be_overridden(training, unique_id, tmp_path, until):
    outlet = make_outlet(
        "Odd", "EEG", ["Cz", "Oz"], 250, units=["microvolts", "furlong"], source_id=unique_id
    )
    with pytest.raises(StreamError) as caught:
        Neurofeedback(training(unique_id)).start()
    assert str(caught.value) == (
        "units='furlong': is what stream 'Odd' declares for channel 'Oz', and no voltage; let the "
        "amplifier's program send microvolts, or set the unit to uV, mV, V or nV if that is what "
        "it sends."
    )
    selection = StreamSelection(source_id=unique_id, units="mV", timeout=15.0)
    with Neurofeedback(training(None, stream=selection), data=tmp_path) as nfb:
        outlet.push_sample([0.0, 1.0])
        until(lambda: nfb.records.newest_seq, 5, "the sample")
    session = read_session(nfb.files.stem)
    assert session.settings["stream"]["microvolts_per_unit"] == [1e3, 1e3]
    assert session.eeg.samples.tolist() == [[0.0, 1.0]]  # kept as it came
