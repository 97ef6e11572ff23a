"""A mistake is told once, in the words of its field, with a remedy that helps."""

from __future__ import annotations

import pytest

from psychopy_nfb import Signal
from psychopy_nfb.engine.reach import out_of_reach

THRESHOLD = "nfb, Threshold (µV, SD, %, share): "


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"pace": "-60"}, "nfb, Pace to (Hz): -60: must be at least 1 Hz"),
        ({"pace": "5000"}, "nfb, Pace to (Hz): 5000: must be at least 1 Hz and at most 1000"),
        ({"pace": ""}, None),
        ({"timeout": "-3"}, "nfb, Wait for the stream (s): -3: must be above 0 s."),
        ({"timeout": "0"}, "nfb, Wait for the stream (s): 0: must be above 0 s."),
        ({"rate": "-250"}, "nfb, Rate (Hz): -250: must be above 0 Hz."),
        ({"bandHigh": "1e9"}, "nfb, Band to (Hz): 1e+09 Hz is faster than any rhythm of the EEG"),
        ({"dwell": "250"}, "nfb, Time beyond threshold for a hit (s): 250 s; did you mean 0.25 s?"),
        (
            {"refractory": "98765"},
            "nfb, Pause after a hit (s): 98765 s is too long; enter at most 120 s.",
        ),
        ({"delayMs": "99999"}, "nfb, Filter delay (ms): 99999 must be at most 1000 ms"),
        ({"threshold": "0.5"}, f"{THRESHOLD}the signal is hardly ever below 0.5 µV, so there "
         "would be reward nearly all the time; usual is 10 µV"),
        ({"threshold": "0.5", "direction": "down"}, f"{THRESHOLD}the signal is hardly ever below "
         "0.5 µV, so there would be hardly any reward; usual is 10 µV"),
        ({"threshold": "0.5", "bandLow": "35", "bandHigh": "45"}, None),
        ({"threshold": "0.1", "bandLow": "35", "bandHigh": "45"}, f"{THRESHOLD}the signal is"),
        ({"threshold": "2"}, None),
        ({"feedback": ""}, "nfb, Give feedback: is empty; enter True or False."),
        ({"feedback": "None"}, "nfb, Give feedback: is empty; enter True or False."),
        ({"channels": "C3;C4"}, "nfb, Channels: C3;C4: are separated by commas, not by semicolons"),
        ({"role": "same", "sameAs": ""}, "nfb, Signal of: is empty, and there is no other Neuro"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_once(builder, told, params, sentence):
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    said = [one for _, one in told()]
    assert len(said) == (sentence is not None), said
    assert all(one.startswith(sentence) for one in said), said
    assert not any("99.999" in one for one in said)


def test_an_empty_signal_of_offers_what_there_is(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha")
    builder.add("NeuroFeedbackComponent", "again", role="same")
    assert told() == [
        ("name", "again, Signal of: is empty; choose the component whose signal is used: alpha.")
    ]


def test_only_the_leading_component_s_stream_counts(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha")
    builder.add("NeuroFeedbackComponent", "emg", role="inhibit", channels="T7", timeout="-3")
    ((kind, said),) = told()
    assert kind == "signal"
    assert said.startswith("emg: Wait for the stream (s): without effect here")


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("leer", "enter one key, such as space, return or t."),
        ("spacebar", "did you mean space?"),
        ("retrun", "did you mean return?"),
        ("Return", "did you mean return?"),
    ],
)
def test_a_key_is_compared_with_what_is_close_only(builder, told, key, advice):
    from psychopy_nfb.builder.baseline import NeuroBaselineRoutine

    builder.add("NeuroFeedbackComponent", "nfb")
    routine = NeuroBaselineRoutine(builder.experiment, "rest")
    routine.params["key"].val = key
    builder.experiment.flow.addRoutine(routine, 0)
    assert told() == [("setting", f"rest, Key: {key} is the name of no key; {advice}")]


def test_other_signals_than_amplitudes_may_be_small():
    assert not list(out_of_reach(Signal(normalise="none", threshold=0.5)))


@pytest.mark.display
@pytest.mark.slow
def test_a_wrong_frame_rate_names_its_field_at_run(builder, run_script, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", simulate="always", pace="hertz")
    builder.code(before_experiment="hertz = -60")
    ran = run_script(builder.script(tmp_path / "one.py"), seconds=300)
    assert ran.returncode != 0
    assert "nfb, Pace to (Hz): -60: must be at least 1 Hz" in ran.stderr
