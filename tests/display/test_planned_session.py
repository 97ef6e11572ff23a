"""A session as planned, in a real window with a real worker: what came when, and how it went."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

from psychopy_nfb import Neurofeedback, Quest, check_plan, pace, read_plan, run_plan
from psychopy_nfb.course import course
from psychopy_nfb.display.frame_log import MARKS_BETWEEN
from psychopy_nfb.display.plan_screens import PlanScreens
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import Inverse
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]
EASY, HARD = 0.001, 1e4
"""Thresholds in microvolts that alpha is always beyond, and never."""
PLAN = {
    "seed": 4,
    "prompt": "Put on the electrodes.",
    "idle": 0.3,
    "blocks": [
        {"label": "rest", "kind": "rest", "seconds": 0.5, "beep": "both"},
        {
            "group": "trials",
            "order": "shuffled",
            "blocks": [
                {
                    "label": "up",
                    "seconds": 4.0,
                    "extra": 0.3,
                    "instructions": "Raise it",
                    "half_time": "Half of it",
                    "sign": True,
                },
                {"label": "down", "kind": "transfer", "seconds": 1.5, "text": "No bar"},
            ],
        },
        {"label": "quick", "seconds": 20, "until": {"rewards": 2}},
    ],
    "questions": [
        {"itemText": "Last questions", "type": "heading"},
        {"itemText": "How tired are you?", "options": ["not", "very"], "ticks": [0, 1]},
        {"itemText": "How did it go?", "type": "choice", "options": ["well", "badly"]},
        {"itemText": "Why?", "type": "free text"},
    ],
    "end": "You have {points} points.",
}


def begun(nfb, window, until):
    """Attach a window and wait until clean values come."""
    pace(window, 60)
    nfb.attach(window)

    def comes():
        nfb.update()
        return not nfb.stale and not nfb.flags & ~(Flags.NO_POINTS | Flags.UNCALIBRATED)

    until(comes, 30, "clean values")


def marks(session):
    events = session.events
    found = events[events.trial_type == "mark"].value
    return [one for mark in found for one in mark.split(MARKS_BETWEEN)]  # of one flip


def answer_questions(monkeypatch):
    """Let PsychoPy's Form come with two of three questions answered."""
    from psychopy import visual

    class Answered(visual.Form):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords)
            self.items[1]["responseCtrl"].rating = 1
            self.items[3]["responseCtrl"].text = "So."

    monkeypatch.setattr(visual, "Form", Answered)


def test_row_045_row_046_a_planned_session_comes_in_its_order(
    amplifier, training, open_window, until, tmp_path, monkeypatch
):
    answer_questions(monkeypatch)
    settings = training(amplifier().source_id, threshold=EASY, dwell=0.1, loss=3.0)
    turns = course(read_plan(PLAN))
    drawn = []
    with Neurofeedback(settings, data=tmp_path) as nfb:
        window = open_window(units="height", allowStencil=True)
        begun(nfb, window, until)
        result = run_plan(
            nfb, window, PLAN, draw=lambda turn: drawn.append(turn.block.label), wait=0.3
        )
    session = read_session(nfb.files.stem)
    order = [turn.block.label for turn in turns]
    assert order[0] == "rest"
    assert order[-1] == "quick"
    events = session.events
    begins = events[events.trial_type == "block_begin"]
    assert begins.value.tolist() == order
    wanted = {
        "rest": ["beep", "beep"],
        "up": ["instructions: up", "half-time: up", "✓"],
        "down": [],
        "quick": [],
    }
    around = ["prompt", "idle time", "session begins"], ["session ends", "questions", "end"]
    inner = [mark for label in order for mark in wanted[label]]
    assert marks(session) == [*around[0], *inner, *around[1]]
    assert not result.escaped
    assert result.seed == 4
    assert [turn.label for turn in result.turns] == order
    assert set(drawn) == {"up", "quick"}  # where there is feedback
    durations = events[events.trial_type == "block_end"].duration.tolist()
    for turn, one, lasted in zip(turns[:-1], result.turns, durations, strict=False):
        assert one.seconds == turn.seconds
        assert lasted >= turn.seconds
    assert durations[-1] < 15
    by_label = {turn.label: turn for turn in result.turns}
    quick = by_label["quick"]
    assert quick.ended_early
    assert quick.rewards >= 2
    assert (by_label["up"].share, by_label["up"].success) == (1.0, True)
    assert (by_label["rest"].share, by_label["rest"].rewards) == (None, 0)
    assert by_label["down"].points > 0  # counted, not shown
    assert sum(turn.points for turn in result.turns) == session.signals.score.iloc[-1]
    assert result.answers == {"How tired are you?": 1, "How did it go?": None, "Why?": "So."}
    kept = session.settings["plans"][0]
    assert kept["seed"] == 4
    assert [turn["label"] for turn in kept["turns"]] == order
    assert read_plan(kept["plan"]) == read_plan(PLAN)
    told = [json.loads(one) for one in events[events.trial_type == "trial"].detail]
    assert [one["label"] for one in told if one["clean_seconds"] > 1] == order[1:-1]


