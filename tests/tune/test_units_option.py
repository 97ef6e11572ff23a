"""Commands that read a recording take the unit that it does not say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from psychopy_nfb.cli import _parser, main
from psychopy_nfb.recording.xdf import XdfWriter

RATE, SECONDS = 250.0, 20


@pytest.fixture
def volts(tmp_path):
    """Return a recording in volts that says no unit, with 10 Hz on O1 and Oz."""
    t = np.arange(round(SECONDS * RATE)) / RATE
    noise = 5e-6 * np.random.default_rng(2).standard_normal((len(t), 4))
    samples = noise + np.outer(2e-5 * np.sin(2 * np.pi * 10 * t), [0, 0, 1, 1])
    writer = XdfWriter(tmp_path / "volts.xdf")
    number = writer.add_stream("Amp", "EEG", ["Cz", "Pz", "O1", "Oz"], RATE, "double64")
    writer.write(number, samples, 100 + t)
    writer.close()
    return tmp_path / "volts.xdf"


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "a.xdf"],
        ["demo", "--replay", "a.xdf"],
        ["tune", "a.xdf", "--channel", "Oz"],
        ["spatial", "a.xdf"],
        ["bench", "display", "a.xdf"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_each_command_that_reads_a_recording_takes_its_unit(arguments, capsys):
    parser = _parser(arguments[0])
    assert parser.parse_args([*arguments, "--units", "mV"]).units == "mV"
    assert parser.parse_args(arguments).units is None
    with pytest.raises(SystemExit):
        parser.parse_args([*arguments, "--units", "furlong"])
    assert "furlong" in capsys.readouterr().err


def test_volts_that_say_no_unit_are_refused_until_the_option_says_it(volts, tmp_path, capsys):
    command = ["spatial", str(volts), "--band", "9", "11", "--out", str(tmp_path)]
    assert main(command) == 2
    assert "say which with --units: uV, mV, V or nV" in capsys.readouterr().err
    assert main([*command, "--units", "V"]) == 0
    (weights,) = tmp_path.glob("spatial_*.json")
    found = json.loads(weights.read_text(encoding="utf-8"))["C1"]
    assert abs(found["Cz"]) < 0.1 * min(abs(found["O1"]), abs(found["Oz"]))
