"""What `psychopy-nfb inspect` says of inputs, and the table of all kinds of them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
from odd_files import RATE, XdfStream, channels, eeg, notes, write_xdf

from psychopy_nfb.cli import main


def inspected(capsys, *arguments) -> tuple[int, str, str]:
    """Return exit status, output and errors of the command."""
    status = main(["inspect", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def with_a_pause(tmp_path) -> Path:
    """Write a recording with triggers beside the EEG, a pause of 2 s and two markers."""
    samples = eeg()
    samples[:, 2] = 0
    samples[100:, 2] = 4
    stamps = 5000 + np.arange(len(samples)) / RATE
    stamps[384:] += 2.0
    labels = ("Fz", "Oz", "TRIGGER")
    path = tmp_path / "rest.xdf"
    described = channels(labels, kind=["EEG", "EEG", "Trigger"])
    stream = XdfStream(samples, stamps, channels=described)
    return write_xdf(path, stream, notes({10: "open", 500: "closed"}, stamps))


def test_inspect_says_what_is_in_a_file_and_what_was_assumed(tmp_path, capsys):
    path = with_a_pause(tmp_path)
    status, said, _ = inspected(capsys, path)
    assert status == 0
    lines = {line[2:12].strip(): line[13:] for line in said.splitlines()[1:] if line[2:12].strip()}
    assert lines["Channels"] == "2 EEG in microvolts: Fz, Oz"
    assert "1 triggers" in said
    assert lines["Positions"] == "2 of 2 EEG channels"
    assert lines["Gaps"] == "1, together 2.000 s: at 3.000 s (2.000 s)"
    assert lines["Markers"] == "2: 'open' (1), 'closed' (1)"
    assert "TRIGGER" in lines["Assumed"]

    status, said, _ = inspected(capsys, path, "--json")
    told = json.loads(said)
    assert status == 0
    assert [one["kind"] for one in told["channels"]] == ["EEG", "EEG", "STIM"]
    assert told["used_rate"] == told["declared_rate"] == RATE
    assert told["gaps"] == [[3.0, pytest.approx(2.0, abs=1e-6)]]
    assert told["markers"] == {"open": 1, "closed": 1}
    assert told["assumptions"]


@pytest.mark.parametrize(
    ("spoil", "clock"),
    [
        (lambda stamps: stamps, "; the first is 5000.000 s"),
        (lambda stamps: np.where(np.arange(768) // 20 == 9, 0.0, stamps), "; 20 had none and were"),
        (lambda stamps: stamps - 2.0 * (np.arange(768) >= 384), "; their clock was set once"),
        (
            lambda stamps: np.full(768, np.nan),
            "samples have no stamps that tell their times: counted from the first",
        ),
    ],
)
def test_inspect_says_of_a_files_stamps_what_it_assumed(tmp_path, capsys, spoil, clock):
    stamps = spoil(5000 + np.arange(768) / RATE)
    path = write_xdf(tmp_path / "odd.xdf", XdfStream(eeg(), stamps, channels=channels()))
    _, said, _ = inspected(capsys, path)
    assert clock in next(line for line in said.splitlines() if line.startswith("  Clock"))


def test_inspect_tells_once_that_numbers_cannot_be_microvolts(tmp_path, capsys):
    stamps = 5000 + np.arange(768) / RATE
    stream = XdfStream(1e-4 * eeg(), stamps, channels=channels())
    _, said, _ = inspected(capsys, write_xdf(tmp_path / "odd.xdf", stream))
    assert said.count("less than any amplifier's noise") == 1


@pytest.mark.slow
def test_inspect_says_what_a_stream_sends(odd_amplifier, capsys):
    source = odd_amplifier(
        labels=["Cz", "Oz", "Trig", "Battery"],
        others={"Trig": "flat", "Battery": "battery"},
        stamps="unix",
        rate=256.0,
        real_rate=200.0,
        chunk=4,
    )
    status, said, _ = inspected(capsys, source, "--json", "--seconds", "3")
    told = json.loads(said)
    assert status == 0
    assert told["what"] == "stream"
    assert [one["kind"] for one in told["channels"]] == ["EEG", "EEG", "STIM", "MISC"]
    assert (told["declared_rate"], told["used_rate"]) == (256.0, 200.0)
    assert told["real_rate"] == pytest.approx(200.0, rel=0.01)
    assert "off LSL's clock" in told["clock"]
    assert any("256 Hz" in sentence for sentence in told["assumptions"])
    assert 1 < told["eeg_sd_uv"] < 10
    status, said, _ = inspected(capsys, source, "--seconds", "1")
    assert "Chunks     4 samples at once, every 20.0 ms" in said


@pytest.mark.slow
@pytest.mark.alone
def test_inspect_says_how_long_after_their_stamps_samples_arrive(odd_amplifier, capsys):
    source = odd_amplifier(held=0.2, chunk=10)  # the first of ten samples waits 36 ms for the last
    _, said, _ = inspected(capsys, source, "--json", "--seconds", "2")
    told = json.loads(said)
    assert 200 < told["late_median_ms"] < 300
    assert told["late_longest_ms"] > 235
    _, said, _ = inspected(capsys, source, "--seconds", "2")
    assert re.search(
        r"Arrival    samples arrive 2\d\d\.\d ms after their stamps \(median; longest [\d.]+ ms\)",
        said,
    )
    _, said, _ = inspected(capsys, odd_amplifier(stamps="unix"), "--json", "--seconds", "1")
    assert json.loads(said)["late_median_ms"] is None


@pytest.mark.slow
def test_inspect_claims_nothing_of_a_stream_that_sends_nothing(odd_amplifier, capsys):
    source = odd_amplifier(silent=60.0)
    _, said, _ = inspected(capsys, source, "--seconds", "1")
    lines = {line[2:12].strip(): line[13:] for line in said.splitlines()[1:]}
    for name in ("Clock", "Chunks", "Amplitude", "Bad", "Gaps"):
        assert lines[name] == "not known: no sample came"
    assert "Arrival" not in lines


@pytest.mark.slow
@pytest.mark.kind("stream whose stamps do not change", "corrected")
def test_inspect_says_that_stamps_do_not_change(odd_amplifier, capsys):
    _, said, _ = inspected(capsys, odd_amplifier(stamps="same"), "--seconds", "2")
    assert "stamps do not change from sample to sample" in said
    assert "after the times of their stamps" not in said
    assert "off LSL's clock" not in said
    assert "samples are counted" in said


def test_inspect_names_all_channels_bad_where_no_value_is_a_number(tmp_path, capsys):
    samples = np.full_like(eeg(), np.nan)
    stamps = 5000 + np.arange(768) / RATE
    path = write_xdf(tmp_path / "odd.xdf", XdfStream(samples, stamps, channels=channels()))
    _, said, _ = inspected(capsys, path)
    assert "Bad        Fz, Cz, Oz (no valid values for 100 % of the time)" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stamps", "clock", "sentence"),
    [
        ("forward", "stamps jumped once meanwhile and are now +", "stamps jumped by +2.0 s."),
        ("nan", "taken as sent; 21 samples had none and were counted", "without a valid stamp;"),
    ],
)
def test_inspect_says_the_same_of_the_clock_in_all_its_lines(
    odd_amplifier, capsys, stamps, clock, sentence
):
    source = odd_amplifier(stamps=stamps, at=1.5)
    _, said, _ = inspected(capsys, source, "--seconds", "2")
    lines = {line[2:12].strip(): line[13:] for line in said.splitlines()[1:]}
    assert clock in lines["Clock"]
    assert sentence in lines["Assumed"]
    assert "during the run" not in said
    assert lines["Gaps"].startswith("none" if stamps == "nan" else "1 of unknown length: at ")


@pytest.mark.slow
def test_inspect_tells_the_chunks_and_the_unit_of_a_stream_that_was_silent_at_first(
    odd_amplifier, capsys
):
    source = odd_amplifier(silent=1.5, chunk=16, units=None, scale=1e-6, format="double64")
    _, said, _ = inspected(capsys, source, "--json", "--seconds", "4.5")
    told = json.loads(said)
    assert told["chunk"].startswith("16 samples at once, every 6")
    assert told["real_rate"] == pytest.approx(250.0, rel=0.01)
    assert any("less than any amplifier's noise" in text for text in told["assumptions"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"silent": 3.0}, {"silent": 3.0, "chunk": 100}, {"chunk": 500}], ids=str
)
def test_inspect_hears_as_much_as_it_is_asked_for(odd_amplifier, capsys, settings):
    source = odd_amplifier(**settings)
    _, said, _ = inspected(capsys, source, "--json", "--seconds", "3")
    assert json.loads(said)["seconds"] >= 3.0
    assert "and then no more" not in said


@pytest.mark.slow
def test_inspect_says_how_much_it_heard_of_a_stream_that_falls_silent(odd_amplifier, capsys):
    source = odd_amplifier(seconds=3.0, stays=20.0)
    _, said, _ = inspected(capsys, source, "--seconds", "6")
    assert re.search(r"Samples came for [0-3]\.\d s only, and then no more", said)


@pytest.mark.slow
def test_inspect_tells_a_rate_that_changes_meanwhile(odd_amplifier, tmp_path, capsys):
    once = tmp_path / "now"
    once.touch()
    source = odd_amplifier(silent=1.5, rate=250.0, later_rate=200.0, once=str(once))
    _, said, _ = inspected(capsys, source, "--seconds", "3.5")
    assert "The stream sends 200 samples a second, but the filters were made for 250" in said


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("not there.edf", "there is no such file"),
        ("Nobody's amplifier", "no such stream within"),
        ("folder", "is a folder"),
    ],
)
def test_what_cannot_be_inspected_is_one_sentence(tmp_path, monkeypatch, capsys, what, sentence):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    status, said, errors = inspected(capsys, what)
    assert (status, said) == (2, "")
    assert sentence in errors
    assert len(errors.splitlines()) == 1


def test_the_table_of_inputs_has_forty_kinds_and_more():
    done = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "kind":
                name, what = (getattr(argument, "value", None) for argument in call.args)
                if isinstance(name, str):
                    done[name] = what
    assert len(done) >= 40
    assert set(done.values()) == {"read", "corrected", "refused"}
