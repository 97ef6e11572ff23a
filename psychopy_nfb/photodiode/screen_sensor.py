"""A virtual light sensor: a process that reads pixels of the screen and streams them over LSL.

It sees what the system has put on the screen, at the moment it reads it. It cannot see what a real
display adds: scanning out from top to bottom, input lag, pixels that answer slowly.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pylsl

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.simulate.program import stop_on_signals, wait_until

if TYPE_CHECKING:
    from psychopy.visual import Window

RATE = 500.0
"""A read takes up to 0.4 ms of a processor that the experiment may need."""
LABEL = "light"


class ScreenSpot:
    """Reads the brightness of a square of the screen.

    Parameters
    ----------
    left, top, side : int
        In pixels of the desktop, from its upper left.

    Raises
    ------
    SettingsError
        If this system does not let programs read the screen.
    """

    def __init__(self, left: int, top: int, side: int) -> None:
        import mss

        self._area = {"left": left, "top": top, "width": side, "height": side}
        try:
            self._grabber = mss.MSS()
            self._grabber.grab(self._area)
        except Exception as error:  # each system has its own
            raise SettingsError(
                "display",
                os.environ.get("DISPLAY"),
                f"the screen's pixels cannot be read ({error}); allow screen recording for Python, "
                "or use a real light sensor (--sensor)",
            ) from error

    def brightness(self) -> float:
        """Return the mean grey level, 0 to 1, as the screen has it now."""
        pixels = np.frombuffer(self._grabber.grab(self._area).raw, dtype=np.uint8)
        return float(pixels.reshape(-1, 4)[:, :3].mean() / 255)


def spot_of_box(win: Window, box: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """Return left, top and side on the desktop of the middle half of a patch.

    Parameters
    ----------
    win : psychopy.visual.Window
        The patch's window.
    box : (int, int, int, int)
        `PhotodiodePatch.box`: left, bottom, width and height in the frame buffer.
    """
    buffer_width, buffer_height = (int(side) for side in win.frameBufferSize)
    scale = buffer_width / win.winHandle.width
    window_left, window_top = win.winHandle.get_location()
    left, bottom, width, height = box
    side = max(1, round(width / scale / 2))
    middle_x = window_left + (left + width / 2) / scale
    middle_y = window_top + (buffer_height - bottom - height / 2) / scale
    return round(middle_x - side / 2), round(middle_y - side / 2), side


def stream_spot(
    left: int,
    top: int,
    side: int,
    source_id: str,
    rate: float = RATE,
    input_lag: float = 0.0,
    parent: int | None = None,
) -> None:
    """Stream a spot's brightness until asked to stop.

    Parameters
    ----------
    left, top, side : int
        As for `ScreenSpot`.
    source_id : str
        Of the stream.
    rate : float
        Samples per second; each has the stamp of its own reading.
    input_lag : float
        Seconds by which an imagined display shows everything later than the system's screen.
    parent : int, optional
        Process id of the command that started this one; it ends with that.
    """
    check_number("rate", rate, above=0, unit="Hz")
    check_number("input_lag", input_lag, at_least=0, unit="s")
    spot = ScreenSpot(left, top, side)
    outlet = make_outlet(
        "Screen spot", "LightSensor", [LABEL], rate, units="share of white", source_id=source_id
    )
    waiting: deque[tuple[float, float]] = deque()
    with stop_on_signals(parent) as stop:
        begin, number = pylsl.local_clock(), 0
        while wait_until(begin + number / rate, stop):
            before = pylsl.local_clock()
            brightness = spot.brightness()
            now = pylsl.local_clock()
            waiting.append(((before + now) / 2 + input_lag, brightness))
            while waiting and waiting[0][0] <= now:
                stamp, value = waiting.popleft()
                outlet.push_sample([value], stamp)
            number = max(number + 1, int((now - begin) * rate))


def _come_first() -> None:
    """Take precedence where that is allowed: a sensor that waits for its turn misses frames."""
    own = psutil.Process()
    with suppress(psutil.Error, OSError):
        own.nice(psutil.HIGH_PRIORITY_CLASS if psutil.WINDOWS else -10)


def main(arguments: list[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="psychopy_nfb.photodiode.screen_sensor")
    for name in ("left", "top", "side"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--source-id", required=True)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--input-lag", type=float, default=0.0)
    parser.add_argument("--until-process-ends", type=int, metavar="PID")
    options = parser.parse_args(arguments)
    _come_first()
    stream_spot(
        options.left,
        options.top,
        options.side,
        options.source_id,
        options.rate,
        options.input_lag,
        options.until_process_ends,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
