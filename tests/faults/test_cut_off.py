"""What was open when a session ended has an end in its files."""

import json
import subprocess
import sys

import psutil
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.read import annotation_durations
from psychopy_nfb.settings import write_json

pytestmark = pytest.mark.slow

EXPERIMENT = """
import sys, time
from psychopy_nfb import Neurofeedback
nfb = Neurofeedback(sys.argv[1], data=sys.argv[2])
nfb.start()
nfb.begin_block("outer")
nfb.begin_block("inner", feedback=False)
nfb.begin_baseline("rest")
ends = time.monotonic() + 1.5
while time.monotonic() < ends:
    nfb.update()
    time.sleep(0.01)
print(nfb.worker_pid, nfb.files.stem, sep="|", flush=True)
time.sleep(300)
"""


def test_blocks_and_a_baseline_end_with_an_experiment_that_is_killed(
    amplifier, training, tmp_path, until
):
    settings = tmp_path / "training.json"
    write_json(training(amplifier().source_id), settings)
    command = [sys.executable, "-c", EXPERIMENT, str(settings), str(tmp_path)]
    experiment = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        worker, stem = experiment.stdout.readline().strip().split("|")
    finally:
        experiment.kill()
        experiment.wait()
        experiment.stdout.close()
    until(lambda: not psutil.pid_exists(int(worker)), 20, "the end of the background process")
    session = read_session(stem)
    events = session.events
    ends = events[events.trial_type == "block_end"]
    assert ends.value.tolist() == ["inner", "outer"]
    details = [json.loads(text) for text in ends.detail]
    assert [(one["block"], one["cut_off"]) for one in details] == [(2, True), (1, True)]
    last = len(session.eeg.stamps)
    assert set(ends["sample"]) == {last}
    begins = events[events.trial_type == "block_begin"].set_index("value")
    for end in ends.itertuples():
        assert end.duration == pytest.approx(end.t - begins.t[end.value], abs=1e-5)
    assert (annotation_durations(events)[events.trial_type == "block_begin"] > 1.0).all()
    cut_off = events[events.trial_type == "baseline_cut_off"]
    assert json.loads(cut_off.detail.iloc[0]) == {"label": "rest"}
    assert "baseline_end" not in set(events.trial_type)
    assert session.settings["ended"] == "stopped"


def test_a_baseline_that_is_open_at_the_end_is_cut_off(amplifier, training, tmp_path, listen):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        nfb.begin_baseline("rest")
        listen(nfb, 0.5)
    kinds = read_session(nfb.files.stem).events.trial_type.tolist()
    assert kinds.count("baseline_begin") == kinds.count("baseline_cut_off") == 1
    assert "baseline_end" not in kinds
