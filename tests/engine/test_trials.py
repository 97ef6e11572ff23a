"""Success per trial, and what a missed one costs."""

from __future__ import annotations

import numpy as np
import pytest
from trainings import AT, one_signal

from psychopy_nfb.dsp import Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Inverse, Reward, Signal

RATE = 10.0
INFO = SignalInfo(RATE, ("A", "B"))
EDGE = {"training": True, "edge": "begin"}, {"training": False, "edge": "end"}


def training(**settings):
    usual = {"normalise": "none", "threshold": 1.0, "dwell": 0.0, "loss": 2.0, "success": 0.25}
    return one_signal(Pick(["A"]), **{**usual, **settings})


def samples(n=400, **beyond):
    """Return samples that lie around 0, and in spans given as ``from_to=value`` around that."""
    eeg = 0.1 * np.random.default_rng(1).standard_normal((n, 2))  # what is constant is flagged
    for span, value in beyond.items():
        begin, end = map(int, span.removeprefix("s").split("_"))
        eeg[begin:end, 0] += value
    return eeg


def run(processor, eeg, edges):
    """Return what was judged; `edges` of blocks are (sample, begins, training, counts)."""
    judged, at = [], 0
    for sample, begins, trains, counts in edges:
        processor.process(eeg[at:sample])
        at = sample
        processor.counting = counts
        judged.append(processor.block_edge(begins, trains, counts))
        processor.thresholds.training = trains
    processor.process(eeg[at:])
    return [one for one in judged if one is not None]


BLOCK = (True, True, True), (False, False, False)


def blocks(*spans):
    return [(at, *what) for span in spans for at, what in zip(span, BLOCK, strict=True)]


@pytest.mark.row(32)
def test_row_032_a_trial_is_judged_by_its_share_beyond_and_a_missed_one_costs_points():
    eeg = samples(s0_10=3.0, s100_109=3.0)
    processor = Processor(training(), INFO)
    (first, _), (second, _) = run(processor, eeg, blocks((0, 40), (100, 140)))
    assert (first.share, first.success, first.lost) == (0.25, True, 0.0)
    assert (second.share, second.success, second.lost) == (0.225, False, 2.0)
    assert (first.points, first.rewards) == (10.0, 10)
    assert (second.points, second.rewards) == (9.0, 9)
    assert processor.reward.score == 10 + 9 - 2


def test_artifacts_and_pauses_are_no_part_of_a_trial_and_a_short_one_is_not_judged():
    eeg = samples(s0_10=3.0)
    eeg[20:40] = np.nan
    processor = Processor(training(), INFO)
    ((one, _),) = run(processor, eeg, blocks((0, 40), (60, 69)))
    assert one.clean_seconds == 2.0
    assert one.share == 0.5
    assert processor.reward.score == 10


def test_an_inhibit_beyond_its_threshold_is_time_that_is_not_beyond():
    both = Configuration(
        signals={
            "a": Signal(Pipeline([Pick(["A"])]), normalise="none", threshold=1.0),
            "b": Signal(Pipeline([Pick(["B"])]), normalise="none", threshold=1.0, role="inhibit"),
        },
        reward=Reward(dwell=0.0, success=0.5),
    )
    eeg = samples(s0_40=3.0)
    eeg[0:30, 1] = 5.0
    ((one, _),) = run(Processor(both, INFO), eeg, blocks((0, 40)))
    assert (one.share, one.success) == (0.25, False)


@pytest.mark.parametrize(
    ("trains", "counts", "judged", "lost"),
    [(True, True, 1, 2.0), (False, True, 1, 2.0), (True, False, 1, 0.0), (False, False, 0, 0.0)],
)
def test_rest_is_not_judged_and_what_counts_no_points_costs_none(trains, counts, judged, lost):
    processor = Processor(training(), INFO)
    edges = [(0, True, trains, counts), (40, False, False, False)]
    found = run(processor, samples(), edges)
    assert len(found) == judged
    assert processor.reward.score == -lost


def test_of_blocks_within_each_other_the_inner_one_is_judged():
    processor = Processor(training(), INFO)
    edges = [
        (0, True, True, True),
        (50, True, True, True),
        (90, False, True, True),
        (120, False, False, False),
    ]
    ((one, _),) = run(processor, samples(s0_50=3.0), edges)
    assert one.share == 0


def test_what_is_shown_is_judged_and_the_own_share_stands_beside_it():
    settings = training(threshold=1.0, display_range=(-3.0, 3.0))
    settings.shown["down"] = Inverse()
    eeg = samples(s0_40=-3.0)
    processor = Processor(settings, INFO)
    processor.shown.show("down")
    ((shown, own),) = run(processor, eeg, blocks((0, 40)))
    assert (shown.share, shown.success, shown.lost) == (1.0, True, 0.0)
    assert (own.share, own.success) == (0.0, False)
    assert processor.reward.score == -2
    assert processor.shown.reward.score == 40


@pytest.mark.parametrize("chunk", [1, 7, 400])
def test_a_rerun_knows_what_was_lost(chunk):
    eeg = samples(s0_10=3.0, s100_105=3.0)
    commands = [
        *(
            (at, "adaptation", EDGE[n])
            for span in ((0, 40), (100, 140))
            for n, at in enumerate(span)
        ),
        (200, "set", {"loss": 5.0}),
        (220, "adaptation", EDGE[0]),
        (260, "adaptation", EDGE[1]),
    ]
    values, _ = run_offline(training(), eeg, INFO, commands, chunk=chunk)
    score = values[:, AT["score"]]
    assert (score[99], score[139], score[140], score[259], score[260]) == (10, 15, 13, 13, 8)


def test_a_loss_that_is_set_within_a_block_holds_from_the_next_one_on():
    """When the block began stands nowhere, as nothing depended on it."""
    processor = Processor(training(loss=0.0), INFO)
    assert not processor.follows_blocks
    processor.block_edge(True, True, True)
    processor.process(samples()[:40])
    processor.apply({"loss": 3.0})
    assert processor.follows_blocks
    assert processor.block_edge(False, False, False) is None
    assert processor.reward.score == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"loss": -1}, "loss=-1: must be at least 0"),
        ({"success": 0}, "success=0: must be above 0 and at most 1"),
        ({"success": 25}, "success=25: must be above 0 and at most 1"),
    ],
)
def test_wrong_settings_are_told(settings, sentence):
    with pytest.raises(SettingsError) as caught:
        Reward(**settings)
    assert str(caught.value).startswith(sentence)
