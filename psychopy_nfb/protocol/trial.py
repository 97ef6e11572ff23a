"""Whether a trial was a success: the share of its time beyond the thresholds."""

from __future__ import annotations

from dataclasses import dataclass

from psychopy_nfb.dsp.flags import Flags

FEWEST_SECONDS = 1.0
"""Clean seconds of a trial below which it is not judged."""
_ASIDE = ~int(Flags.INHIBITED | Flags.NO_POINTS)
"""Flags that make a sample no part of the trial; what is inhibited is one that is not beyond."""
_INHIBITED = int(Flags.INHIBITED)


@dataclass(frozen=True)
class Trial:
    """How one trial, a block with feedback or points, went."""

    share: float
    """Of its clean time that all rewarded signals were beyond their thresholds and no inhibit was
    beyond its own."""
    success: bool
    """Whether that was enough."""
    clean_seconds: float
    """Its length without artifacts, gaps and pauses."""
    rewards: int
    """Within it."""
    points: float
    """Gained within it."""
    lost: float
    """Points that were taken at its end."""


class TrialCount:
    """Counts the samples of a trial, and those beyond.

    Examples
    --------
    >>> count = TrialCount(rate=2.0)
    >>> count.begin(counts=True, score=0.0, rewards=0)
    >>> for beyond in (True, False, False, False):
    ...     count.take(beyond, 0)
    >>> trial = count.end(wanted=0.5, loss=1.0, score=3.0, rewards=3)
    >>> trial.share, trial.success, trial.points, trial.lost
    (0.25, False, 3.0, 1.0)
    """

    def __init__(self, rate: float):
        self._rate = rate
        self.open: bool = False
        self._counts = False
        self._n_clean = 0
        self._n_beyond = 0
        self._score = 0.0
        self._rewards = 0

    def begin(self, counts: bool, score: float, rewards: int) -> None:
        """Begin anew, with the next sample.

        Parameters
        ----------
        counts : bool
            Whether points are counted in it.
        score, rewards
            So far.
        """
        self.open = True
        self._counts = counts
        self._score, self._rewards = score, rewards
        self._n_clean = self._n_beyond = 0

    def take(self, beyond: bool, bits: int) -> None:
        """Take the next sample: whether rewarded signals are beyond, and its flags."""
        if bits & _ASIDE:
            return
        self._n_clean += 1
        if beyond and not bits & _INHIBITED:
            self._n_beyond += 1

    def end(self, wanted: float, loss: float, score: float, rewards: int) -> Trial | None:
        """End it.

        Parameters
        ----------
        wanted : float
            The share from which on it is a success.
        loss : float
            What a missed one costs.
        score, rewards
            At its end.

        Returns
        -------
        Trial or None
            None if there was none, or too little of it was clean.
        """
        judged = self.open and self._n_clean >= FEWEST_SECONDS * self._rate
        self.open = False
        if not judged:
            return None
        share = self._n_beyond / self._n_clean
        success = share >= wanted
        lost = 0.0 if success or not self._counts else loss
        return Trial(
            share=share,
            success=success,
            clean_seconds=self._n_clean / self._rate,
            rewards=rewards - self._rewards,
            points=score - self._score,
            lost=lost,
        )