def test_row_032_missed_trials_cost_points_quest_follows_and_a_rerun_is_equal(
    amplifier, training, open_window, until, tmp_path
):
    rule = Quest(start=HARD, sd=100.0)
    settings = training(amplifier().source_id, threshold=rule, loss=3.0)
    block = {"label": "trial", "seconds": 2.4, "repeats": 2, "sign": True}
    with Neurofeedback(settings, data=tmp_path) as nfb:
        window = open_window(units="height")
        begun(nfb, window, until)
        result = run_plan(nfb, window, {"blocks": [block]})
        score = nfb.score
    assert [turn.success for turn in result.turns] == [False] * 2
    assert [turn.lost for turn in result.turns] == [3.0] * 2
    assert result.success_rate == 0
    session = read_session(nfb.files.stem)
    assert marks(session).count("✗") == 2
    assert session.signals.score.iloc[-1] == score == -6
    moved = session.events[session.events.trial_type == "threshold"]
    assert len(moved) == 2
    assert moved.iloc[0].detail.count("missed; QUEST after 1 trial")
    reached = session.settings["thresholds_reached"]["trained"]
    assert [success for _, success in reached["settings"]["trials"]] == [False] * 2
    values, flags = rerun(session)
    recorded = session.signals[list(nfb.configuration.value_names)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (session.signals["flags"] == flags).all()


def test_escape_ends_it_and_what_was_reached_is_kept(
    amplifier, training, open_window, until, tmp_path
):
    from psychopy import event

    settings = training(amplifier().source_id, threshold=EASY, dwell=0.1)
    plan = {"blocks": [{"label": "one", "seconds": 2.4}, {"label": "two", "seconds": 60}]}

    with Neurofeedback(settings, data=tmp_path) as nfb:
        window = open_window(units="height")
        begun(nfb, window, until)

        def press():
            while nfb.block_number < 2:
                time.sleep(0.02)
            event._onPygletKey(65307, 0)

        threading.Thread(target=press, daemon=True).start()
        result = run_plan(nfb, window, plan)
    assert result.escaped
    assert [turn.label for turn in result.turns] == ["one"]
    session = read_session(nfb.files.stem)
    assert marks(session)[-1] == "ended by Escape"
    assert session.settings["plans"][0]["escaped"] is True
    ends = session.events[session.events.trial_type == "block_end"]
    assert ends.value.tolist() == ["one", "two"]


def test_a_plan_that_does_not_fit_is_refused_before_anything_is_shown(
    amplifier, training, open_window, until
):
    settings = training(amplifier().source_id)
    block = {"label": "a", "seconds": 5}

    def refusal(nfb, window, plan, **how):
        with pytest.raises(NfbError) as caught:
            run_plan(nfb, window, plan, **how)
        return str(caught.value)

    with Neurofeedback(settings, shown={"down": Inverse()}) as nfb:
        late = {"blocks": [block, {**block, "label": "b", "lag_ms": 20}]}
        with pytest.raises(NfbError) as caught:
            check_plan(nfb, late)  # no window is open
        assert str(caught.value).startswith("block 2 (b).lag_ms=20.0: is less than the ")
        assert " 0 ms; choose at least" in str(caught.value)  # of a frame
        assert check_plan(nfb, {"blocks": [{**block, "lag_ms": 900}]}).blocks[0].lag_ms == 900
        window = open_window(units="height")
        begun(nfb, window, until)
        assert refusal(nfb, window, {"blocks": [{**block, "shown": "sham"}]}) == (
            "block 1 (a).shown='sham': is not among the training's settings; there are own, none, "
            "down."
        )
        said = refusal(nfb, window, {"blocks": [block]}, seed=1.5)
        assert said == "seed=1.5: must be a whole number."
        assert refusal(nfb, window, late).startswith("block 2 (b).lag_ms=20.0: is less than the ")
        asks = {"blocks": [block], "questions": [{"itemText": "?", "type": "free text"}]}
        assert refusal(nfb, window, asks) == (
            "questions=1: need a window that can show PsychoPy's Form; open it with "
            "visual.Window(..., allowStencil=True)."
        )
        window = open_window(units="height", allowStencil=True)
        begun(nfb, window, until)
        nfb._link.blinded = True
        said = refusal(nfb, window, {"blocks": [{**block, "shown": "own"}]})
        assert "shown='own': is set by the study's arm; leave it out" in said
        said = refusal(nfb, window, {"blocks": [{**block, "until": {"rewards": 3}}]})
        assert "so that its length would tell the arm of a blinded study" in said
        nfb._link.blinded = False
        question = {"itemText": "?", "options": ["no", "yes"], "layout": "diagonal"}
        assert refusal(nfb, window, {"blocks": [block], "questions": [question]}).startswith(
            "questions=1: cannot be asked by PsychoPy's Form ("
        )
        assert nfb.block_number == 0
    compared = training(settings.stream.source_id, normalise="zscore", threshold=0.5)
    with Neurofeedback(compared) as nfb:
        window = open_window(units="height")
        begun(nfb, window, until)
        assert refusal(nfb, window, {"blocks": [block]}) == (
            "block 1 (a).kind='train': comes before any baseline, and the training's signals need "
            "one; put a block of the kind 'baseline' before it."
        )
        assert nfb.block_number == 0


@pytest.mark.parametrize(("color", "space"), [("#101418", "rgb"), ((255, 255, 255), "rgb255")])
def test_the_questions_stand_on_the_windows_own_colour(no_amplifier, open_window, color, space):
    window = open_window(units="height", allowStencil=True, color=color, colorSpace=space)
    screens = PlanScreens(Neurofeedback(no_amplifier), window, None, False, False)
    form = screens.form([{"itemText": "Why?", "type": "free text"}])
    window.flip()
    form.draw()
    pixels = np.asarray(window.getMovieFrame(buffer="back")).reshape(-1, 3)
    colors, counts = np.unique(pixels, axis=0, return_counts=True)
    wanted = [16, 20, 24] if space == "rgb" else list(color)
    assert colors[counts.argmax()].tolist() == wanted
    assert counts.max() > 0.9 * len(pixels)
