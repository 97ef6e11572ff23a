"""Which hits are rewarded: series worked out by hand, for every schedule."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from trainings import one_signal

from psychopy_nfb.dsp import Flags, Pick
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import (
    REACHED,
    REWARD_VALUES,
    Continuous,
    FixedInterval,
    FixedRatio,
    Reward,
    RewardState,
    Schedule,
    Signal,
    VariableInterval,
    VariableRatio,
)
from psychopy_nfb.settings import from_dict, to_dict

RATE = 2.0
HITS = [1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1]
"""Each of these samples that is beyond its threshold is a hit, as there is no dwell."""


def of(schedule, **settings):
    return RewardState(Reward(dwell=0.0, schedule=schedule, **settings), RATE)


def table(rows):
    """Return the values of the samples by name."""
    return dict(zip(REWARD_VALUES, np.array(rows).T.tolist(), strict=True))


def run(state, hits=HITS, flags=None, size=None):
    rows, size = [], size or len(hits)
    flags = [0] * len(hits) if flags is None else flags
    for at in range(0, len(hits), size):
        part = slice(at, at + size)
        rows += state.process([bool(hit) for hit in hits[part]], flags[part])
    return table(rows)


@pytest.mark.parametrize(
    ("schedule", "rewarded", "progress"),
    [
        (Continuous(), HITS, [0] * 14),
        (
            FixedRatio(n=3),
            [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0],
            [1, 2, 2, 0, 1, 2, 2, 2, 0, 1, 2, 0, 0, 1],
        ),
        # After 3, 3 and 4 hits, which the seed draws.
        (
            VariableRatio(n=3, seed=1),
            [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
            [1, 2, 2, 0, 1, 2, 2, 2, 0, 1, 2, 3, 3, 0],
        ),
        # Two seconds are four samples: the first hit at the fourth or later.
        (
            FixedInterval(seconds=2.0),
            [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
            [0.5, 1, 1.5, 0, 0.5, 1, 1.5, 2, 0, 0.5, 1, 1.5, 2, 0],
        ),
        # After 1.68, 0.97, 1.41, 0.03, 1.20 and 1.16 s, which the seed draws: 3, 2, 3, 0, 2 and 2
        # samples.
        (
            VariableInterval(seconds=2.0, seed=1),
            [0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1],
            [0.5, 1, 1.5, 0, 0.5, 0, 0.5, 1, 0, 0, 0.5, 0, 0.5, 0],
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Schedule) else "",
)
def test_row_084_rewards_are_those_of_the_schedule(schedule, rewarded, progress):
    for size in (1, 7, 50):
        found = run(of(schedule, points=2.0), size=size)
        assert found["reward"] == rewarded
        assert found["progress"] == pytest.approx(progress)
        assert found["hits"] == np.cumsum(HITS).tolist()
        assert found["rewards"] == np.cumsum(rewarded).tolist()
        assert found["score"] == (2.0 * np.cumsum(rewarded)).tolist()


SCHEDULES = [
    Continuous(),
    FixedRatio(n=3),
    VariableRatio(n=4, seed=3),
    FixedInterval(seconds=3.0),
    VariableInterval(seconds=3.0, seed=3),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("at", [1, 37, 150])
def test_row_084_a_successor_goes_on_as_if_nothing_had_happened(schedule, at):
    hits = (np.random.default_rng(2).random(300) < 0.6).tolist()
    whole = run(of(schedule), hits)
    first, then = of(schedule), of(from_dict(Schedule, to_dict(schedule)))
    rows = run(first, hits[:at])
    then.restore({name: rows[name][-1] for name in REACHED})
    later = run(then, hits[at:])
    for name in ("reward", *REACHED):
        assert later[name] == whole[name][at:], name


def test_row_084_lots_have_the_mean_and_the_bounds_that_were_asked_for():
    ratio = VariableRatio(n=5, seed=7)
    drawn = [ratio.hits(rewards) for rewards in range(5000)]
    assert (min(drawn), max(drawn)) == (1, 9)
    assert np.bincount(drawn)[1:] == pytest.approx([5000 / 9] * 9, rel=0.15)
    interval = VariableInterval(seconds=20.0, seed=7)
    drawn = [interval.interval(rewards) for rewards in range(5000)]
    assert 0 < min(drawn) < 0.05
    assert 58 < max(drawn) <= 60
    assert np.mean(drawn) == pytest.approx(20, rel=0.03)
    # An exponential distribution, cut: the medians of both halves of it.
    assert np.median(drawn) == pytest.approx(16.1, rel=0.05)


def test_row_084_lots_come_again_with_their_seed_and_only_so():
    first = VariableRatio(n=10)
    again = from_dict(Schedule, to_dict(first))
    other = VariableRatio(n=10)
    draws = [[one.hits(rewards) for rewards in range(50)] for one in (first, again, other)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("flag", [Flags.PAUSED, Flags.NO_POINTS, Flags.CALIBRATING])
def test_row_084_intervals_do_not_go_on_where_points_do_not(flag):
    hits = [0, 1, 1, 1, 1, 1, 1, 0]
    flags = [0, int(flag), int(flag), int(flag), 0, 0, 0, 0]
    assert run(of(FixedInterval(seconds=1.5)), hits, flags)["reward"] == [0, 0, 0, 0, 0, 1, 0, 0]
    artifact = [bits and int(Flags.AMPLITUDE) for bits in flags]  # time goes on, and no hit comes
    assert run(of(FixedInterval(seconds=1.5)), hits, artifact)["reward"] == [
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
    ]


def test_row_084_another_schedule_begins_anew_and_other_changes_do_not():
    state = of(FixedRatio(n=4))
    assert run(state, [1, 1, 1])["progress"][-1] == 3
    state.use(state.settings.changed(points=5.0))
    assert run(state, [0])["progress"] == [3]
    state.use(state.settings.changed(schedule={"type": "FixedRatio", "n": 2}))
    assert run(state, [1, 1])["score"] == [0, 5]
    state.reset_score()
    assert (state.hits, state.rewards, state.score) == (0, 0, 0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"schedule": {"type": "FixedRatio", "n": 0}}, "schedule.n=0: must be at least 1"),
        ({"schedule": {"type": "FixedRatio", "n": 2.5}}, "schedule.n=2.5"),
        ({"schedule": {"type": "FixedRatio"}}, "schedule.n=None: is missing; FixedRatio needs it"),
        ({"schedule": {"type": "FixedInterval", "seconds": -1}}, "schedule.seconds=-1"),
        ({"schedule": {"type": "VR", "n": 3}}, "schedule.type='VR': is unknown"),
        ({"schedule": {"type": "VariableRatio", "n": 3, "seed": -1}}, "schedule.seed=-1"),
        ({"schedule": 3}, "schedule=3: must be a schedule, such as FixedRatio"),
        ({"schedule": FixedRatio(n=2), "mode": "time"}, 'and with mode="time" none is'),
    ],
)
def test_a_wrong_schedule_is_told_with_its_name(settings, sentence):
    with pytest.raises(SettingsError) as told:
        Reward(**settings)
    assert sentence in str(told.value)


def test_a_schedule_needs_a_signal_that_is_rewarded():
    training = one_signal(Pick(["Oz"]), role="watch")
    with pytest.raises(
        SettingsError, match=r"reward\.schedule='FixedRatio': has nothing to reward"
    ):
        dataclasses.replace(training, reward=Reward(schedule=FixedRatio(n=2)))


def test_settings_come_back_from_json():
    reward = Reward(schedule=VariableInterval(seconds=12.0))
    training = Configuration(signals={"alpha": Signal()}, reward=reward)
    assert from_dict(Configuration, to_dict(training)) == training


def test_a_lab_s_schedule_that_fails_rewards_nothing_more_and_is_told_once():
    try:

        @dataclass(kw_only=True)
        class Moody(Schedule):
            def due(self, since, rewards, rate):
                return 1 / (2 - rewards) > 0

        state = of(Moody())
        found = run(state, [1] * 5)
    finally:
        Schedule.family.pop("Moody", None)
    assert found["reward"] == [1, 1, 0, 0, 0]
    assert found["hits"] == [1, 2, 3, 4, 5]
    assert "(Moody of " in state.fault
    assert "failed (ZeroDivisionError: division by zero, line " in state.fault


def test_a_schedule_that_says_nothing_is_refused():
    try:

        @dataclass(kw_only=True)
        class Silent(Schedule):
            pass

        with pytest.raises(SettingsError, match=r"schedule='Silent': has no method due"):
            Reward(schedule=Silent())
    finally:
        Schedule.family.pop("Silent", None)
