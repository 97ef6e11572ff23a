"""The worker's streams as one: EEG with a second stream beside it, lost and found again."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.channels import MISC
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.lsl.absent import AbsentStream, difference, found_again, same_stream
from psychopy_nfb.lsl.amplitude import AmplitudeCheck
from psychopy_nfb.lsl.find import LookAlikes, is_remote, look_for
from psychopy_nfb.lsl.inlet import Inlet, StreamLost
from psychopy_nfb.lsl.merge import Merger
from psychopy_nfb.lsl.selection import SecondStream, StreamSelection
from psychopy_nfb.lsl.stamps_heard import Heard
from psychopy_nfb.simulate.synthetic import SyntheticStream

logger: logging.Logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 0.5
"""Between a stream that was found and of no use, and the next search."""
RESTART_SECONDS = 2.0
"""How long a restarted worker looks for its stream before it begins without, and how long a stream
that was lost and is back may take to answer."""

OVERLAP_SECONDS = 3.0
"""How long before its old stream ended a program that restarts it may have opened the new one."""
TWIN = (
    "Another stream '{}' is not used in place of the one that was lost: it was there before. The "
    "run waits for its own. Give one of the two another name, or each a source_id in its program."
)


class Acquisition:
    """EEG samples, for as long as the run lasts.

    A stream that ends is looked for in a thread of its own; meanwhile `pull` gives nothing.

    Parameters
    ----------
    selection : StreamSelection
        The EEG.
    aux : SecondStream, optional
        A second stream, whose channels follow the EEG's.
    known : dict, optional
        What `known` said of the streams to an earlier worker. The same ones are taken, and waited
        for if they are away: with another amplifier on the network a new search could find that
        one.

    Attributes
    ----------
    info : SignalInfo
        All channels.
    events : collections.deque of (str, dict)
        What happened to the streams: ``stream_lost``, ``stream_back``, ``stream_differs``,
        ``aux_lost``, ``unlikely_amplitude``, ``rate_differs`` and what `StampClock` finds.
    aux_pulled : collections.deque of (ndarray, ndarray)
        Samples and stamps that the second stream sent by itself and nobody has taken yet.
    notes : list of str
        What of the training's settings does not apply to the streams; told with what was assumed.

    Raises
    ------
    StreamError, SettingsError
        If a stream is not there or the two share a channel label.
    """

    def __init__(
        self,
        selection: StreamSelection,
        aux: SecondStream | None = None,
        known: dict[str, Any] | None = None,
    ):
        known = known or {}
        heard = Heard(**known["heard"]) if known.get("heard") else None
        addresses = known.get("addresses", {})
        self._inlet = _opened(selection, known.get("eeg"), heard, addresses.get("eeg", ""))
        self._known = self._inlet.facts()
        self._again = same_stream(selection, self._known, RESTART_SECONDS)
        self._merger = None
        self._scales: np.ndarray | None = np.array(self._known["microvolts_per_unit"])
        self.info: SignalInfo = self._inlet.info
        self.format: np.dtype[Any] = self._inlet.format
        self.aux_info: SignalInfo | None = None
        if aux is not None:
            beside = _opened(aux, known.get("aux"), address=addresses.get("aux", ""))
            self._merger = Merger(beside)
            self._scales = None  # what is merged is in microvolts
            self.aux_info = self._merger.inlet.info
            shared = set(self._merger.labels) & set(self.info.labels)
            if shared:
                raise SettingsError(
                    "aux", str(aux), f"has channels that the EEG has too: {', '.join(shared)}"
                )
            # What is laid beside the EEG comes from another amplifier: no reference is made of it.
            kinds = {label: self.aux_info.kinds.get(label, MISC) for label in self._merger.labels}
            self.info = replace(
                self.info,
                labels=self.info.labels + self._merger.labels,
                kinds={**self.info.kinds, **kinds},
            )
            self.format = np.dtype(np.float64)
        self.notes: list[str] = []
        self.events: deque[tuple[str, dict[str, Any]]] = deque()
        self.aux_pulled: deque[tuple[np.ndarray, np.ndarray]] = deque()
        self._amplitude: AmplitudeCheck | None = None
        if (
            isinstance(self._inlet, Inlet) and not known
        ):  # an earlier process of the run has told it
            self._amplitude = AmplitudeCheck(self._inlet.info)
            self._tell_amplitude(self._amplitude.begin(self._inlet.first_samples()))
        self.lost: bool = False
        self._aux_lost = False
        self._last_at = -math.inf  # when samples came last, on the LSL clock
        self._found: Inlet | None = None
        self._ended = threading.Event()

    def pull(self, timeout: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Wait up to `timeout` seconds for samples, as `Inlet.pull` does; None if there are none.

        What the second stream sent by itself is added to `aux_pulled`.
        """
        if self.lost:
            if self._found is None:
                time.sleep(timeout)
                return None
            self._inlet, self._found, self.lost = self._found, None, False
            self.events.append(("stream_back", self._inlet.facts()))
        self._tell_clocks()
        try:
            pulled = self._inlet.pull(timeout)
        except StreamLost:
            self._lose()
            return None
        if pulled is None:
            return None
        self._last_at = lsl_now()
        if self._amplitude is not None:
            self._check_amplitude(pulled[0])
        if self._merger is None:
            return pulled
        samples, stamps = pulled
        if not self._aux_lost:
            try:
                aux = self._merger.take()
                if aux is not None:  # its inlet uses the same memory again at the next pull
                    self.aux_pulled.append((aux[0].copy(), aux[1]))
            except StreamLost:
                self._aux_lost = True
                self.events.append(("aux_lost", self._merger.inlet.facts()))
        return np.concatenate((samples, self._merger.beside(stamps)), axis=1), stamps

    def _tell_clocks(self) -> None:
        """Pass on what was found of the streams' clocks."""
        found = self._inlet.clock.events
        while found:
            self.events.append(found.popleft())
        if self._merger is not None:
            inlet = self._merger.inlet
            while inlet.clock.events:
                what, detail = inlet.clock.events.popleft()
                self.events.append((what, {"stream": inlet.facts()["name"], **detail}))

    @property
    def waiting(self) -> bool:
        """Whether more samples wait that came before the run: those pulled last are old."""
        return self._inlet.waiting

    @property
    def pace(self) -> float:
        """Samples a second of real time that the EEG should have."""
        return self.info.rate * self._inlet.speed

    @property
    def breaks(self) -> tuple[int, ...]:
        """Rows of the last pull before which samples may be missing though no stamp says so."""
        return self._inlet.clock.breaks

    @property
    def chunk_seconds(self) -> float:
        """Time between two chunks of the EEG; 0 while it is not known."""
        return self._inlet.clock.chunk_seconds

    @property
    def stamped_on_arrival(self) -> bool:
        """Whether the EEG's stamps follow the arrival of samples: they are counted, or moved."""
        return self._inlet.clock.counted or self._inlet.clock.moved

    def clock_facts(self) -> dict[str, object]:
        """Return what was made of the EEG's stamps."""
        return self._inlet.clock.facts()

    def native(self, samples: np.ndarray) -> np.ndarray:
        """Return the last pull as the stream sent it, for the record: (n, n_channels).

        With a second stream beside it these are the merged `samples` themselves.
        """
        return samples if self._merger is not None else self._inlet.native[: len(samples)]

    def in_microvolts(self, native: np.ndarray) -> np.ndarray:
        """Return samples that `native` gave in microvolts, or the unit of what is no voltage."""
        return native if self._scales is None else native * self._scales

    def facts(self) -> dict[str, object]:
        """Return what identifies the EEG stream, and the kinds of all channels.

        With a second stream beside it, samples are kept as they are merged: in microvolts.
        """
        facts: dict[str, Any] = {**self._inlet.facts(), "kinds": self.info.kinds}
        facts["assumptions"] += self.notes
        if self._merger is not None:
            facts["microvolts_per_unit"] = [1.0] * len(self._inlet.info.labels)
        return facts

    def known(self) -> dict[str, object]:
        """Return what a successor needs to take the same streams, and to understand the EEG's."""
        inlets = {"eeg": self._inlet}
        if self._merger is not None:
            inlets["aux"] = self._merger.inlet
        heard = replace(self._inlet.heard, offset=self.clock_offset)
        return {
            **{name: inlet.facts() for name, inlet in inlets.items()},
            "heard": heard.to_dict(),
            "addresses": {name: inlet.address for name, inlet in inlets.items()},
        }

    @property
    def clock_offset(self) -> float:
        """Seconds added to the EEG's stamps now: clocks drift apart and are set."""
        clock = self._inlet.clock
        return self._inlet.heard.offset if clock.counted else clock.offset

    def close(self) -> None:
        """Leave the streams."""
        self._ended.set()
        if not self.lost:
            self._inlet.close()

    def _check_amplitude(self, samples: np.ndarray) -> None:
        """Say once whether the EEG's first seconds are too small or too large for microvolts."""
        self._tell_amplitude(self._amplitude.add(samples))

    def _tell_amplitude(self, why: str | None) -> None:
        if why is not None:
            self.events.append(("unlikely_amplitude", {"sentence": why}))
        if self._amplitude.done:
            self._amplitude = None

    def _lose(self) -> None:
        self.lost = True
        self.events.append(("stream_lost", {"name": self._inlet.facts()["name"]}))
        self._inlet.close()
        threading.Thread(target=self._look_again, name="reconnect", daemon=True).start()

    def _look_again(self) -> None:
        told: set[str] = set()
        alike: LookAlikes | None = None
        while not self._ended.is_set():
            try:
                if alike is None:
                    n_channels = len(self._known["labels"])
                    alike = LookAlikes(self._again, n_channels, self._known["declared_rate"])
                there = look_for(
                    self._again,
                    self._ended,
                    accept=partial(self._may_be_lost_one, told),
                    meanwhile=partial(self._tell_alike, told, alike),
                )
                if there is None:
                    return
                found = Inlet(self._again, heard=self._inlet.heard, found=there)
            except NfbError:  # gone again
                self._ended.wait(LOOK_AGAIN_SECONDS)
                continue
            except Exception as error:  # liblsl's own, say: the search must not end with it
                logger.exception("Looking for the stream failed; going on.")
                self._tell(told, "reconnect_failed", {"why": str(error)})
                self._ended.wait(LOOK_AGAIN_SECONDS)
                continue
            differs = difference(found.facts(), self._known)
            if not differs:
                found.clock = self._inlet.clock  # it knows the last stamp
                self._found = found
                return
            found.close()
            self._tell(
                told,
                "stream_differs",
                {
                    **found.facts(),
                    "sentence": f"The stream '{found.facts()['name']}' is back as another one, in "
                    f"its {differs}. The run waits for the one that it began with: set the "
                    "amplifier's program as it was, or start the experiment again.",
                },
            )
            self._ended.wait(LOOK_AGAIN_SECONDS)

    def _may_be_lost_one(self, told: set[str], other: pylsl.StreamInfo) -> bool:
        """Return whether a stream may be the lost one, and tell of one that was beside it before.

        One with a source_id is told from others by it. The clock of another computer may have begun
        anew with the stream.
        """
        if (
            self._again.source_id
            or is_remote(other)
            or other.uid() == self._inlet.facts()["uid"]
            or other.created_at() > self._last_at - OVERLAP_SECONDS
        ):
            return True
        detail = {"uid": other.uid(), "sentence": TWIN.format(other.name())}
        self._tell(told, "stream_differs", detail)
        return False

    def _tell_alike(self, told: set[str], alike: LookAlikes) -> None:
        """Tell of streams that may be the lost one under another source_id; none is taken."""
        for info in alike.there():
            name, source_id = info.name(), info.source_id()
            sentence = (
                f"A stream '{name}' that looks like the lost one is there, but its source_id is "
                f"'{source_id}' instead of '{self._known['source_id']}'. It may be another "
                "person's amplifier, so it is not taken. If it is the same amplifier, start the "
                "experiment again with it, or let its program send under the first source_id."
            )
            detail = {"name": name, "source_id": source_id, "sentence": sentence}
            self._tell(told, "stream_differs", detail)

    def _tell(self, told: set[str], what: str, detail: dict[str, Any]) -> None:
        """Add an event, once in a search for each thing that it says."""
        said = f"{what}: {detail.get('sentence') or detail.get('why')}"
        if said not in told:
            told.add(said)
            self.events.append((what, detail))


def _opened(
    selection: StreamSelection,
    known: dict[str, Any] | None,
    heard: Heard | None = None,
    address: str = "",
) -> Inlet | AbsentStream | SyntheticStream:
    """Open a stream: the one that is `known`, or the one that is selected."""
    if selection.test_signal:
        return SyntheticStream()
    if known is None:
        return Inlet(selection, heard=heard)
    return found_again(selection, known, RESTART_SECONDS, heard, address)
