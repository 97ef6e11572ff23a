"""How much of a bar's height the usual training uses, of people whom nobody here simulated."""

from __future__ import annotations

from pathlib import Path

import pytest

from psychopy_nfb.bench.display import _samples, bar_use, turns
from psychopy_nfb.cli import main

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
PEOPLE = [SHARED / "rest8" / f"person{number}_rest.edf" for number in range(1, 9)]


@pytest.mark.skipif(not PEOPLE[0].exists(), reason="no resting EEG beside the checkout")
def test_a_bar_lives_in_the_middle_of_its_height_for_seven_people_of_eight():
    held = [bar_use(*_samples(str(person)))["held"] for person in PEOPLE]
    assert sum(held) >= 7, held


def test_a_simulated_person_moves_the_bar_and_little_of_it_is_at_its_ends(capsys):
    assert main(["bench", "display"]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line.split() for line in lines if line.split()[:1] == ["simulator"])
    empty, full, median, turning = map(float, row[1:5])
    assert empty <= 8
    assert full <= 8
    assert 30 <= median <= 70
    assert 2 < turning < 6


def test_a_recording_without_the_channel_is_one_sentence(tmp_path, capsys):
    assert main(["bench", "display", str(tmp_path / "none.edf")]) == 2
    assert "none.edf" in capsys.readouterr().err


def test_turns_are_counted_and_wiggles_are_not():
    rising_and_falling = [0.1, 0.5, 0.9, 0.88, 0.4, 0.1, 0.13, 0.7]
    assert turns(rising_and_falling) == 2
    assert turns([0.5, 0.52, 0.5, 0.53]) == 0
