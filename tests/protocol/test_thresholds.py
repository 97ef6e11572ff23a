"""Thresholds that follow the person: scripted series, and what comes out of them by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from psychopy_nfb import Quest
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import (
    Baseline,
    Running,
    Signal,
    SignalState,
    Situation,
    Staircase,
    Success,
    Trend,
)
from psychopy_nfb.settings import from_dict, to_dict

SERIES = [float(z) for z in range(1, 21)]
BASELINE = Baseline(
    mean=10.0,
    sd=2.0,
    minimum=0.0,
    maximum=20.0,
    percentiles=[one / 5 for one in range(101)],
)
"""Its 40th percentile is 8, its 60th 12, its 90th 18."""


def of(rule, rate=1.0, **settings):
    """Return the state of a signal that is compared with no baseline."""
    return SignalState(Signal(normalise="none", threshold=rule, **settings), rate)


def thresholds(state, series, takes=None, size=None):
    """Return the threshold of each sample of a series, in chunks of `size`, and the next one."""
    takes = [True] * len(series) if takes is None else takes
    found = []
    for at in range(0, len(series), size or len(series)):
        part = slice(at, at + (size or len(series)))
        rows, _ = state.process(series[part], [0] * len(series[part]), takes[part])
        found += [row[3] for row in rows]
    return [*found, state.threshold]


@pytest.mark.parametrize(
    ("settings", "first", "second", "third", "fourth"),
    [
        # of 1…5, 1…10, 6…15 and 11…20 the values with 3, 6, 6 and 6 at or above them
        ({}, 2.6, 4.6, 9.6, 14.6),
        ({"direction": "down"}, 3.4, 6.4, 11.4, 16.4),
        ({"role": "inhibit"}, 4.6, 9.1, 14.1, 19.1),
        ({"role": "inhibit", "direction": "down"}, 1.4, 1.9, 6.9, 11.9),
        ({"role": "watch"}, 2.6, 4.6, 9.6, 14.6),
    ],
)
def test_row_117_success_is_the_quantile_of_the_last_window(settings, first, second, third, fourth):
    state = of(Success(make_up=False, window=10, update=5, start=0.0), **settings)
    found = thresholds(state, SERIES)
    wanted = [0.0] * 5 + [first] * 5 + [second] * 5 + [third] * 5 + [fourth]
    assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("target", [0.25, 0.6, 0.9])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_row_117_that_share_of_the_window_is_beyond(target, direction):
    z = np.random.default_rng(1).gamma(4, 2, 100)
    state = of(
        Success(make_up=False, target=target, window=100, update=1, start=0.0), direction=direction
    )
    threshold = thresholds(state, z.tolist())[-1]
    beyond = z >= threshold if direction == "up" else z <= threshold
    assert beyond.mean() == pytest.approx(target, abs=1e-12)


@pytest.mark.parametrize(
    ("make_up", "found"),
    [
        # 1.2 and 2.2 fewer of 5 than 0.6 · 5 = 3: 6…10 all beyond 2.6, and so on, at most half.
        (True, [0.0] * 5 + [2.6] * 5 + [7.3] * 5 + [12.3] * 5 + [17.3]),
        (False, [0.0] * 5 + [2.6] * 5 + [4.6] * 5 + [9.6] * 5 + [14.6]),
    ],
)
def test_row_117_successes_too_many_are_made_up(make_up, found):
    state = of(Success(make_up=make_up, window=10, update=5, start=0.0))
    assert thresholds(state, SERIES) == pytest.approx(found, abs=1e-12)


def test_row_117_successes_too_few_are_made_up_until_the_next_change():
    """Of 5 samples after the first change 2 are beyond, of the next 4, of the next 3."""
    state = of(Success(window=10, update=5, start=0.0))
    first = [10.0, 20.0, 30.0, 40.0, 50.0]  # beyond 26 are three of them
    second = [0.0, 0.0, 0.0, 60.0, 60.0]  # owed 1: the share aimed at is 0.8
    third = [5.0, 15.0, 25.0, 35.0, 0.0]
    series = [*first, *second, *third]
    found = thresholds(state, series)
    assert found[5] == pytest.approx(26.0)
    assert found[10] == pytest.approx(np.quantile([*first, *second], 0.2))
    owed = 1 + 3 - sum(z >= found[10] for z in third)
    assert found[15] == pytest.approx(np.quantile([*second, *third], 1 - (0.6 + owed / 5)))
    assert [change.why.partition(", and ")[2] for change in state.changes] == [
        "",
        "1.00 s too few are made up",
        "" if owed == 0 else f"{abs(owed):.2f} s too {'few' if owed > 0 else 'many'} are made up",
    ]


def test_row_117_what_freezes_aims_at_the_target():
    series = [10.0, 20.0, 30.0, 40.0, 50.0, 0.0, 0.0, 0.0, 60.0, 60.0]
    state = of(Success(window=10, update=5, start=0.0, freeze_after=10))
    assert thresholds(state, series)[-1] == pytest.approx(np.quantile(series, 0.4))


def test_row_117_success_freezes_itself():
    state = of(Success(make_up=False, window=10, update=5, start=0.0, freeze_after=10))
    found = thresholds(state, SERIES)
    assert found == pytest.approx([0.0] * 5 + [2.6] * 5 + [4.6] * 11, abs=1e-12)


def test_row_117_what_is_not_taken_ages_no_window():
    state = of(Success(make_up=False, window=10, update=5, start=0.0))
    series, takes = [], []
    for z in SERIES:  # as many again, and others
        series += [99.0, z]
        takes += [False, True]
    found = thresholds(state, series, takes)
    alone = of(Success(make_up=False, window=10, update=5, start=0.0))
    assert found[1::2] == pytest.approx(thresholds(alone, SERIES)[:-1], abs=1e-12)
    assert len(state.changes) == 4
    assert [change.row for change in state.changes] == [10, 20, 30, 40]


def test_each_change_is_told_once_with_its_reason():
    state = of(Success(make_up=False, window=10, update=5, start=0.0))
    thresholds(state, SERIES[:10])
    one, two = state.changes
    assert (one.row, one.old, one.new) == (5, 0.0, pytest.approx(2.6))
    assert one.why == "1.00 of the last 5 s were beyond it, 0.6 is wanted"
    assert (two.row, two.old, two.new) == (10, pytest.approx(2.6), pytest.approx(4.6))
    assert two.why == "0.80 of the last 10 s were beyond it, 0.6 is wanted"


def test_row_117_what_the_first_threshold_gave_is_not_made_up():
    """None of the first five samples is beyond 9.0; the next threshold aims at 0.6 all the same."""
    state = of(Success(window=10, update=5, start=9.0))
    found = thresholds(state, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert found[-1] == pytest.approx(2.6)
    assert "made up" not in state.changes[0].why


@pytest.mark.parametrize(("start", "bound"), [(5, {"highest": 1}), (-5, {"lowest": 1})])
@pytest.mark.parametrize("rule", [lambda **given: Staircase(step=0.1, **given), Quest])
def test_a_start_outside_of_the_bounds_is_refused(rule, start, bound):
    side = "above highest" if start > 0 else "below lowest"
    with pytest.raises(SettingsError) as told:
        rule(start=start, **bound)
    assert str(told.value) == (
        f"start={float(start)}: is {side}, which is 1; begin within the bounds, or change them."
    )


def test_a_staircase_begins_within_its_bounds_wherever_the_baseline_is():
    follower = Staircase(step=0.1, highest=1.0).follower(Situation(1.0, threshold=5.0))
    assert follower.threshold == 1.0
    assert Staircase(step=0.1, highest=1.0, **follower.carried()).start == 1.0


def test_a_threshold_that_stays_the_same_is_no_change():
    state = of(Success(window=10, update=5, start=3.0))
    assert set(thresholds(state, [3.0] * 30)) == {3.0}
    assert state.changes == []


def test_row_083_running_is_the_weighted_mean_and_standard_deviations():
    z = np.array([0.0, 2.0, 4.0, -1.0, 7.0])
    found = thresholds(of(Running(k=1.5, tau=2, update=1, start=9.0)), z.tolist())
    wanted = [9.0]
    for n in range(1, 6):
        weights = np.exp(-np.arange(n)[::-1] / 2)
        mean = np.average(z[:n], weights=weights)
        wanted.append(mean + 1.5 * math.sqrt(np.average((z[:n] - mean) ** 2, weights=weights)))
    assert found == pytest.approx(wanted, abs=1e-12)
    # of 0 and 2, which weigh e^-½ and 1: mean 1.24492, SD 0.96955
    assert found[2] == pytest.approx(1.24492 + 1.5 * 0.96955, abs=2e-5)


def test_row_083_running_waits_for_half_of_tau():
    found = thresholds(of(Running(k=0.0, tau=8, update=2, start=9.0)), SERIES)
    moved = np.flatnonzero(np.diff(found)) + 1
    assert moved.tolist() == [4, 6, 8, 10, 12, 14, 16, 18, 20]


@pytest.mark.parametrize(("slope", "direction"), [(0.6, "up"), (-1.2, "down")])
def test_row_083_trend_rises_by_its_slope_each_minute(slope, direction):
    state = of(Trend(slope=slope, update=5, start=1.0), rate=2.0, direction=direction)
    found = thresholds(state, [0.0] * 241)
    assert found[9] == 1.0
    assert found[10] == pytest.approx(1 + slope / 12, abs=1e-12)
    assert found[20] == pytest.approx(1 + slope / 6, abs=1e-12)
    assert found[120] == pytest.approx(1 + slope, abs=1e-12)
    assert found[240] == pytest.approx(1 + 2 * slope, abs=1e-12)
    assert len(state.changes) == 24


def blocks(state, *shares):
    """Return the threshold after each block of ten samples, of which so many are beyond."""
    found = []
    for share in shares:
        state.block_edge(begins=True)
        far = 100.0 if state.comparison.up else -100.0
        series = [far] * share + [-far] * (10 - share)
        state.process(series, [0] * 10, [True] * 10)
        state.block_edge(begins=False)
        found.append(state.threshold)
    return found


def test_row_083_staircase_steps_after_each_block():
    rule = Staircase(step=0.5, up_at=0.7, down_at=0.4, start=1.0)
    shares = (8, 7, 6, 5, 4, 3)
    assert blocks(of(rule), *shares) == [1.5, 2.0, 2.0, 2.0, 1.5, 1.0]
    # harder is the other way round where less is wanted
    assert blocks(of(rule, direction="down"), *shares) == [0.5, 0.0, 0.0, 0.0, 0.5, 1.0]


def test_row_083_staircase_keeps_its_bounds():
    rule = Staircase(step=0.5, start=1.0, lowest=0.8, highest=1.7)
    state = of(rule)
    assert blocks(state, 10, 10, 10, 0, 0, 0) == pytest.approx([1.5, 1.7, 1.7, 1.2, 0.8, 0.8])
    assert [change.why for change in state.changes] == [
        "1.00 of 10 s were beyond it, at least 0.7",
        "1.00 of 10 s were beyond it, at least 0.7",
        "0.00 of 10 s were beyond it, at most 0.4",
        "0.00 of 10 s were beyond it, at most 0.4",
    ]


def test_row_083_a_staircase_of_trials_counts_clean_samples():
    state = of(Staircase(step=0.5, trial=4, start=1.0), rate=2.0)
    series = [9.0] * 8 + [0.0] * 8 + [9.0] * 3
    takes = [True] * len(series)
    found = thresholds(state, series, takes)
    assert found == [1.0] * 8 + [1.5] * 8 + [1.0] * 4
    state.block_edge(begins=False)
    state.block_edge(begins=True)  # a trial may go on in the next block
    assert thresholds(state, [9.0] * 5)[-1] == 1.5


def test_a_block_with_less_than_a_second_says_nothing():
    state = of(Staircase(step=0.5, start=1.0), rate=100.0)
    state.process([9.0] * 99, [0] * 99, [True] * 99)
    state.block_edge(begins=False)
    assert state.threshold == 1.0


RULES = [
    Success(window=4, update=1, start=0.0),
    Running(k=1.0, tau=4, update=1, start=0.0),
    Trend(slope=1.0, update=1, start=0.0),
    Staircase(step=0.1, trial=1, start=0.0),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_row_083_row_117_the_cut_into_chunks_does_not_matter(rule, size):
    random = np.random.default_rng(2)
    z, takes = random.normal(size=500).tolist(), (random.random(500) < 0.8).tolist()
    whole = thresholds(of(rule, rate=20.0), z, takes)
    assert len(set(whole)) > 3
    assert thresholds(of(rule, rate=20.0), z, takes, size) == whole


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_a_successor_goes_on_as_if_nothing_had_happened(rule):
    z = np.random.default_rng(3).normal(size=400).tolist()
    undisturbed, dead = of(rule, rate=20.0), of(rule, rate=20.0)
    thresholds(undisturbed, z[:230])
    parts = []
    for at in range(0, 230, 23):
        thresholds(dead, z[at : at + 23])
        parts.append(json.loads(json.dumps(dead.reached())))
    successor = of(from_dict(Signal, to_dict(dead.comparison.settings)).threshold, rate=20.0)
    assert successor.go_on(parts)
    assert thresholds(successor, z[230:]) == thresholds(undisturbed, z[230:])
    # what it tells is enough for the one after it, with what was told before or alone
    last = successor.reached()
    third = of(rule, rate=20.0)
    assert third.go_on([*parts, last])
    assert third.threshold == successor.threshold
    fourth = of(rule, rate=20.0)
    assert fourth.go_on([last])
    more = np.random.default_rng(4).normal(size=100).tolist()
    expected = thresholds(successor, more)
    assert thresholds(third, more) == thresholds(fourth, more) == expected


def test_a_successor_does_not_take_what_is_of_another_rule_or_not_whole():
    rule = Success(window=4, update=1, start=0.0)
    dead = of(rule, rate=20.0)
    parts = []
    for _ in range(4):
        thresholds(dead, [1.0] * 20)
        parts.append(dead.reached())
    for other in (of(Success(window=4, update=1, start=0.5), rate=20.0), of(0.5)):
        before = other.threshold
        assert not other.go_on(parts)
        assert other.threshold == before
    for lacking in ([], parts[1:], [*parts[:2], parts[3]]):
        assert not of(rule, rate=20.0).go_on(lacking)


@pytest.mark.parametrize(
    ("rule", "direction", "role", "at_first"),
    [
        (Success(), "up", "reward", 8.0),
        (Success(), "down", "reward", 12.0),
        (Success(), "up", "inhibit", 18.0),
        (Success(target=0.75), "up", "inhibit", 5.0),
        (Success(start=3.0), "up", "reward", 3.0),
        (Running(k=-1.5), "up", "reward", 7.0),
        (Trend(slope=1.0), "up", "reward", 10.0),
        (Staircase(step=1.0), "up", "reward", 10.0),
    ],
)
def test_a_threshold_begins_where_the_baseline_has_it(rule, direction, role, at_first):
    settings = Signal(threshold=rule, direction=direction, role=role, baseline=BASELINE)
    z = at_first if rule.start is not None else (at_first - 10) / 2
    state = SignalState(settings, 10.0)
    assert state.threshold == pytest.approx(z, abs=1e-12)
    assert state.comparison.display_points[0] < z < state.comparison.display_points[2]


def test_before_the_baseline_nothing_is_beyond_and_nothing_moves():
    state = SignalState(Signal(threshold=Success(window=4, update=1)), 1.0)
    assert not state.ready
    rows, beyond = state.process(SERIES, [0] * 20, [True] * 20)
    assert {row[3] for row in rows} == {math.inf}
    assert not any(beyond)
    assert state.changes == []
    state.use(Signal(threshold=Success(window=4, update=1), baseline=BASELINE))
    assert state.threshold == pytest.approx(-1.0)


def test_what_changes_during_a_run():
    rule = Success(make_up=False, window=10, update=5)
    settings = Signal(threshold=rule, baseline=BASELINE)
    state = SignalState(settings, 1.0)
    z = SERIES  # signals of 1…20 are z of -4.5…5
    assert thresholds(state, z[:5])[-1] == pytest.approx((2.6 - 10) / 2)
    settings = settings.changed(display_smoothing=0.1)
    state.use(settings)  # goes on
    assert thresholds(state, z[5:10])[-1] == pytest.approx((4.6 - 10) / 2)
    settings = settings.changed(frozen=True)
    state.use(settings)
    assert thresholds(state, z[10:])[-1] == pytest.approx((4.6 - 10) / 2)
    settings = settings.changed(frozen=False)
    state.use(settings)  # where it was: 6…10 and 1…5 make a window again
    assert thresholds(state, z[:5])[-1] == pytest.approx((4.6 - 10) / 2)
    settings = settings.changed(threshold={"type": "Success", "target": 0.9, "window": 10})
    state.use(settings)  # from where it is
    assert thresholds(state, z[:4])[-1] == pytest.approx((4.6 - 10) / 2)
    settings = settings.changed(threshold=1.5)
    state.use(settings)
    assert state.follower is None
    assert thresholds(state, z)[-1] == 1.5
    settings = settings.changed(threshold=60, threshold_kind="percentile")
    state.use(settings)
    assert state.threshold == pytest.approx(1.0)
    settings = settings.changed(threshold=Trend(slope=1.0))
    assert settings.threshold_kind == "fixed"
    state.use(settings)
    assert state.threshold == pytest.approx(1.0)
    settings = settings.changed(threshold=Trend(slope=1.0, start=-2.0))
    state.use(settings)
    assert state.threshold == -2.0


def test_a_rule_without_a_start_needs_a_baseline():
    assert Signal(normalise="none", threshold=Success()).needs_baseline
    assert not Signal(normalise="none", threshold=Success(start=5.0)).needs_baseline
    with pytest.raises(SettingsError, match=r"^threshold\.start=None: must be a number, as there"):
        Signal(normalise="none", threshold=5.0).changed(threshold=Success())


def test_settings_come_back_from_json():
    for rule in RULES:
        settings = json.loads(json.dumps(to_dict(Signal(threshold=rule))))
        assert settings["threshold"]["type"] == type(rule).__name__
        assert from_dict(Signal, settings).threshold == rule


@pytest.mark.parametrize(
    ("threshold", "sentence"),
    [
        ({"type": "Success", "target": 1.5}, "threshold.target=1.5: must be above 0 and below 1."),
        ({"type": "Success", "target": 0}, "threshold.target=0.0: must be above 0 and below 1."),
        (
            {"type": "Success", "window": 4},
            "threshold.window=4.0: is shorter than update, 5 s; look back at least as far.",
        ),
        (
            {"type": "Success", "freeze_after": 20},
            "threshold.freeze_after=20.0: comes before the threshold has moved at all",
        ),
        ({"type": "Success", "update": 0.1}, "threshold.update=0.1: must be at least 1 s."),
        ({"type": "Success", "goal": 0.6}, "threshold.goal=0.6: is not a setting; "),
        ({"type": "Succes"}, "threshold.type='Succes': is unknown; did you mean 'Success'? "),
        ({"target": 0.6}, "threshold.type=None: is unknown; Known: "),
        ({"type": "Running"}, "threshold.k=None: is missing; Running needs it."),
        (
            {"type": "Running", "k": 1, "tau": 2},
            "threshold.tau=2.0: is shorter than update, 5 s; look back at least as far.",
        ),
        (
            {"type": "Staircase", "step": 1, "down_at": 0.8},
            "threshold.down_at=0.8: must be below up_at, which is 0.7.",
        ),
        ({"type": "Staircase", "step": 0}, "threshold.step=0.0: must be above 0."),
        (
            {"type": "Staircase", "step": 1, "lowest": 2, "highest": 1},
            "threshold.lowest=2.0: must be below highest, which is 1.",
        ),
        ("success", "threshold='success': must be a number or an object"),
    ],
)
def test_a_wrong_setting_is_told_with_its_name(threshold, sentence):
    with pytest.raises(SettingsError) as caught:
        from_dict(Signal, {"threshold": threshold})
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"normalise": "none", "threshold": Trend(slope=0.1)},
            "threshold.slope=0.1: has no baseline to rise from",
        ),
        (
            {"threshold": Success(), "threshold_kind": "percentile"},
            "threshold_kind='percentile': says what a number as threshold means; leave it out",
        ),
    ],
)
def test_a_rule_that_does_not_fit_the_signal_is_told(settings, sentence):
    with pytest.raises(SettingsError) as caught:
        Signal(**settings)
    assert str(caught.value).startswith(sentence)


def test_a_window_that_cannot_be_kept_is_told():
    with pytest.raises(SettingsError, match=r"^threshold\.window=.* samples at 5000 Hz"):
        of(Success(window=3600, start=0.0), rate=5000.0)


@pytest.mark.parametrize("frozen", [False, True])
def test_another_direction_begins_anew_and_is_told(frozen):
    settings = Signal(threshold=Success(), baseline=BASELINE, frozen=frozen)
    state = SignalState(settings, rate=1.0)
    thresholds(state, [0.0] * 50)
    old = state.threshold
    state.changes.clear()
    state.use(settings.changed(direction="down"))
    (change,) = state.changes
    assert (change.row, change.old, change.new) == (0, old, state.threshold)
    assert change.new == -SignalState(settings, rate=1.0).threshold != old
    assert "direction" in change.why
