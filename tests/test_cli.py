"""The command line as a person in a lab meets it: every mistake is one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.io

from psychopy_nfb import __version__
from psychopy_nfb.cli import COMMANDS
from psychopy_nfb.lsl.outlet import make_outlet

HELP_SECONDS = 5.0
"""Answers come in 0.3 s; the rest is for a busy machine."""


def run(*arguments, start=("-m", "psychopy_nfb.cli"), display=True, seconds=60):
    """Run one command to its end, without a display if one would betray a window."""
    hidden = () if display else ("DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def refusal(command, *arguments):
    """Return the one sentence with which a command refuses to start."""
    done = run(command, *arguments, display=False)
    lines = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    said = f"psychopy-nfb {command}: "
    assert lines[0].startswith(said)
    assert lines[0].endswith(".")
    return lines[0].removeprefix(said)


@pytest.fixture
def demo(tmp_path):
    """Return what a demo with a mistake says; its files, if any, go to a folder of the test."""
    return lambda *arguments: refusal("demo", "--out", tmp_path / "out", *arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="only X11 has no display without DISPLAY")
def test_a_demo_without_mistake_does_need_the_display_that_the_others_lack(tmp_path):
    done = run("demo", "--out", tmp_path, "--seconds", "15", display=False)
    assert done.returncode != 0
    assert "display" in done.stderr.lower()


@pytest.mark.parametrize("command", ["demo", "replay"])
def test_a_recording_that_is_not_there(command, tmp_path):
    path = tmp_path / "nowhere.xdf"
    option = ["--replay"] if command == "demo" else []
    said = refusal(command, *option, path)
    assert said == f"file='{path}': there is no such file."


def test_a_text_that_calls_itself_a_recording(tmp_path):
    pytest.importorskip("pyxdf")
    path = tmp_path / "notes.xdf"
    path.write_text("Participant was tired.\n")
    said = refusal("replay", path)
    assert said.startswith(f"file='{path}': cannot be read (")
    assert "<_io" not in said  # Python's own words for an open file


def test_half_a_recording(tmp_path):
    pytest.importorskip("mne")
    path = tmp_path / "half.set"
    scipy.io.savemat(path, {"EEG": {"data": np.ones((4, 500))}}, appendmat=False)
    os.truncate(path, path.stat().st_size // 2)
    assert refusal("replay", path).startswith(f"file='{path}': cannot be read (")


def test_a_folder_for_the_files_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("in the way")
    said = refusal("demo", "--out", tmp_path / "file")
    assert said.startswith(f"out='{tmp_path / 'file'}': cannot be written (")
    assert "; choose a folder" in said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "file='{path}': cannot be read: No such file or directory."),
        ("{'band': 1}", "file='{path}': is not valid JSON (Expecting property name"),
        ('{"bands": [8, 12]}', "bands=[8, 12]: is not a setting; Known: stream, pipeline, "),
        (
            '{"protocol": {"treshold": 1}}',
            "protocol.treshold=1: is not a setting; did you mean 'threshold'?",
        ),
    ],
    ids=["missing", "no JSON", "unknown", "misspelt"],
)
def test_a_settings_file_with_a_mistake(demo, tmp_path, content, sentence):
    path = tmp_path / "training.json"
    if content is not None:
        path.write_text(content)
    assert demo("--settings", path).startswith(sentence.replace("{path}", str(path)))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--channel", "Qz"), r"\S*channels?='Qz': the stream has no such channel; it has Fp1, .*"),
        (("--band", 200, 300), r"\S*band=300\.0: must lie below 125 Hz, half of the stream's .*"),
        (("--seconds", 1), r"seconds=1\.0: must be at least \d+ s\."),
    ],
)
def test_a_demo_that_cannot_be(demo, arguments, sentence):
    assert re.fullmatch(sentence, demo(*arguments))


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--rate", "5", "rate=5.0: must be at least 50 Hz and at most 20000 Hz."),
        ("--rate", "nan", "rate=nan: must be a finite number."),
        ("--channels", "Oz,Oz", "channels=('Oz', 'Oz'): must be labels that all differ."),
        ("--spoil", "nan:1:9:Qz", "spoil='Qz': the stream has no such channel; it has Fp1, "),
        ("--chunk", "0", "chunk=0: must be at least 1 and at most 15000."),
        ("--name", "", "name='': "),
    ],
)
def test_a_simulator_that_cannot_be(option, value, sentence):
    assert refusal("simulate", "--seconds", "1", option, value).startswith(sentence)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["demmo"], "invalid choice: 'demmo' (choose from"),
        (["demo", "--chanel", "Oz"], "unrecognized arguments: --chanel Oz"),
        (["simulate", "--units", "mV"], "unrecognized arguments: --units mV"),
        (["simulate", "--rate", "fast"], "argument --rate: invalid float value: 'fast'"),
        ([], "the following arguments are required: command"),
    ],
)
def test_what_the_parser_refuses(arguments, complaint):
    done = run(*arguments, display=False)
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_no_streams_says_how_to_go_on(monkeypatch, tmp_path, unique_id):
    alone = tmp_path / "lsl_api.cfg"  # not even streams of other tests
    alone.write_text(f"[lab]\nSessionID = {unique_id}\n[log]\nlevel = -2\n", encoding="utf-8")
    monkeypatch.setenv("LSLAPICFG", str(alone))
    done = run("streams", "--timeout", "0.5")
    assert done.returncode == 1
    assert done.stdout.startswith("No LSL stream answered within 0.5 s.")
    assert "psychopy-nfb simulate" in done.stdout
    assert done.stderr == ""


def test_streams_that_are_there_are_listed(unique_id):
    outlet = make_outlet("Amp", "EEG", ["Cz", "Oz"], 250, source_id=unique_id)
    done = run("streams", "--timeout", "2")
    del outlet
    assert done.returncode == 0
    assert re.search(rf"^Amp +EEG +2 +250 Hz +float32 +{unique_id} ", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_quick_and_loads_nothing_heavy(command):
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from psychopy_nfb.cli import main\n"
        "main(sys.argv[1:])"
    )
    before = time.monotonic()
    done = run(command, "--help", start=["-c", code])
    assert time.monotonic() - before < HELP_SECONDS
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: psychopy-nfb {command} ")
    loaded = done.stderr.split()
    assert COMMANDS[command][0] in loaded
    heavy = {name.split(".")[0] for name in loaded} & {"scipy", "psychopy", "mne", "pandas"}
    assert heavy <= ({"scipy"} if command == "simulate" else set())  # its defaults are the model's


def test_version_is_the_package_s():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"psychopy-nfb {__version__}\n")
