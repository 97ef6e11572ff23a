"""One signal and its reward, driven by a signal and flags that the test makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from trainings import one_signal, the_signal

from psychopy_nfb.protocol import REWARD_VALUES, SIGNAL_VALUES, RewardState, SignalState

NAMES = (*SIGNAL_VALUES, *REWARD_VALUES)


class Feedback:
    """What a training on one signal makes of its pipeline's output."""

    def __init__(self, rate, baseline=None, **settings):
        self._configuration = one_signal(**settings)
        signal = replace(the_signal(self._configuration), baseline=baseline)
        self.signal = SignalState(signal, rate)
        self.reward = RewardState(self._configuration.reward, rate)

    def apply(self, changes):
        self._configuration = self._configuration.changed(changes)
        self.signal.use(the_signal(self._configuration))
        self.reward.use(self._configuration.reward)

    def run(self, signal, flags=None, sizes=()):
        """Return the values by name, of a signal that comes in chunks of the given sizes."""
        signal = [float(x) for x in signal]
        flags = [0] * len(signal) if flags is None else [int(bits) for bits in flags]
        rows, at = [], 0
        while at < len(signal):
            size = sizes[len(rows) % len(sizes)] if sizes else len(signal)
            part = slice(at, at + size)
            shown, beyond = self.signal.process(signal[part], flags[part])
            rewarded = self.reward.process(beyond, flags[part])
            rows.append(np.hstack([shown, rewarded]))
            at += size
        return dict(zip(NAMES, np.concatenate(rows).T, strict=True))
