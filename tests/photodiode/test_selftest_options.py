"""A lag that `psychopy-nfb selftest` cannot hold is refused before anything is started."""

from __future__ import annotations

import pytest

from psychopy_nfb import Lag
from psychopy_nfb.errors import SettingsError, in_milliseconds
from psychopy_nfb.photodiode.selftest_options import Injected, check_lag
from psychopy_nfb.protocol.chosen_lag import read_lag


@pytest.mark.parametrize(
    ("lag", "injected", "said"),
    [
        (0.15, 0.0, "lag='0.15 ms': is less than one millisecond; did you mean 150 ms?"),
        (100.0, 0.0, "lag='100 ms': is less than the 112 ms that the filter takes here"),
        (150.0, 50.0, "lag='150 ms': is less than the 162 ms that the filter takes here"),
    ],
)
def test_an_impossible_lag_is_refused_in_milliseconds(lag, injected, said):
    with pytest.raises(SettingsError) as refused:
        check_lag(lag, Injected(pipeline=injected))
    assert str(refused.value).startswith(said)


def test_a_possible_lag_is_none():
    check_lag(150.0, Injected())


def test_what_the_run_refuses_speaks_milliseconds():
    said = "is less than the 0.143 s that it takes here; choose at least 0.144 s"
    spoken = "is less than the 143 ms that it takes here; choose at least 144 ms"
    assert in_milliseconds(said) == spoken


@pytest.mark.parametrize(
    ("given", "name"),
    [(lambda: Lag(hold=300), "lag.hold"), (lambda: read_lag(300.0), "lag.hold"),
     (lambda: Lag(jitter=(0.1, 300)), "lag.jitter[1]")],
)  # fmt: skip
def test_milliseconds_as_a_lag_in_seconds_are_told(given, name):
    with pytest.raises(SettingsError) as refused:
        given()
    assert str(refused.value).startswith(f"{name}=300")
    assert "must be at most 2 s; did you mean 0.3 s?" in str(refused.value)


@pytest.mark.parametrize("jitter", [(0.3, 0.2), (0.0, 0.2), (-0.1, 0.2)])
def test_a_jitter_that_is_none_is_refused(jitter):
    with pytest.raises(SettingsError, match="lag.jitter"):
        Lag(jitter=jitter)
