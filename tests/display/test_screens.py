"""Several screens, units of visual angle, mirrored windows: what the window is told holds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from psychopy_nfb.display import FeedbackBar, FeedbackCircle, FeedbackColor

pytestmark = pytest.mark.display
RED = (255, 0, 0)
CENTIMETRE = 640 / 32


def middle(frame):
    """Return the column and row of the middle of what is red, from the window's own middle."""
    rows, columns = np.nonzero((frame == RED).all(axis=2))
    height, width = frame.shape[:2]
    return columns.mean() + 0.5 - width / 2, height / 2 - rows.mean() - 0.5


def displays(window):
    """Return one of each display, at full value, right and above of the middle."""
    bar = FeedbackBar(window, size=(20, 60), pos=(60, 30), units="pix", color="red")
    circle = FeedbackCircle(window, radius=(10, 30), pos=(60, 30), units="pix", color="red")
    square = FeedbackColor(window, size=(40, 40), pos=(60, 30), units="pix", high_color="red")
    for display in (bar, circle, square):
        display.value = 1.0
    return bar, circle, square


@pytest.mark.parametrize("mirror", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_row_073_displays_are_mirrored_with_their_window(open_window, show, mirror):
    window = open_window(viewScale=mirror)
    for display in displays(window):
        x, y = middle(show(window, display))
        assert (x, y) == pytest.approx((60 * mirror[0], 30 * mirror[1]), abs=1), type(display)


def test_row_073_degrees_are_those_of_the_monitor(open_window, show):
    from psychopy import monitors

    monitor = monitors.Monitor("test", width=32, distance=57, autoLog=False)
    monitor.setSizePix((640, 480))
    window = open_window((400, 300), units="deg", monitor=monitor)
    degree = 57 * 0.017455 * CENTIMETRE
    circle = FeedbackCircle(window, radius=(1, 3), pos=(4, 2), color="red")
    circle.value = 1.0
    frame = show(window, circle)
    assert middle(frame) == pytest.approx((4 * degree, 2 * degree), abs=1)
    area = (frame[..., 0] > 127).sum()  # its edge is smoothed
    assert np.sqrt(area / np.pi) == pytest.approx(3 * degree, abs=1)


SECOND = """
from psychopy import visual
from psychopy_nfb import FeedbackBar, PhotodiodePatch
window = visual.Window(fullscr=True, screen=1, units="height", checkTiming=False)
bar = FeedbackBar(window, size=(0.1, 0.5))
patch = PhotodiodePatch(window)
bar.value = 1.0
bar.draw()
patch.draw()
window.flip()
print("shown", *window.size, bar.pixels, *patch.box)
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("Xvfb"), reason="no virtual display with two screens")
def test_row_073_a_second_screen_is_used(tmp_path):
    reading, writing = os.pipe()
    screens = ["-screen", "0", "640x480x24", "-screen", "1", "800x600x24", "+xinerama"]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), *screens, "+extension", "GLX", "-noreset"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        ran = subprocess.run(
            [sys.executable, "-c", SECOND],
            env={**os.environ, "DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        server.kill()
        server.wait()
    assert ran.returncode == 0, ran.stderr
    (shown,) = (line for line in ran.stdout.splitlines() if line.startswith("shown"))
    width, height, bar, left, bottom, side, _ = map(float, shown.split()[1:])
    assert (width, height) == (800, 600)
    assert bar == 300
    assert (left + side, bottom) == (800, 0)
