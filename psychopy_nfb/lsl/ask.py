"""What a stream's channels are, asked of it without opening its samples."""

from __future__ import annotations

import pylsl

from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.describe import describe
from psychopy_nfb.lsl.stream_channels import StreamChannels, read_channels


def ask_channels(
    info: pylsl.StreamInfo, timeout: float = 5.0, units: str | None = None
) -> StreamChannels:
    """Ask a stream that was found for its channels.

    Parameters
    ----------
    info : pylsl.StreamInfo
        As it was found on the network, without a full description.
    timeout : float
        Seconds to wait for the answer.
    units : {"uV", "mV", "V", "nV"}, optional
        Unit of all voltages, in place of the declared one.

    Raises
    ------
    StreamError
        If it does not answer, or declares EEG in a unit that is no voltage.
    """
    inlet = pylsl.StreamInlet(info, recover=False)
    try:
        return read_channels(inlet.info(timeout), units)
    except (TimeoutError, RuntimeError, pylsl.util.LostError):
        raise StreamError(
            "stream", describe(info), "was found but did not answer; start it again"
        ) from None
    finally:
        inlet.close_stream()
