"""The lag that a block shall have: what is allowed, and how it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb import Lag
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.chosen_lag import read_lag


def test_row_120_jitter_is_drawn_once_in_a_while_by_its_seed():
    lag, again = (Lag(jitter=(0.2, 0.6), every=0.5, seed=9) for _ in range(2))
    times = np.arange(0, 500, 0.1) + 1e-9
    drawn = [lag.wanted(seconds) for seconds in times]
    assert drawn == [again.wanted(seconds) for seconds in times]
    assert [drawn[n] for n in range(5)] == [drawn[0]] * 5 != [drawn[5]] * 5
    assert 0.2 <= min(drawn) < 0.21 < 0.59 < max(drawn) <= 0.6
    assert np.mean(drawn) == pytest.approx(0.4, abs=0.02)
    assert lag.facts() == {"jitter": (0.2, 0.6), "every": 0.5, "seed": 9}


@pytest.mark.parametrize(
    ("lag", "sentence"),
    [
        ({}, "needs either hold, in seconds, or jitter"),
        ({}, "lag=None: needs"),
        (
            {"hold": 0.2, "jitter": (0.2, 0.3)},
            "lag={'hold': 0.2, 'jitter': (0.2, 0.3)}: has both hold and jitter; leave one of them",
        ),
        ({"hold": 0}, "lag.hold=0: must be above 0"),
        ({"hold": 150}, "lag.hold=150"),
        ({"jitter": (0.3, 0.2)}, "lag.jitter[1]=0.2: must be at least 0.3"),
        ({"jitter": (0.3,)}, "lag.jitter="),
        ({"jitter": (0.2, 0.3), "every": 0}, "lag.every=0"),
        ({"jitter": (0.2, 0.3), "seed": -1}, "lag.seed=-1"),
    ],
)
def test_an_impossible_lag_is_told(lag, sentence):
    with pytest.raises(SettingsError) as told:
        Lag(**lag)
    assert sentence in str(told.value)


@pytest.mark.parametrize("lag", ["soon", {"hold": "soon"}, {"hould": 0.2}])
def test_what_is_no_lag_is_told(lag):
    with pytest.raises(SettingsError, match=r"^lag"):
        read_lag(lag)
