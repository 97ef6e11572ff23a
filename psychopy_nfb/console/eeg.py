"""The EEG as an operator looks at it, from an inlet of the page's own.

LSL sends each sample to whoever asks for it: the background process has no more to do for a page,
and a page on another computer of the lab would take it over the network in the same way.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import numpy as np

from psychopy_nfb.dsp import ChannelQuality, ChannelVerdict, Decimate, SignalInfo
from psychopy_nfb.lsl.absent import AbsentStream, found_again
from psychopy_nfb.lsl.inlet import Inlet, StreamLost
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.stamps_heard import Heard
from psychopy_nfb.settings import from_dict

logger: logging.Logger = logging.getLogger(__name__)

KEPT_SECONDS = 75.0
"""How far one can look back, with some seconds before for filters to settle in."""
SHOWN_HZ = 125.0
"""Traces have at least half of this, at most this many points a second."""
PULL_SECONDS = 0.05
VERDICTS_SECONDS = 0.5
AGAIN_SECONDS = 2.0


class EEG:
    """Collects one stream in a thread of its own.

    Parameters
    ----------
    known : dict
        What the session said of its streams.
    selection : dict
        How the session chose the stream.

    Attributes
    ----------
    labels : tuple of str
        The channels.
    rate : float
        Of the traces, in Hz.
    verdicts : list of ChannelVerdict
        Which channels are good; empty in the first two seconds.
    """

    def __init__(self, known: dict[str, Any], selection: dict[str, Any]):
        self._known, self._selection = known, from_dict(StreamSelection, selection, "stream")
        facts = known["eeg"]
        self.labels: tuple[str, ...] = tuple(facts["labels"])
        native = float(facts["rate"])
        self._factor = max(1, int(np.ceil(native / SHOWN_HZ)))
        self.rate: float = native / self._factor
        self.verdicts: list[ChannelVerdict] = []
        self._lock = threading.Lock()
        self._length = round(KEPT_SECONDS * self.rate)
        self._samples = np.full((self._length, len(self.labels)), np.nan, np.float32)
        self._stamps = np.full(self._length, np.nan)
        self._count = 0
        self._ended = threading.Event()
        if not self._selection.test_signal:  # which is on no network
            threading.Thread(target=self._run, name="eeg", daemon=True).start()

    @property
    def count(self) -> int:
        """How many points of the traces have come."""
        return self._count

    def since(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the stamps (n,) and microvolts (n, n_channels) after the first `count` points."""
        with self._lock:
            first = max(count, self._count - self._length)
            places = np.arange(first, self._count) % self._length
            return self._stamps[places].copy(), self._samples[places].copy()

    def close(self) -> None:
        """Leave the stream."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._collect()
            except Exception:  # the page goes on without traces, and looks for the stream again
                logger.exception("The EEG could not be shown; its stream is searched for again.")
            self.verdicts = []
            self._ended.wait(AGAIN_SECONDS)

    def _collect(self) -> None:
        heard = Heard(**self._known["heard"]) if self._known.get("heard") else None
        inlet = found_again(self._selection, self._known["eeg"], AGAIN_SECONDS, heard)
        if isinstance(inlet, AbsentStream):
            return
        try:
            self._follow(inlet)
        except StreamLost:
            pass
        finally:
            inlet.close()

    def _follow(self, inlet: Inlet) -> None:
        info: SignalInfo = inlet.info
        quality = ChannelQuality(info)
        decimate = Decimate(factor=self._factor)
        decimate.prepare(info)
        judged = time.monotonic()
        while not self._ended.is_set():
            pulled = inlet.pull(PULL_SECONDS)
            if pulled is not None:
                samples, stamps = pulled
                quality.add(samples)
                points = decimate.process(np.nan_to_num(samples))
                # A point's own time: that of the sample in the middle of the filter.
                self._add(stamps[decimate.kept] - decimate.declared_delay, points)
            if time.monotonic() - judged > VERDICTS_SECONDS:
                judged = time.monotonic()
                self.verdicts = quality.verdicts()
            if pulled is not None:
                self._ended.wait(PULL_SECONDS)  # so that it wakes twenty times a second at most

    def _add(self, stamps: np.ndarray, points: np.ndarray) -> None:
        with self._lock:
            places = np.arange(self._count, self._count + len(points)) % self._length
            self._samples[places] = points
            self._stamps[places] = stamps
            self._count += len(points)
