"""Markers of other programs: every marker stream on the network, as it comes and goes."""

from __future__ import annotations

import platform
import threading
from collections import deque
from dataclasses import dataclass

import pylsl

LOOK_SECONDS = 0.02
"""How often the inlets are looked into: it delays the note of a marker, never its time."""
OPEN_SECONDS = 1.0


@dataclass(frozen=True)
class Marker:
    """One marker."""

    stream: str
    label: str
    t: float
    """LSL time in seconds, clock-corrected."""


OWN_SOURCE_ID = f"psychopy_nfb_marks@{platform.node()}"
"""source_id of the streams that the experiment itself sends its marks to."""


class MarkerWatcher:
    """Collects the markers of all streams of type ``Markers``, in a thread of its own.

    Streams that appear later are joined, those that go are left; it never keeps samples waiting.

    Parameters
    ----------
    exclude : set of str
        Source ids to leave out: one's own.
    """

    def __init__(self, exclude: set[str] = frozenset()):
        self._exclude = exclude
        self._found: deque[Marker] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="markers", daemon=True)
        self._thread.start()

    def take(self) -> list[Marker]:
        """Return the markers that came since the last call, in order of arrival."""
        taken = []
        while self._found:
            taken.append(self._found.popleft())
        return taken

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join(timeout=2.0)

    def _watch(self) -> None:
        resolver = pylsl.ContinuousResolver(prop="type", value="Markers")
        inlets: dict[str, pylsl.StreamInlet] = {}
        names: dict[str, str] = {}
        dead: set[str] = set()
        looks = 0
        while not self._ended.wait(LOOK_SECONDS):
            if looks % 25 == 0:  # twice a second is enough to notice a new stream
                for info in resolver.results():
                    uid = info.uid()
                    if uid not in inlets and uid not in dead:
                        if info.source_id() in self._exclude:
                            dead.add(uid)
                        else:
                            inlets[uid], names[uid] = _join(info), info.name()
            looks += 1
            for uid, inlet in list(inlets.items()):
                try:
                    samples, stamps = inlet.pull_chunk(timeout=0.0)
                except pylsl.util.LostError:
                    del inlets[uid]
                    dead.add(uid)
                    continue
                for sample, stamp in zip(samples, stamps, strict=True):
                    label = ";".join(str(part) for part in sample)
                    self._found.append(Marker(names[uid], label, stamp))


def _join(info: pylsl.StreamInfo) -> pylsl.StreamInlet:
    inlet = pylsl.StreamInlet(info, recover=False, processing_flags=pylsl.proc_clocksync)
    try:
        inlet.open_stream(timeout=OPEN_SECONDS)
        inlet.time_correction(timeout=OPEN_SECONDS)
    except (TimeoutError, pylsl.util.LostError, RuntimeError):
        pass  # it tells by itself at the next pull: lost, or slow and then there
    return inlet
