"""A large study, 40 people of 20 sessions each: how long its commands take, and how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from written_sessions import write_session

from psychopy_nfb.cli import main
from psychopy_nfb.recording import SessionFiles, SessionRecord
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.register import Register, Run

PEOPLE, SESSIONS, FEW = 40, 20, 2
STATUS_SECONDS = 2.0
MORE_MEGABYTES = 150
"""Of memory that twenty times as many sessions may take: tables of blocks, settings and events."""
MEASURED = """
import sys, psutil
from psychopy_nfb.cli import main
status = main(sys.argv[1:])
memory = psutil.Process().memory_info()
try:
    import resource
except ImportError:
    print(memory.peak_wset)
else:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
sys.exit(status)
"""
"""Runs a command and prints the largest memory that its process had, in bytes."""


@pytest.fixture
def large(make_study):
    """Return a function that registers so many people with all their sessions in a study."""

    def make(people):
        folder = make_study(sessions=SESSIONS)
        for person in range(people):
            label = f"{person + 1:02d}"
            add_participant(folder, label)
            for session in range(1, SESSIONS + 1):
                stem = f"data/sub-{label}_ses-{session:02d}_task-alpha_run-01"
                begun = f"2026-03-{session:02d}T10:00:00+01:00"
                who = {"participant": label, "number": session, "run": 1}
                Register(folder).write(Run(**who, stem=stem, begun=begun, state="finished"))
        return folder

    return make


@pytest.mark.alone
def test_the_status_of_a_large_study_takes_less_than_two_seconds(large, capsys):
    folder = large(PEOPLE)
    main(["study", "status", str(folder.path)])  # loads what it needs
    begun = time.perf_counter()
    assert main(["study", "status", str(folder.path)]) == 0
    assert time.perf_counter() - begun < STATUS_SECONDS
    assert capsys.readouterr().out.count("20 of 20  2026-03-20 10:00  all sessions done") == 80


@pytest.mark.campaign
def test_the_report_of_a_large_study_holds_no_more_than_a_session_at_a_time(
    large, training, tmp_path
):
    """The recording has 16 channels, 5 minutes and 10 MB; all of them are the same files."""
    t = np.arange(75_000) / 250
    eeg = np.random.default_rng(1).normal(0, 5, (len(t), 16))
    eeg[:, 0] += 12 * np.sin(2 * np.pi * 10 * t) * np.sin(0.7 * t)
    labels = ("Oz", *(f"E{n}" for n in range(15)))
    spans = [("training", 18_000 * n + 500, 18_000 * (n + 1), None) for n in range(4)]
    made = write_session(
        *(tmp_path / "made", training(dwell=0.1), eeg, spans),
        rate=250.0,
        labels=labels,
        participant="00",
        session="01",
    )
    record = SessionRecord.load(made.settings)
    record.update(**made.begun("alpha"))
    assert made.eeg.stat().st_size > 8e6
    needed = []
    for people in (FEW, PEOPLE):
        folder = large(people) if people == FEW else folder_of_more(large, tmp_path)
        folder.data.mkdir(exist_ok=True)
        for run in Register(folder).runs():
            stem = SessionFiles(folder.path / run.stem).stem
            for path in made.stem.parent.glob(f"{made.stem.name}_*"):
                os.link(path, stem.with_name(path.name.replace(made.stem.name, stem.name)))
        command = [sys.executable, "-c", MEASURED, "study", "report", str(folder.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
        needed.append(int(done.stdout.splitlines()[-1]))
        page = (folder.path / "report" / "study.html").read_text("utf-8")
        planned = people * SESSIONS
        assert f"{planned} of {planned} planned sessions are done" in page
    few, many = needed
    assert many - few < MORE_MEGABYTES * 2**20, needed
    assert many - few < made.eeg.stat().st_size * PEOPLE * SESSIONS / 20


def folder_of_more(large, tmp_path):
    """Return the larger study, beside the small one."""
    (tmp_path / "study").rename(tmp_path / "few")
    return large(PEOPLE)
