"""From signals to feedback: baseline, comparison, threshold, dwell, reward and score.

Nothing here knows of streams, processes, files or clocks: time is counted in samples.

- `signal`, `reward`: the settings, `Signal` and `Reward`;
- `baseline`: what a signal is like without training; `rejected`: why samples are not in it;
- `bursts`: how often a rhythm bursts above a threshold;
- `comparison`: a signal against its baseline;
- `display_value`: what displays show of it;
- `signal_state`, `reward_state`: what each sample moves on;
- `thresholds`: thresholds that follow the person, one rule each;
- `schedules`: which hits are rewarded, one schedule each;
- `trial`: whether a block, as a trial, was a success;
- `shown`: what is shown, own feedback or a control condition;
- `chosen_lag`: more lag than there must be, as a block wants it;
- `units`: in which unit a signal and its comparison are told;
- `value_names`: names of what there is for each sample;
- `version_0_1`: settings and tables of version 0.1, which knew one signal and further ones.
"""

from psychopy_nfb.protocol.baseline import Baseline, BaselineRecorder
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.reward import Reward
from psychopy_nfb.protocol.reward_state import QUALITY_SECONDS, REACHED, RewardState
from psychopy_nfb.protocol.schedules import (
    Continuous,
    FixedInterval,
    FixedRatio,
    Schedule,
    VariableInterval,
    VariableRatio,
)
from psychopy_nfb.protocol.shown import (
    NONE,
    OWN,
    Inverse,
    OtherSignal,
    Replay,
    ShownSource,
    Surrogate,
    Yoked,
)
from psychopy_nfb.protocol.signal import ROLES, Signal
from psychopy_nfb.protocol.signal_state import SignalState, ThresholdChange
from psychopy_nfb.protocol.thresholds import (
    Follower,
    Running,
    Situation,
    Staircase,
    Success,
    ThresholdRule,
    Trend,
)
from psychopy_nfb.protocol.trial import Trial, TrialCount
from psychopy_nfb.protocol.value_names import (
    REWARD_VALUES,
    SHOWN,
    SHOWN_VALUES,
    SIGNAL_VALUES,
    TRAINED,
    shown_names,
    value_name,
    value_names,
)

__all__ = [
    "NONE",
    "OWN",
    "QUALITY_SECONDS",
    "REACHED",
    "REWARD_VALUES",
    "ROLES",
    "SHOWN",
    "SHOWN_VALUES",
    "SIGNAL_VALUES",
    "TRAINED",
    "Baseline",
    "BaselineRecorder",
    "Comparison",
    "Continuous",
    "FixedInterval",
    "FixedRatio",
    "Follower",
    "Inverse",
    "OtherSignal",
    "Replay",
    "Reward",
    "RewardState",
    "Running",
    "Schedule",
    "ShownSource",
    "Signal",
    "SignalState",
    "Situation",
    "Staircase",
    "Success",
    "Surrogate",
    "ThresholdChange",
    "ThresholdRule",
    "Trend",
    "Trial",
    "TrialCount",
    "VariableInterval",
    "VariableRatio",
    "Yoked",
    "shown_names",
    "value_name",
    "value_names",
]
