"""Blocks of fixed size from blocks of any size."""

from __future__ import annotations

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
