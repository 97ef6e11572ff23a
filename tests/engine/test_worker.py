"""The worker as an experiment meets it: real streams, real processes."""

import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from trainings import VALUE_NAMES, the_signal

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import CFIR, DCBlock, Decimate, Flags, Pick, Pipeline
from psychopy_nfb.engine.records import (
    FLAGS,
    SAMPLE,
    T_PUBLISHED,
    T_RECEIVED,
    T_SAMPLE,
    feedback_layout,
)
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.errors import FileError, SettingsError, StreamError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_row_001_channels_rate_and_units_of_the_stream(amplifier, training, tmp_path, listen):
    source = amplifier("--rate", "500")
    with Neurofeedback(training(source.source_id), data=tmp_path) as nfb:
        listen(nfb, 0.3)
    stream = read_session(nfb.files.stem).settings["stream"]
    assert stream["rate"] == 500
    assert len(stream["labels"]) == 32
    assert {"Fp1", "Cz", "Oz"} <= set(stream["labels"])
    assert set(stream["microvolts_per_unit"]) == {1.0}


@pytest.mark.alone
def test_row_001_a_stream_that_is_not_there_fails_within_its_timeout(training, unique_id):
    nfb = Neurofeedback(training(unique_id, stream=StreamSelection(name="Nobody", timeout=1.0)))
    before = time.monotonic()
    with pytest.raises(
        StreamError, match="name='Nobody' and type='EEG'.*no such stream within 1 s"
    ):
        nfb.start()
    assert time.monotonic() - before < 8


def test_two_streams_that_match_are_named(amplifier, training):
    first = amplifier("--name", "Twin")
    second = amplifier("--name", "Twin")
    wait_for(first, second)
    nfb = Neurofeedback(training(None, stream=StreamSelection(name="Twin", timeout=10)))
    with pytest.raises(StreamError) as caught:
        nfb.start()
    assert "2 streams match" in str(caught.value)
    assert first.source_id in str(caught.value)
    assert second.source_id in str(caught.value)


@pytest.mark.parametrize(
    ("pipeline", "sentence"),
    [
        (
            Pipeline([Pick(["Qz"])]),
            "pipeline.steps[0].channels='Qz': there is no such channel",
        ),
        (
            Pipeline([Pick(["Oz"]), CFIR((100.0, 130.0))]),
            "pipeline.steps[1].band=130.0: must lie below 125 Hz",
        ),
        (Pipeline([Pick(["O1", "Oz"])]), "gives 2 channels but a signal is one"),
    ],
)
def test_settings_that_do_not_fit_the_stream(amplifier, training, tmp_path, pipeline, sentence):
    nfb = Neurofeedback(training(amplifier().source_id, pipeline=pipeline), data=tmp_path)
    with pytest.raises(SettingsError) as caught:
        nfb.start()
    assert sentence in str(caught.value)
    (left,) = tmp_path.iterdir()  # no empty session, but the reason
    assert left == nfb.files.failed
    assert left.read_text(encoding="utf-8").rstrip().endswith(f"SettingsError: {caught.value}")


def test_a_folder_that_cannot_be_written_is_told_before_anything_starts(training, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="is a file; name a folder"):
        Neurofeedback(training("any"), data=tmp_path / "file")


def test_row_062_063_what_came_is_what_is_kept(amplifier, training, tmp_path, listen):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        records = listen(nfb, 3.0)
        nfb.mark("here")
        listen(nfb, 0.5)
    session = read_session(nfb.files.stem)
    stamps = session.eeg.stamps
    assert np.diff(stamps) == pytest.approx(1 / 250, abs=1e-6)  # none lost, none doubled
    assert len(session.signals) == len(stamps)
    assert np.isfinite(session.signals.to_numpy()).all()
    assert np.isfinite(session.eeg.samples).all()
    assert session.signals["sample"].tolist() == list(range(len(stamps)))
    at = {row["sample"]: row for row in session.signals.to_dict("records")}
    for record in map(feedback_layout(VALUE_NAMES).named, records):
        row = at[record["sample"]]
        assert row["t"] == pytest.approx(record["t_sample"], abs=1e-9)
        assert [row[name] for name in VALUE_NAMES] == [record[name] for name in VALUE_NAMES]
    mark = session.events[session.events.trial_type == "mark"].iloc[0]
    assert mark.value == "here"
    assert abs(stamps[mark["sample"]] - mark.t) <= 1 / 250
    assert session.settings["configuration"]["signals"]["trained"]["pipeline"]["steps"][0][
        "channels"
    ] == ["Oz"]


