"""Plans of a session: what they refuse, and in which words."""

from __future__ import annotations

import pytest

from psychopy_nfb.course import Plan, PlannedBlock, read_plan
from psychopy_nfb.course.files import READY, ready_plans
from psychopy_nfb.course.texts import filled
from psychopy_nfb.errors import SettingsError

A, B = {"label": "a", "seconds": 5}, {"label": "b", "seconds": 5}


def shuffled(**settings):
    return {"blocks": [{"group": "g", "blocks": [A, B], "order": "shuffled", **settings}]}


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"blocks": []}, "blocks=[]: must hold at least one block"),
        ({"blocks": [3]}, "blocks[0]=3: must be an object"),
        ({"blks": [A]}, "blks=[{'label': 'a', 'seconds': 5}]: is not a setting; did you mean"),
        ({"blocks": [{"label": "a"}]}, "blocks[0] (a).seconds=None: is missing"),
        (
            {"blocks": [A, {"label": "b", "seconds": -3}]},
            "blocks[1] (b).seconds=-3.0: must be above 0 s",
        ),
        (
            {"blocks": [{**A, "kind": "training"}]},
            "blocks[0] (a).kind='training': must be one of 'train', 'transfer'",
        ),
        ({"blocks": [{**A, "secnds": 5}]}, "blocks[0] (a).secnds=5: is not a setting; did you"),
        ({"blocks": [{**A, "label": " "}]}, "blocks[0] ( ).label='': must have 1 to 60"),
        (
            {"blocks": [{**A, "kind": "rest", "until": {"rewards": 3}}]},
            "blocks[0] (a).until={'rewards': 3, 'points': None}: is never reached, as a block",
        ),
        (
            {"blocks": [{**A, "until": {}}]},
            "blocks[0] (a).until.rewards=None: is missing, and so is points; give",
        ),
        (
            {"blocks": [{**A, "kind": "rest", "shown": "sham"}]},
            "blocks[0] (a).shown='sham': is never seen in a block of the kind 'rest'",
        ),
        (
            {"blocks": [{**A, "kind": "transfer", "lag_ms": 300}]},
            "blocks[0] (a).lag_ms=300.0: is never seen in a block of the kind 'transfer'",
        ),
        (
            {"blocks": [{**A, "instruction_seconds": 3}]},
            "blocks[0] (a).instruction_seconds=3.0: has no instructions to show",
        ),
        (
            {"blocks": [A, {"group": "g", "blocks": [{**B, "beep": "often"}]}]},
            "blocks[1] (g).blocks[0] (b).beep='often': must be one of",
        ),
        (
            shuffled(most_in_a_row=1, blocks=[{**A, "repeats": 3}, B]),
            "blocks[0] (g).most_in_a_row=1: is impossible: 'a' comes 3 times and the others 1",
        ),
        (
            shuffled(order="fixed", most_in_a_row=1),
            'blocks[0] (g).most_in_a_row=1: is for a shuffled order; set order="shuffled"',
        ),
        (shuffled(repeats=6000), "blocks=12000: come to 12000 blocks; 10000 are the most"),
        ({"blocks": [A], "questions": [{"type": "slider"}]}, "questions[0]="),
        (
            {"blocks": [A], "questions": [{"itemText": "How?", "type": "slidr"}]},
            "questions[0].type='slidr': must be one of 'heading'",
        ),
        (
            {"blocks": [{**A, "lag": 0.3}]},
            "blocks[0] (a).lag=0.3: is not a setting; did you mean",
        ),
        (
            {"blocks": [{**A, "lag_ms": 0.3}]},
            "blocks[0] (a).lag_ms=0.3: is less than one millisecond; did you mean 300 ms?",
        ),
        (
            {"blocks": [{**A, "lag_ms": 3000}]},
            "blocks[0] (a).lag_ms=3000.0: must be above 0 ms and at most 2000 ms.",
        ),
        (
            {"blocks": [{**A, "lag_ms": [300]}]},
            "blocks[0] (a).lag_ms=[300.0]: must be one number, or two between which it is drawn.",
        ),
        (
            {"blocks": [{**A, "lag_ms": [300, 200]}]},
            "blocks[0] (a).lag_ms[1]=200.0: must be at least 300 ms.",
        ),
        (
            {"blocks": [{**A, "lag_ms": [200, 300], "lag_every": 0}]},
            "blocks[0] (a).lag_every=0.0: must be at least 0.1 s.",
        ),
        (
            {"blocks": [A], "end": "You have {pionts} points."},
            "end='{pionts}': is not a known placeholder; did you mean {points}?",
        ),
        (
            {"blocks": [A], "prompt": "Dear {name}"},
            "prompt='{name}': is not a known placeholder; {points} is the score, and no other",
        ),
        (
            {"blocks": [{**A, "instructions": "So far { Points }."}]},
            "blocks[0] (a).instructions='{ Points }': is not a known placeholder; did you mean {po",
        ),
        (
            {"blocks": [A], "questions": [{"itemText": "How?", "type": "choice"}]},
            "questions[0].options=None: are missing; a choice needs answers to choose from, e.g.",
        ),
        (
            {"blocks": [A], "questions": [{"itemText": "How?"}]},
            "questions[0].options=None: are missing; a slider needs the words at its ends, e.g.",
        ),
        (
            {"blocks": [A], "questions": [{"itemText": "How?", "optoins": ["a", "b"]}]},
            "questions[0].optoins=['a', 'b']: is no field of PsychoPy's Form; did you mean",
        ),
        (
            {"blocks": [A], "questions": [{"itemText": "How?", "options": 5}]},
            "questions[0].options=5: must be a list of two or more, e.g.",
        ),
        (
            {"blocks": [A], "questions": [{"itemText": "Why?", "type": "free text"}] * 2},
            "questions[1].itemText='Why?': is asked twice; answers are kept by the question",
        ),
        (
            {"blocks": [{"label": "base", "kind": "baseline", "seconds": 4.9}, A]},
            "blocks[0] (base).seconds=4.9: is too short for a baseline, which needs 5 s: filters "
            "settle in it, and 2 s or more of the rest must be clean; choose at least 5 s, 60 s "
            "are usual.",
        ),
        (
            {"blocks": [{**A, "seconds": 3.5, "half_time": "Half of it"}]},
            "blocks[0] (a).half_time='Half of it': is shown for 2 s from half of the block's time "
            "on, and a block of 3.5 s ends before that; plan at least 4 s, or leave it out.",
        ),
        ({"blocks": [A], "idle": -1}, "idle=-1.0: must be at least 0 s"),
        ({"blocks": [A], "seed": 1.5}, "seed=1.5: must be a whole number"),
    ],
)
def test_a_wrong_plan_is_one_sentence_that_names_block_and_field(plan, sentence):
    with pytest.raises(SettingsError) as caught:
        read_plan(plan)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "feedback", "counts"),
    [
        ("train", True, True),
        ("transfer", False, True),
        ("observe", True, False),
        ("rest", False, False),
        ("baseline", False, False),
    ],
)
def test_row_045_a_kind_says_what_is_shown_and_counted(kind, feedback, counts):
    block = PlannedBlock(label="x", kind=kind, seconds=5)
    assert (block.feedback, block.counts) == (feedback, counts)


