"""A small simulated study by its command; the whole one is a campaign."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).with_name("campaign.py")


def run(*arguments, seconds, **keywords):
    command = [sys.executable, str(CAMPAIGN), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, **keywords
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "broken"), [(1, 2), pytest.param(2, 3, marks=pytest.mark.campaign)]
)
def test_row_122_a_small_study_loses_nothing_and_tells_nothing(alone, tmp_path, people, broken):
    sizes = ("--people", people, "--sessions", 3, "--broken", broken)
    said = run("--seed", 1, *sizes, "--keep", tmp_path, seconds=900, env=alone())
    assert said[-1].endswith("all as it must be")
    assert [line[:6] for line in said[:-1]] == ["ok    "] * (len(said) - 1)
    assert len(said) >= 10


@pytest.mark.campaign
def test_row_124_a_whole_study_gives_back_what_was_planted(alone, tmp_path):
    said = run("--seed", 1, "--keep", tmp_path, seconds=4 * 3600, env=alone())
    assert said[-1].startswith("seed 1: 40 people, 240 sessions, 8 of them killed or interrupted")
