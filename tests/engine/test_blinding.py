"""What an operator is sent in a blinded session is the same in every arm."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.dsp import Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.blinding import may_be_sent
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.quest import Quest
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.protocol import (
    Inverse,
    OtherSignal,
    Reward,
    Running,
    Signal,
    Staircase,
    Success,
    Trend,
)

INFO = SignalInfo(50.0, ("A", "B"))
RULES = {
    "number": 10.0,
    "success": Success(window=10.0, update=1.0, start=10.0),
    "running": Running(k=0.5, tau=10.0, update=1.0, start=10.0),
    "trend": Trend(slope=6.0, update=1.0, start=10.0),
    "staircase": Staircase(step=1.0, down_at=0.6, start=10.0),
    "quest": Quest(sd=2.0, start=10.0),
}
ARMS = {"inverse": Inverse(), "other": OtherSignal(signal="b")}


def training(threshold):
    """Return A, which is trained and of which other things can be shown, and B, which is not."""
    common = {"normalise": "none", "display_range": (0.0, 20.0)}
    return Configuration(
        signals={
            "a": Signal(Pipeline([Pick(["A"])]), threshold=threshold, **common),
            "b": Signal(Pipeline([Pick(["B"])]), role="watch", threshold=4.0, **common),
        },
        reward=Reward(dwell=0.1),
        shown=ARMS,
    )


def course(arm):
    """Return four blocks of ten seconds that show what the participant's arm says."""
    shown = [(0, "shown", {"shown": arm, "turn": 0})]
    for begin in range(0, 2400, 600):
        shown.append((begin, "adaptation", {"training": True, "edge": "begin"}))
        shown.append((begin + 500, "adaptation", {"training": False, "edge": "end"}))
    return shown


@pytest.mark.parametrize("rule", RULES)
def test_row_127_what_is_sent_of_a_blinded_session_does_not_depend_on_its_arm(rule):
    """The threshold of the own signal follows the own signal, whatever the screen shows."""
    random = np.random.default_rng(3)
    eeg = 20 * random.random((2400, 2))
    found = {}
    for arm in ("own", *ARMS):
        settings = training(RULES[rule])
        values, flags = run_offline(settings, eeg, INFO, course(arm), chunk=25)
        found[arm] = dict(zip(settings.value_names, values.T, strict=True))
        sent = [name for name in settings.value_names if may_be_sent(name, blinded=True)]
        for name in sent:
            np.testing.assert_array_equal(found[arm][name], found["own"][name], err_msg=name)
        found[arm]["flags"] = flags
        np.testing.assert_array_equal(flags, found["own"]["flags"])
    assert {"a_z", "a_threshold"} <= set(sent)
    moved = np.ptp(found["own"]["a_threshold"]) > 0
    assert moved == (rule != "number")
    # What stays here would have told the arm.
    for arm in ARMS:
        assert (found[arm]["shown_z"] != found["own"]["shown_z"]).any()
        assert found[arm]["shown_score"][-1] != found["own"]["shown_score"][-1]
