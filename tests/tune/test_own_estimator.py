"""An estimator of a lab's own is compared with the others, and one that fails is left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from lab_parts import ESTIMATOR, STEP, as_it_was, write
from signals import alpha_in_noise

from psychopy_nfb.cli import _parser
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.engine.plugins import load_plugins
from psychopy_nfb.settings import to_dict
from psychopy_nfb.tune.tuning import tune

RATE = 250.0


@pytest.fixture(autouse=True)
def _families():
    with as_it_was():
        yield


def test_it_is_tried_and_a_failing_one_is_told_and_left_out(tmp_path):
    failing = ESTIMATOR.replace("Swing", "Failing").replace('"swing"', '"failing"')
    failing = failing.replace("        x = np", "        len(samples) / 0\n        x = np")
    files = [
        write(tmp_path / "lab_a.py", STEP + ESTIMATOR)[0],
        write(tmp_path / "lab_b.py", STEP.replace("Halved", "Other") + failing)[0],
    ]
    assert _parser("tune").parse_args(
        ["tune", "x.set", "--channel", "Oz", *(f"--plugin={file}" for file in files)]
    ).plugin == [str(file) for file in files]
    load_plugins(files)
    told = []
    entries = tune(
        alpha_in_noise(60.0, RATE, 3)[:, None],
        SignalInfo(RATE, ("Oz",)),
        [],
        (8.0, 12.0),
        [0.1],
        candidates=[ESTIMATORS[name] for name in ("swing", "failing", "demodulate")],
        told=told.append,
    )
    assert [one.estimator for one in entries] == ["swing", "demodulate"]
    assert np.isfinite([one.score.envelope_r for one in entries]).all()
    (said,) = [one for one in told if "failing" in one]
    assert said.startswith("failing of lab_b.py (SHA-256 ")
    assert "was left out: ZeroDivisionError: division by zero, line " in said
    assert to_dict(entries[0].step)["from"].startswith("lab_a.py (SHA-256 ")
    json.dumps(to_dict(entries[0].step))
