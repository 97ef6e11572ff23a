"""Commands that read a recording take its unit, and which of its streams is meant."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.cli import _parser, main
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.dsp.lasting_faults import Use, lasting_faults_told
from psychopy_nfb.recording.eeg_files import read_recording
from psychopy_nfb.recording.xdf import XdfWriter

RATE, SECONDS = 250.0, 20
ALPHA_UP = Path(__file__).parents[2] / "experiments" / "alpha_up.json"


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


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "a.xdf"],
        ["replay", "a.xdf"],
        ["demo", "--replay", "a.xdf"],
        ["tune", "a.xdf", "--channel", "Oz"],
        ["spatial", "a.xdf"],
        ["rehearse", "a.xdf", "--settings", "a.json"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_each_command_that_reads_a_recording_takes_its_stream_in_the_same_words(arguments):
    parser = _parser(arguments[0])
    assert parser.parse_args([*arguments, "--stream", "2"]).stream == "2"
    (command,) = (one for one in parser._actions if one.dest == "command")
    words = "name, source_id or number (default: its EEG)"
    assert words in " ".join(command.choices[arguments[0]].format_help().split())


def test_of_two_streams_of_one_name_each_is_taken_by_its_number(tmp_path, capsys):
    t = np.arange(round(SECONDS * RATE)) / RATE
    noise = 5 * np.random.default_rng(2).standard_normal((len(t), 4))
    writer = XdfWriter(tmp_path / "two.xdf")
    for labels, alpha in (
        (["Cz", "Pz", "O1", "Oz"], [0, 0, 1, 1]),
        (["F3", "Fz", "F4"], [0, 1, 0]),
    ):
        number = writer.add_stream("Amp", "EEG", labels, RATE, "double64")
        alpha = np.outer(20 * np.sin(2 * np.pi * 10 * t), alpha)
        writer.write(number, noise[:, : len(labels)] + alpha, 100 + t)
    writer.close()
    path = tmp_path / "two.xdf"
    command = ["spatial", str(path), "--band", "9", "11", "--out", str(tmp_path)]
    assert main(command) == 2
    assert "name one by its number" in capsys.readouterr().err
    for number, strongest in ((1, {"O1", "Oz"}), (2, {"Fz"})):
        labels = read_recording(path, number).labels
        assert labels == read_recording(path, str(number)).labels
        assert strongest < set(labels)
        main([*command, "--stream", str(number)])
        (weights,) = tmp_path.glob("spatial_*.json")
        found = json.loads(weights.read_text(encoding="utf-8"))["C1"]
        assert set(found) == set(labels)
        assert max(found, key=lambda label: abs(found[label])) in strongest


def test_a_fault_that_all_channels_share_is_told_once_with_the_unit():
    labels = ("Fz", "Cz", "Pz", "Oz")
    info = SignalInfo(RATE, labels)
    uses = {label: Use("the average reference of 'alpha'", "Leave it out.") for label in labels}
    samples = 8 * np.random.default_rng(2).standard_normal((5000, 4))
    for per, fault in ((1e-3, "weaker than an amplifier's noise, 0.05 µV,"), (1e3, "noise")):
        (said,) = lasting_faults_told(per * samples, info, uses)
        assert said.startswith("4 of 4 channels (Fz, Cz, Pz, Oz) are bad in the same way")
        assert fault in said
        assert "check its unit (--units)" in said
        assert "flat" not in said
    samples[:, 3] = 0.0
    assert lasting_faults_told(samples, info, uses) == [
        "Oz is bad (flat for 100 % of the time) and is in the average reference of 'alpha', which "
        "it spoils. Leave it out."
    ]


def test_a_laplacian_without_neighbours_names_what_the_command_can_change(tmp_path, capsys):
    samples = 8 * np.random.default_rng(2).standard_normal((100 * round(RATE), 1))
    writer = XdfWriter(tmp_path / "one.xdf")
    number = writer.add_stream("Amp", "EEG", ["Oz"], RATE, "double64", units="microvolts")
    writer.write(number, samples, 100 + np.arange(len(samples)) / RATE)
    writer.close()
    command = ["tune", str(tmp_path / "one.xdf"), "--channel", "Oz", "--out", str(tmp_path)]
    assert main([*command, "--reference", "laplacian"]) == 2
    assert "only 1 EEG channel has a known position; choose another reference." in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("labels", [",", "Cz,"])
def test_empty_labels_of_simulated_channels_are_named(labels, capsys):
    assert main(["simulate", "--channels", labels]) == 2
    assert "labels are empty; name channels such as Cz,Oz" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["rehearse", "tune", "spatial"])
def test_what_is_weaker_than_an_amplifiers_noise_is_refused_and_the_unit_named(
    command, tmp_path, capsys
):
    """Microvolts that were stored as nanovolts: no figure is given of them as of good EEG."""
    samples = 8 * np.random.default_rng(2).standard_normal((100 * round(RATE), 5))
    found = []
    for units, name in (("microvolts", "right"), ("nV", "wrong")):
        writer = XdfWriter(tmp_path / f"{name}.xdf")
        labels = ["Fz", "Cz", "Pz", "O1", "Oz"]
        number = writer.add_stream("Amp", "EEG", labels, RATE, "double64", units=units)
        writer.write(number, samples, 100 + np.arange(len(samples)) / RATE)
        writer.close()
        given = {
            "rehearse": ["--settings", str(ALPHA_UP)],
            "tune": ["--channel", "Oz", "--delays", "100"],
        }
        arguments = [str(tmp_path / f"{name}.xdf"), *given.get(command, [])]
        found.append(main([command, *arguments, "--out", str(tmp_path)]))
    assert found == [0, 2]
    said = capsys.readouterr().err
    assert "flat" in said
    assert "--units" in said
