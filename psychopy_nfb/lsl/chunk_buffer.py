"""Memory into which LSL writes samples and stamps, made once."""

from __future__ import annotations

import ctypes

import numpy as np
import pylsl
from pylsl.util import handle_error


class ChunkBuffer:
    """Takes what an inlet has, without making anything but the number of samples.

    `pylsl.StreamInlet.pull_chunk` makes two arrays, a type and six numbers of ctypes with each
    call. For the single samples of an amplifier that was 15 us of the 65 that a pull took at 1 kHz,
    the wait for the sample aside. This is its numeric part on memory of one's own.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
        Of a stream of numbers.
    rows : int
        Most samples that it holds.

    Attributes
    ----------
    samples : ndarray, shape (rows, n_channels)
        In the stream's own format.
    stamps : ndarray, shape (rows,)
        As the stream sent them, in seconds.
    """

    def __init__(self, inlet: pylsl.StreamInlet, rows: int):
        self._inlet = inlet
        self._n_channels = inlet.channel_count
        self.samples: np.ndarray = np.zeros((rows, self._n_channels), inlet.np_dtype)
        self.stamps: np.ndarray = np.zeros(rows)
        self._error = ctypes.c_int()
        self._error_at = ctypes.byref(self._error)
        # Asked once: where an array lies takes numpy 2 us to say.
        self._samples_at, self._row_bytes = self.samples.ctypes.data, self.samples.strides[0]
        self._stamps_at = self.stamps.ctypes.data
        self._for_the_next = self._place(0, 1)  # made once: most pulls wait for one sample

    def pull(self, timeout: float, at: int, n: int) -> int:
        """Wait up to `timeout` seconds for `n` samples and put what has come by then from `at` on.

        Returns
        -------
        int
            How many came.

        Raises
        ------
        pylsl.util.LostError
            If the stream has ended.
        """
        error = self._error
        error.value = 0
        place = self._for_the_next if at == 0 and n == 1 else self._place(at, n)
        n_numbers = self._inlet.do_pull_chunk(
            self._inlet.obj, *place, ctypes.c_double(timeout), self._error_at
        )
        if error.value:
            handle_error(error)
        return n_numbers // self._n_channels

    def _place(self, at: int, n: int) -> tuple[ctypes.c_void_p | ctypes.c_size_t, ...]:
        """Return where rows from `at` on are for LSL, samples and stamps, and how many `n` are."""
        return (
            ctypes.c_void_p(self._samples_at + at * self._row_bytes),
            ctypes.c_void_p(self._stamps_at + at * 8),
            ctypes.c_size_t(n * self._n_channels),
            ctypes.c_size_t(n),
        )
