"""Samples without any stream: to try an experiment where there is no amplifier."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.lsl.stamps import StampClock
from psychopy_nfb.lsl.stamps_heard import Heard

RATE = 250.0
LABELS = ("Fp1", "Fp2", "C3", "Cz", "C4", "Pz", "O1", "Oz", "O2")
CYCLE_SECONDS = 8.0
PEAK_MICROVOLTS = 20.0


class SyntheticStream:
    """A 10 Hz rhythm on all channels whose amplitude swells from 0 to 20 uV and back in 8 s.

    It has the same interface as `Inlet`: all that follows runs as it would on a stream.
    """

    __test__ = False  # a test signal, not a test for pytest to collect

    def __init__(self) -> None:
        self.info: SignalInfo = SignalInfo(
            rate=RATE, labels=LABELS, positions=standard_positions(LABELS)
        )
        self.declared_rate = RATE
        self.speed: float = 1.0
        self.address: str = ""
        self.heard: Heard = Heard()
        self.waiting = False
        self.clock: StampClock = StampClock(RATE, Heard(samples=1, pace=RATE))
        self.format: np.dtype[Any] = np.dtype(np.float64)
        self.native: np.ndarray = np.empty((0, len(LABELS)))
        self._start = pylsl.local_clock()
        self._sent = 0

    def pull(self, timeout: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the samples whose time has come, as `Inlet.pull` does."""
        due = int((pylsl.local_clock() - self._start) * RATE)
        if due <= self._sent:
            time.sleep(min(timeout, 1 / RATE))
            due = int((pylsl.local_clock() - self._start) * RATE)
            if due <= self._sent:
                return None
        seconds = np.arange(self._sent, due) / RATE
        self._sent = due
        swell = (1 - np.cos(2 * np.pi * seconds / CYCLE_SECONDS)) / 2
        rhythm = PEAK_MICROVOLTS * swell * np.sin(2 * np.pi * 10 * seconds)
        self.native = np.repeat(rhythm[:, None], len(LABELS), axis=1)
        return self.native, self._start + seconds

    def facts(self) -> dict[str, object]:
        """Return what identifies it."""
        return {
            "name": "test signal",
            "type": "EEG",
            "source_id": "psychopy_nfb_test_signal",
            "hostname": "",
            "rate": RATE,
            "declared_rate": RATE,
            "labels": list(LABELS),
            "format": str(self.format),
            "kinds": {},
            "units": ["microvolts"] * len(LABELS),
            "microvolts_per_unit": [1.0] * len(LABELS),
            "assumptions": [],
            "clock_corrected": False,
            "clock": self.clock.facts(),
        }

    def close(self) -> None:
        """Nothing is held open."""
