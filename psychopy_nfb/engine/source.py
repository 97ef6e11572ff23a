"""The worker's streams as one: EEG with a second stream beside it, lost and found again."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace

import numpy as np

from psychopy_nfb.channels import MISC
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.lsl.amplitude import AmplitudeCheck
from psychopy_nfb.lsl.inlet import Inlet, StreamLost
from psychopy_nfb.lsl.merge import Merger
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.test_signal import TestSignal

LOOK_AGAIN_SECONDS = 0.5


class Source:
    """EEG samples, for as long as the run lasts.

    A stream that ends is looked for in a thread of its own; meanwhile `pull` gives nothing.

    Parameters
    ----------
    selection : StreamSelection
        The EEG.
    aux : StreamSelection, optional
        A second stream, whose channels follow the EEG's.

    Attributes
    ----------
    info : SignalInfo
        All channels.
    events : collections.deque of (str, dict)
        What happened to the streams: ``stream_lost``, ``stream_back``, ``stream_differs``,
        ``aux_lost``, ``unlikely_amplitude``.
    aux_pulled : collections.deque of (ndarray, ndarray)
        Samples and stamps that the second stream sent by itself and nobody has taken yet.

    Raises
    ------
    StreamError, SettingsError
        If a stream is not there or the two share a channel label.
    """

    def __init__(self, selection: StreamSelection, aux: StreamSelection | None = None):
        self._inlet = TestSignal() if selection.test_signal else Inlet(selection)
        self._again = _same_stream(selection, self._inlet.facts())
        self._merger = None
        self.info = self._inlet.info
        self.format = self._inlet.format
        self.aux_info = None
        if aux is not None:
            self._merger = Merger(Inlet(aux))
            self.aux_info = self._merger.inlet.info
            shared = set(self._merger.labels) & set(self.info.labels)
            if shared:
                raise SettingsError(
                    "aux", str(aux), f"has channels that the EEG has too: {', '.join(shared)}"
                )
            # What is laid beside the EEG comes from another amplifier: no reference is made of it.
            beside = {label: self.aux_info.kinds.get(label, MISC) for label in self._merger.labels}
            self.info = replace(
                self.info,
                labels=self.info.labels + self._merger.labels,
                kinds={**self.info.kinds, **beside},
            )
            self.format = np.dtype(np.float64)
        self.events: deque[tuple[str, dict]] = deque()
        self.aux_pulled: deque[tuple[np.ndarray, np.ndarray]] = deque()
        self._amplitude = None if selection.test_signal else AmplitudeCheck(self._inlet.info)
        self.lost = False
        self._aux_lost = False
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
        try:
            pulled = self._inlet.pull(timeout)
        except StreamLost:
            self._lose()
            return None
        if pulled is None:
            return None
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

    def native(self, samples: np.ndarray) -> np.ndarray:
        """Return the last pull as the stream sent it, for the record: (n, n_channels).

        With a second stream beside it these are the merged `samples` themselves.
        """
        return samples if self._merger is not None else self._inlet.native[: len(samples)]

    def facts(self) -> dict[str, object]:
        """Return what identifies the EEG stream, and the kinds of all channels.

        With a second stream beside it, samples are kept as they are merged: in microvolts.
        """
        facts = {**self._inlet.facts(), "kinds": self.info.kinds}
        if self._merger is not None:
            facts["microvolts_per_unit"] = [1.0] * len(self._inlet.info.labels)
        return facts

    def close(self) -> None:
        """Leave the streams."""
        self._ended.set()
        if not self.lost:
            self._inlet.close()

    def _check_amplitude(self, samples: np.ndarray) -> None:
        """Say once whether the EEG's first seconds are too small or too large for microvolts."""
        why = self._amplitude.add(samples)
        if why is not None:
            self.events.append(("unlikely_amplitude", {"why": why}))
        if self._amplitude.done:
            self._amplitude = None

    def _lose(self) -> None:
        self.lost = True
        self.events.append(("stream_lost", {"name": self._inlet.facts()["name"]}))
        self._inlet.close()
        threading.Thread(target=self._look_again, name="reconnect", daemon=True).start()

    def _look_again(self) -> None:
        told = False
        while not self._ended.is_set():
            try:
                found = Inlet(self._again)
            except NfbError:
                continue  # the search itself waits `timeout` seconds
            if found.is_like(self._inlet):
                self._found = found
                return
            found.close()
            if not told:
                self.events.append(("stream_differs", found.facts()))
                told = True
            self._ended.wait(LOOK_AGAIN_SECONDS)


def _same_stream(selection: StreamSelection, facts: dict) -> StreamSelection:
    """Return a selection that only the stream with these `facts` meets, also after a restart."""
    return replace(
        selection,
        name=facts["name"] or None,
        type=facts["type"] or None,
        source_id=facts["source_id"] or None,
        hostname=facts["hostname"] or None,
        timeout=LOOK_AGAIN_SECONDS,
    )
