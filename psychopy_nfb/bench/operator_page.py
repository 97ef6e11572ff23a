"""`psychopy-nfb bench console`: what two open pages of an operator cost the frame loop."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import psutil
from tqdm import tqdm

from psychopy_nfb.bench.frames import DISPLAY, PACED_HZ, plugin_frames, sort_out
from psychopy_nfb.bench.loop import BARS as LOOP_BARS
from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.setting import STREAMS, amplifier
from psychopy_nfb.bench.steal_time import TURN_SECONDS, Standstills, Turns
from psychopy_nfb.console.program import let_others_first
from psychopy_nfb.engine.running_sessions import find_session
from psychopy_nfb.errors import WorkerError
from psychopy_nfb.process import CREATION_FLAGS, child_environment, end, python_command

if TYPE_CHECKING:
    import pandas as pd

PAGES = 2
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--no-first-run", "--window-size=1600,1000"),
    "--remote-debugging-port=0",  # without it a browser without a window ends at once
)
LAST = 19
DRAWN_SECONDS = 3.0
"""From a page's opening until it draws."""
CONDITIONS = {"alone": False, "pages": True}
BARS = {
    "dropped_extra": 0.0,
    "publish_lag_extra_ms_median": 0.05,
    "flip_read_pages_ms_median": LOOP_BARS["flip_read_ms_median"],
}
"""What each figure must not exceed."""


def measure(options: argparse.Namespace) -> Outcome:
    """Show frames in turns: without a page, and with two pages open."""
    os.environ.setdefault("LP_NUM_THREADS", "0")  # as `frames.frame_loop`
    from psychopy import core

    from psychopy_nfb.display import FeedbackBar, pace
    from psychopy_nfb.display.window import open_window

    turns = max(1, round(options.seconds / TURN_SECONDS))
    win = open_window((800, 600), units="pix", allowGUI=False)
    pace(win, PACED_HZ)
    bar = FeedbackBar(win, size=(60, 400), pos=(0, 0))
    dropped = dict.fromkeys(CONDITIONS, 0)
    logs: dict[str, list[pd.DataFrame]] = {name: [] for name in CONDITIONS}
    counted = Turns(repeats=2 * turns * len(CONDITIONS))
    progress = tqdm(total=turns * len(CONDITIONS), desc="bench console", unit="turn", disable=None)
    try:
        with (
            Standstills() as standstills,
            amplifier(STREAMS["dense_"]) as source_id,
            TemporaryDirectory() as folder,
            progress,
        ):
            core.rush(True)
            for _ in range(turns):
                for name, opened in CONDITIONS.items():
                    beside = pages if opened else nullcontext
                    show = partial(plugin_frames, win, bar, source_id, folder, beside=beside)
                    log = counted.calm(show)
                    missed, _, _ = sort_out(log, standstills)
                    dropped[name] += missed
                    logs[name].append(log[log.frame >= PACED_HZ])  # the margin has to be learnt
                    progress.update()
    finally:
        core.rush(False)
        win.close()
    lags = {name: _publish_lags(found) for name, found in logs.items()}
    figures = {
        "dropped_extra": float(dropped["pages"] - dropped["alone"]),
        "publish_lag_extra_ms_median": lags["pages"] - lags["alone"],
        **{f"publish_lag_{name}_ms_median": lag for name, lag in lags.items()},
        **{f"flip_read_{name}_ms_median": _read_to_flip(found) for name, found in logs.items()},
        **{f"dropped_{name}": float(drops) for name, drops in dropped.items()},
        "frames_each": turns * TURN_SECONDS * PACED_HZ,
        "frame_turns_repeated": float(counted.repeated),
    }
    conditions = {"stream": STREAMS["dense_"], "display": DISPLAY, "pages": PAGES}
    return Outcome(figures, at_most=BARS, conditions=conditions)


def _publish_lags(logs: list[pd.DataFrame]) -> float:
    """Return the median from a sample's time to shared memory, in milliseconds."""
    lags = [(log.t_published - log.t_sample).to_numpy() for log in logs]
    return 1e3 * float(np.nanmedian(np.concatenate(lags)))


def _read_to_flip(logs: list[pd.DataFrame]) -> float:
    """Return the median from a frame's read to its flip, in milliseconds."""
    waits = [(log.t_flip - log.t_read).to_numpy() for log in logs]
    return 1e3 * float(np.nanmedian(np.concatenate(waits)))


@contextmanager
def pages() -> Iterator[None]:
    """Serve the page of this process's session, and keep `PAGES` of it open in a browser.

    Raises
    ------
    WorkerError
        If there is no Chromium, or the page is not served.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise WorkerError("browser", None, f"is not there; install one of {', '.join(BROWSERS)}")
    announcement, _ = find_session(str(os.getpid()))
    server = subprocess.Popen(
        python_command("console.program", "--announcement", str(announcement)),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=CREATION_FLAGS,
    )
    try:
        address = server.stdout.readline().decode().split()[-1:]
        if not address:
            raise WorkerError("console", None, "the page was not served; is bokeh installed?")
        with ExitStack() as opened:
            for _ in range(PAGES):
                opened.enter_context(_browser(browser, address[0]))
            for _ in range(PAGES):
                server.stdout.readline()
            time.sleep(DRAWN_SECONDS)
            yield
    finally:
        end(server)


@contextmanager
def _browser(path: str, address: str) -> Iterator[None]:
    """Keep a page open in a browser without a window, at the lowest priority."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        started = psutil.Popen(
            [path, *OPTIONS, f"--user-data-dir={profile}", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=CREATION_FLAGS,
        )
        let_others_first(started, LAST)
        try:
            yield
        finally:
            for process in (*started.children(recursive=True), started):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            started.wait()
