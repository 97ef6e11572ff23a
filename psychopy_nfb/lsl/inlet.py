"""One stream's samples, as they arrive."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.checks import check_rate
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.address import address_of
from psychopy_nfb.lsl.chunk_buffer import ChunkBuffer
from psychopy_nfb.lsl.find import Search, is_remote
from psychopy_nfb.lsl.outlet import SIMULATED, SPEED
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.stamps import StampClock
from psychopy_nfb.lsl.stamps_heard import WRONG_RATE, Heard
from psychopy_nfb.lsl.stamps_listen import Block, listen
from psychopy_nfb.lsl.stamps_rate import SPOILT_RATE
from psychopy_nfb.lsl.stream_channels import StreamChannels, read_channels, signal_info

BUFFER_SECONDS = 360
"""How much LSL keeps for a worker that is busy or stopped."""
MAX_BLOCK = 4096
"""Most samples handed over at once; what is beyond comes with the next pull."""
REST_SECONDS = 0.0005
"""Longest wait for the rest of a chunk; it takes 0.05 ms, or more when a core is busy."""
LAST_PULLS = 5
"""Pulls that tell how many samples a chunk has."""


class StreamLost(Exception):
    """The stream has ended or its machine is gone."""


class Inlet:
    """Samples of one LSL stream, in blocks as large as what has arrived.

    Voltages come in microvolts, all else as the stream sends it.

    Parameters
    ----------
    selection : StreamSelection
        Which stream.
    rest : float
        Seconds that a pull waits for the rest of a chunk whose first samples have come; 0 for
        those who must not wait.
    heard : Heard, optional
        What an earlier inlet of the same stream has understood of it; without it the stream is
        listened to first.
    found : pylsl.StreamInfo, optional
        The stream itself, if it has been found already.

    Attributes
    ----------
    info : SignalInfo
        Channels and rate; the rate is the real one where the stream declares another.
    channels : StreamChannels
        What was understood of the channels, and what was assumed.
    heard : Heard
        What was understood of its clock, chunks and rate.
    clock : StampClock
        Puts its stamps on LSL's clock.
    address : str
        Where it was found, for `found_again`.
    declared_rate : float
        The rate that the stream declares, in Hz; 0 if it declares none.
    speed : float
        How many times faster than real time it is, as a recording that is replayed.
    native : ndarray, shape (MAX_BLOCK, n_channels)
        The samples of the last pull as the stream sent them, in its own format.

    Raises
    ------
    StreamError
        If there is no such stream, more than one, or one that cannot be trained on.
    """

    def __init__(
        self,
        selection: StreamSelection,
        rest: float = REST_SECONDS,
        heard: Heard | None = None,
        found: pylsl.StreamInfo | None = None,
    ):
        self.selection = selection
        self._rest = rest
        if found is not None:
            self._open(found, heard)
            return
        search = Search(selection)
        try:
            self._open(search.first, heard)
        finally:  # that two match is the better reason where opening the first failed
            search.only()

    def _open(self, found: pylsl.StreamInfo, heard: Heard | None) -> None:
        """Open the stream that was found, and listen to it unless it is known."""
        selection = self.selection
        if found.channel_format() == pylsl.cf_string:
            raise _irregular(selection)
        check_rate("rate", found.nominal_srate() or 1.0)
        # Recovery inside LSL would hide that an amplifier was off: the worker finds it again itself
        # and marks the gap.
        self.remote: bool = is_remote(found)
        self.address: str = address_of(found)
        self._inlet = pylsl.StreamInlet(
            found,
            max_buflen=BUFFER_SECONDS,
            recover=False,
            processing_flags=pylsl.proc_clocksync if self.remote else pylsl.proc_none,
        )
        try:
            full = self._inlet.info(timeout=selection.timeout)
        except (TimeoutError, pylsl.util.LostError, RuntimeError):
            raise StreamError(
                selection.setting, str(selection), "was found but did not answer; start it again"
            ) from None
        self.description = full
        self.channels: StreamChannels = read_channels(full, selection.units)
        n_channels = len(self.channels.labels)
        self.format: np.dtype[Any] = np.dtype(self._inlet.np_dtype)
        if self.remote:
            # Without this call the first pull would block for 0.64 s instead.
            self._inlet.time_correction(timeout=selection.timeout)
        self._scales = np.array(self.channels.scales)
        self._scaled = bool((self._scales != 1).any())
        self._buffer = ChunkBuffer(self._inlet, MAX_BLOCK)
        self.native: np.ndarray = self._buffer.samples
        self._microvolts = np.empty((MAX_BLOCK, n_channels))
        self._pulled: deque[int] = deque(maxlen=LAST_PULLS)  # samples of each of the last ones
        self._inlet.open_stream(timeout=selection.timeout)
        self.declared_rate: float = full.nominal_srate()
        self.speed: float = _speed(full)
        self._first: deque[Block] = deque()
        if heard is None:
            heard, first = listen(self._hear, (selection.rate or self.declared_rate) * self.speed)
            self._first.extend(first)
        self.heard = heard
        rate = self._chosen_rate()
        self.info: SignalInfo = signal_info(self.channels, rate)
        self.clock: StampClock = StampClock(heard.pace_beside(rate * self.speed), heard)
        if abs(rate / (self.declared_rate or rate) - 1) > WRONG_RATE:
            self.clock.events.append(("rate_differs", self._rate_differs(rate)))

    def _chosen_rate(self) -> float:
        """Return the rate that filters are made for: as set, as declared, or as it really is."""
        selection, declared, heard = self.selection, self.declared_rate, self.heard
        name = self.description.name()
        if selection.rate is not None:
            set_rate = selection.rate * self.speed
            if heard.differs_from(set_rate) and abs(heard.pace / set_rate - 1) > SPOILT_RATE:
                raise StreamError(
                    "stream.rate",
                    selection.rate,
                    f"is set, but stream '{name}' sends {heard.rate / self.speed:g} samples a "
                    "second; set stream.rate to that",
                )
            return selection.rate
        if not declared:
            if heard.pace is None or heard.within > WRONG_RATE or not heard.steady:
                raise _irregular(selection)
            raise StreamError(
                "stream.rate",
                None,
                f"stream '{name}' declares no rate (nominal_srate 0) but sends {heard.rate:g} "
                f"samples a second; set stream.rate to {heard.rate:g}",
            )
        if not heard.differs_from(declared * self.speed):
            return declared
        if not heard.steady:
            slow, fast = sorted(pace / self.speed for pace in heard.paces)
            raise StreamError(
                "stream.rate",
                declared,
                f"stream '{name}' declares {declared:g} Hz but sends now {slow:.4g} and now "
                f"{fast:.4g} samples a second, and filters need a steady rate; look at the "
                "amplifier's battery, radio link and program, and start it again",
            )
        return heard.rate / self.speed

    def _rate_differs(self, rate: float) -> dict[str, object]:
        """Return what is told of a rate that is not the declared one."""
        declared = self.declared_rate
        return {
            "declared": declared,
            "real": rate,
            "sentence": f"The stream declares {declared:g} Hz but has {rate:.5g} samples a second: "
            f"filters and figures are made for {rate:.5g} Hz. Correct the rate in the amplifier's "
            "program if you can.",
        }

    def _hear(self, timeout: float) -> Block | None:
        """Return what came within `timeout` seconds, None if nothing did."""
        n = self._take(timeout, at=0, wanted=1)
        if not n:
            return None
        return self.native[:n].copy(), self._buffer.stamps[:n].copy(), pylsl.local_clock()

    def first_samples(self) -> np.ndarray:
        """Return what came while the stream was listened to and is yet to be pulled: microvolts."""
        blocks = [native for native, _, _ in self._first]
        together = np.concatenate(blocks) if blocks else np.empty((0, len(self._scales)))
        return together * self._scales

    @property
    def waiting(self) -> bool:
        """Whether samples wait for the next pull that came before this was of use."""
        return bool(self._first)

    def pull(self, timeout: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Wait up to `timeout` seconds for the next sample and take all that are there.

        Returns
        -------
        samples : ndarray, shape (n, n_channels)
            Microvolts, or the unit of what is no voltage; a view that the next pull overwrites.
        stamps : ndarray, shape (n,)
            LSL time of each sample, in seconds.

        Raises
        ------
        StreamLost
            If the stream has ended.
        """
        if self._first:
            native, stamps, received = self._first.popleft()
            self.native[: len(stamps)] = native
        else:
            try:
                n = self._take(timeout, at=0, wanted=1)
                if n == 0:
                    return None
                # LSL wakes at the first sample of a chunk. Without the others, which are on their
                # way, the newest would be as old as the chunk is long. As many are expected as
                # pulls usually had: single samples of which two came together once are no chunks,
                # and chunks of which one came in two parts still are.
                expected = self._usual_pull()
                if self._rest and n < expected:
                    n += self._take(self._rest, at=n, wanted=expected - n)
            except pylsl.util.LostError:
                raise StreamLost(self.description.name()) from None
            received = pylsl.local_clock()
            stamps = self._buffer.stamps[:n].copy()
        n = len(stamps)
        self._pulled.append(n)
        stamps = self.clock.correct(stamps, received)
        out = self._microvolts[:n]
        if self._scaled:
            np.multiply(self.native[:n], self._scales, out=out)
        else:
            out[:] = self.native[:n]
        return out, stamps

    def _usual_pull(self) -> int:
        """Return how many samples the last pulls had, in the median."""
        pulled = sorted(self._pulled)
        return pulled[(len(pulled) - 1) // 2] if pulled else 1

    def _take(self, timeout: float, at: int, wanted: int) -> int:
        """Wait for `wanted` samples, put all that are there into `native` from row `at` on.

        Returns how many there are. To ask whether more have come costs 1 us.
        """
        n = self._buffer.pull(timeout, at, wanted)
        if n < wanted or at + n == MAX_BLOCK or not self._inlet.samples_available():
            return n
        return n + self._buffer.pull(0.0, at + n, MAX_BLOCK - at - n)

    def facts(self) -> dict[str, object]:
        """Return what identifies the stream, for messages and the session's settings file."""
        full = self.description
        return {
            "name": full.name(),
            "type": full.type(),
            "source_id": full.source_id(),
            "uid": full.uid(),
            "hostname": full.hostname(),
            "simulated": full.desc().child_value(SIMULATED) or None,
            "rate": self.info.rate,
            "declared_rate": self.declared_rate,
            "labels": list(self.info.labels),
            "format": str(self.format),
            "kinds": self.channels.not_eeg,
            "units": list(self.channels.units),
            "microvolts_per_unit": self._scales.tolist(),
            "assumptions": list(self.channels.assumptions),
            "clock_corrected": self.remote,
            "clock": self.clock.facts(),
        }

    def close(self) -> None:
        """Leave the stream."""
        self._inlet.close_stream()


def _irregular(selection: StreamSelection) -> StreamError:
    return StreamError(
        selection.setting,
        str(selection),
        "has no numbers at a regular rate; choose the stream of an amplifier",
    )


def _speed(full: pylsl.StreamInfo) -> float:
    """Return how many times faster than it declares a stream is; 1 unless it says so."""
    try:
        return float(full.desc().child_value(SPEED) or 1)
    except ValueError:
        return 1.0
