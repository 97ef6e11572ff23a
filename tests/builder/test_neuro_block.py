"""The Neuro Block Routine: what it tells before a run, and what its script does in one."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from psychopy_nfb.builder.baseline import NeuroBaselineRoutine
from psychopy_nfb.builder.neuro_block import NeuroBlockRoutine
from psychopy_nfb.course import read_plan
from psychopy_nfb.recording import read_session

TRAIN = {"label": "up", "seconds": 120}
BASE = {"label": "base", "kind": "baseline", "seconds": 60}


@pytest.fixture
def add(builder, tmp_path):
    """Return a function that adds such a Routine to the Flow of an experiment with a signal."""
    builder.experiment.filename = str(tmp_path / "one.psyexp")

    def added(name="blocks", made=NeuroBlockRoutine, **params):
        routine = made(builder.experiment, name)
        for field, value in params.items():
            routine.params[field].val = value
        builder.experiment.addStandaloneRoutine(name, routine)
        flow = builder.experiment.flow
        flow.addRoutine(routine, len(flow))
        return routine

    return added


def write_plan(folder, *blocks, **around):
    path = folder / "plan.json"
    path.write_text(json.dumps({"blocks": blocks, **around}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("params", "kind", "sentence"),
    [
        ({"plan": ""}, "file", "blocks, Plan: is empty; choose a file, or write eyes_open_closed"),
        ({"plan": "none.json"}, "file", "blocks, Plan: file='"),
        ({"plan": "plan.json"}, "file", "blocks, Plan: blocks[1] (b).seconds=-3.0: must be above"),
        ({"plan": "eyes_open_closed"}, None, ""),
        ({"plan": "$expInfo['plan']"}, None, ""),
        ({"seed": "first", "plan": "artifacts"}, "setting", "blocks, Seed of the order: first is"),
        ({"key": "spacebar", "plan": "artifacts"}, "setting", "blocks, Key: spacebar is the name"),
        (
            {"display": "text", "template": "{:.1", "plan": "artifacts"},
            "setting",
            "blocks, Written as: {:.1 is not a template",
        ),
        (
            {"display": "progress", "plan": "artifacts"},
            "setting",
            "blocks, Pictures: no picture is named",
        ),
        ({"value": "nfb.z", "plan": "artifacts"}, "reach", "blocks, Value: nfb.z is in the unit "),
        (
            {"pos": "(0, up)", "plan": "artifacts"},
            "setting",
            "blocks, Position [x, y] (units below): up is no value",
        ),
        ({"source": "block"}, None, ""),
        ({"source": "block", "seconds": "$seconds * 2"}, "setting", "blocks, Length (s): seconds "),
        ({"source": "block", "seconds": ""}, "setting", "blocks, Length (s): is missing"),
        ({"source": "block", "seconds": "0"}, "setting", "blocks, Length (s): 0: must be above 0"),
        ({"source": "block", "lagMs": "0.3"}, "setting", "blocks, Lag of what is shown (ms): 0.3:"),
        ({"source": "block", "lagMs": "0"}, None, ""),
        ({"source": "block", "repeats": "1.5"}, "setting", "blocks, How often (times): 1.5: must "),
        (
            {"source": "block", "untilRewards": "0"},
            "setting",
            "blocks, Ends early at so many rewards: 0: must be at least 1",
        ),
        ({"source": "block", "kind": "rest", "untilRewards": "0"}, None, ""),  # not shown
        (
            {"source": "block", "text": "{pionts}"},
            "setting",
            "blocks, Text: {pionts}: is not a known placeholder; did you mean {points}?",
        ),
        (
            {"source": "block", "instructionSeconds": "5"},
            "setting",
            "blocks, Instructions for (s): 5: has no instructions to show",
        ),
        ({"source": "block", "shown": "sham"}, "name", "blocks, Feedback shown: 'sham' is none of"),
        ({"source": "block", "shown": "down"}, None, ""),
        ({"source": "block", "shown": "noise"}, "baseline", "blocks, Feedback shown: 'noise' is m"),
    ],
)
def test_a_wrong_field_is_named(builder, told, add, tmp_path, params, kind, sentence):
    write_plan(tmp_path, TRAIN, {"label": "b", "seconds": -3})
    controls = "{'down': psychopy_nfb.Inverse(), 'noise': psychopy_nfb.Surrogate()}"
    builder.add("NeuroFeedbackComponent", "nfb", controls=controls)
    add(**params)
    found = told()
    assert [one for one, _ in found] == ([kind] if kind else [])
    assert all(said.startswith(sentence) for _, said in found)


def test_a_plan_is_compared_with_the_experiment(builder, told, add, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", normalise="zscore", feedback="False")
    blocks = add(plan="plan.json")
    write_plan(tmp_path, {**TRAIN, "shown": "sham"}, BASE)
    first, second = told()
    assert first[0] == "name"
    assert first[1].startswith("blocks, Plan: 'sham' is none of own, none; name it first in Contr")
    assert second == (
        "baseline",
        "blocks: the block up needs a baseline, but comes before it; move the Neuro Baseline "
        "Routine before this one, or begin the plan with a block of the kind baseline.",
    )
    write_plan(tmp_path, BASE, TRAIN)  # the plan records it itself
    assert told() == []
    write_plan(tmp_path, TRAIN)
    ((kind, said),) = told()
    assert (kind, said[:48]) == ("baseline", "nfb: it is compared with a baseline, but nothing")
    baseline = add("rest", made=NeuroBaselineRoutine)
    ((kind, said),) = told()
    assert said.startswith("blocks: the block up needs a baseline, but comes before it")
    builder.experiment.flow.removeComponent(baseline)
    builder.experiment.flow.addRoutine(baseline, 1)
    assert told() == []
    blocks.params["disabled"].val = True
    assert told() == []


def test_fields_of_one_block_beside_a_plan_are_told(told, add, builder):
    builder.add("NeuroFeedbackComponent", "nfb")
    add(source="plan", plan="artifacts", text="Relax", beep="begin")
    assert told() == [
        (
            "signal",
            "blocks: Text, Beep: without effect here; the plan says it, change it there.",
        )
    ]


def test_without_a_signal_it_is_told(told, add):
    add(plan="artifacts")
    ((kind, said),) = told()
    assert kind == "signal"
    assert said.startswith("blocks: there is no signal; add a Neuro Feedback component")


def test_names_of_control_conditions_in_a_column_are_looked_at(builder, told, add, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb")
    add(source="block", shown="$what")
    (tmp_path / "trials.csv").write_text("what\nown\nsham\n", "utf-8")
    builder.repeat(1, "trials.csv")
    ((kind, said),) = told()
    assert (kind, said[:41]) == ("name", "blocks, Feedback shown: 'sham' is none of")


@pytest.mark.display
@pytest.mark.slow
def test_a_script_is_refused_before_it_shows_anything(builder, add, run_script, tmp_path):
    """Also where Builder's alerts were not read, or the file was changed since."""
    builder.add("NeuroFeedbackComponent", "nfb", simulate="always", stopVal="1")
    add("session", plan="plan.json")
    write_plan(tmp_path, TRAIN)
    script = builder.script(tmp_path / "one.py")
    write_plan(tmp_path, TRAIN, {**TRAIN, "label": "late", "lag_ms": 20})
    ran = run_script(script, seconds=300)
    assert ran.returncode != 0
    said = ran.stderr.strip().splitlines()[-1]
    assert "session, Plan: block 2 (late).lag_ms=20.0: is less than the " in said
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    events = read_session(settings).events
    assert not (events.trial_type == "block_begin").any()


