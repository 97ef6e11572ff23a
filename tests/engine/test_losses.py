"""What goes wrong with a stream or a worker: real gaps, real spoilt samples, real kills."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid

import numpy as np
import psutil
import pytest
from trainings import VALUE_NAMES

from psychopy_nfb import Neurofeedback, StreamSelection, standard_training
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine import worker_health
from psychopy_nfb.engine.records import SAMPLE
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def fresh(nfb):
    nfb.update()
    return not nfb.stale


def test_row_008_a_gap_is_marked_where_it_is(amplifier, training, tmp_path, listen):
    source = amplifier("--drop", "4:0.5")
    with Neurofeedback(training(source.source_id), data=tmp_path) as nfb:
        listen(nfb, 5.0)
    session = read_session(nfb.files.stem)
    jumps = np.flatnonzero(np.diff(session.eeg.stamps) > 0.1)
    gaps = session.events[session.events.trial_type == "gap"]
    assert gaps["sample"].tolist() == (jumps + 1).tolist() != []
    assert json.loads(gaps.detail.iloc[0])["seconds"] == pytest.approx(0.5, abs=0.05)
    assert session.settings["continuity"]["n_gaps"] == 1
    flagged = session.signals["flags"].iloc[jumps[0] + 1]
    assert flagged & Flags.GAP
    assert flagged & Flags.SETTLING


def test_row_009_spoilt_samples_are_flagged_and_the_filters_recover(
    amplifier, training, tmp_path, listen
):
    spoil = ["nan:1000:1010", "inf:1200:1201", "huge:1400:1405", "flat:1600:1900"]
    arguments = [part for kind in spoil for part in ("--spoil", kind)]
    with Neurofeedback(training(amplifier(*arguments).source_id), data=tmp_path) as nfb:
        listen(nfb, 11.0)
    session = read_session(nfb.files.stem)
    signals = session.signals
    raw = session.eeg.samples[:, session.eeg.labels.index("Oz")]
    bad = ~np.isfinite(raw) | (np.abs(raw) > 1e6)
    assert bad.sum() == 16
    assert (signals["flags"][bad] & int(Flags.INVALID)).all()
    assert (signals["flags"] & int(Flags.FLAT)).any()
    assert np.isfinite(signals.trained_signal).all()
    assert signals.trained_signal.abs().max() < 500
    assert signals["flags"].iloc[-1] == int(Flags.NO_POINTS)  # there was no block


def test_row_111_a_restarted_amplifier_is_found_again(amplifier, training, tmp_path, until, listen):
    source = amplifier()
    with Neurofeedback(training(source.source_id), data=tmp_path, stale_after=0.3) as nfb:
        listen(nfb, 1.0)
        assert not nfb.stale
        source.stop()
        listen(nfb, 5.0)
        assert nfb.stale
        assert nfb.flags & Flags.NO_DATA
        source.start()

        until(lambda: fresh(nfb), 15, "new samples")
        listen(nfb, 1.0)
        assert nfb.restarts == 0
    session = read_session(nfb.files.stem)
    kinds = session.events.trial_type.tolist()
    assert kinds.index("stream_lost") < kinds.index("stream_back")
    lost, back = (
        session.events[session.events.trial_type == kind].iloc[0]
        for kind in ("stream_lost", "stream_back")
    )
    assert back.t > lost.t + 4.5, "when it was back, not when the last sample came"
    gap = session.events[session.events.trial_type == "gap"].iloc[0]
    assert json.loads(gap.detail)["seconds"] > 4.5
    after = session.signals[session.signals["sample"] >= gap["sample"]]
    assert after["flags"].iloc[0] & Flags.GAP


def test_a_baseline_that_ends_while_the_stream_is_away_is_the_same_in_a_rerun(
    amplifier, tmp_path, until, listen
):
    source = amplifier("--eyes", "closed")
    stream = StreamSelection(source_id=source.source_id, timeout=15.0)
    fitted = standard_training(stream, channels="Oz")
    with Neurofeedback(fitted, data=tmp_path, stale_after=0.3) as nfb:
        nfb.begin_baseline()
        listen(nfb, 5.0)
        source.stop()
        until(lambda: not fresh(nfb), 10, "the end of the samples")
        listen(nfb, 1.0)
        nfb.end_baseline()
        assert nfb.calibrated
        source.start()
        until(lambda: fresh(nfb), 15, "new samples")
        listen(nfb, 2.0)
    session = read_session(nfb.files.stem)
    placed = session.events.set_index("trial_type")["sample"]
    assert placed["baseline_end"] == placed["gap"]
    assert session.signals["flags"].iloc[placed["gap"]] & Flags.SETTLING
    values, flags = rerun(session)
    own = session.signals[list(fitted.value_names)].to_numpy()
    assert np.abs(values - own).max() < 1e-9
    assert (flags == session.signals["flags"]).all()


SILENT = """
import sys, pylsl
info = pylsl.StreamInfo("silent", "EEG", 2, 250, "float32", sys.argv[1])
channels = info.desc().append_child("channels")
for label in ("Cz", "Oz"):
    channels.append_child("channel").append_child_value("label", label)
