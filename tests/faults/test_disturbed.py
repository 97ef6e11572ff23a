"""Processes that die and streams that stop while marks, blocks and settings go on: nothing lost."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from campaign import Amplifier, disturbed_session
from disturbed_files import misplaced_gaps, wrongs

from psychopy_nfb import Neurofeedback
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.control import ControlLine
from psychopy_nfb.engine.outbox import Outbox
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import write_json

pytestmark = pytest.mark.slow
needs_signals = pytest.mark.skipif(
    not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system"
)


@pytest.mark.alone
@needs_signals
def test_each_mark_block_and_setting_is_in_the_data_once_though_processes_die(tmp_path, lsl_alone):
    amplifier = Amplifier()
    try:
        faults = ["kill", "amplifier", "stop", "kill"]
        stem, done = disturbed_session(tmp_path, 8.0, faults, 4, amplifier)
    finally:
        amplifier.stop()
    assert len(done.marks) > 20
    assert wrongs(stem, done) == {}
    restarts = read_session(stem).events.trial_type.tolist().count("worker_restarted")
    assert restarts == 3


def test_a_gap_that_is_told_in_another_place_is_found():
    stamps = np.delete(np.arange(1000), np.arange(400, 450)) / 250.0
    gap = {"sample": 400, "t": stamps[399], "duration": 0.2}
    assert not list(misplaced_gaps(stamps, pd.DataFrame([gap])))
    for odd in ({"sample": 401}, {"t": stamps[398]}, {"duration": 0.19}):
        assert list(misplaced_gaps(stamps, pd.DataFrame([{**gap, **odd}]))), odd


@pytest.mark.alone
@needs_signals
def test_a_process_that_was_stopped_is_noticed_nearly_as_soon_as_one_that_died(
    amplifier, training, until
):
    noticed = {signal.SIGKILL: [], signal.SIGSTOP: []}
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        for how in 3 * list(noticed):
            time.sleep(0.3)  # the values of the one before are old by then
            until(lambda: nfb.update() is None and not nfb.stale, 20, "feedback")
            before, begun = nfb.restarts, time.monotonic()
            os.kill(nfb.worker_pid, how)
            until(lambda n=before: nfb.restarts > n, 10, "a successor")
            noticed[how].append(time.monotonic() - begun)
    died, stopped = (np.median(seconds) for seconds in noticed.values())
    assert stopped < died + 1.0, noticed


@pytest.mark.alone
@needs_signals
def test_a_mark_during_a_hiccup_belongs_to_the_sample_of_its_time(
    amplifier, training, tmp_path, until
):
    source = amplifier()
    with Neurofeedback(training(source.source_id), data=tmp_path) as nfb:
        until(lambda: nfb.update() is None and not nfb.stale, 10, "values")
        time.sleep(1.0)
        os.kill(source._process.pid, signal.SIGSTOP)
        time.sleep(0.7)
        nfb.mark("meanwhile")
        marked = lsl_now()
        time.sleep(0.7)
        os.kill(source._process.pid, signal.SIGCONT)
        time.sleep(1.0)
    session = read_session(nfb.files.stem)
    mark = session.events[session.events.trial_type == "mark"].iloc[0]
    stamps = session.eeg.stamps
    assert np.diff(stamps).max() < 0.1, "the samples came late, but all of them"
    assert stamps[mark["sample"]] == pytest.approx(mark.t, abs=0.003)
    assert mark.t == pytest.approx(marked, abs=0.05)


def test_what_is_in_the_outbox_goes_to_each_process_once_and_in_order():
    outbox = Outbox()
    outbox.target("first")
    for number in range(1, 5):
        assert outbox.add({"command": "mark"}) == number
    sent = [outbox.next() for _ in range(4)]
    assert [(process, command["number"]) for process, command in sent] == [
        ("first", number) for number in range(1, 5)
    ]
    assert outbox.obeyed(2, event=None)["number"] == 2  # nothing of it is kept in files
    outbox.obeyed(3, event={"label": "mark"})
    outbox.kept([1])
    outbox.target("second")
    assert outbox.add({"command": "pause"}) == 5
    sent = [outbox.next() for _ in range(3)]
    assert [(command["command"], command["number"]) for _, command in sent] == [
        ("keep", 3),
        ("mark", 4),
        ("pause", 5),
    ]
    assert {process for process, _ in sent} == {"second"}
    assert outbox.obeyed(3, event=None) is None  # it had its effect before
    outbox.close()
    assert outbox.next() is None


def test_a_line_that_is_no_command_does_not_make_the_worker_deaf(until):
    commands, say = os.pipe()
    hear, messages = os.pipe()
    line = ControlLine(commands, messages)
    line.listen()
    os.write(say, b'{"command": "pause", \xff\n[1, 2\n{"command": "resume"}\n')
    taken = []
    until(lambda: taken.append(line.take()) or taken[-1] is not None, 5, "the next command")
    assert taken[-1] == {"command": "resume"}
    assert os.read(hear, 65536).count(b"not readable") == 2
    os.close(say)
    until(line.ended.is_set, 5, "the end")
    for end in (hear, messages):
        os.close(end)


@pytest.mark.alone
@needs_signals
def test_a_worker_is_not_blamed_when_everything_stood_still(amplifier, training, until, tmp_path):
    """As when a laptop's lid is closed: experiment and worker stop, and go on together."""
    script = tmp_path / "experiment.py"
    script.write_text(
        "import sys, time\n"
        "from psychopy_nfb import Neurofeedback\n"
        "with Neurofeedback(sys.argv[1]) as nfb:\n"
        "    print(nfb.worker_pid, flush=True)\n"
        "    ends = time.monotonic() + 7\n"
        "    while time.monotonic() < ends:\n"
        "        nfb.update()\n"
        "        time.sleep(0.01)\n"
        "    print(nfb.restarts, nfb.stale, flush=True)\n",
        encoding="utf-8",
    )
    settings = tmp_path / "training.json"
    write_json(training(amplifier().source_id), settings)
    experiment = subprocess.Popen(
        [sys.executable, str(script), str(settings)], stdout=subprocess.PIPE, text=True
    )
    worker = int(experiment.stdout.readline())
    time.sleep(1.0)
    for pid in (worker, experiment.pid):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(3.0)
    for pid in (experiment.pid, worker):
        os.kill(pid, signal.SIGCONT)
    assert experiment.stdout.readline().split() == ["0", "False"]
    experiment.wait(10)
    experiment.stdout.close()
