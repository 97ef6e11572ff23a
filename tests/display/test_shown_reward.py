"""Whether a frame shows a reward: what was rewarded since the frame before, not each hit."""

from __future__ import annotations

import pytest
from trainings import alpha

from psychopy_nfb.display.feedback_state import FeedbackState
from psychopy_nfb.engine.records import NUMBER, feedback_layout


@pytest.fixture
def shown():
    """Return a function that makes a training's state, and one that shows it a record."""

    def make(**settings):
        training = alpha(**settings)
        layout = feedback_layout(training.value_names)
        state = FeedbackState(training, lambda changes, signal: None)
        record = [0.0] * (1 + len(layout.names) + 1)

        def show(number, **values):
            record[NUMBER] = number
            for name, value in values.items():
                record[layout.place(name)] = value
            state.take(tuple(record), 0.0)
            return state.reward

        return state, show

    return make


def test_row_084_a_hit_that_the_schedule_does_not_reward_is_no_reward(shown):
    state, show = shown()
    assert [
        show(1, hits=1, rewards=0, reward=0.0),
        show(2, hits=2, rewards=1, reward=1.0),
        show(3, hits=2, rewards=1, reward=0.0),
        show(4, hits=3, rewards=1, reward=0.0),
        show(6, hits=5, rewards=2, reward=0.0),  # in a record between two frames
    ] == [False, True, False, False, True]
    assert (state.hits, state.rewards) == (5, 2)


def test_a_hit_is_rewarded_once_though_its_record_is_shown_again(shown):
    _, show = shown()
    hit = {"hits": 1, "rewards": 1, "reward": 1.0}
    # No newer record came; then the stream was silent: the same values, published once more.
    assert [show(1, **hit), show(1, **hit), show(2, **hit)] == [True, False, False]


def test_the_time_beyond_the_threshold_is_rewarded_as_long_as_it_is_shown(shown):
    _, show = shown(mode="time")
    beyond = {"hits": 1, "rewards": 1, "reward": 0.02}
    assert [show(1, **beyond), show(1, **beyond), show(2, **beyond)] == [True] * 3
    assert not show(3, reward=0.0)


def test_rewards_that_were_shown_are_none_where_a_chosen_lag_goes_back(shown):
    _, show = shown()
    assert show(9, hits=2, rewards=2, reward=1.0)
    assert [show(5, rewards=1, reward=1.0), show(9, rewards=2, reward=1.0)] == [False, False]
    assert show(10, rewards=3, reward=1.0)
