"""A small, counted part of what ``python -m tests.faults.fuzz`` tries."""

from __future__ import annotations

import random
from collections import Counter

import pytest
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
