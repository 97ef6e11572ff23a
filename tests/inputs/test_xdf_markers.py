"""Where the markers of an .xdf file come from, and on which samples they lie."""

from __future__ import annotations

import re

import numpy as np
import pytest
from odd_files import LABELS, RATE, XdfStream, channels, eeg, notes, write_xdf

SECONDS = 60.0
STEADY = 5000.0 + np.arange(round(SECONDS * RATE)) / RATE
MARKS = {1280: "open", 3840: "closed", 6400: "open"}


@pytest.mark.kind("stamps with a jitter of 5 to 20 ms", "corrected")
@pytest.mark.parametrize("jitter", [0.005, 0.02])
def test_markers_lie_right_whatever_the_jitter_of_the_stamps(read, tmp_path, jitter):
    samples = eeg(SECONDS)
    random = np.random.default_rng(5)
    stamps = STEADY + random.normal(0, jitter, len(STEADY))
    stamps[5000:] += 3.0
    steady = STEADY.copy()
    steady[5000:] += 3.0
    amplifier = XdfStream(samples, stamps, channels=channels())
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier, notes(MARKS, steady)))
    places = [row for row, _ in recording.markers]
    assert np.abs(np.array(places) - list(MARKS)).max() <= 1
    ((row, missing),) = recording.gaps
    assert row == 5000
    assert missing == pytest.approx(3.0, abs=6 * jitter)
    (said,) = recording.assumptions
    told = re.match(r"Half of the stamps are more than (\d+) ms early or late \(jitter\)", said)
    assert float(told[1]) == pytest.approx(674 * jitter, abs=1)  # of a normal distribution


@pytest.mark.kind("stamps that lose a few samples every ten seconds", "read")
def test_samples_that_are_lost_now_and_then_are_no_jitter(read, tmp_path):
    stamps = STEADY + np.floor(np.arange(len(STEADY)) / 1280) * 0.02
    amplifier = XdfStream(eeg(SECONDS), stamps, channels=channels())
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier, notes(MARKS, stamps)))
    assert recording.markers == tuple(MARKS.items())
    assert not any("jitter" in said for said in recording.assumptions)


def with_codes():
    """Return an EEG stream whose last channel holds trigger codes."""
    samples = np.c_[eeg(SECONDS), np.zeros(len(STEADY))]
    for row, code in ((1000, 5), (3000, 7), (5000, 9)):
        samples[row : row + 10, -1] = code
    described = channels([*LABELS, "TRIGGER"], kind=["EEG"] * 3 + ["trigger"])
    return XdfStream(samples, STEADY, channels=described)


@pytest.mark.kind("codes in a trigger channel of an .xdf", "read")
def test_codes_of_a_trigger_channel_are_markers(read, tmp_path):
    recording = read(write_xdf(tmp_path / "odd.xdf", with_codes()))
    assert recording.markers == ((1000, "5"), (3000, "7"), (5000, "9"))
    assert "3 markers of the trigger channel TRIGGER were read, where a code begins." in (
        recording.assumptions
    )


@pytest.mark.kind("codes in a trigger channel beside a stream of markers", "corrected")
def test_beside_a_stream_of_markers_codes_are_told_and_not_read(read, tmp_path):
    recording = read(write_xdf(tmp_path / "odd.xdf", with_codes(), notes(MARKS, STEADY)))
    assert recording.markers == tuple(MARKS.items())
    assert recording.assumptions[-1] == (
        "The markers are those of the marker streams; the codes of the trigger channels, 3 of "
        "them, are not read as markers."
    )
