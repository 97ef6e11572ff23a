"""The self-test's figures as people read them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.photodiode.budget import STAGES, Budget
from psychopy_nfb.photodiode.budget_figure import budget_figure


@pytest.fixture
def budget():
    """Return what skewed stages, one of them negative, and a machine that stood still give."""
    rng = np.random.default_rng(2)
    n = 41
    steps = pd.DataFrame(
        {
            "t_event": np.arange(n) * 1.04 + 10,
            "up": np.arange(n) % 2 == 0,
            "filter_delay_ms": np.full(n, 112.0),
            "sample_to_received_ms": 2.5 + rng.exponential(1, n),
            "received_to_published_ms": rng.exponential(0.4, n),
            "published_to_read_ms": rng.uniform(0, 5, n),
            "read_to_flip_ms": 8 + rng.exponential(2, n),
            "flip_to_light_ms": np.full(n, -1.567),
        }
    )
    steps["sum_ms"] = steps[list(STAGES)].sum(axis=1)
    steps["measured_ms"] = steps.sum_ms + rng.normal(0.3, 0.2, n)
    steps.loc[7, "measured_ms"] += 300  # the machine stood still
    steps["error_ms"] = steps.measured_ms - steps.sum_ms
    return Budget(steps, -1.567e-3)


def shown(budget):
    return {title: float(figure.replace("−", "-")) for title, figure in budget.rows()}


def test_the_table_adds_up_as_it_is_printed(budget):
    figures = shown(budget)
    stages = [figures[title] for title in STAGES.values()]
    assert round(sum(stages), 2) == figures["sum of the stages"]
    total, measured = figures["sum of the stages"], figures["event → light, measured"]
    assert round(measured - total, 2) == figures["measured − sum"]
    assert figures["flip → light"] == -1.57
    medians = budget.to_dict()["stages"]
    assert round(sum(medians.values()), 2) != round(budget.to_dict()["sum_ms_median"], 2)


def test_a_machine_that_stood_still_for_a_step_changes_nothing(budget):
    assert shown(budget)["measured − sum"] == pytest.approx(0.3, abs=0.1)
    assert budget.to_dict()["budget_error_ms_median"] == pytest.approx(0.3, abs=0.1)


def test_the_figure_draws_a_negative_stage_back_and_says_the_same_as_the_table(budget):
    figure = budget_figure(budget, np.linspace(0, 1, 1000), np.linspace(9, 60, 1000))
    traces, stages = figure.axes
    said = [float(text.get_text().replace("−", "-")) for text in stages.texts]
    assert said[:-1] == [shown(budget)[title] for title in STAGES.values()]
    assert said[-1] == shown(budget)["sum of the stages"]
    bars = stages.patches
    ends = np.cumsum(said[:-1])
    assert [bar.get_x() for bar in bars[1:6]] == pytest.approx(ends[:-1])
    assert bars[5].get_width() < 0
    labels = [text.get_text() for text in traces.get_legend().get_texts()]
    assert labels[:2] == ["rhythm grows stronger (21 steps)", "rhythm grows weaker (20 steps)"]
    assert len({line.get_linestyle() for line in traces.lines[:-1]}) >= 2
