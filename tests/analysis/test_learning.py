"""What blocks came to, and slopes that were planted."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from planted import planted as plant

from psychopy_nfb.analysis import (
    between_sessions,
    contingency,
    learning_table,
    mixed_model,
    within_sessions,
)
from psychopy_nfb.analysis.learning import MEASURES
from psychopy_nfb.analysis.slopes import slope_of
from psychopy_nfb.dsp import Flags
from psychopy_nfb.errors import NfbError


def of(table, measure, **where):
    rows = table[table.measure == measure]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows["value"].tolist()


def test_each_measure_of_a_block():
    def changes(signals):
        at = slice(200, 240)  # of 200 samples of the first block with feedback
        signals.loc[at.start : at.stop - 1, "flags"] = int(Flags.AMPLITUDE)
        signals.loc[at.start : at.stop - 1, "alpha_z"] = 99.0
        for sample in (250, 260, 500):
            signals.loc[sample:, "shown_rewards"] += 1  # those that were given

    table = learning_table([plant([0.0, 1.0], shown=3.0, changes=changes)], {"01": "real"})
    assert set(table.measure) == set(MEASURES)
    assert table.columns.tolist()[-3:] == ["arm", "measure", "value"]
    assert set(table.arm) == {"real"}
    second = {"label": "train 1"}
    assert of(table, "z_own", **second) == pytest.approx([1.0])
    assert of(table, "z_shown", **second) == pytest.approx([3.0])
    # The threshold that the baseline gave was 0.5; that of the second block is 0.6.
    z = 1 + np.sin(2 * np.pi * np.arange(50) / 50)
    assert of(table, "beyond", **second) == pytest.approx([(z >= 0.5).mean()])
    assert of(table, "artifact", label="train 0") == pytest.approx([40 / 200])
    assert of(table, "z_own", label="train 0")[0] < 1  # without the artifact's 99
    assert of(table, "rewards_per_minute") == pytest.approx([0, 2 * 15, 1 * 15, 0])
    assert of(table, "signal", label="baseline") == pytest.approx([5.0])
    assert of(table, "rest_change") == pytest.approx([1.0])
    assert of(table, "z_own", kind="baseline") == []


def test_filters_that_settle_are_no_artifact():
    def changes(signals):
        signals.loc[:49, "flags"] |= int(Flags.SETTLING)  # of 200 samples of the baseline
        signals.loc[40:59, "flags"] |= int(Flags.AMPLITUDE)

    table = learning_table([plant([0.0], changes=changes)])
    assert of(table, "artifact", label="baseline") == pytest.approx([20 / 200])
    assert of(table, "artifact", label="train 0") == [0.0]


def test_down_training_is_beyond_below_the_threshold():
    up, down = (learning_table([plant([0.4], direction=way)]) for way in ("up", "down"))
    assert of(up, "beyond", kind="feedback")[0] + of(down, "beyond", kind="feedback")[0] == (
        pytest.approx(1.0)
    )


def test_what_was_shown_is_the_own_where_nothing_else_was():
    table = learning_table([plant([0.7])])
    assert of(table, "z_shown", kind="feedback") == of(table, "z_own", kind="feedback")


def study(slope, block_slope, people=6, sessions=5, noise=0.15, seed=1, arm_slope=None):
    draws = np.random.default_rng(seed)
    for person in range(people):
        own = draws.normal(0, 0.5)
        by = slope if arm_slope is None or person % 2 else arm_slope
        for session in range(sessions):
            level = own + by * session + draws.normal(0, noise)
            levels = level + block_slope * np.arange(3) + draws.normal(0, 0.02, 3)
            yield plant(levels, f"{person:02d}", f"{session + 1:02d}", seconds=1.0)


def test_row_124_a_planted_slope_is_recovered():
    table = learning_table(study(0.3, 0.1))
    within = within_sessions(table)
    assert len(within) == 30
    assert within.slope.mean() == pytest.approx(0.1, abs=0.01)
    assert ((within.low < 0.1) & (within.high > 0.1)).mean() > 0.85
    between = between_sessions(table)
    assert between.n.tolist() == 6 * [5]
    assert between.slope.mean() == pytest.approx(0.3, abs=0.04)
    assert between.responder.all()
    assert not between_sessions(table, direction="down").responder.any()
    pytest.importorskip("statsmodels")
    fitted = mixed_model(table).set_index("effect")
    assert fitted.estimate["number"] == pytest.approx(0.3, abs=0.04)
    assert fitted.low["number"] < 0.3 < fitted.high["number"]
    assert fitted.p["number"] < 0.001


def test_nobody_is_a_responder_where_nothing_was_planted():
    table = learning_table(study(0.0, 0.0, people=5))
    assert between_sessions(table).responder.sum() <= 1


def test_a_difference_between_arms_is_recovered():
    pytest.importorskip("statsmodels")
    arms = {f"{person:02d}": "real" if person % 2 else "sham" for person in range(8)}
    table = learning_table(study(0.3, 0.0, people=8, arm_slope=0.0), arms)
    fitted = mixed_model(table).set_index("effect")
    (effect,) = [name for name in fitted.index if "number:" in name]
    # "real" is the reference, by the alphabet.
    assert effect == "number:arm[sham]"
    assert fitted.estimate[effect] == pytest.approx(-0.3, abs=0.06)
    assert fitted.high[effect] < 0
    assert fitted.estimate["number"] == pytest.approx(0.3, abs=0.06)


def test_the_interval_is_that_of_the_textbook():
    x, y = np.arange(5.0), np.array([1.0, 3.0, 2.0, 5.0, 4.0])
    line = slope_of(x, y)
    # Residual sum of squares 3.6, 3 degrees of freedom, sum of squares of x 10, t = 3.182446.
    half = 3.182446 * np.sqrt(3.6 / 3 / 10)
    assert (line.slope, line.n) == (pytest.approx(0.8), 5)
    assert (line.low, line.high) == pytest.approx((0.8 - half, 0.8 + half), abs=1e-5)


def test_two_points_have_a_slope_and_no_interval():
    line = slope_of(np.array([0.0, 1.0]), np.array([1.0, 3.0]))
    assert line.slope == 2
    assert np.isnan(line.low)
    assert not line.rises
    assert np.isnan(slope_of(np.array([1.0]), np.array([1.0])).slope)


def test_runs_of_a_session_follow_each_other_and_sessions_go_by_date():
    runs = [plant([0.0, 1.0], run=1), plant([2.0, 3.0], run=2)]
    table = learning_table([*reversed(runs), plant([9.0], session="02")])
    within = within_sessions(table).set_index("session")
    assert within.slope["01"] == pytest.approx(1.0)
    assert within.n["01"] == 4
    between = between_sessions(table)
    assert between.slope.item() == pytest.approx(9.0 - 1.5)


def test_too_few_people_and_unknown_measures_are_one_sentence():
    table = learning_table([plant([0.0, 1.0])])
    with pytest.raises(NfbError, match="at least 3"):
        mixed_model(table)
    with pytest.raises(NfbError, match="must be one of .*'z_own'"):
        within_sessions(table, "alpha")


def test_a_session_of_version_0_1_is_read(tmp_path):
    pytest.importorskip("pyxdf")
    from pathlib import Path

    older = next((Path(__file__).parents[1] / "data" / "version_0_1").glob("*_nfb.json"))
    table = learning_table([older])
    assert set(table.kind) >= {"baseline", "feedback"}
    assert of(table, "z_own", kind="feedback")
    again = pd.read_csv(older.with_name(older.name.replace("_nfb.json", "_frames.csv")))
    block = table[table.kind == "feedback"].label.iloc[0]
    shown = again[(again.block == block) & (again["flags"] == 0)]
    # The log has the newest of a few samples for each frame, the table all of them.
    z = of(table, "z_own", label=block)[0]
    assert z == pytest.approx(shown.z.mean(), abs=0.3 * shown.z.std())
    assert contingency(older).r.isna().all() or len(contingency(older)) > 0


def test_a_block_that_was_done_again_in_the_next_run_counts_once():
    def cut_off(session, how):
        ends = session.events.index[session.events.trial_type == "block_end"]
        last = ends[-2]  # the rest is the last one
        if how == "crash":
            session.signals = session.signals[: int(session.events["sample"][last])]
            session.events = session.events.loc[: last - 1]
        else:
            detail = {**json.loads(session.events.detail[last]), "cut_off": True}
            session.events.loc[last, "detail"] = json.dumps(detail)
        return session

    for how in ("crash", "escape"):
        first = cut_off(plant([0.0, 5.0], run=1), how)
        runs = [first, plant([1.0, 2.0], run=2)]
        feedback = "kind == 'feedback' and measure == 'z_own'"
        alone = learning_table(runs).query(feedback)
        assert alone.value.round().tolist() == [0, 5, 1, 2]
        table = learning_table(runs, continued=[first.files.stem.name]).query(feedback)
        assert table.value.round().tolist() == [0, 1, 2]