outlet = pylsl.StreamOutlet(info)
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def silent_stream():
    """Return the source_id of a stream of another process that is open and sends nothing."""
    source_id = f"silent-{uuid.uuid4()}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SILENT, source_id], **pipes) as process:
        assert process.stdout.readline() == "open\n"
        yield source_id
        process.stdin.close()


def test_a_stream_that_sends_nothing_is_told_and_its_session_can_be_computed(
    silent_stream, training, tmp_path, until, listen, caplog
):
    with Neurofeedback(training(silent_stream), data=tmp_path) as nfb, nfb.block("training"):
        until(lambda: nfb.update() or nfb.flags & Flags.NO_DATA, 10, "the flag")
        listen(nfb, 4.0)
        assert nfb.stale
        assert nfb.flags & Flags.NO_DATA
    assert sum("has sent nothing" in one.message for one in caplog.records) == 1
    session = read_session(nfb.files.stem)
    told = session.events[session.events.trial_type == "no_data"]
    assert len(told) == 1
    assert "has sent nothing" in json.loads(told.detail.iloc[0])["sentence"]
    assert len(session.eeg.samples) == 0
    values, flags = rerun(session)
    assert values.shape == (0, len(VALUE_NAMES))
    assert flags.shape == (0,)


NO_SOURCE_ID = (
    SILENT.replace("sys.argv[1])", "'')")
    .replace('"silent"', "sys.argv[1]")
    .replace(
        "sys.stdin.read()",
        """
import time
value, begun, n = float(sys.argv[2]), pylsl.local_clock(), 0
while True:
    due = int(250 * (pylsl.local_clock() - begun)) - n
    if due:
        n += due
        outlet.push_chunk(due * [[value, value]], begun + n / 250)
    time.sleep(0.004)
""",
    )
)
"""A stream without a source_id, named in the first argument, that sends the second."""


