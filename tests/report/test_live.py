"""A real run that goes wrong on purpose: what its report says first."""

from __future__ import annotations

import os
import signal
import time

import pandas as pd
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.display.window import open_window
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.numbers import percent

pytestmark = [pytest.mark.alone, pytest.mark.display, pytest.mark.slow]
HZ = 60.0
SIMULATED = " The EEG was simulated (synthetic EEG): it came from no amplifier."


@pytest.fixture
def run(amplifier, training, tmp_path, until):
    """Return a function that runs blocks with a frame loop that does something; its report.

    What it does returns whether the block is over.
    """

    def run(seconds, each_frame):
        source = amplifier()
        nfb = Neurofeedback(training(source.source_id), data=tmp_path)
        with nfb:
            win = open_window((320, 240), units="pix", allowGUI=False)
            try:
                nfb.attach(win, pace=HZ)
                until(lambda: nfb.update() or not nfb.stale, 10, "the first value")
                for _ in nfb.frames(nfb.settle + 0.5):
                    pass
                with nfb.block("training"):
                    for number in nfb.frames(seconds):
                        if each_frame(number, nfb):
                            break
                with nfb.block("rest", feedback=False):
                    for _ in nfb.frames(1.0):
                        pass
            finally:
                win.close()
        return nfb.files, write_report(nfb.files.stem, str(tmp_path / "report"))

    return run


def test_frames_dropped_on_purpose_are_the_headline(run):
    def slow(number, _):
        if number % 3 == 2:
            time.sleep(0.06)

    files, report = run(5.0, slow)
    log = pd.read_csv(files.frames)
    own = log[log.block == "training"]
    missed = int((own.interval * HZ).round().sub(1).clip(lower=0).sum())
    share = missed / (missed + len(own))
    assert share > 0.35
    said = f"{percent(share)} of the frames with feedback were dropped ({missed} of "
    assert report.headline.startswith(said)
    assert report.headline.endswith(SIMULATED)
    assert report.blocks.block.to_list() == ["training", "rest"]
    assert report.blocks.dropped[0] == pytest.approx(share, abs=0.01)
    assert report.blocks.seconds[0] == pytest.approx(5.0, abs=0.2)
    assert report.paths["page"].exists()


def test_a_killed_background_process_is_the_headline(run):
    back = []

    def kill_once(number, nfb):
        if number == 30:
            os.kill(nfb.worker_pid, signal.SIGTERM)
        if nfb.restarts and not nfb.stale:
            back.append(number)
        return len(back) == 30

    _, report = run(30.0, kill_once)
    assert back, "the background process did not come back"
    assert any("The background process was restarted once" in str(one) for one in report.findings)
    worst = report.headline.removesuffix(SIMULATED)
    assert "restarted" in worst or "dropped" in worst  # a loaded machine drops more
    assert any("worker.log" in one.remedy for one in report.findings)
