"""A display shows the feedback of its block, and nothing before or after it."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("signal", "display", "sentence"),
    [
        (
            {"startVal": "5", "stopVal": "20"},
            {"startVal": "0", "stopVal": "25"},
            "Start: it starts at 0 s, but the feedback of nfb begins at 5 s and it is empty until "
            "then; let both start at the same time.",
        ),
        (
            {"startVal": "30", "stopVal": "20"},
            {"startVal": "0", "stopVal": "25"},
            "Stop: it ends at 25 s, before the feedback of nfb begins at 30 s, so that none is",
        ),
        (
            {"stopVal": "20"},
            {"stopVal": "25"},
            "Stop: it stays until 25 s, but the feedback of nfb ends at 20 s",
        ),
        ({"startVal": "5"}, {}, "Start: it starts at 0 s, but the feedback of nfb begins at 5 s"),
        ({"startVal": "5"}, {"startVal": "5"}, None),
        ({"startVal": "5"}, {"display": "text", "value": "nfb.score"}, None),
        ({"stopVal": "20"}, {"display": "sign", "value": "nfb.success", "stopVal": "25"}, None),
        ({"startVal": "when"}, {}, None),
    ],
)
def test_a_display_outside_of_its_block_is_told(builder, told, signal, display, sentence):
    builder.add("NeuroFeedbackComponent", "nfb", **signal)
    builder.add("FeedbackDisplayComponent", "bar", **display)
    builder.code(begin_experiment="when = 5")
    said = [one for _, one in told()]
    assert len(said) == (sentence is not None), said
    assert all(one.startswith(f"bar, {sentence}") for one in said)


@pytest.mark.parametrize("length", ["0", "-5"])
def test_a_length_that_is_none_is_told_once(builder, told, length):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal=length)
    builder.add("FeedbackDisplayComponent", "bar", stopVal="60")
    builder.add("FeedbackDisplayComponent", "circle", stopVal="60")
    assert told() == [("time", f"nfb, Stop: {length} would end it at once; enter a length.")]


@pytest.mark.display
@pytest.mark.slow
def test_a_display_shows_nothing_live_outside_of_its_block(builder, run_script, tmp_path):
    """Whether the signal is beyond its threshold is known all the time."""
    builder.add("NeuroFeedbackComponent", "nfb", simulate="always", startVal="2", stopVal="2")
    builder.add("FeedbackDisplayComponent", "sign", display="sign", value="nfb.beyond", stopVal="5")
    builder.add("FeedbackDisplayComponent", "bar", inhibit="nfb.beyond or True", stopVal="5")
    builder.code(
        begin_experiment="seen = []",
        each_frame="seen.append((nfb.showing, sign.value, bar.value, bar.warning))",
        end_experiment="import json; open('seen.json', 'w').write(json.dumps(seen))",
    )
    builder.routine.settings.params["stopVal"].val = "5"
    ran = run_script(builder.script(tmp_path / "one.py"), seconds=300)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads((tmp_path / "seen.json").read_text())
    inside = [frame[1:] for frame in seen if frame[0]]
    outside = [frame[1:] for frame in seen[1:] if not frame[0]]
    assert len(inside) > 20
    assert len(outside) > 20
    assert all(sign in (True, False) and warns for sign, _, warns in inside)
    # A frame that begins or ends the block has been set before that.
    assert sum(frame != [None, 0.0, False] for frame in outside) <= 1