@pytest.mark.display
@pytest.mark.slow
def test_row_045_row_046_a_plan_and_single_blocks_run_unattended(
    builder, add, run_script, tmp_path
):
    """A plan with baseline and questions, then single blocks in a loop with a conditions file."""
    from psychopy_nfb.builder.compile import compile_experiment

    questions = [{"itemText": "How was it?", "options": ["bad", "good"]}]
    write_plan(tmp_path, BASE, {**TRAIN, "sign": True}, seed=3, questions=questions, end="{points}")
    rows = ["name,what,seconds,late", "one,down,2,0", "two,,2.5,900"]
    (tmp_path / "trials.csv").write_text("\n".join(rows) + "\n", "utf-8")
    builder.add(
        "NeuroFeedbackComponent",
        "nfb",
        stopVal="2",
        feedback="False",
        normalise="zscore",
        controls="{'down': psychopy_nfb.Inverse()}",
    )
    add("session", plan="plan.json")
    add(
        "trial_block",
        source="block",
        label="$name",
        seconds="$seconds",
        shown="$what",
        lagMs="late",
        instructions="$name",
        text="Go on, {points}",
        display="circle",
        pos="(0.1, -0.2)",
        size="[0.05, 0.3]",
        units="height",
        color="red",
        rewardColor="lime",
        showPoints=False,
    )
    display = "trial_blockDisplay"
    seen = f"type({display}).__name__, 0 <= {display}.value <= 1, {display}.threshold"
    builder.code(end_experiment=f"print('shown', {seen}, nfb.display_threshold)")
    from psychopy.experiment.loops import TrialHandler

    loop = TrialHandler(builder.experiment, name="trials", nReps="1", loopType="sequential")
    loop.params["conditionsFile"].val = "trials.csv"
    builder.experiment.flow.addLoop(loop, 2, 3)
    script = tmp_path / "one.py"
    compile_experiment(builder.save(tmp_path / "one.psyexp"), script, unattended=True)
    ran = run_script(script, seconds=400)
    assert ran.returncode == 0, ran.stderr
    (shown,) = [line for line in ran.stdout.splitlines() if line.startswith("shown ")]
    _, kind, drawn, threshold, expected = shown.split()
    assert (kind, drawn, threshold) == ("FeedbackCircle", "True", expected)
    code = script.read_text("utf-8")
    for argument in ("pos=(0.1, -0.2)", "radius=[0.05, 0.3]", "units='height'", "points=False"):
        assert argument in code
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    session = read_session(settings)
    begins = session.events[session.events.trial_type == "block_begin"]
    assert begins.value.tolist() == ["trial", "base", "up", "one", "two"]
    details = {row.value: json.loads(row.detail) for row in begins.itertuples()}
    assert [details[name]["shown"] for name in ("up", "one", "two")] == ["own", "down", "own"]
    assert details["two"]["lag"]["hold"] == 0.9
    kept = session.settings["plans"]
    assert [[turn["label"] for turn in one["turns"]] for one in kept] == [
        ["base", "up"],
        ["one"],
        ["two"],
    ]
    assert (kept[0]["seed"], read_plan(kept[0]["plan"]).blocks[1].seconds) == (3, 120)
    assert session.settings["ended"] == "stopped"
    (table,) = (tmp_path / "data").glob("*[0-9].csv")  # PsychoPy's own
    kept_rows = pd.read_csv(table)
    assert kept_rows["session.label"].dropna().tolist() == ["base", "up"]
    assert kept_rows["trial_block.label"].dropna().tolist() == ["one", "two"]
    assert "session.How was it?" in kept_rows.columns
