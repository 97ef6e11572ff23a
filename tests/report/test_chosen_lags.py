"""Lag as a factor: what a report says of blocks with a chosen lag."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.analysis import hit_to_display, lag_summary
from psychopy_nfb.report.chosen_lags import chosen_lags
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.findings import findings, headline
from psychopy_nfb.report.seen import hits, still_seconds
from psychopy_nfb.report.session_data import load_session_data

HELD = {"chosen": ((5, 0.4),)}
"""The last of the blocks has a lag of 400 ms."""


@pytest.fixture
def held(recorded):
    return load_session_data(recorded(**HELD).stem)


def test_blocks_with_a_chosen_lag_are_named_with_how_it_was_held(recorded, tmp_path):
    files = recorded(**HELD)
    report = write_report(files.stem, str(tmp_path))
    (chosen,) = report.chosen
    frames = pd.read_csv(files.frames)
    own = frames[frames.wanted_lag.notna()]
    assert len(own) == chosen.held.frames == pytest.approx(8 * 60, abs=1)
    lag = own.t_flip - (own.t_sample - own.delay)
    assert chosen.held.lag_median_ms == pytest.approx(1e3 * lag.median(), abs=1e-6)
    assert chosen.held.lag_median_ms == pytest.approx(400, abs=11)  # chunks of 20 ms
    assert chosen.held.not_held == 0
    said = "In the block 'training' a lag of 400 ms was chosen; it was held within a frame in 100 %"
    assert str(chosen).startswith(said)
    page = report.paths["page"].read_text(encoding="utf-8")
    assert page.count(said.replace("'", "&#39;")) == 2  # in its section and for the methods
    assert "The chosen lag" in page
    (kept,) = json.loads(json.dumps(report.to_dict()))["chosen_lags"]
    assert (kept["block"], kept["lag"], kept["held"]) == ("training", {"hold": 0.4}, 1.0)


def test_an_older_sample_on_purpose_is_no_problem_of_stream_or_worker(held, recorded):
    usual = load_session_data(recorded().stem)
    was, summary = (lag_summary(one.frames, one.settings) for one in (usual, held))
    assert summary.stale_frames == was.stale_frames == 0
    assert still_seconds(held) == still_seconds(usual)
    found = findings(held, summary)
    assert not any(one.problem for one in found)
    said = headline(found, summary)
    assert said.endswith(
        f"signal of {was.stages['total_ms'].median:.0f} ms before (median) where no lag was chosen."
    )
    # The stages are those of the frames whose lag nobody chose.
    assert summary.stages["age_at_flip_ms"].max <= was.stages["age_at_flip_ms"].max
    n = summary.chosen_frames
    assert summary.stages["age_at_flip_ms"].n == was.stages["age_at_flip_ms"].n - n
    assert f"{n} frames with a chosen lag are in none of the stages." in summary.table()
    # What came in the block's last 0.4 s was not shown in it, and nothing twice.
    assert hits(usual) - 3 <= hits(held) <= hits(usual)
    assert len(hit_to_display(held.frames)) == held.frames.hits.max()


def test_without_other_frames_the_wait_is_in_the_stages_and_told(held):
    frames = held.frames[held.frames.wanted_lag.notna()]
    summary = lag_summary(frames, held.settings)
    assert summary.all_chosen
    assert summary.stages["total_ms"].median == pytest.approx(400, abs=11)
    assert "published → read contains the wait for it" in summary.table()
    held.frames = frames.reset_index(drop=True)
    assert not [
        one for one in findings(held, summary) if one.problem and "brain signal" in one.what
    ]


def test_frames_that_did_not_have_the_lag_are_a_finding_with_their_share(recorded):
    data = load_session_data(recorded(**HELD, restarts=(32.0,)).stem)
    (chosen,) = chosen_lags(data)
    # For 0.8 s there are no values: 48 frames want one of them.
    assert 44 <= chosen.held.not_held <= 48
    (found,) = [one for one in findings(data, lag_summary(data.frames)) if "wanted" in one.what]
    assert found.problem
    assert f"({chosen.held.not_held} of {chosen.held.frames} were more than a frame" in found.what
    stood, whole = still_seconds(data), load_session_data(recorded(restarts=(32.0,)).stem)
    assert 0 < stood["restart"] < still_seconds(whole)["restart"]


def test_an_inner_block_with_its_own_lag_has_its_own_frames(held):
    outer = held.blocks[-1]
    begin, end = outer.begin + 2.0, outer.begin + 5.0
    inner = type(outer)("inner", begin, end, True, lag={"jitter": [0.2, 0.3], "every": 1.0})
    held.blocks.append(inner)
    within = held.frames.t_read.between(begin, end, inclusive="left")
    held.frames.loc[within, "wanted_lag"] = np.linspace(0.2, 0.3, within.sum())
    of_outer, of_inner = chosen_lags(held)
    assert of_inner.held.frames == within.sum()
    assert of_outer.held.frames + of_inner.held.frames == held.frames.wanted_lag.notna().sum()
    assert of_outer.held.not_held == 0
    assert of_inner.held.not_held > 0.9 * of_inner.held.frames
    assert of_inner.wanted == "200 to 300 ms, drawn anew every 1 s"


def test_a_session_of_an_earlier_version_has_no_chosen_lag(recorded):
    data = load_session_data(recorded().stem)
    data.frames = data.frames.drop(columns="wanted_lag")
    assert lag_summary(data.frames).chosen_frames == 0
    assert chosen_lags(data) == []
