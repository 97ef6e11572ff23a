import json

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.analysis import frame_stalls, hit_to_display, lag_summary, out_of_order
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording import FRAME_COLUMNS
from psychopy_nfb.report.lag_words import frames_sentence

PERIOD = 1 / 60


@pytest.fixture
def frames():
    """Return 600 frames whose stages are known, the first ten before the first value."""
    log = pd.DataFrame({name: np.zeros(600) for name in (*FRAME_COLUMNS, "hits")})
    log["frame"] = np.arange(600)
    log["t_flip"] = 100 + np.arange(600) * PERIOD
    log["interval"] = log.t_flip.diff()
    log["t_read"] = log.t_flip - 0.004
    log["t_published"] = log.t_read - 0.002
    log["t_received"] = log.t_published - 0.0003
    log["t_sample"] = log.t_received - 0.0002
    log["delay"], log["wanted_lag"] = 0.1, np.nan
    log["hits"] = np.arange(600) // 200
    early = ["t_sample", "t_received", "t_published", "delay", "hits"]
    log.loc[:9, early] = np.nan
    return log


def test_each_stage_is_what_was_put_in(frames):
    lag = lag_summary(frames).to_dict()
    assert lag["sample_to_received_ms"]["median"] == pytest.approx(0.2, abs=1e-6)
    assert lag["received_to_published_ms"]["median"] == pytest.approx(0.3, abs=1e-6)
    assert lag["sample_to_published_ms"]["median"] == pytest.approx(0.5, abs=1e-6)
    assert lag["published_to_read_ms"]["max"] == pytest.approx(2.0, abs=1e-6)
    assert lag["read_to_flip_ms"]["p99"] == pytest.approx(4.0, abs=1e-6)
    assert lag["age_at_flip_ms"]["p95"] == pytest.approx(6.5, abs=1e-6)
    assert lag["filter_delay_ms"]["min"] == pytest.approx(100.0)
    assert lag["total_ms"]["median"] == pytest.approx(106.5, abs=1e-6)
    assert lag["total_ms"]["n"] == 590
    assert lag["frames_without_value"] == 10
    assert lag["frame_rate"] == pytest.approx(60, abs=1e-6)


def test_the_table_says_the_same(frames):
    frames["dropped"] = 3
    table = lag_summary(frames).table()
    assert "read → flip                4.00     4.00     4.00     4.00" in table
    assert "600 frames at 60.00 Hz, 3 of 603 due frames dropped (0.5 %), 0 stale" in table
    assert "10 before the first value" in table


def test_no_frame_rate_is_told_where_the_displays_period_is_not_known(frames):
    summary = lag_summary(frames, {"display": {"frame_period": None}})
    assert "Hz" not in summary.table()
    assert "Hz" not in frames_sentence(summary)
    assert "600 frames were shown; how many were dropped is not known." in frames_sentence(summary)


def test_frames_that_show_old_samples_are_counted_as_stale(frames):
    frames.loc[50:59, ["t_sample", "t_received"]] -= 0.2
    assert lag_summary(frames).stale_frames == 10


def test_a_log_without_any_value_gives_no_figures_and_no_error(frames):
    lag = lag_summary(frames.iloc[:10]).to_dict()
    assert lag["total_ms"]["n"] == 0
    assert np.isnan(lag["total_ms"]["median"])


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        lag_summary(tmp_path / "none.csv")


def test_row_054_an_injected_stall_of_50_ms_is_found(frames):
    frames.loc[300:, "t_flip"] += 2 * PERIOD
    frames["interval"] = frames.t_flip.diff()
    stalls = frame_stalls(frames, PERIOD)
    assert stalls.frame.tolist() == [300]
    assert stalls.missed.tolist() == [2]


def test_row_102_stamps_out_of_order_are_found(frames):
    assert len(out_of_order(frames)) == 0
    frames.loc[123, "t_published"] = frames.loc[123, "t_read"] + 0.001
    assert out_of_order(frames).frame.tolist() == [123]


def test_row_059_hits_and_when_they_showed(frames):
    shown = hit_to_display(frames)
    assert shown.frame.tolist() == [200, 400]
    assert shown.delay_ms.tolist() == pytest.approx([6.5, 6.5], abs=1e-6)


def test_an_old_sample_is_judged_by_the_streams_own_chunks(frames):
    frames.loc[50:59, ["t_sample", "t_received"]] -= 0.2  # as between chunks of 250 ms
    long_chunks = {"stream": {"clock": {"stamps": "counted", "chunk_seconds": 0.25}}}
    assert lag_summary(frames).stale_frames == 10
    lag = lag_summary(frames, long_chunks)
    assert lag.stale_frames == 0
    assert lag.stale_seconds == pytest.approx(0.375)
    assert "amplifier's own delay is not known" in lag.table()


def test_what_was_done_to_the_stamps_is_read_beside_the_log(frames, tmp_path):
    path = tmp_path / "sub-01_ses-01_task-a_run-01_frames.csv"
    frames.to_csv(path, index=False)
    assert lag_summary(path).clock_note is None
    settings = {"stream": {"clock": {"stamps": "as sent"}}}
    settings["stamps"] = {"stamps": "moved", "offset": -1.8e9}  # what it was like by the end
    path.with_name("sub-01_ses-01_task-a_run-01_nfb.json").write_text(
        json.dumps(settings), encoding="utf-8"
    )
    lag = lag_summary(path)
    assert lag.clock_note.startswith("The amplifier's stamps were +1,800,000,000.0 s off LSL's")
    assert lag.stages["total_ms"].median == pytest.approx(106.5, abs=1e-6)


@pytest.mark.parametrize("offset", [1.795e9, -16e3, 2.0, -5.0])
def test_a_log_with_stamps_of_another_clock_has_no_figure_of_their_age(frames, offset):
    frames["t_sample"] += offset
    lag = lag_summary(frames)
    assert lag.clock_offset == pytest.approx(offset, abs=0.01)
    assert lag.stages["total_ms"].n == lag.stages["sample_to_received_ms"].n == 0
