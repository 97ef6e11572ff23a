"""One stream's samples, as they arrive."""

from __future__ import annotations

import numpy as np
import pylsl

from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.find import find_stream, is_remote
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.stream_channels import read_channels, signal_info

BUFFER_SECONDS = 360
"""How much LSL keeps for a worker that is busy or stopped."""
MAX_BLOCK = 4096
"""Most samples handed over at once; what is beyond comes with the next pull."""
REST_SECONDS = 0.0005
"""Longest wait for the rest of a chunk; it takes 0.05 ms, or more when a core is busy."""


class StreamLost(Exception):  # noqa: N818 - an event of a run, not a mistake
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

    Attributes
    ----------
    info : SignalInfo
        Channels and rate.
    channels : StreamChannels
        What was understood of the channels, and what was assumed.
    native : ndarray, shape (MAX_BLOCK, n_channels)
        The samples of the last pull as the stream sent them, in its own format.

    Raises
    ------
    StreamError
        If there is no such stream, more than one, or one that cannot be trained on.
    """

    def __init__(self, selection: StreamSelection, rest: float = REST_SECONDS):
        self.selection = selection
        self._rest = rest
        found = find_stream(selection)
        if found.channel_format() == pylsl.cf_string or not found.nominal_srate():
            raise StreamError(
                "stream",
                str(selection),
                "has no numbers at a regular rate; choose the stream of an amplifier",
            )
        # Recovery inside LSL would hide that an amplifier was off: the worker finds it again itself
        # and marks the gap.
        self.remote = is_remote(found)
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
                "stream", str(selection), "was found but did not answer; start it again"
            ) from None
        self.description = full
        self.channels = read_channels(full, selection.units)
        self.info = signal_info(self.channels, full.nominal_srate())
        self.format = np.dtype(self._inlet.np_dtype)
        if self.remote:
            # Without this call the first pull would block for 0.64 s instead.
            self._inlet.time_correction(timeout=selection.timeout)
        self._scales = np.array(self.channels.scales)
        self._scaled = bool((self._scales != 1).any())
        self.native = np.empty((MAX_BLOCK, self.info.n_channels), dtype=self.format)
        self._microvolts = np.empty((MAX_BLOCK, self.info.n_channels))
        self._chunk = 1  # samples of the last pull: what the next chunk will probably have
        self._inlet.open_stream(timeout=selection.timeout)

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
        try:
            stamps = self._take(timeout, at=0, wanted=1)
            n = len(stamps)
            if n == 0:
                return None
            # LSL wakes at the first sample of a chunk. Without the others, which are on their way,
            # the newest would be as old as the chunk is long.
            if self._rest and n < self._chunk:
                rest = self._take(self._rest, at=n, wanted=self._chunk - n)
                stamps = np.concatenate((stamps, rest))
        except pylsl.util.LostError:
            raise StreamLost(self.description.name()) from None
        self._chunk = n = len(stamps)
        out = self._microvolts[:n]
        if self._scaled:
            np.multiply(self.native[:n], self._scales, out=out)
        else:
            out[:] = self.native[:n]
        return out, stamps

    def _take(self, timeout: float, at: int, wanted: int) -> np.ndarray:
        """Wait for `wanted` samples and put all that are there into `native` from row `at` on."""
        _, stamps = self._inlet.pull_chunk(
            timeout, MAX_BLOCK - at, dest_obj=self.native[at:], min_samples=wanted, as_numpy=True
        )
        return stamps

    def facts(self) -> dict[str, object]:
        """Return what identifies the stream, for messages and the session's settings file."""
        full = self.description
        return {
            "name": full.name(),
            "type": full.type(),
            "source_id": full.source_id(),
            "hostname": full.hostname(),
            "rate": full.nominal_srate(),
            "labels": list(self.info.labels),
            "format": str(self.format),
            "kinds": self.channels.not_eeg,
            "units": list(self.channels.units),
            "microvolts_per_unit": self._scales.tolist(),
            "assumptions": list(self.channels.assumptions),
            "clock_corrected": self.remote,
        }

    def is_like(self, other: Inlet) -> bool:
        """Return whether samples of the two mean the same: channels, units, rate and format."""
        one, two = self.channels, other.channels
        return (
            (one.labels, one.kinds, one.scales) == (two.labels, two.kinds, two.scales)
            and self.info.rate == other.info.rate
            and self.format == other.format
        )

    def close(self) -> None:
        """Leave the stream."""
        self._inlet.close_stream()
