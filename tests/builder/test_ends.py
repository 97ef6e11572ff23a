"""A training that nothing ends is told before the run."""

from __future__ import annotations

import pytest

STOP = (
    "nfb, Stop: is empty, and nothing else ends the Routine: it would go on until Escape is "
    "pressed; enter the length of the block in seconds."
)


@pytest.fixture
def endless(builder, told):
    """Return the alerts of an experiment whose Routine has no length of its own."""
    builder.routine.settings.params["stopVal"].val = ""
    return told


def test_a_block_without_stop_is_told(builder, endless):
    nfb = builder.add("NeuroFeedbackComponent", "nfb", stopVal="")
    builder.add("FeedbackDisplayComponent", "bar")
    assert endless() == [("time", STOP)]
    nfb.params["stopVal"].val = "60"
    assert endless() == []


def test_what_ends_the_routine_is_no_reason(builder, endless):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="")
    key = builder.add("KeyboardComponent", "key", forceEndRoutine=False)
    assert endless() == [("time", STOP)]
    key.params["forceEndRoutine"].val = True
    assert endless() == []


def test_code_may_end_it(builder, endless):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="")
    builder.code(each_frame="if nfb.rewards > 20:\n    continueRoutine = False\n")
    assert endless() == []


def test_another_signal_of_the_routine_may_end_it(builder, endless):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="")
    builder.add("NeuroFeedbackComponent", "again", role="same", sameAs="nfb", stopVal="60")
    assert endless() == []
