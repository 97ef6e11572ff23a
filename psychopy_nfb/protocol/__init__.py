"""From a signal to feedback: baseline, normalisation, threshold, dwell, reward and score.

Nothing here knows of streams, processes, files or clocks: time is counted in samples.

- `settings`: `Protocol`, what a training rewards;
- `baseline`: what the signal is like without training;
- `feedback`: the state that each sample moves on.
"""

from psychopy_nfb.protocol.baseline import Baseline, BaselineRecorder
from psychopy_nfb.protocol.feedback import VALUE_NAMES, Feedback
from psychopy_nfb.protocol.settings import Protocol

__all__ = ["VALUE_NAMES", "Baseline", "BaselineRecorder", "Feedback", "Protocol"]
