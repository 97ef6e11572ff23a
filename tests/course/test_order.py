"""The order of a plan's blocks: by the seed, within its bounds, fair."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest

from psychopy_nfb import Lag
from psychopy_nfb.course import course, read_plan

TRIALS = [{"label": one, "seconds": 8, "extra": 2} for one in "abc"]


def plan(**group):
    return read_plan(
        {
            "blocks": [
                {"label": "first", "kind": "rest", "seconds": 10, "repeats": 2},
                {"group": "g", "blocks": TRIALS, **group},
                {"label": "last", "kind": "rest", "seconds": 10},
            ]
        }
    )


def labels(turns):
    return "".join(turn.block.label for turn in turns if turn.group)


def longest_row(text):
    return max(len(list(row)) for _, row in groupby(text))


def test_row_045_the_same_seed_gives_the_same_course_and_another_one_another():
    shuffled = plan(repeats=5, order="shuffled")
    assert course(shuffled, 7) == course(shuffled, 7)
    assert len({labels(course(shuffled, seed)) for seed in range(20)}) == 20
    assert [turn.seconds for turn in course(shuffled, 7)] != [
        turn.seconds for turn in course(shuffled, 8)
    ]
    # Held: a study that was begun must go on with the same orders.
    assert labels(course(shuffled, 7)) == "abacbbabbacccac"


def test_row_045_a_plan_with_a_seed_needs_none():
    seeded = read_plan(
        {"seed": 3, "blocks": [{"group": "g", "blocks": TRIALS, "repeats": 4, "order": "shuffled"}]}
    )
    assert course(seeded) == course(seeded, 3) != course(seeded, 4)


@pytest.mark.parametrize("order", ["shuffled", "shuffled in each repeat"])
@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("repeats", [1, 4, 30])
def test_row_045_no_label_comes_too_often_in_a_row_and_none_is_lost(order, most, repeats):
    constrained = plan(repeats=repeats, order=order, most_in_a_row=most)
    for seed in range(20):
        found = labels(course(constrained, seed))
        assert Counter(found) == Counter("abc" * repeats)
        assert longest_row(found) <= most
        if order == "shuffled in each repeat":
            assert all(set(found[at : at + 3]) == set("abc") for at in range(0, len(found), 3))


def test_row_045_an_order_that_is_just_possible_is_found():
    tight = [{**TRIALS[0], "repeats": 7}, {**TRIALS[1], "repeats": 3}]
    for seed in range(10):
        found = labels(course(plan(blocks=tight, order="shuffled", most_in_a_row=2), seed))
        assert Counter(found) == {"a": 7, "b": 3}
        assert longest_row(found) == 2


def test_row_045_all_orders_come_about_as_often():
    each = plan(order="shuffled")
    found = Counter(labels(course(each, seed)) for seed in range(1200))
    assert len(found) == 6
    assert min(found.values()) > 150  # 200 ± 13


def test_row_045_extra_time_lies_within_its_bound_and_is_drawn_each_time():
    turns = [turn for turn in course(plan(repeats=100), 1) if turn.group]
    seconds = [turn.seconds for turn in turns]
    assert 8 <= min(seconds) < 8.1
    assert 9.9 < max(seconds) <= 10
    assert len(set(seconds)) == 300


def test_row_045_blocks_are_numbered_with_group_and_repeat():
    turns = course(plan(repeats=2), 1)
    told = [(turn.number, turn.block.label, turn.group, turn.repeat) for turn in turns]
    assert told == [
        (1, "first", "", 1),
        (2, "first", "", 2),
        *((3 + n, "abc"[n], "g", 1) for n in range(3)),
        *((6 + n, "abc"[n], "g", 2) for n in range(3)),
        (9, "last", "", 1),
    ]


def test_row_120_a_drawn_lag_has_a_seed_that_the_plan_gives():
    trial = {"label": "late", "seconds": 5, "repeats": 2, "lag_ms": [200, 400], "lag_every": 0.5}
    plan = read_plan({"blocks": [trial, {"label": "held", "seconds": 5, "lag_ms": 250}]})
    first, second, held = course(plan, 3)
    assert (first.lag.jitter, first.lag.every) == ((0.2, 0.4), 0.5)
    assert first.lag.seed != second.lag.seed
    assert held.lag == Lag(hold=0.25)
    assert [turn.lag for turn in course(plan, 3)] == [first.lag, second.lag, held.lag]
    assert course(plan, 4)[0].lag.seed != first.lag.seed
