"""Two network namespaces with a slow network between them, and clocks 3 s apart that drift."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import network
import numpy as np
import pandas as pd
import psutil
import pytest
from clock_amplifier import READING_ERROR
from computers import TOKEN, Worker
from other_computer_clock import Clock, compiler
from seen_ramp import seen_ramp

from psychopy_nfb.analysis import lag_summary, out_of_order
from psychopy_nfb.recording import read_session
from psychopy_nfb.remote.host import KEEP_SECONDS
from psychopy_nfb.remote.receiver import REMEMBER_SECONDS

pytestmark = [
    *(pytest.mark.slow, pytest.mark.alone, pytest.mark.display),
    pytest.mark.skipif(
        not (network.possible() and compiler()),
        reason="needs Linux, root, /dev/net/tun and a C compiler",
    ),
]
AHEAD = 3.0
"""Seconds by which the clock of the EEG's computer is ahead."""
DRIFT = 50e-6
"""Seconds that it gains a second."""
LAG_ERROR = 0.002
"""How near the logged lag must be to the true one, in seconds."""
LEARNT_SECONDS = 20.0
"""After which the clock is known so well; of a single exchange half the jitter is wrong."""
DELAY, JITTER, LOSS = 0.02, 0.005, 0.01
CUT_ERROR = 0.01
"""The same where nobody has compared the clocks for a minute, after some seconds that they had."""
CUT_SECONDS, LONG_CUT_SECONDS = 5.0, 60.0
ROOT = Path(__file__).parents[2]


@pytest.fixture
def computers(tmp_path, monkeypatch):
    """Return both namespaces and the network between them."""
    settings = tmp_path / "lsl_api.cfg"
    peers = ", ".join(network.ADDRESSES)
    settings.write_text(
        f"[lab]\nSessionID = {uuid.uuid4().hex}\nKnownPeers = {{{peers}}}\n"
        "[multicast]\nResolveScope = machine\n[ports]\nIPv6 = disable\n[log]\nlevel = -2\n"
    )
    monkeypatch.setenv("LSLAPICFG", str(settings))
    monkeypatch.setenv("PSYCHOPY_NFB_TOKEN", TOKEN)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{os.environ.get('PYTHONPATH', '')}")
    names = network.make_namespaces(f"nfb{uuid.uuid4().hex[:6]}")
    between = network.Network(names, DELAY, JITTER, LOSS)
    yield names, between
    between.end()
    network.remove_namespaces(names)


def within(name):
    """Return the beginning of a command that runs within a namespace."""
    return ("ip", "netns", "exec", name)


@pytest.fixture
def clock(tmp_path):
    """Return the clock of the EEG's computer."""
    return Clock(tmp_path, AHEAD, DRIFT)


class Screen:
    """The experiment on the screen's computer."""

    def __init__(self, namespace, *arguments):
        self._process = subprocess.Popen(
            [*within(namespace), sys.executable, str(Path(__file__).with_name("screen.py"))]
            + [str(one) for one in arguments],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )

    @property
    def is_off(self):
        return self._process.returncode is not None

    def next(self):
        line = self._process.stdout.readline()
        assert line, "the experiment ended"
        return json.loads(line) if line.startswith(b"{") else self.next()  # PsychoPy's log

    def switch_off(self):
        """End all of it at once, as if the computer had lost its power."""
        experiment = psutil.Process(self._process.pid)
        for process in (*experiment.children(recursive=True), experiment):
            process.kill()
        self._process.wait()
        self._process.stdout.close()

    def until_end(self):
        said = []
        while "ended" not in (now := self.next()):
            said.append(now)
        assert self._process.wait(30) == 0
        self._process.stdout.close()
        return said


