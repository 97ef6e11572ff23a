"""Thresholds that follow the person: one rule each, by name.

- `rule`: what every rule is, as settings (`ThresholdRule`) and at work (`Follower`);
- `success`: as often beyond it as wanted;
- `running`: the running mean and so many standard deviations;
- `trend`: a planned rise;
- `staircase`: a step after each block or trial, by how it went;
- `own_rule`: the guard around a rule that a lab has written.

A rule's class is its ``"type"`` in a settings file. Time is counted in clean samples of blocks with
feedback: artifacts, pauses, baselines and rests make no threshold move, and none older.
"""

from psychopy_nfb.protocol.thresholds.own_rule import GuardedFollower
from psychopy_nfb.protocol.thresholds.rule import Follower, Situation, ThresholdRule
from psychopy_nfb.protocol.thresholds.running import Running
from psychopy_nfb.protocol.thresholds.staircase import Staircase
from psychopy_nfb.protocol.thresholds.success import Success
from psychopy_nfb.protocol.thresholds.trend import Trend

__all__ = [
    "Follower",
    "GuardedFollower",
    "Running",
    "Situation",
    "Staircase",
    "Success",
    "ThresholdRule",
    "Trend",
]
