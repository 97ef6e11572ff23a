"""Markers of other programs: every marker stream on the network, as it comes and goes."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import pylsl

from psychopy_nfb.lsl.find import is_remote
from psychopy_nfb.lsl.marker_rule import MARKER_WORDS, MarkerLabels, is_marker_stream
from psychopy_nfb.lsl.selection import is_of_another_run
from psychopy_nfb.lsl.streams import FORMATS

logger: logging.Logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.02
"""How often the inlets are looked into: it delays the note of a marker, never its time."""
JOIN_SECONDS = 0.5
"""How often new streams are looked for; without any, nothing else is."""
OPEN_SECONDS = 1.0
FIRST_LOOKS = 35
"""Looks for streams, `LOOK_SECONDS` apart, after which those that have answered are all that there
are at the start: LSL asks at once and after half a second. Counted, as on a busy computer all takes
longer; a start takes a second anyway, which this must not prolong."""
REGISTER_SECONDS = 0.1
"""After a stream is open here, until its program sends to this process too."""
JOINED_SECONDS = 10.0
"""Longest wait for the streams of the start: a busy computer opens them late."""
EARLIEST_SECONDS, LATEST_SECONDS = -1.0, 10.0
"""How old a marker may be when it arrives. Some programs send a marker seconds after what it tells
of; nothing but another clock makes it hours old, or of the future."""
N_ARRIVALS = 20
"""Of how many markers with another clock the quickest tells how far that clock is from LSL's."""

_FOLDED_TYPE = "translate(type, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
_CANDIDATES = " or ".join(
    ["channel_format='string'", *(f"contains({_FOLDED_TYPE}, '{word}')" for word in MARKER_WORDS)]
)
"""What streams are asked for, as an XPath condition: at least those of `is_marker_stream`."""


@dataclass(frozen=True)
class Marker:
    """One marker."""

    stream: str
    label: str
    t: float
    """LSL time in seconds, clock-corrected."""
    stamp: float
    """Time that its program gave it; `t` is another where that is no time of LSL's clock."""
    arrived: float
    """LSL time at which it arrived here."""


OWN_SOURCE_ID = f"psychopy_nfb_marks@{platform.node()}"
"""source_id of the streams that the experiment itself sends its marks to."""


class MarkerWatcher:
    """Collects the markers of all marker streams, in a thread of its own.

    Streams that appear later are joined, those that go are left; it never keeps samples waiting.
    What cannot be read is left out and told, and the others go on.

    Parameters
    ----------
    exclude : set of str
        Source ids to leave out: one's own.
    eeg : str, optional
        source_id of the EEG stream in use: only if it is a simulated amplifier that this run has
        started for itself, its markers are taken.
    """

    def __init__(self, exclude: set[str] = frozenset(), eeg: str | None = None):
        self._exclude = exclude
        self._eeg = eeg
        self._found: deque[Marker] = deque()
        self._notes: deque[str] = deque()
        self._known: set[str] = set()
        self._inlets: dict[str, _MarkerInlet] = {}
        self._ended = threading.Event()
        self._joined = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="markers", daemon=True)
        self._thread.start()

    def take(self) -> list[Marker]:
        """Return the markers that came since the last call, in order of arrival."""
        return _taken(self._found)

    def take_notes(self) -> list[str]:
        """Return what was corrected, assumed or left out since the last call, a sentence each."""
        return _taken(self._notes)

    def wait_until_joined(self) -> None:
        """Wait until the marker streams that are there at the start are open.

        A program sends its markers to those only who were there before: a marker that came
        meanwhile would be lost. Ends after `JOINED_SECONDS` at the latest.
        """
        self._joined.wait(JOINED_SECONDS)

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join(timeout=2.0)

    def _watch(self) -> None:
        resolver = pylsl.ContinuousResolver(pred=f"({_CANDIDATES})")
        join_at, looks, starts = time.monotonic(), 0, True
        while not self._ended.wait(LOOK_SECONDS if starts or self._inlets else JOIN_SECONDS):
            starts = not self._joined.is_set()
            try:
                if starts or time.monotonic() >= join_at:
                    join_at = time.monotonic() + JOIN_SECONDS
                    self._join_new(resolver.results())
                looks += starts
                if starts and looks >= FIRST_LOOKS:
                    self._ended.wait(REGISTER_SECONDS if self._inlets else 0.0)
                    self._joined.set()
                for uid, inlet in list(self._inlets.items()):
                    self._pull(uid, inlet)
            except Exception:  # the thread goes on: other markers are on their way
                logger.exception("Looking for markers failed.")

    def _join_new(self, found: list[pylsl.StreamInfo]) -> None:
        for info in found:
            uid = info.uid()
            if uid in self._known:
                continue
            self._known.add(uid)
            form = FORMATS.get(info.channel_format(), "")
            rate, n_channels = info.nominal_srate(), info.channel_count()
            source_id = info.source_id()
            if source_id in self._exclude or is_of_another_run(source_id, self._eeg):
                continue
            if not is_marker_stream(info.type(), form, rate, n_channels):
                continue
            try:
                self._inlets[uid] = _MarkerInlet(info, MarkerLabels(form, rate))
            except Exception as error:  # whatever it is, it is one stream's
                self._notes.append(f"Marker stream {info.name()!r} cannot be joined ({error}).")

    def _pull(self, uid: str, inlet: _MarkerInlet) -> None:
        try:
            self._found.extend(inlet.pull())
        except pylsl.util.LostError:
            del self._inlets[uid]
        except Exception as error:  # whatever it is, it is some markers of one stream
            inlet.note(f"holds markers that cannot be read ({error}); they are left out.")
        self._notes.extend(_taken(inlet.notes))