def test_row_065_064_a_session_repeats_itself_and_the_next_starts_where_it_ended(
    amplifier, training, tmp_path, listen
):
    source = amplifier()
    fitted = Pipeline([Pick(["Oz"]), DCBlock(), _wcfir()])
    with Neurofeedback(
        training(
            source.source_id,
            normalise="zscore",
            threshold=0.5,
            display_range=None,
            pipeline=fitted,
        ),
        data=tmp_path,
    ) as nfb:
        listen(nfb, 0.5)
        with nfb.baseline("eyes open"):
            listen(nfb, 6.0)
        assert nfb.calibrated, nfb.refusal
        listen(nfb, 1.0)
        nfb.set(threshold=0.2, dwell=0.1)
        listen(nfb, 1.0)
        nfb.pause()
        listen(nfb, 0.5)
        nfb.resume()
        listen(nfb, 0.5)
    session = read_session(nfb.files.stem)
    values, flags = rerun(session)
    assert len(values) == len(session.signals)
    assert np.abs(values - session.signals[list(VALUE_NAMES)].to_numpy()).max() < 1e-9
    assert (flags == session.signals["flags"]).all()
    assert (flags & Flags.PAUSED).any()

    reloaded = Neurofeedback(nfb.files.settings, data=tmp_path)
    assert reloaded.files.stem != nfb.files.stem
    signal = the_signal(reloaded.configuration)
    kept = session.settings["configuration"]["signals"]["trained"]
    assert signal.baseline.mean == kept["baseline"]["mean"]
    assert signal.threshold == 0.2
    steps = signal.pipeline.steps
    assert steps[2].spectrum == kept["pipeline"]["steps"][2]["spectrum"]
    with reloaded:
        assert reloaded.calibrated
        records = listen(reloaded, 4.0)
    assert not records[-1][FLAGS] & Flags.UNCALIBRATED


def _wcfir():
    from psychopy_nfb.dsp import WCFIR

    return WCFIR((8.0, 12.0), delay=0.1)


