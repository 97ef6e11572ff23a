"""What was recorded of a block, sample by sample, on the way to being shown in another one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from psychopy_nfb.protocol.value_names import SHOWN_VALUES

FEEDBACK = SHOWN_VALUES[:-1]
"""What a `FeedbackSeries` holds of each sample."""
GAINED = ("score", "hits", "rewards")
"""What of it is the gain of that sample, not the sum so far: artifacts of the one who is shown it
may withhold some."""
_REWARD, _REWARDS = FEEDBACK.index("reward"), FEEDBACK.index("rewards")
_GAINED = [FEEDBACK.index(name) for name in GAINED]


@dataclass(frozen=True, eq=False)
class FeedbackSeries:
    """What somebody was shown in a block.

    Examples
    --------
    >>> values = np.zeros((4, len(FEEDBACK)))
    >>> values[:, 0] = [0.1, 0.2, 0.3, 0.4]
    >>> FeedbackSeries(values, rate=100.0).at(50.0).values[:, 0].tolist()
    [0.1, 0.3]
    """

    values: np.ndarray
    """(n, len(FEEDBACK)) float64, in the order of `FEEDBACK`."""
    rate: float
    """Samples a second."""

    def at(self, rate: float) -> FeedbackSeries:
        """Return the series at another rate: at each time the newest sample that there was.

        Points and rewards between two samples are added to the second one: none is lost.
        """
        if rate == self.rate:
            return self
        n = int(np.floor(len(self.values) * rate / self.rate + 1e-9))
        rows = np.floor(np.arange(n) * (self.rate / rate) + 1e-9).astype(int)
        rows = rows.clip(0, len(self.values) - 1)
        before = np.r_[-1, rows[:-1]]
        values = self.values[rows].copy()
        sums = np.vstack([np.zeros(len(GAINED)), np.cumsum(self.values[:, _GAINED], axis=0)])
        values[:, _GAINED] = sums[rows + 1] - sums[before + 1]
        rewarded = np.r_[0, np.cumsum(self.values[:, _REWARD] > 0)]
        came = rewarded[rows + 1] > rewarded[before + 1]
        # A sample that is shown again brings no second hit; time beyond thresholds goes on.
        lasts = (rows == before) & (values[:, _REWARD] > 0) & (self.values[rows, _REWARDS] == 0)
        values[:, _REWARD] = came | lasts
        return FeedbackSeries(values, rate)


@dataclass(frozen=True, eq=False)
class Extract:
    """A recorded block's EEG, with what came before it, for filters to settle."""

    samples: np.ndarray
    """(n, n_channels) in the stream's own format."""
    scales: np.ndarray
    """(n_channels,) what makes microvolts of them."""
    labels: tuple[str, ...]
    """One a channel."""
    rate: float
    """Samples a second."""
    lead: int
    """How many samples lie before the block's begin."""
    breaks: tuple[int, ...] = ()
    """Rows before which samples are missing: there filters start anew."""


@dataclass(frozen=True, eq=False)
class SignalSeries:
    """Signals of a block, or like those of a baseline, at the rate of the training."""

    signals: dict[str, np.ndarray] = field(default_factory=dict)
    """By name, (n,) each."""
    flags: dict[str, np.ndarray] = field(default_factory=dict)
    """Their `Flags`, (n,) each."""

    def __len__(self) -> int:
        return min(map(len, self.signals.values()), default=0)

    def turned(self, share: float) -> SignalSeries:
        """Return it from `share` of its length on, 0 to 1, and then from its begin."""
        n = len(self)
        return self._moved(np.roll(np.arange(n), -int(share * n)))

    def reversed(self) -> SignalSeries:
        """Return it from its end to its begin."""
        return self._moved(np.arange(len(self))[::-1])

    def _moved(self, rows: np.ndarray) -> SignalSeries:
        return SignalSeries(
            {name: signal[rows] for name, signal in self.signals.items()},
            {name: flags[rows] for name, flags in self.flags.items()},
        )
