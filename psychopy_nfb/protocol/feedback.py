"""The state that each sample of the signal moves on: value, threshold, reward, score."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.display_value import DisplayValue
from psychopy_nfb.protocol.settings import Protocol

VALUE_NAMES = ("value", "signal", "z", "threshold", "reward", "score", "hits", "quality")
"""What there is for each sample, in this order, in records, recordings and frame logs."""

QUALITY_SECONDS = 1.0


class Feedback:
    """Turns the signal into `VALUE_NAMES`, sample by sample.

    Any flag withholds reward and starts the dwell anew. While a flag says that the sample itself is
    not to be trusted, `value` keeps its last trusted state: a blink must not move the bar.

    Parameters
    ----------
    protocol : Protocol
        What is rewarded.
    rate : float
        Of the signal, in Hz; all durations are counted in its samples.
    """

    def __init__(self, protocol: Protocol, rate: float):
        self.rate = rate
        self.score = 0.0
        self.hits = 0
        self._display = DisplayValue(rate)
        self._run = 0  # samples in a row on the rewarded side
        self._refractory_left = 0
        self._window = bytearray(max(1, round(QUALITY_SECONDS * rate)))
        self._at = 0
        self._n_flagged = 0
        self._n_seen = 0
        self._use(protocol, None)

    @property
    def protocol(self) -> Protocol:
        """What is rewarded."""
        return self._comparison.protocol

    def _use(self, protocol: Protocol, baseline: Baseline | None) -> None:
        self._dwell = round(protocol.dwell * self.rate)
        self._hit_at = max(1, self._dwell)  # samples in a row that make a hit
        self._refractory = round(protocol.refractory * self.rate)
        self._comparison = Comparison(protocol, baseline)
        self._display.use(self._comparison)

    def set_baseline(self, baseline: Baseline) -> None:
        """Compare with `baseline` from the next sample on."""
        self._use(self.protocol, baseline)

    def apply(self, changes: dict[str, object]) -> None:
        """Change live settings from the next sample on.

        Raises
        ------
        SettingsError
            As `Protocol.changed`; nothing is changed then.
        """
        self._use(self.protocol.changed(**changes), self._comparison.baseline)

    def reset_score(self) -> None:
        """Start again at no points and no hits."""
        self.score, self.hits = 0.0, 0

    def restore(self, reached: dict[str, float]) -> None:
        """Go on from the ``score`` and ``hits`` that an earlier process had reached."""
        self.score = float(reached.get("score", 0.0))
        self.hits = int(reached.get("hits", 0))

    def process(self, signal: np.ndarray, flags: np.ndarray) -> np.ndarray:
        """Take the next samples.

        Parameters
        ----------
        signal : ndarray, shape (n,)
            float64.
        flags : ndarray of uint32, shape (n,)
            Of the samples; UNCALIBRATED is added in place where a needed baseline is missing.

        Returns
        -------
        ndarray, shape (n, 8)
            In the order of `VALUE_NAMES`.
        """
        if not self._comparison.ready:
            flags |= np.uint32(Flags.UNCALIBRATED)
        return np.array(
            [self._sample(x, bits) for x, bits in zip(signal.tolist(), flags.tolist(), strict=True)]
        ).reshape(len(signal), len(VALUE_NAMES))

    def _sample(self, x: float, bits: int) -> tuple[float, ...]:
        """Move on by one sample; plain floats are faster here than arrays of one."""
        comparison = self._comparison
        protocol, threshold, up = comparison.protocol, comparison.threshold, comparison.up
        z = x * comparison.scale + comparison.shift
        if comparison.ready:
            if bits & HOLDING or z != z:  # NaN
                self._display.hold(lost=bool(bits & Flags.GAP))
            else:
                self._display.follow(z)
        reward = 0.0
        if self._refractory_left > 0:
            self._refractory_left -= 1
            self._run = 0
        elif bits == 0 and (z >= threshold if up else z <= threshold):
            self._run += 1
            if protocol.reward_mode == "time":
                if self._run == self._hit_at:
                    self.hits += 1
                if self._run > self._dwell:
                    reward = 1.0
                    self.score += protocol.points / self.rate
            elif self._run == self._hit_at:
                reward = 1.0
                self.hits += 1
                self.score += protocol.points
                self._run = 0
                self._refractory_left = self._refractory
        else:
            self._run = 0
        return (
            self._display.value,
            x,
            z,
            threshold,
            reward,
            self.score,
            float(self.hits),
            self._quality(1 if bits & HOLDING else 0),
        )

    def _quality(self, flagged: int) -> float:
        """Return the share of clean samples among the last second's."""
        window, at = self._window, self._at
        self._n_flagged += flagged - window[at]
        window[at] = flagged
        self._at = at + 1 if at + 1 < len(window) else 0
        if self._n_seen < len(window):
            self._n_seen += 1
        return 1 - self._n_flagged / self._n_seen
