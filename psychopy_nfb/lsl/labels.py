"""The labels of a stream's channels, without opening its samples."""

from __future__ import annotations

import pylsl

from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.describe import describe
from psychopy_nfb.lsl.stream_channels import channel_labels


def read_labels(info: pylsl.StreamInfo, timeout: float = 5.0) -> tuple[str, ...]:
    """Ask a stream that was found for the labels of its channels.

    Parameters
    ----------
    info : pylsl.StreamInfo
        As it was found on the network, without a full description.
    timeout : float
        Seconds to wait for the answer.

    Raises
    ------
    StreamError
        If it does not answer.
    """
    inlet = pylsl.StreamInlet(info, recover=False)
    try:
        return channel_labels(inlet.info(timeout))
    except (TimeoutError, RuntimeError, pylsl.util.LostError):
        raise StreamError(
            "stream", describe(info), "was found but did not answer; start it again"
        ) from None
    finally:
        inlet.close_stream()