class _MarkerInlet:
    """One marker stream."""

    def __init__(self, info: pylsl.StreamInfo, labels: MarkerLabels):
        self._name = info.name()
        self._labels = labels
        self._told: set[str] = set()
        self._behind: deque[float] = deque(maxlen=N_ARRIVALS)
        self.notes: deque[str] = deque()
        remote = is_remote(info)
        self._inlet = pylsl.StreamInlet(
            info,
            recover=False,
            processing_flags=pylsl.proc_clocksync if remote else pylsl.proc_none,
        )
        try:
            self._inlet.open_stream(timeout=OPEN_SECONDS)
            if remote:
                self._inlet.time_correction(timeout=OPEN_SECONDS)
        except (TimeoutError, pylsl.util.LostError, RuntimeError):
            pass  # it tells by itself at the next pull: lost, or slow and then there

    def note(self, sentence: str) -> None:
        """Tell something of this stream, once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.notes.append(f"Marker stream {self._name!r} {sentence}")

    def pull(self) -> list[Marker]:
        """Return the markers that have arrived, without waiting."""
        # As bytes: a text that is no UTF-8 would take along all others of its chunk.
        samples, stamps = self._inlet.pull_chunk(timeout=0.0, as_numpy=True)
        if not len(stamps):
            return []
        arrived = pylsl.local_clock()
        labels = self._labels.read(samples.tolist(), stamps.tolist())
        if self._labels.guessed:
            self.note("sends text that is not in UTF-8; it is read as Latin-1.")
        return [
            Marker(self._name, label, self._on_our_clock(t, arrived), t, arrived)
            for label, t in zip(labels, stamps.tolist(), strict=True)
            if label
        ]

    def _on_our_clock(self, t: float, arrived: float) -> float:
        """Return the time of a marker by LSL's clock, estimated if its stamp is by another one."""
        behind = arrived - t
        if EARLIEST_SECONDS < behind < LATEST_SECONDS:
            return t
        self.note(
            "has times that are not of LSL's clock; its markers are put where they arrived, a few "
            "hundredths of a second late, or moved with the EEG if that has the same clock. Let "
            "its program stamp them with local_clock() or not at all."
        )
        if not abs(behind) < float("inf"):
            return arrived
        if self._behind and abs(behind - self._behind[-1]) > -EARLIEST_SECONDS:
            self._behind.clear()  # that clock was set anew
        self._behind.append(behind)
        return t + min(self._behind)


def _taken(queue: deque[Any]) -> list[Any]:
    """Empty a queue that another thread fills; return what it held."""
    held = []
    while queue:
        held.append(queue.popleft())
    return held