def test_questions_that_form_can_ask_are_taken():
    questions = [
        {"itemText": "Now some questions", "type": "heading"},
        {"itemText": "Now some questions", "type": "description"},
        {"itemText": "How tired?", "ticks": [1, 2, 3], "layout": "horiz"},
        {"itemText": "How was it?", "type": "rating", "options": ["bad", "good"]},
        {"itemText": "Why?", "type": "free text"},
    ]
    assert read_plan({"blocks": [A], "questions": questions}).questions == questions


def test_braces_without_a_name_are_shown_as_they_are():
    text = "Think of {1, 2} and {}, ☺"
    (block,) = read_plan({"blocks": [{**A, "text": text}]}).blocks
    assert filled(block.text + " {points}{ points }", 3.0) == text + " 33"


def test_row_071_the_ready_plans_are_whole():
    assert ready_plans() == sorted(path.stem for path in READY.iterdir())
    labels = {name: _labels(read_plan(name)) for name in ready_plans()}
    assert labels["eyes_open_closed"] == {"eyes open", "eyes closed"}
    assert labels["artifacts"] == {
        *("rest", "blinks", "saccades", "pursuit", "jaw", "neck", "frown", "swallow"),
        "rest again",
    }
    for name in ready_plans():
        plan = read_plan(name)
        assert (plan.signal_check, bool(plan.prompt), plan.idle) == (True, True, 5)
        assert plan.kinds == {"rest"}  # they run with any training, before any baseline


def _labels(plan: Plan) -> set[str]:
    return {block.label for block, _ in plan._counted()}
