"""The page of `bench all`: words for its columns, numbers that can be read."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from matplotlib.text import Text

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.python_ipc.findings import _design_figure, design_sentences, write_findings
from psychopy_nfb.bench.python_ipc.ipc import _row

DESIGNS = ("frame loop", "thread", "queue", "pipe", "psychopy_nfb")


@pytest.fixture
def designs():
    """Return rows of designs of which the first drops most of the frames that were due."""
    return [
        {
            "design": design,
            "load_ms": load,
            "hz": rate,
            "frames": 100 - dropped,
            "dropped": dropped,
            "dropped_standstill": 0,
            "interval_sd_ms": 0.4123,
            "age_ms_median": 20.0 + load,
            "age_ms_p95": 31.234,
            "age_ms_max": 1234567.0,
            "cpu_percent": float("nan"),
        }
        for rate in (60.0, 240.0)
        for place, design in enumerate(DESIGNS)
        for load in (0.0, 20.0)
        for dropped in [90 if place == 0 and load else 1 if place == 1 and load else 0]
    ]


@pytest.fixture
def page(designs, tmp_path):
    """Return what the page says, without tags."""
    times = {"idle": [[1e-5, 2e-5]], "busy": [[1e-4]], "flood": [(1e6, 1.0)]}
    outcomes = {
        "designs": Outcome({"a": 1.0}, rows=designs),
        "ipc": Outcome({"a": 1.0}, rows=[_row("mp.Queue", 8, times)]),
        "dsp": Outcome({"rt_factor_64ch_1khz": 13.44, "chunk_us_32ch": 9.876}),
    }
    text = write_findings(tmp_path, outcomes).read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text.split("</style>")[1]))


def test_columns_have_words_and_units(page):
    assert not re.findall(r"\b[a-z]+_(?:ms|us|p50|p95|p99|per|percent|max|median|ch)\w*", page)
    for said in ("work per chunk (ms)", "one way, median (µs)", "one sample of 32 channels (µs)"):
        assert said in page


def test_numbers_can_be_read(page):
    assert "e+" not in page
    assert "nan" not in page
    assert "1,234,567" in page
    assert "31.2 " in page


def test_shares_are_of_the_frames_that_were_due(designs):
    figure = _design_figure(pd.DataFrame(designs))
    loop = figure.axes[0].lines[0].get_ydata()
    assert list(loop) == [0.0, 90.0]
    said = design_sentences(pd.DataFrame(designs))[0]
    # One of a hundred due is within what is allowed, although 1 of 99 shown would not be.
    assert "thread" in said.split("More were dropped")[0]
    assert "frame loop (from 20 ms a chunk)" in said.split("More were dropped")[1]


def test_curves_differ_in_more_than_colour_and_text_is_large_enough(designs):
    figure = _design_figure(pd.DataFrame(designs))
    looks = {(line.get_linestyle(), line.get_marker()) for line in figure.axes[0].lines}
    assert len(looks) == len(DESIGNS)
    figure.draw_without_rendering()
    assert all(text.get_fontsize() >= 8 for text in figure.findobj(Text) if text.get_text())
