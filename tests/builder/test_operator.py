"""What an operator asks of an experiment of Builder."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from psychopy_nfb.engine.running_sessions import FOLDER_VARIABLE, running_sessions
from psychopy_nfb.recording import read_session


def test_the_page_is_opened_where_the_box_is_checked(builder, tmp_path):
    component = builder.add("NeuroFeedbackComponent", "nfb", stopVal="4")
    assert "console=True" not in builder.script(tmp_path / "off.py").read_text("utf-8")
    component.params["console"].val = True
    assert "console=True" in builder.script(tmp_path / "on.py").read_text("utf-8")


@pytest.mark.display
@pytest.mark.slow
def test_an_operator_ends_a_block_and_the_experiment(
    builder, run_script, until, tmp_path, monkeypatch
):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "running"))
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="100", simulate="always", block="training")
    builder.repeat(2)
    script = builder.script(tmp_path / "operated.py")

    def ask(word):
        command = [sys.executable, "-m", "psychopy_nfb", "remote", word]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def operate():
        until(running_sessions, 60, "the session")
        until(lambda: ask("end_block"), 60, "a block")
        until(lambda: ask("abort"), 60, "the end")

    operator = threading.Thread(target=operate)
    operator.start()
    ran = run_script(script)
    operator.join()
    assert ran.returncode == 0, ran.stderr
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    events = read_session(settings).events
    kinds = ["block_begin", "block_end", "end_block", "abort"]
    told = events[events.trial_type.isin(kinds)].sort_values("t").trial_type.to_list()
    assert told[:3] == ["block_begin", "end_block", "block_end"]
    assert told.count("abort") == 1
