"""A light sensor's stream during a run: a real one, or a virtual one on a patch."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pylsl

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.find import chosen_channels, find_stream, is_remote
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.stamps import StampClock
from psychopy_nfb.lsl.stream_channels import channel_labels
from psychopy_nfb.photodiode.screen_sensor import ScreenSpot, spot_of_box
from psychopy_nfb.process import running

if TYPE_CHECKING:
    from psychopy.visual import Window

logger: logging.Logger = logging.getLogger(__name__)

START_SECONDS = 20.0
"""How long the virtual sensor may take to start."""
CLOCK_SECONDS = 1.0
"""How long arrivals are looked at where stamps are of another clock: the narrowest counts."""
SLOWEST = 100.0
"""Samples a second that are taken for those of a stream that declares no rate."""


class SensorInlet:
    """Keeps all that a light sensor's stream sends; LSL receives in a thread of its own."""

    def __init__(self, selection: StreamSelection, channel: str | None = None) -> None:
        found = find_stream(selection)
        remote = is_remote(found)
        self._inlet = pylsl.StreamInlet(
            found, max_buflen=3600, processing_flags=pylsl.proc_clocksync if remote else 0
        )
        labels = channel_labels(self._inlet.info(timeout=selection.timeout))
        if channel is None and len(labels) > 1:
            raise SettingsError("channel", None, f"name one of {', '.join(labels)}")
        self._column = chosen_channels([channel or 1], labels)[0]
        self.name: str = f"{labels[self._column]} ({found.name()})"
        self._rate = found.nominal_srate() or SLOWEST
        if remote:
            self._inlet.time_correction(timeout=selection.timeout)
        self._inlet.open_stream(timeout=selection.timeout)

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the samples since it was opened, and their LSL times in seconds; no more come.

        Stamps of another clock are moved onto LSL's by when the last samples arrive, as those of an
        amplifier are; this is logged.
        """
        samples, stamps = [], []
        while more := self._pull(0.0):  # what has waited tells nothing of when it came
            samples.append(more[0])
            stamps.append(more[1])
        clock, until = StampClock(self._rate), lsl_now()
        while more := self._pull(0.2):
            now = lsl_now()
            samples.append(more[0])
            stamps.append(more[1])
            corrected = clock.correct(more[1], now)
            if corrected[-1] > until and (not clock.moved or now > until + CLOCK_SECONDS):
                break
        self._inlet.close_stream()
        for _, told in clock.events:
            if "sentence" in told:
                logger.warning("Light sensor %s: %s", self.name, told["sentence"])
        if not stamps:
            return np.empty(0), np.empty(0)
        return np.concatenate(samples), np.concatenate(stamps) + clock.offset

    def _pull(self, timeout: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return samples of the channel and their stamps; None if none came within `timeout`."""
        samples, stamps = self._inlet.pull_chunk(timeout=timeout, max_samples=65536)
        if not stamps:
            return None
        return np.array(samples)[:, self._column], np.array(stamps)


@contextmanager
def virtual_sensor(
    win: Window, box: tuple[int, int, int, int], input_lag: float = 0.0
) -> Iterator[SensorInlet]:
    """Run a process that reads a patch's pixels off the screen, and receive what it streams.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window, which must be on the screen by now.
    box : (int, int, int, int)
        `PhotodiodePatch.box`.
    input_lag : float
        Seconds by which an imagined display shows everything later.

    Raises
    ------
    SettingsError
        If this system does not let programs read the screen.
    """
    win.flip()
    left, top, side = spot_of_box(win, box)
    ScreenSpot(left, top, side)  # whether pixels can be read is said here, not by the other process
    source_id = f"psychopy_nfb_spot_{uuid.uuid4().hex[:8]}"
    place = ["--left", str(left), "--top", str(top), "--side", str(side)]
    command = ["photodiode.screen_sensor", *place, "--source-id", source_id]
    command += ["--input-lag", str(input_lag), "--until-process-ends", str(os.getpid())]
    with running(*command):
        yield SensorInlet(StreamSelection(type=None, source_id=source_id, timeout=START_SECONDS))
