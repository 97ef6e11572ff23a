"""A second stream laid beside the first, sample by sample."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.lsl.inlet import Inlet


class Merger:
    """Gives each sample of the main stream the newest sample of a second one.

    Newest means: stamped no later than the main sample, and arrived. Before the second stream's
    first sample, and while it is away, its channels are 0.

    Parameters
    ----------
    inlet : Inlet
        The second stream.
    """

    def __init__(self, inlet: Inlet):
        self.inlet = inlet
        self.labels: tuple[str, ...] = tuple(inlet.info.labels)
        self._stamps = np.empty(0)
        self._samples = np.zeros((0, len(self.labels)))

    def take(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Fetch what the second stream has sent; return it as `Inlet.pull` does, for the record.

        Raises
        ------
        StreamLost
            If it has ended.
        """
        pulled = self.inlet.pull(0.0)
        if pulled is not None:
            samples, stamps = pulled
            self._samples = np.concatenate((self._samples, samples))
            self._stamps = np.concatenate((self._stamps, stamps))
        return pulled

    def beside(self, stamps: np.ndarray) -> np.ndarray:
        """Return the second stream's channels for the main `stamps`: (n, n_channels)."""
        newest = np.searchsorted(self._stamps, stamps, side="right") - 1
        out = np.zeros((len(stamps), len(self.labels)))
        known = newest >= 0
        out[known] = self._samples[newest[known]]
        spent = int(newest[-1]) if len(newest) else 0
        if spent > 0:  # the newest one used stays: the next main sample may need it too
            self._stamps = self._stamps[spent:]
            self._samples = self._samples[spent:]
        return out
