"""What the page *Your own parts* shows: its file, its script, its settings, its rerun."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from lab_parts import as_it_was
from manual import blocks

from psychopy_nfb.dsp import Pipeline, SignalInfo, Step
from psychopy_nfb.engine.plugins import load_plugins
from psychopy_nfb.protocol import (
    Baseline,
    Comparison,
    Reward,
    RewardState,
    Signal,
    SignalState,
    ThresholdRule,
)
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import from_dict

BASELINE = Baseline(3.0, 2.0, 0.0, 10.0, percentiles=[one / 10 for one in range(101)])
STEM = "sub-01_ses-01_task-neurofeedback_run-01"
FILE, RULE, SCHEDULE, SCRIPT, RERUN = (
    one.code for one in blocks("python") if one.page == "own_parts"
)
(SETTINGS,) = (json.loads(one.code) for one in blocks("json") if one.page == "own_parts")


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.usefixtures("lsl_alone")
def test_file_script_settings_and_rerun_work_as_they_are_written(amplifier, tmp_path):
    amplifier()
    (tmp_path / "my_lab.py").write_text(FILE, encoding="utf-8")
    script = re.sub(r"frames\(seconds=\d+\)", "frames(seconds=1)", SCRIPT)
    said = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        for code in (script, RERUN)
    ]
    for done in said:
        assert done.returncode == 0, done.stderr
        assert "failed" not in done.stderr
    session = read_session(tmp_path / "data" / f"{STEM}_nfb.json")
    assert int(said[1].stdout) == len(session.signals)
    assert session.settings["own_parts"][0]["parts"] == ["Teager", "teager"]
    # The operator gives 0 where its energy would be negative, in few samples of a rhythm.
    assert (session.signals.trained_signal > 0).mean() > 0.5
    with as_it_was():
        load_plugins([tmp_path / "my_lab.py"])
        assert from_dict(Pipeline, SETTINGS).steps[2].order == 2


def test_its_step_has_the_amplitude_and_the_delay_that_it_says(tmp_path):
    (tmp_path / "my_lab.py").write_text(FILE, encoding="utf-8")
    with as_it_was():
        load_plugins([tmp_path / "my_lab.py"])
        step = Step.family["Teager"]()
        step.prepare(SignalInfo(250.0, ("Oz",)))
        middle = 7.0 * np.sin(2 * np.pi * 10 * np.arange(2000) / 250)[:, None]
        whole = step.process(middle)
        assert whole[1000:].mean() == pytest.approx(7.0, rel=0.03)
        step.reset()
        parts = np.concatenate([step.process(one) for one in np.split(middle, [1, 2, 9, 500])])
        assert np.abs(parts - whole).max() < 1e-9
        at_half = int(np.argmax(whole[:, 0] > 3.5)) / 250
        assert at_half == pytest.approx(step.declared_delay, abs=0.03)


def test_its_rule_goes_outwards_after_a_series_and_back_without(tmp_path):
    (tmp_path / "my_rule.py").write_text(RULE, encoding="utf-8")
    with as_it_was():
        load_plugins([tmp_path / "my_rule.py"])
        rule = {"type": "InARow", "seconds": 2, "start": 1.0}
        signal = from_dict(Signal, {"normalise": "none", "threshold": rule})
        state = SignalState(signal, rate=1.0)
        values, _ = state.process([5.0] * 5 + [0.0] * 4, [0] * 9, [True] * 9)
        new = SignalState(from_dict(Signal, {"threshold": {"type": "InARow"}}), rate=1.0)
        assert (new.reached()["fault"], new.fault) == (None, None)  # there is no baseline yet
        assert Comparison(
            Signal(threshold=from_dict(ThresholdRule, {"type": "InARow"}), baseline=BASELINE)
        ).threshold == pytest.approx(1.0)
    assert [threshold for *_, threshold in values] == pytest.approx(
        [1, 1, 1.1, 1.1, 1.2, 1.2, 1.1, 1.1, 1.0]
    )
    assert [change.why for change in state.changes] == ["all of it beyond"] * 2 + [
        "not all of it beyond"
    ] * 2


def test_its_schedule_rewards_fewer_and_fewer_hits(tmp_path):
    (tmp_path / "my_schedule.py").write_text(SCHEDULE, encoding="utf-8")
    with as_it_was():
        load_plugins([tmp_path / "my_schedule.py"])
        reward = from_dict(Reward, {"dwell": 0, "schedule": {"type": "Rarer", "step": 2}})
        rows = RewardState(reward, rate=1.0).process([True] * 13, [0] * 13)
    assert [row[0] for row in rows] == [1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0]
