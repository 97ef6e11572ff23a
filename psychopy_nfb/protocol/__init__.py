"""From a signal to feedback: baseline, normalisation, threshold, dwell, reward and score.

Nothing here knows of streams, processes, files or clocks: time is counted in samples.

- `settings`: `Protocol`, what a training rewards;
- `baseline`: what the signal is like without training; `rejected`: why samples are not in it;
- `bursts`: how often a rhythm bursts above a threshold;
- `comparison`: a signal against its baseline;
- `display_value`: what displays show of it;
- `feedback`: the state that each sample moves on;
- `further`: signals beside the trained one, which may forbid reward.
"""

from psychopy_nfb.protocol.baseline import Baseline, BaselineRecorder
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.feedback import QUALITY_SECONDS, VALUE_NAMES, Feedback
from psychopy_nfb.protocol.further import FURTHER_NAMES, FurtherFeedback, FurtherSignal
from psychopy_nfb.protocol.settings import Protocol

__all__ = [
    "FURTHER_NAMES",
    "QUALITY_SECONDS",
    "VALUE_NAMES",
    "Baseline",
    "BaselineRecorder",
    "Comparison",
    "Feedback",
    "FurtherFeedback",
    "FurtherSignal",
    "Protocol",
]
