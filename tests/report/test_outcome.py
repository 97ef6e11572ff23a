"""The table of a training's outcome, against the files as others read them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.report.outcome import course, outcome, outcome_sentences, outcome_table
from psychopy_nfb.report.session_data import load_session_data

pyxdf = pytest.importorskip("pyxdf")


def independently(files):
    """Return the recorded values by pyxdf, and the blocks as the events have them."""
    streams, _ = pyxdf.load_xdf(files.eeg, synchronize_clocks=False, dejitter_timestamps=False)
    stream = next(one for one in streams if one["info"]["type"][0] == "Feedback")
    names = [one["label"][0] for one in stream["info"]["desc"][0]["channels"][0]["channel"]]
    values = pd.DataFrame(stream["time_series"], columns=names, index=stream["time_stamps"])
    events = pd.read_csv(files.events, sep="\t")
    ends = events[events.trial_type == "block_end"].sort_values("t")
    return values, ends


@pytest.mark.parametrize("changes", [{}, {"lost": (16.0, 19.0)}, {"flat_from": 20.0}])
def test_the_table_is_what_the_files_say(recorded, changes):
    files = recorded(**changes)
    values, ends = independently(files)
    found = outcome(load_session_data(files.stem))
    assert found.block.to_list() == ends.value.to_list()
    assert found.kind.to_list() == [
        "baseline",
        "feedback",
        "no feedback",
        "no feedback",
        "feedback",
    ]
    for row, end in zip(found.itertuples(), ends.itertuples(), strict=True):
        begin = end.t - end.duration
        own = values[(values.index >= begin - 1e-6) & (values.index < end.t - 1e-6)]
        before = values[values.index < begin - 1e-6].iloc[-1]
        clean = own[(own["flags"].astype(int) & HOLDING) == 0]
        assert row.seconds == pytest.approx(end.duration, abs=1e-5)
        assert row.hits == own.hits.iloc[-1] - before.hits
        assert row.points == pytest.approx(own.score.iloc[-1] - before.score)
        assert row.clean == pytest.approx(len(clean) / (end.duration * 250), abs=0.002)
        if len(clean):
            assert row.signal == pytest.approx(clean.trained_signal.mean(), rel=1e-6)
        if row.kind != "baseline" and len(clean):
            assert row.above == pytest.approx(
                (clean.trained_z >= clean.trained_threshold).mean(), abs=0.002
            )
            assert row.threshold == 0.5
            assert row.z == pytest.approx(clean.trained_z.mean(), rel=1e-6)
        if row.kind == "baseline" or not len(clean):
            assert np.isnan(row.above)


def test_clean_samples_are_a_share_of_those_that_were_due(recorded):
    blocks = outcome(load_session_data(recorded(lost=(16.0, 19.0)).stem))
    # Of the block's 10 s 3 s never came, and then the filters had to settle.
    assert blocks.clean[1] < 0.7
    assert blocks.clean[4] == pytest.approx(1.0, abs=0.001)


def test_rest_and_transfer_bring_no_points_and_are_marked_as_such(recorded):
    data = load_session_data(recorded().stem)
    blocks = outcome(data).set_index("block")
    assert blocks.loc["training"].hits.sum() > 5
    for name in ("baseline", "rest", "transfer"):
        assert blocks.loc[name].hits == blocks.loc[name].points == 0
    assert blocks.loc["rest"].kind == blocks.loc["transfer"].kind == "no feedback"
    assert blocks.loc["rest"].above > 0  # the signal itself is told all the same


def test_sentences_add_up_the_blocks_with_feedback(recorded):
    data = load_session_data(recorded().stem)
    blocks = outcome(data)
    trained = blocks[blocks.kind == "feedback"]
    first, second = outcome_sentences(data, blocks)
    hits = int(trained.hits.sum())
    assert first == f"2 blocks with feedback, 18 s in all: {hits} hits and {hits} points."
    assert "in the first block" in second


def test_a_schedule_that_leaves_hits_out_is_told(recorded):
    data = load_session_data(recorded().stem)
    data.configuration["reward"]["schedule"] = {"type": "FixedRatio", "n": 3}
    _, second, _ = outcome_sentences(data, outcome(data))
    assert second == (
        "Not each hit was rewarded: the schedule of reinforcement at the start was FixedRatio "
        "(n 3)."
    )


def test_setting_the_score_back_takes_no_points_away(recorded):
    data = load_session_data(recorded().stem)
    before = outcome(data)
    middle = data.signals.t > data.blocks[2].begin
    for name in ("score", "hits"):
        data.signals.loc[middle, name] -= data.signals.loc[middle, name].iloc[0]
    assert outcome(data).points.to_list()[3:] == before.points.to_list()[3:]
    assert outcome(data).hits.to_list()[3:] == before.hits.to_list()[3:]
    assert (outcome(data).points >= 0).all()


def test_the_course_shows_the_threshold_in_the_signals_own_unit(recorded):
    files = recorded()
    with open(files.settings, encoding="utf-8") as file:
        (signal,) = json.load(file)["configuration"]["signals"].values()
    baseline = signal["baseline"]
    data = load_session_data(files.stem)
    line = course(data)
    wanted = baseline["mean"] + 0.5 * baseline["sd"]
    known = line.threshold.dropna()
    assert len(known) > 20
    assert known.to_numpy() == pytest.approx(np.full(len(known), wanted), rel=1e-6)
    assert line.threshold[line.t < data.blocks[0].end - 1].isna().all()


def test_the_course_has_a_bounded_number_of_points(recorded):
    data = load_session_data(recorded().stem)
    data.signals["t"] = data.signals.t.iloc[0] + np.linspace(0, 7200, len(data.signals))
    assert len(course(data)) <= 301


def test_units_stand_in_the_head_of_the_table(recorded):
    data = load_session_data(recorded().stem)
    table = outcome_table(data, outcome(data))
    assert "mean signal (µV)" in table.columns
    assert "threshold (SD)" in table.columns
    assert all(len(row) == len(table.columns) for row in table.rows)
    data.first["normalise"] = "none"
    plain = outcome_table(data, outcome(data))
    assert "threshold (µV)" in plain.columns
    assert all(len(row) == len(plain.columns) for row in plain.rows)
