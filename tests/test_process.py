"""Processes of the package: no window of theirs opens, output in any encoding, end with parent."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import threading
from pathlib import Path

import pylsl
import pytest

import psychopy_nfb
from psychopy_nfb.lsl.find import is_remote, network_remedy
from psychopy_nfb.process import CREATION_FLAGS, guard

PACKAGE = Path(psychopy_nfb.__file__).parent
ENCODINGS = ["ascii", "cp437", "cp932", "cp1252"]


def starts_of_processes():
    """Yield where the package starts a process, and with which options."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {
                f"subprocess.{name}" for name in ("Popen", "run", "call", "check_output")
            }:
                options = {word.arg: ast.unparse(word.value) for word in node.keywords}
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", options


def test_every_process_is_started_without_a_console_window():
    starts = dict(starts_of_processes())
    assert len(starts) > 8
    assert [
        place for place, of in starts.items() if of.get("creationflags") != "CREATION_FLAGS"
    ] == []
    assert CREATION_FLAGS == getattr(subprocess, "CREATE_NO_WINDOW", 0)


def test_what_a_process_says_is_read_in_a_stated_encoding():
    starts = starts_of_processes()
    assert [place for place, of in starts if of.get("text") or of.get("universal_newlines")] == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_pipe_in_any_encoding_takes_what_a_command_prints(encoding, unique_id):
    """A name with Greek, Japanese and German letters, which no code page has all of."""
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("µ → 脳 Ü", "EEG", 1, 100, "float32", unique_id))
    done = subprocess.run(
        [sys.executable, "-m", "psychopy_nfb.cli", "streams", "--timeout", "2"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    del outlet
    assert done.stderr == b""
    assert done.returncode == 0
    row = next(line for line in done.stdout.decode(encoding).splitlines() if unique_id in line)
    plain = {"µ": "u", "→": "->"}
    name = "".join(
        letter if letter.encode(encoding, "ignore") else plain.get(letter, "?")
        for letter in "µ → 脳 Ü"
    )
    assert row.startswith(f"{name} ")


def test_the_guard_notices_that_a_process_has_ended_and_not_before():
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    gone = threading.Event()
    guard(process.pid, gone.set)
    assert not gone.wait(1.0)
    process.stdin.close()  # it ends, and stays a zombie: nobody waits for it
    assert gone.wait(5.0)
    process.wait()


def test_a_machine_s_name_knows_no_case(unique_id, monkeypatch):
    info = pylsl.StreamInfo("Amp", "EEG", 1, 100, "float32", unique_id)
    outlet = pylsl.StreamOutlet(info)
    found = pylsl.resolve_byprop("source_id", unique_id, timeout=10)[0]
    assert not is_remote(found)
    changed = found.hostname().swapcase()
    monkeypatch.setattr("socket.gethostname", lambda: changed)
    assert not is_remote(found)
    monkeypatch.setattr("socket.gethostname", lambda: f"{changed}2")
    assert is_remote(found)
    del outlet


def test_macos_asks_for_a_permission_that_is_named():
    assert "Privacy & Security > Local Network" in network_remedy("darwin")
    assert "Local Network" not in network_remedy("win32")
