"""Commands take a filter's delay in milliseconds, and see when seconds were meant."""

from __future__ import annotations

import pytest

from psychopy_nfb.cli import main


@pytest.mark.parametrize("command", [["demo"], ["tune", "none.xdf", "--channel", "Oz"]], ids=str)
@pytest.mark.parametrize(
    ("delay", "sentence"),
    [
        ("0.05", "delay=0.05: is less than one millisecond; did you mean 50 ms?"),
        ("5000", "delay=5000.0: must be at most 1000 ms; did you mean 5 ms?"),
    ],
)
def test_a_delay_in_another_unit_is_refused(command, delay, sentence, capsys):
    assert main([*command, "--delay", delay]) == 2
    assert sentence in capsys.readouterr().err
