"""What the manual tells people to type works: scripts, settings and commands."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from manual import GUIDE, ROOT, blocks

from psychopy_nfb import (
    Configuration,
    Pipeline,
    Reward,
    Signal,
    StreamSelection,
    read_configuration,
    read_session,
)
from psychopy_nfb.cli import COMMANDS, _parser
from psychopy_nfb.display.frame_log import MARKS_BETWEEN
from psychopy_nfb.dsp import Flags, Step, load_steps
from psychopy_nfb.protocol.thresholds import ThresholdRule
from psychopy_nfb.settings import from_dict

STEM = "sub-01_ses-01_task-alpha_run-01"
"""What the session is called in the manual."""
SECTIONS = {"stream", "signals", "reward", "pipeline"}
"""Settings that are sections of the page, not rows of its tables."""
OWN = "own_parts"
"""A page whose blocks need each other; they are run together, in test_own_parts.py."""
SCRIPTS = [block for block in blocks("python") if block.page != OWN]
ON_SCREEN = [block for block in SCRIPTS if "visual.Window" in block.code and not block.why_not]
AFTERWARDS = [block for block in SCRIPTS if "visual.Window" not in block.code and not block.why_not]
MINIMAL = (ROOT / "experiments" / "minimal.py").read_text(encoding="utf-8")


def run(code, folder):
    """Run a script with its waits shortened; a baseline takes 5 s, all else a moment."""
    code = re.sub(r"frames\(seconds=\d+\)", "frames(seconds=5)", code, count=1)
    code = re.sub(r"frames\(seconds=\d\d+\)", "frames(seconds=1)", code)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def session(tmp_path_factory, alone):
    """Return a folder with ``data/`` as the manual has it, made by its own first script."""
    folder = tmp_path_factory.mktemp("reader")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSLAPICFG", alone()["LSLAPICFG"])
        simulator = subprocess.Popen(
            [sys.executable, "-m", "psychopy_nfb.simulate.simulator", "--seconds", "120"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            run(MINIMAL.replace('data="data"', 'data="data", task="alpha"'), folder)
        finally:
            simulator.kill()
            simulator.wait()
    assert (folder / "data" / f"{STEM}_nfb.json").is_file()
    return folder


def test_the_first_script_is_the_same_everywhere():
    first = [block.code for block in SCRIPTS if "alpha at the back of the head" in block.code]
    assert first == [MINIMAL, MINIMAL]  # README and manual


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.usefixtures("lsl_alone")
@pytest.mark.parametrize("block", [block for block in ON_SCREEN if block.code != MINIMAL], ids=str)
def test_scripts_on_the_screen_run(block, amplifier, tmp_path):
    amplifier()
    run(block.code, tmp_path)
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    kept = read_session(settings)
    assert kept.settings["ended"] == "stopped"
    told = kept.events.value.dropna().str.cat(sep=MARKS_BETWEEN).split(MARKS_BETWEEN)
    named = re.findall(r'nfb\.(?:block|mark)\("([^"]+)"', block.code)
    assert named
    assert set(named) <= set(told)


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.parametrize("block", AFTERWARDS, ids=str)
def test_scripts_for_afterwards_run(block, session, monkeypatch, capsys):
    monkeypatch.chdir(session)
    exec(compile(block.code, str(block), "exec"), {})
    said = capsys.readouterr().out
    for printed, expected in re.findall(r"print\((.+)\)  # (.+)", block.code):
        assert expected in said, printed


@pytest.mark.parametrize("block", [block for block in SCRIPTS if block.why_not], ids=str)
def test_scripts_that_need_more_than_a_computer_are_python_with_names_that_exist(block):
    assert re.match(r"(waits for|needs) ", block.why_not)
    compile(block.code, str(block), "exec")
    imports = re.findall(
        r"^from psychopy_nfb\S* import (?:\([^)]*\)|.*)$", block.code, re.MULTILINE
    )
    assert imports
    exec("\n".join(imports), {})


@pytest.mark.parametrize("block", [one for one in blocks("json") if one.page != OWN], ids=str)
def test_settings_can_be_used(block):
    settings = json.loads(block.code)
    if "signals" in settings:
        signals = read_configuration(settings).signals.values()
        assert all(signal.pipeline.steps for signal in signals)
    else:
        assert from_dict(Pipeline, settings).steps


def test_every_setting_and_flag_is_told():
    settings = (GUIDE / "settings.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", settings))
    rules = ThresholdRule.family
    assert rules.keys() <= told
    for kind in (Configuration, StreamSelection, Signal, Reward, *rules.values()):
        assert {one.name for one in dataclasses.fields(kind)} - SECTIONS <= told
    artifacts = (GUIDE / "artifacts.md").read_text(encoding="utf-8")
    flags = dict(re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", artifacts, re.MULTILINE))
    assert {str(int(flag)): flag.name for flag in Flags}.items() <= flags.items()
    load_steps()
    steps = set(Step.family) - {"Repair", "Burn"}
    assert steps <= told


COMMAND_LINES = [
    (str(block), line)
    for block in blocks("bash")
    for line in block.code.splitlines()
    if line.startswith("psychopy-nfb")
]


@pytest.mark.parametrize(("block", "line"), COMMAND_LINES)
def test_commands_have_these_options(block, line):
    words = shlex.split(line, comments=True)[1:]
    assert words[0] in COMMANDS
    _parser(words[0]).parse_args(words)  # ends the test if it does not know one


def test_commands_in_the_text_exist_too():
    named = set()
    for path in GUIDE.glob("*.md"):
        named |= set(re.findall(r"`psychopy-nfb ([a-z-]+)", path.read_text(encoding="utf-8")))
    assert named <= set(COMMANDS)
    assert named >= {"report", "tune", "check", "photodiode", "selftest"}


def test_scripts_of_the_checkout_exist():
    for block in blocks("bash", "text"):
        for path in re.findall(r"^bash (\S+)", block.code, re.MULTILINE):
            assert (ROOT / path).is_file(), path


@pytest.mark.display
@pytest.mark.slow
def test_r_finds_the_columns_that_the_manual_names(session):
    (block,) = blocks("r")
    frames = pd.read_csv(session / "data" / f"{STEM}_frames.csv")
    events = pd.read_csv(session / "data" / f"{STEM}_events.tsv", sep="\t")
    made = {"lag_ms"}
    named = set(re.findall(r"frames\$(\w+)|training\$(\w+)", block.code))
    assert {one for pair in named for one in pair if one} - made <= set(frames)
    assert {"block", "flags", "trained_z"} <= set(frames)
    assert {"trial_type", "onset", "value"} <= set(events)
    if shutil.which("Rscript"):
        subprocess.run(["Rscript", "-e", block.code], cwd=session, check=True, timeout=60)
