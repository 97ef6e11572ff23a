"""The rig of all tests: LSL kept on this machine, a virtual display, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import psutil
import pytest

SHARED_MEMORY = Path("/dev/shm")  # only Linux shows its blocks as files
SESSION_MARK = "PSYCHOPY_NFB_TEST_SESSION"
"""In the environment of every process that the tests start: whose it is."""
TURNS_FOLDER = "PSYCHOPY_NFB_TEST_TURNS"
"""In the environment of processes that share the tests: where the locks are."""
ALONE_FILE = "alone"
"""In that folder: the tests that have to be alone, a line each."""
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
GRACE_SECONDS = 5.0
"""How long a background process has to notice that its experiment is gone."""


def pytest_addoption(parser):
    """Let what takes long be run by itself."""
    parser.addoption("--campaign", action="store_true", help="run the campaigns, and these only")


def pytest_configure(config):
    """Set the environment before anything imports pylsl or PsychoPy."""
    config.nfb_folder = tempfile.mkdtemp(prefix="nfb_tests_")
    os.environ[SESSION_MARK] = uuid.uuid4().hex
    os.environ["LSLAPICFG"] = _lsl_settings(config.nfb_folder)
    config.nfb_shared_before = _shared_blocks()
    config.nfb_display = None
    config.nfb_turns = _Turns(config)
    # Tests at once would take the keyboard from each other on one display; the process that only
    # hands tests out shows nothing.
    wants = config.nfb_turns.shared or not os.environ.get("DISPLAY")
    wants = wants and not config.nfb_turns.hands_out
    if sys.platform == "linux" and wants and shutil.which("Xvfb"):
        config.nfb_display = _start_display()


def pytest_unconfigure(config):
    """Stop the virtual display."""
    if getattr(config, "nfb_display", None) is not None:
        config.nfb_display.terminate()
        config.nfb_display.wait()
        del os.environ["DISPLAY"]
    shutil.rmtree(getattr(config, "nfb_folder", ""), ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out files whole, but the tests of a file that have to be alone after those of all files.

    An alone test waits for what the others run, and they for it: among others it costs both times.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        @cached_property
        def _alone(self):
            return config.nfb_turns.told_alone()

        def _split_scope(self, nodeid):
            return f"{super()._split_scope(nodeid)}{' alone' * (nodeid in self._alone)}"

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Let tests that need the machine to themselves run while no other does."""
    with item.config.nfb_turns.turn(_is_alone(item)):
        return (yield)


def _is_alone(item) -> bool:
    """Whether a test needs the machine to itself: it compares times, or counts frames."""
    return item.get_closest_marker("alone") is not None


class _Turns:
    """Who runs a test now, among the processes of one run (pytest -n).

    Two locks on files: who waits for the second holds the first, so that nobody overtakes a test
    that waits to be alone. Without other processes there is nothing to wait for.
    """

    def __init__(self, config):
        self.hands_out = bool(config.getoption("numprocesses", None))  # and runs none itself
        self.shared = hasattr(config, "workerinput")
        if self.hands_out:
            os.environ[TURNS_FOLDER] = config.nfb_folder
            # Threads of one matrix product wait for each other: beside other tests, for minutes.
            os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
        if self.hands_out or self.shared:
            self._folder = Path(os.environ[TURNS_FOLDER])
            self._door, self._room = self._folder / "door", self._folder / "room"
        self._entered = None

    @contextlib.contextmanager
    def turn(self, alone: bool):
        """Wait for this process's turn, and keep it until the context ends."""
        if not self.shared:
            yield
            return
        with open(self._room, "a") as self._entered:
            self._enter(alone)
            yield

    def be_alone(self):
        """Within a turn, wait until nobody else runs a test; it stays so until the turn ends."""
        if self.shared:
            self._enter(alone=True)

    def tell_alone(self, tests: Iterable[str]):
        """Let the process that hands tests out know which have to be alone; it collects none."""
        told = self._folder / f"{ALONE_FILE}_{os.getpid()}"
        told.write_text("\n".join(tests), encoding="utf-8")
        told.replace(self._folder / ALONE_FILE)  # each process that collects tells the same

    def told_alone(self) -> set[str]:
        """Return the tests that have to be alone, once all processes have collected."""
        return set((self._folder / ALONE_FILE).read_text(encoding="utf-8").splitlines())

    def _enter(self, alone: bool):
        import fcntl

        fcntl.flock(self._entered, fcntl.LOCK_UN)
        with open(self._door, "a") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(self._entered, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)


def pytest_collection_modifyitems(config, items):
    """Mark test_row_NNN tests, and leave out what no display can show, and campaigns."""
    wanted = config.getoption("--campaign")
    others = [item for item in items if (item.get_closest_marker("campaign") is None) == wanted]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]
    no_display = sys.platform == "linux" and not os.environ.get("DISPLAY")
    for item in items:
        row = re.match(r"test_row_(\d{3})_", item.name)
        if row:
            item.add_marker(pytest.mark.row(int(row[1])))
        if no_display and item.get_closest_marker("display"):
            item.add_marker(pytest.mark.skip(reason="no display, and no Xvfb to start one"))
    if config.nfb_turns.shared:
        # Those that are to be alone wait for what runs before them: no long test at its end.
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (_is_alone(item), item.path not in slow))
        config.nfb_turns.tell_alone(item.nodeid for item in items if _is_alone(item))


