"""Blocks of fixed size from blocks of any size, one after the other or overlapping."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class BlockBuffer:
    """A ring of samples that gives them out again in blocks of one size.

    Parameters
    ----------
    size : int
        Samples a block.
    n_channels : int
        Channels.

    Examples
    --------
    >>> buffer = BlockBuffer(size=3, n_channels=1)
    >>> [block[:, 0].tolist() for block in buffer.add(np.arange(7.0)[:, None])]
    [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    >>> len(buffer)
    1
    """

    def __init__(self, size: int, n_channels: int):
        self.size = size
        self._block = np.empty((size, n_channels))
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def add(self, samples: np.ndarray) -> list[np.ndarray]:
        """Take samples, (n, n_channels); return the blocks now full, (size, n_channels)."""
        full = []
        at = 0
        while at < len(samples):
            part = samples[at : at + self.size - self._n]
            self._block[self._n : self._n + len(part)] = part
            self._n += len(part)
            at += len(part)
            if self._n == self.size:
                full.append(self._block.copy())
                self._n = 0
        return full


class SlidingWindow:
    """Measures the last samples again and again, and holds the outcome in between.

    Parameters
    ----------
    length : int
        Samples that are looked at; zeros stand for those before the first.
    hop : int
        Samples between two looks.
    n_channels : int
        Channels.
    dtype : type
        Of what is measured.

    Examples
    --------
    >>> window = SlidingWindow(length=4, hop=2, n_channels=1)
    >>> window.process(np.arange(1.0, 7)[:, None], lambda last: last.sum(axis=0))[:, 0].tolist()
    [0.0, 3.0, 3.0, 10.0, 10.0, 18.0]
    """

    def __init__(self, length: int, hop: int, n_channels: int, dtype: type = float):
        self._length, self._hop = length, hop
        self._last = np.zeros((length, n_channels))
        self._held = np.zeros(n_channels, dtype)
        self._until = hop  # samples until the next look

    def process(
        self, samples: np.ndarray, measure: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Take samples, (n, n_channels); return for each what the last look gave.

        `measure` maps the last samples, (length, n_channels), to one value a channel.
        """
        whole = np.concatenate((self._last, samples))
        out = np.empty(samples.shape, self._held.dtype)
        at = 0
        while at + self._until <= len(samples):
            end = at + self._until
            out[at : end - 1] = self._held
            self._held = measure(whole[end : end + self._length])
            out[end - 1] = self._held
            at, self._until = end, self._hop
        out[at:] = self._held
        self._until -= len(samples) - at
        self._last = whole[len(samples) :]
        return out
