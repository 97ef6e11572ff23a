"""The command line as a person in a lab meets it: every mistake is one sentence."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

import numpy as np
import psutil
import pylsl
import pytest
import scipy.io

from psychopy_nfb import __version__
from psychopy_nfb.cli import COMMANDS, _parser, main
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.recording import read_session

KEPT = ("eeg.xdf", "events.json", "events.tsv", "frames.csv", "frames.json", "nfb.json")


def run(*arguments, how=("-m", "psychopy_nfb"), display=True, seconds=60):
    """Run one command to its end, without a display if one would betray a window."""
    hidden = () if display else ("DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, *how, *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def start(*arguments):
    """Start one command in a process group of its own, as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "psychopy_nfb", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def refusal(command, *arguments):
    """Return the one sentence with which a command refuses to start, where there is no display.

    It runs in this process, which has what takes a second to import already.
    """
    hidden = {name: one for name, one in os.environ.items() if "DISPLAY" not in name}
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        mock.patch.dict(os.environ, hidden, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = main([command, *map(str, arguments)])
    said, complaint = (one.detach().getvalue().decode("utf-8") for one in (out, err))
    lines = complaint.splitlines()
    assert status == 2, complaint
    assert len(lines) == 1, complaint
    assert said == ""
    begin = f"psychopy-nfb {command}: "
    assert lines[0].startswith(begin)
    assert lines[0].endswith((".", "?"))
    return lines[0].removeprefix(begin)


def alpha_in_noise(path):
    """Write four minutes of alpha in noise for EEGLAB."""
    rng = np.random.default_rng(1)
    samples = rng.standard_normal((2, 60_000)) + np.sin(2 * np.pi * 10 / 250 * np.arange(60_000))
    names = [{"labels": "Cz"}, {"labels": "Oz"}]
    eeg = {"data": samples, "srate": 250.0, "nbchan": 2, "trials": 1, "pnts": 60_000, "xmin": 0.0}
    eeg |= {"xmax": 240.0, "setname": "noise", "chanlocs": names, "event": [], "epoch": []}
    scipy.io.savemat(path, {"EEG": eeg}, appendmat=False)
    return path


@pytest.fixture
def demo(tmp_path):
    """Return what a demo with a mistake says; its files, if any, go to a folder of the test."""
    return lambda *arguments: refusal("demo", "--out", tmp_path / "out", *arguments)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only X11 has no display without DISPLAY")
@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--seconds", 15, "--out"),
        ("selftest", "--seconds", 15, "--out"),
        ("bench", "all", "--seconds", 5, "--out"),
        *(("bench", what, "--seconds", 5, "--out") for what in ("loop", "console", "designs")),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_what_opens_a_window_says_in_one_sentence_that_a_screen_is_needed(arguments, tmp_path):
    done = run(*arguments, tmp_path, display=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    command = arguments[0]
    assert done.stderr.startswith(f"psychopy-nfb {command}: display=None: a screen is needed, ")
    assert "over SSH set DISPLAY" in done.stderr
    assert list(tmp_path.glob("*_eeg.xdf")) == []  # nothing has run


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
    assert said.startswith(f"out='{tmp_path / 'file'}': is a file; name a folder.")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "file='{path}': cannot be read: No such file or directory."),
        ("{'band': 1}", "file='{path}': is not valid JSON (Expecting property name"),
        ('{"bands": [8, 12]}', "bands=[8, 12]: is not a setting; Known: stream, signals, "),
        (
            '{"signals": {"alpha": {"treshold": 1}}}',
            "signals.alpha.treshold=1: is not a setting; did you mean 'threshold'?",
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
        (("--channel", "Qz"), r"channel='Qz': there is no such channel; there are Fp1, .*"),
        (("--band", 200, 300), r"\S*band=300\.0: must lie below 125 Hz, half of the stream's .*"),
        (("--seconds", 1), r"seconds=1\.0: must be at least \d+ s\."),
        (("--delay", 2000), r"delay=2000\.0: must be at most 1000 ms; did you mean 2 ms\?"),
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
        ("--channels", "64", "channels='64': must be labels, separated by commas: Fz,Cz,Oz."),
        ("--spoil", "nan:1:9:Qz", "spoil='Qz': there is no such channel; there are Fp1, "),
        ("--chunk", "0", "chunk=0: must be at least 1 and at most 15000."),
        ("--name", "", "name='': "),
    ],
)
def test_a_simulator_that_cannot_be(option, value, sentence):
    assert refusal("simulate", "--seconds", "1", option, value).startswith(sentence)