def test_a_stream_of_the_same_name_that_was_there_before_is_not_taken_for_the_lost_one(
    training, tmp_path, until, listen, caplog
):
    name, running = f"Twins{uuid.uuid4().hex[:6]}", []

    def switch_on(value):
        command = [sys.executable, "-c", NO_SOURCE_ID, name, str(value)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "open\n"
        return running[-1]

    try:
        own = switch_on(1)
        settings = training("", stream=StreamSelection(name=name, timeout=15.0))
        with Neurofeedback(settings, data=tmp_path) as nfb:
            until(lambda: fresh(nfb), 10, "values")
            switch_on(1000)
            listen(nfb, 4.0)
            own.kill()
            until(lambda: "it was there before" in caplog.text, 10, "a word about the other one")
            assert not fresh(nfb)
            switch_on(1)
            until(lambda: fresh(nfb), 15, "the own stream, beside the other one")
            listen(nfb, 1.0)
    finally:
        for process in running:
            process.kill()
            process.wait()
            process.stdout.close()
    session = read_session(nfb.files.stem)
    assert set(np.unique(session.eeg.samples)) == {1.0}
    assert session.events.trial_type.tolist().count("stream_differs") == 1


@pytest.mark.alone
def test_row_110_a_killed_worker_is_replaced(amplifier, training, tmp_path, until, listen):
    easy = {"normalise": "none", "threshold": -1.0, "dwell": 0.1, "display_range": (0.0, 20.0)}
    with Neurofeedback(training(amplifier().source_id, **easy), data=tmp_path) as nfb:
        nfb.begin_block("training")
        listen(nfb, 3.5)
        score, pid, sample = nfb.score, nfb.worker_pid, nfb.records.newest()[SAMPLE]
        assert score > 0
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        listen(nfb, 0.15)
        assert nfb.stale

        until(lambda: fresh(nfb), 3, "values after the kill")
        listen(nfb, 2.0)
        assert nfb.restarts == 1
        assert nfb.worker_pid != pid
        assert nfb.score >= score
        assert nfb.records.newest()[SAMPLE] > sample
    session = read_session(nfb.files.stem)
    restarted = session.events[session.events.trial_type == "worker_restarted"]
    assert len(restarted) == 1
    assert (np.diff(session.eeg.stamps) > 0).all()  # one stream, continued
    assert session.eeg.stamps[-1] - session.eeg.stamps[0] > 5
    values, _ = rerun(session)
    n = len(values)
    assert np.abs(values - session.signals[list(VALUE_NAMES)].to_numpy()[:n]).max() < 1e-9


def test_row_110_a_stopped_worker_is_replaced(amplifier, training, until, listen):
    if not hasattr(signal, "SIGSTOP"):
        pytest.skip("no SIGSTOP on this system")
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        listen(nfb, 0.5)
        os.kill(nfb.worker_pid, signal.SIGSTOP)
        listen(nfb, 0.3)
        assert nfb.stale

        until(lambda: fresh(nfb) and nfb.restarts == 1, 8, "values after the stall")


def test_a_worker_that_is_stopped_during_its_start_is_replaced(
    amplifier, training, until, monkeypatch
):
    if not hasattr(signal, "SIGSTOP"):
        pytest.skip("no SIGSTOP on this system")
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        until(lambda: fresh(nfb), 10, "values")
        first = nfb.worker_pid
        monkeypatch.setattr(worker_health, "START_SECONDS", 5.0)
        os.kill(first, signal.SIGKILL)
        until(lambda: nfb.worker_pid != first, 5, "a new worker")
        os.kill(nfb.worker_pid, signal.SIGSTOP)
        until(lambda: nfb.restarts == 2, 15, "another one")
        monkeypatch.undo()
        until(lambda: fresh(nfb), 15, "values")


def test_a_baseline_in_which_the_worker_was_killed_says_so(amplifier, training, until, listen):
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        until(lambda: fresh(nfb), 10, "values")
        nfb.begin_baseline("eyes open")
        listen(nfb, 1.0)
        os.kill(nfb.worker_pid, KILL)
        until(lambda: nfb.restarts == 1 and fresh(nfb), 15, "values")
        assert not nfb.end_baseline(wait=10)
        assert "because the background process died in it, and what was recorded" in nfb.refusal
        assert nfb.refusal.endswith("does not count; wait a moment, then repeat it.")


@pytest.mark.parametrize(("threshold", "success"), [(1e4, False), (0.001, True)])
def test_a_block_in_which_a_worker_is_killed_is_judged_by_its_rest(
    amplifier, training, tmp_path, until, threshold, success
):
    settings = training(amplifier().source_id, threshold=threshold, dwell=0.1, loss=3.0)
    with Neurofeedback(settings, data=tmp_path) as nfb:
        until(lambda: fresh(nfb), 10, "values")
        time.sleep(nfb.settle)
        with nfb.block("training"):
            time.sleep(1.0)
            os.kill(nfb.worker_pid, KILL)
            until(lambda: not fresh(nfb), 5, "the end of values")
            until(lambda: fresh(nfb), 20, "values")
            time.sleep(nfb.settle + 2.0)
        until(lambda: nfb.update() or nfb.success is not None, 10, "a verdict")
        assert nfb.success == success
    session = read_session(nfb.files.stem)
    (trial,) = map(json.loads, session.events[session.events.trial_type == "trial"].detail)
    assert (trial["share"], trial["lost"]) == ((1.0, 0.0) if success else (0.0, 3.0))
    restarts = session.events[session.events.trial_type == "worker_restarted"]
    end = session.events[session.events.trial_type == "adaptation"]["sample"].iloc[-1]
    rest = session.signals[session.signals["sample"].between(restarts["sample"].item(), end - 1)]
    clean = (rest["flags"].to_numpy() & ~int(Flags.INHIBITED | Flags.NO_POINTS)) == 0
    assert trial["clean_seconds"] == clean.sum() / 250
    values, _ = rerun(session)
    assert np.abs(values - session.signals[list(VALUE_NAMES)].to_numpy()).max() < 1e-9


def test_each_of_three_kills_in_a_row_is_in_the_events(amplifier, training, tmp_path, until):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: fresh(nfb), 10, "values")
        killed = []
        for restarts in range(1, 4):
            killed.append(lsl_now())
            pid = nfb.worker_pid
            os.kill(pid, KILL)
            until(
                lambda n=restarts, old=pid: nfb.restarts == n and nfb.worker_pid != old,
                5,
                "a new worker",
            )
        until(lambda: fresh(nfb), 30, "values")
        time.sleep(1.0)
        killed.append(lsl_now())
        os.kill(nfb.worker_pid, KILL)  # what is in the files already is not told again
        until(lambda: nfb.restarts == 4 and fresh(nfb), 30, "values")
        time.sleep(1.0)
    events = read_session(nfb.files.stem).events
    details = map(json.loads, events[events.trial_type == "worker_restarted"].detail)
    each = [one for row in details for one in (*row["earlier"], row)]
    assert [one["restarts"] for one in each] == [1, 2, 3, 4]
    assert {one["why"] for one in each} == {"died"}
    for at, one in zip(killed, each, strict=True):
        assert 0 < one["at"] - at < 5


