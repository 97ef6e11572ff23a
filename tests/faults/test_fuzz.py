"""A small, counted part of what ``python -m tests.faults.fuzz`` tries."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hostile_commands import HostileCommands
from hostile_files import HostileFiles
from hostile_inputs import RATES, hostile_settings, use_settings

pytest.importorskip("pyxdf")
pytest.importorskip("mne")


@pytest.mark.parametrize("seed", range(4))
def test_any_settings_are_used_or_refused_in_a_sentence(seed):
    choice = random.Random(seed)
    found = Counter(use_settings(hostile_settings(choice), choice.choice(RATES)) for _ in range(50))
    assert set(found) <= {"done", "refused"}, found
    assert found["refused"] > 5


def test_any_file_is_read_or_refused_in_a_sentence(tmp_path):
    choice = random.Random(1)
    files = HostileFiles(tmp_path)
    found = Counter()
    for name in files.names * 4:
        said = files.read_damaged(name, choice)
        found[said if said in ("done", "refused") else f"{name}: {said}"] += 1
    assert set(found) == {"done", "refused"}, found
    assert found["refused"] > 20


def test_a_command_on_a_spoilt_recording_ends_as_done_or_in_a_sentence(tmp_path):
    choice = random.Random(3)
    commands = HostileCommands(tmp_path, tmp_path / "none")
    found = Counter(commands.run("inspect", choice) for _ in range(20))
    assert set(found) == {"done", "refused"}, found
