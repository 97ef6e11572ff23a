"""Bad channels among those that others are measured with, found while a run goes on."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque

import numpy as np

from psychopy_nfb.dsp import ChannelQuality, ChannelVerdict, SignalInfo
from psychopy_nfb.dsp.channel_quality import WINDOW_SECONDS
from psychopy_nfb.dsp.lasting_faults import (
    FEWEST_SHARED,
    SHARED,
    LastingFaults,
    Use,
    harm_told,
)
from psychopy_nfb.errors import listed

logger: logging.Logger = logging.getLogger(__name__)


class ChannelWatch:
    """Judges a run's channels window by window and names those that stay bad, each once.

    To judge 64 channels takes milliseconds, so a thread of its own does it, and `add` only copies.
    A window that comes while the one before is still being judged is left out.

    Parameters
    ----------
    info : SignalInfo
        Channels and rate.
    uses : dict of str: Use
        By label, what channels enter together with others; only these are named. If it is empty,
        nothing is done.

    Attributes
    ----------
    watches : bool
        Whether there are channels to be judged.
    found : collections.deque of dict
        ``channel``, ``reason``, ``within``, ``remedy`` and ``sentence`` of each that stays bad.
    """

    def __init__(self, info: SignalInfo, uses: dict[str, Use]):
        self.found: deque[dict[str, str]] = deque()
        self._uses = uses
        self.watches: bool = bool(uses)
        self._lasting = LastingFaults()
        self._length = round(WINDOW_SECONDS * info.rate)
        self._filling, self._spare = ChannelQuality(info), ChannelQuality(info)
        self._n = 0
        self._judged = threading.Event()
        self._judged.set()
        self._windows: queue.SimpleQueue[ChannelQuality] = queue.SimpleQueue()
        if uses:
            threading.Thread(target=self._judge, name="channels", daemon=True).start()

    def add(self, samples: np.ndarray) -> None:
        """Take the next samples, (n, n_channels) in microvolts, as the amplifier sent them."""
        if not self.watches:
            return
        self._filling.add(samples)
        self._n += len(samples)
        if self._n >= self._length and self._judged.is_set():
            self._judged.clear()
            self._windows.put(self._filling)
            self._filling, self._spare = self._spare, self._filling
            self._n = 0

    def restart(self) -> None:
        """Begin a new window, because samples are missing before the next ones."""
        self._n = 0

    def _judge(self) -> None:
        while True:
            window = self._windows.get()
            try:
                self._name(window.verdicts())
            except Exception:  # the next window may be judged all the same
                logger.exception("The channels could not be judged; going on.")
            self._judged.set()

    def _name(self, verdicts: list[ChannelVerdict]) -> None:
        """Note the channels that have stayed bad."""
        found = self._lasting.add([one for one in verdicts if one.label in self._uses])
        for fault in {one.fault for one in found}:
            alike = [one for one in found if one.fault == fault]
            if len(alike) >= max(FEWEST_SHARED, SHARED * len(self._uses)):
                found = [one for one in found if one.fault != fault]
                self.found.append(self._shared(alike))
        for one in found:
            use = self._uses[one.label]
            self.found.append(
                {
                    "channel": one.label,
                    "reason": one.reason,
                    "within": use.within,
                    "remedy": f"{one.remedy} {use.remedy}",
                    "sentence": harm_told(one.label, one.reason, use, one.remedy),
                }
            )

    def _shared(self, alike: list[ChannelVerdict]) -> dict[str, str]:
        """Return what is noted of a fault that most channels have at once."""
        labels = listed([one.label for one in alike], most=8)
        remedy = (
            "What so many share is no fault of one electrode: check the unit that the stream "
            "declares, the reference and the ground."
        )
        within = self._uses[alike[0].label].within
        many = f"{len(alike)} of {len(self._uses)} channels ({labels}) are bad in the same way"
        return {
            "channel": labels,
            "reason": alike[0].name,
            "within": within,
            "remedy": remedy,
            "sentence": f"{many} ({alike[0].name}) and are in {within}. {remedy}",
        }