def _lsl_settings(folder: str | os.PathLike) -> str:
    """Write settings for LSL into a folder; return their path.

    LSL shows streams of one session to each other only: no amplifier in the room, no other run. It
    has 32 ports for all streams of a machine, which three experiments at once use up; each session
    has some of its own.
    """
    path = Path(folder, "lsl_api.cfg")
    base_port = 17_000 + 64 * random.randrange(200)
    path.write_text(
        f"[lab]\nSessionID = {uuid.uuid4().hex}\n[multicast]\nResolveScope = machine\n"
        f"[ports]\nBasePort = {base_port}\nPortRange = 64\n"
        "[log]\nlevel = -2\n",
        encoding="utf-8",
    )
    return str(path)


def _start_display() -> subprocess.Popen:
    """Start a virtual display on a free number, with software OpenGL, and point DISPLAY at it."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24"]
    display = subprocess.Popen(
        # Without -noreset the server starts anew whenever its last window closes.
        [*command, "+extension", "GLX", "-noreset", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if not number:
        raise RuntimeError(f"Xvfb ended at once, with status {display.wait()}")
    os.environ["DISPLAY"] = f":{number}"
    os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
    return display


@pytest.fixture
def unique_id() -> str:
    """Return a source_id that no other stream has."""
    return str(uuid.uuid4())


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """Return a function that gives an environment whose processes see no streams but their own."""

    def environment():
        return {**os.environ, "LSLAPICFG": _lsl_settings(tmp_path_factory.mktemp("lsl"))}

    return environment


@pytest.fixture
def lsl_alone(monkeypatch, alone):
    """Let the processes that the test starts see no streams but their own."""
    monkeypatch.setenv("LSLAPICFG", alone()["LSLAPICFG"])


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_behind(request):
    """Fail the run if a background process or a block of shared memory outlives it."""
    yield
    # Alone: what another test has just killed would lie about.
    request.config.nfb_turns.be_alone()
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := _left_behind(request.config.nfb_shared_before)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, f"left behind by the tests: {'; '.join(left)}"


def _left_behind(shared_before: set[str]) -> list[str]:
    left = [f"/dev/shm/{name}" for name in sorted(_shared_blocks() - shared_before) if _ours(name)]
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        ours = re.search(r"psychopy_nfb\.(engine\.(waiting_)?worker|remote\.)", command)
        if ours and _is_of_this_session(process):
            left.append(f"process {process.info['pid']} ({command})")
    return left


def _shared_blocks() -> set[str]:
    if sys.platform != "linux" or not SHARED_MEMORY.is_dir():  # Wine shows what is Linux's
        return set()
    return {path.name for path in SHARED_MEMORY.glob("nfb_*")}


def _ours(block: str) -> bool:
    """Whether nobody else's running experiment made `block`, called nfb_<process id>_<random>."""
    try:
        return _is_of_this_session(psutil.Process(int(block.split("_")[1])))
    except (psutil.NoSuchProcess, ValueError):
        return True


def _is_of_this_session(process: psutil.Process) -> bool:
    if process.pid == os.getpid():
        return True
    try:
        return process.environ().get(SESSION_MARK) == os.environ[SESSION_MARK]
    except psutil.Error:
        return False


class Amplifier:
    """A simulator in a process of its own, that can be stopped and started again."""

    def __init__(self, *arguments):
        self.source_id = f"amp-{uuid.uuid4()}"
        self._arguments = arguments
        self._process = None

    def start(self):
        command = [sys.executable, "-m", "psychopy_nfb.simulate.simulator", "--seconds", "300"]
        command += ["--source-id", self.source_id, *self._arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture
def amplifier():
    """Return a function that starts a simulator with given arguments."""
    running = []

    def start(*arguments):
        amplifier = Amplifier(*arguments)
        amplifier.start()
        running.append(amplifier)
        return amplifier

    yield start
    for amplifier in running:
        amplifier.stop()


@pytest.fixture
def training():
    """Return a function that makes a training without baseline on one stream."""
    from trainings import alpha

    return alpha


@pytest.fixture
def until():
    """Return a function that waits for a condition and fails when it does not come."""

    def wait(condition, seconds, what):
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, f"{what}: not within {seconds} s"
            time.sleep(0.005)

    return wait


@pytest.fixture
def listen():
    """Return a function that updates for some time and returns the records that came."""

    from psychopy_nfb.engine.records import NUMBER

    def go_on(nfb, seconds):
        seen = nfb.records.newest_seq
        records = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            nfb.update()
            for record in nfb.records.since(seen):
                seen = record[NUMBER]
                records.append(record)
            time.sleep(0.005)
        return records

    return go_on


@pytest.fixture
def open_window():
    """Open windows that are closed after the test."""
    opened = []

    def open_one(size=(320, 240), **settings):
        from psychopy import logging, visual

        logging.console.setLevel(logging.ERROR)
        defaults = {
            "units": "pix",
            "color": "black",
            "allowGUI": False,
            "checkTiming": False,
            "waitBlanking": False,
        }
        opened.append(visual.Window(size, **{**defaults, **settings}))
        return opened[-1]

    yield open_one
    for window in opened:
        window.close()