@pytest.fixture
def session_of(computers, clock, tmp_path):
    """Return a function that runs sessions.

    It is given the command of the amplifier, and returns a function that runs a session with it;
    that returns the screen's files, the worker's, and what the experiment has told.
    """
    (eeg, screen), between = computers
    source_id = f"amp-{uuid.uuid4()}"
    there = (*within(eeg), *clock.before())
    amplifiers, workers = [], []

    def start(*amplifier):
        amplifiers.append(
            subprocess.Popen(
                [*there, sys.executable, *amplifier, source_id],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        worker = Worker(tmp_path / "eeg", before=there)
        workers.append(worker)

        def run(seconds, meanwhile=lambda _: None, *more):
            folder = tmp_path / "screen"
            shown = Screen(screen, source_id, worker.name, folder, seconds, *more)
            stem = shown.next()["begun"]
            meanwhile(shown)
            return stem, worker.stem(), [] if shown.is_off else shown.until_end()

        return run

    yield start
    for worker in workers:
        worker.end()
    for amplifier in amplifiers:
        amplifier.kill()
        amplifier.wait()


@pytest.fixture
def session(session_of):
    """Return a function that runs a session with simulated EEG."""
    return session_of("-m", "psychopy_nfb.simulate.simulator", "--seconds", "300", "--source-id")


def lag_errors(own, session, clock):
    """Return by how much the lag in the screen's frame log is wrong at each frame, in seconds.

    The true time of a sample on the screen's clock is known: the other clock is made of it.
    """
    known = own[own.t_sample.notna()]
    true = clock.to_here(session.eeg.stamps[known["sample"].astype(int)])
    return known.t_flip - known.t_flip.iloc[0], true - known.t_sample.to_numpy()


@pytest.mark.campaign
def test_row_129_the_logged_lag_is_the_true_one_while_the_clocks_drift(session_of, clock, tmp_path):
    light = tmp_path / "light.npz"
    run = session_of(str(Path(__file__).with_name("clock_amplifier.py")))
    here, there, _ = run(90.0, lambda _: None, "--light", str(light))
    joined, own = read_session(there), pd.read_csv(f"{here}_frames.csv")
    since, errors = lag_errors(own, joined, clock)
    for begin in range(0, 90, 10):
        part = 1e3 * errors[(since >= begin) & (since < begin + 10)]
        print(f"{begin} s: lag wrong by {part.min():.2f} to {part.max():.2f} ms")
    assert np.abs(errors[since > LEARNT_SECONDS]).max() < LAG_ERROR
    told = joined.settings["remote"]["clock"]
    assert told["drift_ppm"] == pytest.approx(-1e6 * DRIFT, abs=30)
    # Of the same frames on the other computer's clock: its files have the same lag.
    known = joined.frames[joined.frames.t_sample.notna()]
    flips = clock.to_here(known.t_flip.to_numpy())
    ours = own.t_flip[own.t_sample.notna()].to_numpy()
    assert np.abs(flips - ours)[since > LEARNT_SECONDS].max() < LAG_ERROR
    assert known["sample"].tolist() == own["sample"][own.t_sample.notna()].tolist()
    check_light(seen_ramp(light, own), own, joined)


def check_light(seen, own, joined):
    """Check that the lag from sample to light, as a sensor saw it, is the one that was logged."""
    assert seen.new.mean() > 0.7  # the others show the sample of the frame before, or were missed
    logged = (own.t_flip - own.t_sample)[seen.index]
    to_light = seen.to_light.median()
    since = own.t_flip[seen.index] - own.t_flip[0]
    errors = (seen.lag - seen.to_light.fillna(to_light) - logged)[since > LEARNT_SECONDS]
    print(f"flip to light {1e3 * to_light:.2f} ms; logged lag wrong by {in_ms(errors)}")
    assert abs(errors.median()) < LAG_ERROR
    assert errors.abs().quantile(0.95) < LAG_ERROR + READING_ERROR
    told = lag_summary(joined.frames).stages["age_at_flip_ms"]  # what the report says
    print(f"sample to light {in_ms(seen.lag)}; to flip {told.median:.2f}, {told.p95:.2f} ms")
    for figure, share in ((told.median, 0.5), (told.p95, 0.95)):
        until_flip = seen.lag.quantile(share) - to_light
        assert figure == pytest.approx(1e3 * until_flip, abs=1e3 * LAG_ERROR)


def in_ms(seconds):
    """Return median and 95th percentile in milliseconds as text."""
    low, high = 1e3 * seconds.quantile([0.5, 0.95])
    return f"{low:.2f} ms (median), {high:.2f} ms (95th percentile)"


def test_row_112_the_log_has_the_lag_of_the_network_on_one_clock(session, clock):
    here, there, _ = session(15.0)
    joined = read_session(there)
    told = joined.settings["remote"]["clock"]
    there_then = told["t"] - told["offset"]
    assert clock.to_here(there_then) == pytest.approx(told["t"], abs=LAG_ERROR)
    assert told["uncertainty"] < 0.06
    frames = joined.frames
    own = pd.read_csv(f"{here}_frames.csv")
    assert frames.frame.tolist() == own.frame.tolist() == list(range(len(frames)))
    assert frames["sample"].tolist() == pytest.approx(own["sample"].tolist(), nan_ok=True)
    known = frames[frames.t_sample.notna()]
    assert len(known) > 0.8 * len(frames)
    assert len(out_of_order(known)) == 0
    samples = known["sample"].astype(int)
    # Either way over the network is within the clock's error: the screen's stamps came back.
    assert joined.eeg.stamps[samples] == pytest.approx(known.t_sample, abs=0.002)
    values = joined.signals.set_index("sample").loc[samples]
    assert values.trained_value.to_numpy() == pytest.approx(known.trained_value, abs=1e-8)
    assert abs(np.median(lag_errors(own, joined, clock)[1])) < LAG_ERROR
    # What the network really took.
    stages = lag_summary(frames).stages
    network_ms = stages["published_to_arrived_ms"]
    assert network_ms.min > 1e3 * (DELAY - JITTER) - 2
    assert network_ms.median == pytest.approx(1e3 * DELAY, abs=5)


@pytest.mark.parametrize(
    "seconds", [CUT_SECONDS, pytest.param(LONG_CUT_SECONDS, marks=pytest.mark.campaign)]
)
def test_a_cut_is_flagged_and_all_comes_back(session, computers, seconds):
    _, between = computers

    def cut(_):
        time.sleep(3.0)
        between.say("cut")
        time.sleep(seconds)
        between.say("join")

    here, there, said = session(seconds + 17.0, cut)
    turns = [one["stale"] for one in said]
    assert turns[0] is True or turns[:2] == [False, True]
    assert turns[-1] is False
    frames = read_session(there).frames
    own = pd.read_csv(f"{here}_frames.csv")
    assert frames.frame.tolist() == own.frame.tolist()
    assert (frames.t_read - frames.t_sample).max() > seconds - 1
    late = frames[frames.frame > frames.frame.max() - 60]
    assert (late.t_read - late.t_sample).median() < 0.2
    assert json.loads(Path(f"{here}_nfb.json").read_text("utf-8"))["remote"]["complete"]
    assert np.diff(read_session(there).eeg.stamps) == pytest.approx(1 / 250, abs=1e-6)


@pytest.mark.campaign
def test_what_a_session_lost_by_a_cut_that_lasted_is_joined_and_told(session, computers, clock):
    _, between = computers

    def cut(_):
        time.sleep(6.0)
        between.say("cut")
        time.sleep(KEEP_SECONDS + 12.0)
        between.say("join")

    here, there, said = session(KEEP_SECONDS + 30.0, cut)
    assert [one["stale"] for one in said][-1]
    before, own = read_session(there), pd.read_csv(f"{here}_frames.csv")
    assert before.settings["ended"] == "stopped"
    assert np.diff(before.eeg.stamps) == pytest.approx(1 / 250, abs=1e-6)
    assert len(before.eeg.stamps) > 250 * KEEP_SECONDS
    assert before.frames.frame.max() < 60 * 10 < 60 * KEEP_SECONDS < own.frame.max()
    command = [sys.executable, "-m", "psychopy_nfb.cli", "join", str(here), str(there)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"{len(own) - len(before.frames)} frames were added. What is missing:" in told
    assert "only: 'the end'." in told
    joined = read_session(there).frames
    assert joined.frame.tolist() == own.frame.tolist()
    assert joined["sample"].tolist() == pytest.approx(own["sample"].tolist(), nan_ok=True)
    late = joined.t_flip - before.eeg.stamps[-1]
    assert f"ends {late.max():.1f} s before the last frame: {(late > 0).sum()} frames" in told
    wrong = clock.to_here(joined.t_flip.to_numpy()) - own.t_flip.to_numpy()
    print(f"frames that were joined are wrong by up to {1e3 * np.abs(wrong).max():.1f} ms")
    assert np.abs(wrong).max() < CUT_ERROR


@pytest.mark.campaign
def test_a_session_whose_screen_lost_its_power_is_whole(session, computers):
    _, between = computers

    def switch_off(shown):
        time.sleep(REMEMBER_SECONDS + 8.0)
        between.say("cut")  # nobody says goodbye
        shown.switch_off()
        time.sleep(KEEP_SECONDS + 10.0)
        between.say("join")

    here, there, _ = session(300.0, switch_off)
    whole = read_session(there)
    assert whole.settings["ended"] == "stopped"
    assert np.diff(whole.eeg.stamps) == pytest.approx(1 / 250, abs=1e-6)
    assert len(whole.eeg.stamps) > 250 * KEEP_SECONDS
    (end,) = whole.events[whole.events.trial_type == "block_end"].detail
    assert '"cut_off": true' in end
    screen = json.loads(Path(f"{here}_nfb.json").read_text("utf-8"))["remote"]
    assert "complete" not in screen
    assert screen["clock"]["measurements"] > 5  # not those of the beginning
    command = [sys.executable, "-m", "psychopy_nfb.cli", "join", str(here), str(there)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "frames were added; it is complete now." in told
    own = pd.read_csv(f"{here}_frames.csv")
    assert read_session(there).frames.frame.tolist() == own.frame.tolist()
