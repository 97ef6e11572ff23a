"""Whether a frame shows a reward: what was rewarded since the frame before, not each hit."""

from __future__ import annotations

from trainings import alpha

from psychopy_nfb.display.feedback_state import FeedbackState
from psychopy_nfb.engine.records import feedback_layout


def test_row_084_a_hit_that_the_schedule_does_not_reward_is_no_reward():
    training = alpha()
    layout = feedback_layout(training.value_names)
    state = FeedbackState(training, lambda changes, signal: None)
    record = [0.0] * (1 + len(layout.names) + 1)

    def shown(hits, rewards, reward):
        for name, value in (("hits", hits), ("rewards", rewards), ("reward", reward)):
            record[layout.place(name)] = value
        state._take(tuple(record), 0.0)
        return state.reward

    assert [
        shown(1, 0, 0.0),
        shown(2, 1, 1.0),
        shown(2, 1, 0.0),
        shown(3, 1, 0.0),
        shown(5, 2, 0.0),  # in a record between two frames
    ] == [False, True, False, False, True]
    assert (state.hits, state.rewards) == (5, 2)