def test_a_simulator_whose_rate_holds_no_mains_leaves_it_out_and_says_so(unique_id):
    named = ("--name", unique_id)
    done = run("simulate", "--rate", "100", "--seconds", "0.5", *named, display=False)
    assert done.returncode == 0
    said = done.stderr.splitlines()
    assert said[0] == "Mains noise is left out: 100 samples a second hold no rhythm of 50 Hz."
    said = refusal("simulate", "--rate", "100", "--line-frequency", "50", *named)
    assert said.startswith("line_frequency=50.0: must be ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["demmo"], "invalid choice: 'demmo' (choose from"),
        (["demo", "--chanel", "Oz"], "unrecognized arguments: --chanel Oz"),
        (["simulate", "--units", "mV"], "unrecognized arguments: --units mV"),
        (["simulate", "--rate", "fast"], "argument --rate: invalid float value: 'fast'"),
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


def test_help_loads_nothing_heavy():
    code = (
        "import json, sys\n"
        "from psychopy_nfb.cli import main\n"
        "for command in sys.argv[1:]:\n"
        "    try:\n"
        "        main([command, '--help'])\n"
        "    except SystemExit as end:\n"
        "        json.dump([command, end.code, list(sys.modules)], sys.stderr)\n"
        "        print(file=sys.stderr)\n"
    )
    commands = sorted(
        COMMANDS, key="simulate".__eq__
    )  # its defaults are the model's, which is last
    done = run(*commands, how=["-c", code])
    assert re.findall(r"^usage: psychopy-nfb (\S+) ", done.stdout, re.MULTILINE) == commands
    for line, expected in zip(done.stderr.splitlines(), commands, strict=True):
        command, status, loaded = json.loads(line)
        assert (command, status) == (expected, 0)
        assert COMMANDS[command].module in loaded
        heavy = {name.split(".")[0] for name in loaded} & {"scipy", "psychopy", "mne", "pandas"}
        assert heavy <= ({"scipy"} if command == "simulate" else set()), command


def test_without_a_command_it_says_what_it_is_and_lists_the_commands():
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith(f"psychopy-nfb {__version__}: EEG neurofeedback in PsychoPy")
    for name, about in COMMANDS.items():
        summary = r"\s+".join(map(re.escape, about.summary.split()))  # a long one is broken
        assert re.search(rf"^ +{name}\s+{summary}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_option_and_its_example_is_one(command):
    program, *arguments = shlex.split(COMMANDS[command].example)
    parser = _parser(command)
    assert program == "psychopy-nfb"
    assert parser.parse_args(arguments).command == command
    (commands,) = (one for one in parser._actions if one.dest == "command")
    for option in commands.choices[command]._actions:
        assert option.help, option.dest
        if option.type in (int, float) and option.dest != "until_process_ends":
            number = "default" in option.help or option.default is None
            assert number, f"{option.dest}: its default is not told"
    shown = commands.choices[command].format_help()
    assert shown.endswith(f"example:\n  {COMMANDS[command].example}\n")


@pytest.fixture
def brain(unique_id):
    """Simulate an amplifier called Brain until the test ends."""
    process = start("simulate", "--channels", "Cz,Oz", "--name", "Brain", "--source-id", unique_id)
    yield process
    process.kill()
    process.communicate()


def test_simulate_says_what_is_on_lsl_and_how_to_end_it(brain, unique_id):
    said = [brain.stdout.readline() for _ in range(8)]
    assert said[0] == "On LSL now:\n"
    assert re.match(rf"  Brain +EEG +2 +250 Hz +float32 +{unique_id} ", said[2])
    assert [line.split()[0] for line in said[3:5]] == ["BrainTruth", "BrainMarkers"]
    assert said[5] == "Channels of Brain: Cz, Oz\n"
    assert json.loads(f"{{{said[6].split(':', 1)[1]}}}") == {"stream": {"source_id": unique_id}}
    assert unique_id in said[7]
    assert brain.stdout.readline() == "The streams stay until you press Ctrl-C in this window.\n"
    assert pylsl.resolve_byprop("source_id", unique_id, timeout=5.0)


@pytest.mark.skipif(os.name != "posix", reason="no other process can press Ctrl-C on this system")
def test_ctrl_c_ends_a_simulation(brain):
    assert any("The streams stay" in line for line in brain.stdout)
    brain.send_signal(signal.SIGINT)
    rest, errors = brain.communicate(timeout=10)
    assert (brain.returncode, rest) == (0, "")
    assert re.fullmatch(
        r"Brain: ended after \d+\.\d s. Its streams are no longer on LSL.\n", errors
    )


def test_a_second_stream_that_could_not_be_told_from_the_first_is_refused(unique_id, tmp_path):
    recording = alpha_in_noise(tmp_path / "noise.set")
    first = start("simulate", "--name", unique_id)
    try:
        assert first.stdout.readline() == "On LSL now:\n"
        for command in (["simulate"], ["replay", recording]):
            assert refusal(*command, "--name", unique_id) == (
                f"name='{unique_id}': a stream of this name from this computer is on LSL already; "
                "end the program that sends it, or give this one another --name."
            )
    finally:
        first.kill()
        first.communicate()


@pytest.mark.skipif(os.name != "posix", reason="the signal goes to a POSIX process group")
def test_ctrl_c_in_a_command_that_has_written_nothing(tmp_path):
    path = alpha_in_noise(tmp_path / "noise.set")
    process = start("tune", path, "--channel", "Oz", "--own-peak", "--out", tmp_path / "out")
    assert process.stdout.readline().startswith("Own peak: 10.0")
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert errors == "\nStopped by Ctrl-C. No file was written.\n"


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.skipif(os.name != "posix", reason="the signal goes to a POSIX process group")
@pytest.mark.parametrize("command", ["demo", "selftest"])
def test_ctrl_c_names_the_files_that_were_kept(command, tmp_path, until):
    process = start(command, "--seconds", "60", "--out", tmp_path)
    frames = tmp_path / f"sub-01_ses-01_task-{command}_run-01_frames.csv"
    until(lambda: frames.exists() and frames.stat().st_size > 5000, 90, "frames in the log")
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2  # simulator and worker
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    stem = frames.name.removesuffix("_frames.csv")
    kept = [tmp_path / f"{stem}_{ending}" for ending in KEPT]
    named = "".join(f"  {one}\n" for one in kept)
    assert errors.endswith(f"\nStopped by Ctrl-C. Files kept:\n{named}")
    assert read_session(tmp_path / stem).settings["ended"] == "stopped"
    assert not any(child.is_running() for child in children)


def test_a_missing_package_and_a_missing_permission_are_one_sentence(monkeypatch, capsys):
    def missing(_):
        raise ModuleNotFoundError("No module named 'mne'", name="mne")

    monkeypatch.setattr("psychopy_nfb.lsl.streams.main", missing)
    assert main(["streams"]) == 2
    assert (
        capsys.readouterr().err == "psychopy-nfb streams: needs the package mne: pip install mne\n"
    )

    def forbidden(_):
        raise PermissionError(errno.EACCES, "Permission denied", "session.csv")

    monkeypatch.setattr("psychopy_nfb.lsl.streams.main", forbidden)
    assert main(["streams"]) == 1
    assert capsys.readouterr().err == "psychopy-nfb streams: session.csv: Permission denied.\n"


def test_version_is_the_package_s():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"psychopy-nfb {__version__}\n")
