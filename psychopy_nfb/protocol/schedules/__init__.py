"""Schedules of reinforcement: which hits are rewarded, one class each, by name.

- `schedule`: what every schedule is (`Schedule`), and each hit rewarded (`Continuous`);
- `ratio`: after so many hits (`FixedRatio`, `VariableRatio`);
- `interval`: the first hit after some time (`FixedInterval`, `VariableInterval`);
- `lots`: lots that a rerun draws again.

A class's name is its ``"type"`` in a settings file. Schedules are as Ferster and Skinner have them
(1957, https://doi.org/10.1037/10627-000).
"""

from psychopy_nfb.protocol.schedules.interval import FixedInterval, VariableInterval
from psychopy_nfb.protocol.schedules.ratio import FixedRatio, VariableRatio
from psychopy_nfb.protocol.schedules.schedule import Continuous, Schedule

__all__ = [
    "Continuous",
    "FixedInterval",
    "FixedRatio",
    "Schedule",
    "VariableInterval",
    "VariableRatio",
]