def test_row_031_a_change_is_one_event_and_holds_from_its_sample(
    amplifier, training, tmp_path, listen
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        listen(nfb, 0.5)
        nfb.set(threshold=3.5)
        listen(nfb, 0.5)
    session = read_session(nfb.files.stem)
    changes = session.events[session.events.trial_type == "set"]
    assert len(changes) == 1
    assert json.loads(changes.detail.iloc[0]) == {"threshold": 3.5}
    after = session.signals["sample"] >= changes["sample"].iloc[0]
    assert (session.signals.trained_threshold[after] == 3.5).all()
    assert (session.signals.trained_threshold[~after] == 5.0).all()


def test_row_047_paused_there_is_no_reward_but_everything_is_kept(
    amplifier, training, tmp_path, listen
):
    easy = {"normalise": "none", "threshold": -1.0, "dwell": 0.0, "display_range": (0.0, 20.0)}
    with Neurofeedback(training(amplifier().source_id, **easy), data=tmp_path) as nfb:
        nfb.begin_block("training")
        listen(nfb, 3.5)
        nfb.pause()
        listen(nfb, 0.3)
        score = nfb.score
        listen(nfb, 0.5)
        assert nfb.score == score > 0
        nfb.resume()
        listen(nfb, 0.3)
        assert nfb.score > score
        pid = nfb.worker_pid
    assert not alive(pid)
    session = read_session(nfb.files.stem)
    assert np.diff(session.eeg.stamps).max() < 1.5 / 250


def test_row_044_the_test_signal_needs_no_stream(training, tmp_path, listen):
    setting = training(None, stream=StreamSelection(test_signal=True))
    with Neurofeedback(setting, data=tmp_path) as nfb:
        records = listen(nfb, 5.0)
    place = feedback_layout(VALUE_NAMES).place("trained_signal")
    signal_values = [record[place] for record in records[len(records) // 2 :]]
    assert max(signal_values) > 15
    assert min(signal_values) < max(signal_values)


@pytest.mark.alone
def test_row_058_stages_sum_to_the_loop(amplifier, training, tmp_path, listen):
    source = amplifier("--rate", "500", "--chunk", "5")
    with Neurofeedback(training(source.source_id), data=tmp_path) as nfb:
        listen(nfb, 4.0)
    session = read_session(nfb.files.stem)
    stages = session.settings["stages"]
    assert sum(stages["seconds"].values()) == pytest.approx(stages["loop_seconds"], rel=0.05)
    # How many samples come at once is the network's matter; on a busy machine chunks come in parts.
    n = stages["samples_per_block_mean"] * stages["blocks"]
    assert n == pytest.approx(len(session.signals))
    assert stages["samples_per_block_max"] >= 5


@pytest.mark.alone
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1])
def test_row_057_a_late_amplifier_is_seen_in_the_lag(amplifier, training, delay, listen):
    prompt, late = amplifier(), amplifier("--stamp-delay", str(delay))
    with (
        Neurofeedback(training(prompt.source_id)) as one,
        Neurofeedback(training(late.source_id)) as two,
    ):
        listen(one, 2.0)
        lags = [
            np.median([record[T_PUBLISHED] - record[T_SAMPLE] for record in nfb.records.since(0)])
            for nfb in (one, two)
        ]
    assert lags[1] - lags[0] == pytest.approx(delay, abs=0.002)


def test_a_long_chunk_becomes_a_record_every_ten_milliseconds(
    amplifier, training, tmp_path, listen
):
    source = amplifier("--rate", "1000", "--chunk", "96")
    with Neurofeedback(training(source.source_id), data=tmp_path) as nfb:
        records = listen(nfb, 1.0)
        layout = nfb.records.layout
    samples = np.array([record[SAMPLE] for record in records])
    assert 0 < np.diff(samples).min() <= np.diff(samples).max() == 10
    received = np.array([record[T_RECEIVED] for record in records])
    newest = samples[:-1][np.diff(received) > 0]
    assert (np.diff(newest) % 96 == 0).all()  # the last of each chunk, as it came
    session = read_session(nfb.files.stem)
    assert session.eeg.stamps[samples] == pytest.approx([r[T_SAMPLE] for r in records], abs=1e-6)
    values = session.signals.set_index("sample").loc[samples, list(VALUE_NAMES)].to_numpy()
    assert values == pytest.approx(np.array([r[layout.values] for r in records]), abs=1e-8)


def test_row_066_the_feedback_goes_out_as_a_stream(amplifier, training, tmp_path):
    import pylsl

    source = amplifier()
    with Neurofeedback(training(source.source_id, publish=True), data=tmp_path) as nfb:
        found = pylsl.resolve_byprop("source_id", f"psychopy_nfb_{source.source_id}", timeout=5)
        inlet = pylsl.StreamInlet(found[0])
        received, stamps = [], []
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            samples, times = inlet.pull_chunk(timeout=0.1)
            received += samples
            stamps += times
    signals = read_session(nfb.files.stem).signals
    assert len(received) > 500
    # Stamps on the way lose their last bits; rounding them would part those in the middle.
    rows = np.searchsorted(signals.t.to_numpy(), np.array(stamps) - 1e-6)
    assert signals.t.to_numpy()[rows] == pytest.approx(stamps, abs=1e-7)
    assert signals[list(VALUE_NAMES)].to_numpy()[rows].tolist() == received


def test_row_002_markers_lie_at_their_samples(amplifier, training, tmp_path, unique_id, listen):
    import pylsl

    from psychopy_nfb.lsl.outlet import make_marker_outlet

    outlet = make_marker_outlet("Keys", unique_id)
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        assert outlet.wait_for_consumers(5)
        sent = {}
        for number in range(5):
            listen(nfb, 0.3)
            sent[f"key {number}"] = pylsl.local_clock()
            outlet.push_sample([f"key {number}"], sent[f"key {number}"])
        listen(nfb, 0.5)
    session = read_session(nfb.files.stem)
    markers = session.events[session.events.trial_type == "marker"].set_index("value")
    for label, t in sent.items():
        stamp = session.eeg.stamps[markers.loc[label, "sample"]]
        assert abs(stamp - t) <= 1 / 250


def test_row_003_a_second_stream_lies_beside_the_first(amplifier, training, tmp_path, listen):
    """The second stream's value is its own stamp, so that each sample tells what it was given."""
    code = (
        "import sys, time, pylsl\n"
        "from psychopy_nfb.lsl.outlet import make_outlet\n"
        "out = make_outlet('Aux', 'Aux', ['stamp'], 60, units='s', source_id=sys.argv[1],"
        " format='double64')\n"
        "start = pylsl.local_clock()\n"
        "for number in range(60 * 60):\n"
        "    due = start + number / 60\n"
        "    time.sleep(max(0, due - pylsl.local_clock()))\n"
        "    now = pylsl.local_clock()\n"
        "    out.push_sample([now], now)\n"
    )
    source = amplifier()
    aux_id = f"aux-{source.source_id}"
    aux = subprocess.Popen([sys.executable, "-c", code, aux_id])
    try:
        setting = training(
            source.source_id, aux=StreamSelection(type="Aux", source_id=aux_id, timeout=15)
        )
        with Neurofeedback(setting, data=tmp_path) as nfb:
            listen(nfb, 3.0)
    finally:
        aux.kill()
        aux.wait()
    session = read_session(nfb.files.stem)
    assert session.eeg.labels[-1] == "stamp"
    given = session.eeg.samples[:, -1]
    known = given > 0
    age = session.eeg.stamps[known] - given[known]
    assert known.sum() > 500
    assert age.min() >= 0  # never one from the future
    assert np.percentile(age, 95) < 2 / 60


def test_row_012_a_decimated_signal_is_kept_at_its_own_samples(
    amplifier, training, tmp_path, listen
):
    pipeline = Pipeline([Pick(["Oz"]), Decimate(2), CFIR((8.0, 12.0))])
    source = amplifier("--rate", "500", "--chunk", "5")
    with Neurofeedback(training(source.source_id, pipeline=pipeline), data=tmp_path) as nfb:
        listen(nfb, 2.0)
    session = read_session(nfb.files.stem)
    assert (np.diff(session.signals["sample"]) == 2).all()
    picked = session.eeg.stamps[session.signals["sample"]]
    assert (session.signals.t.to_numpy() == picked).all()


def test_row_067_pandas_and_mne_open_it(amplifier, training, tmp_path, listen):
    mne = pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        listen(nfb, 1.0)
        nfb.mark("here")
        listen(nfb, 0.5)
    session = read_session(nfb.files.stem)
    raw = to_mne(session)
    assert isinstance(raw, mne.io.BaseRaw)
    assert raw.info["sfreq"] == 250
    assert raw.get_data("Oz")[0, 100] == pytest.approx(
        session.eeg.samples[100, session.eeg.labels.index("Oz")] * 1e-6
    )
    assert "mark/here" in set(raw.annotations.description)
    assert len(pd.read_csv(nfb.files.events, sep="\t")) == len(session.events)


def wait_for(*sources):
    import pylsl

    for source in sources:
        assert pylsl.resolve_byprop("source_id", source.source_id, timeout=15)