def test_workers_that_worked_are_replaced_without_end(amplifier, training, until, monkeypatch):
    monkeypatch.setattr(worker_health, "MOST_RESTARTS", 1)
    monkeypatch.setattr(worker_health, "WORKED_SECONDS", 0.5)
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        for restarts in range(1, 5):
            until(lambda: fresh(nfb), 15, "values")
            time.sleep(1.0)
            os.kill(nfb.worker_pid, KILL)
            until(lambda n=restarts: nfb.restarts == n, 5, "a new worker")
        until(lambda: fresh(nfb), 15, "values")


def test_workers_that_die_of_their_start_are_given_up_with_a_word(
    amplifier, training, until, monkeypatch, caplog
):
    monkeypatch.setattr(worker_health, "MOST_RESTARTS", 2)
    monkeypatch.setattr(worker_health, "WORKED_SECONDS", 60.0)
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        for _ in range(2):
            before = nfb.worker_pid
            os.kill(before, KILL)
            until(lambda pid=before: nfb.worker_pid != pid, 5, "a new worker")
        os.kill(nfb.worker_pid, KILL)
        until(lambda: "ended 2 times within 60 s of its start" in caplog.text, 5, "the word")
        assert nfb.restarts == 2


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSTOP"])
def test_files_are_complete_though_the_worker_dies_at_the_end(
    amplifier, training, tmp_path, listen, how
):
    if not hasattr(signal, how):
        pytest.skip(f"no {how} on this system")
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        with nfb.block("training"):
            listen(nfb, 2.0)
            os.kill(nfb.worker_pid, getattr(signal, how))
            listen(nfb, 0.05)
    session = read_session(nfb.files.stem)
    assert session.settings["ended"] == "stopped"
    labels = session.events.trial_type.tolist()
    assert labels.count("worker_restarted") == 1
    assert labels.count("stopped") == 1
    if how == "SIGKILL":  # what a stopped process was sent lies in its pipe
        assert labels.count("block_end") == 1


def test_a_mark_for_a_dead_worker_reaches_its_successor_once(amplifier, training, tmp_path, until):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: fresh(nfb), 10, "values")
        os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        until(lambda: not psutil.pid_exists(nfb.worker_pid) or nfb.restarts, 5, "its end")
        for number in range(5):
            nfb.mark(f"after the kill {number}")
        until(lambda: nfb.restarts == 1 and fresh(nfb), 15, "values of the new worker")
    marks = read_session(nfb.files.stem).events
    marks = marks[marks.trial_type == "mark"].value.tolist()
    assert [mark for mark in marks if mark.endswith("4")] == ["after the kill 4"]
    assert len(marks) == len(set(marks))


def test_without_samples_displays_are_empty_and_quality_is_none(amplifier, training, until):
    held = {"normalise": "none", "threshold": 5.0, "display_range": (0.0, 5.0), "display_hold": 0.5}
    source = amplifier("--eyes", "closed")
    with Neurofeedback(training(source.source_id, **held)) as nfb:
        with nfb.block("training"):
            until(lambda: fresh(nfb) and nfb.value > 0.2 and nfb.quality > 0.5, 15, "a value")
            source.stop()
            until(lambda: nfb.stale or not fresh(nfb), 5, "the end of the samples")
            until(lambda: fresh(nfb) or nfb.value == 0, 2, "an empty display")
            until(lambda: fresh(nfb) or nfb.quality == 0, 3, "no quality")
            record = nfb.records.newest()
            assert (
                record[nfb.records.layout.place("trained_value")] > 0.2
            )  # what the background process had shown last
