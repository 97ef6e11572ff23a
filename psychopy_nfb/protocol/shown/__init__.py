"""What is shown: the own feedback, or a control condition in its place.

The own values, thresholds and rewards are always computed and recorded. Beside them a second way
leads to what is shown, by a source that is chosen block by block. Displays, score and reward follow
what is shown. Own artifacts hold the display and withhold reward, whatever is shown.

- `source`: what every source is, as settings (`ShownSource`), and the names that need none;
- `live`: of the person's own signals, now (`Inverse`, `OtherSignal`);
- `recorded`: of a recording (`Yoked`, `Replay`), or made of the baseline (`Surrogate`);
- `earlier`: blocks of this session that may be shown again;
- `series`: what was recorded, sample by sample, on the way to being shown;
- `players`: what gives each source's next samples;
- `surrogates`: signals like a baseline's, with random phases;
- `state`: what each sample moves on.

A class's name is its ``"type"`` in a settings file. Control conditions: Sorger et al. 2019
(https://doi.org/10.1016/j.neuroimage.2018.02.012), Ros et al. 2020
(https://doi.org/10.1093/brain/awaa009).
"""

from psychopy_nfb.protocol.shown.earlier import EarlierBlocks
from psychopy_nfb.protocol.shown.live import Inverse, OtherSignal
from psychopy_nfb.protocol.shown.players import Own
from psychopy_nfb.protocol.shown.recorded import FromSession, Replay, Surrogate, Yoked
from psychopy_nfb.protocol.shown.series import Extract, FeedbackSeries, SignalSeries
from psychopy_nfb.protocol.shown.source import NONE, OWN, ShownSource
from psychopy_nfb.protocol.shown.state import ShownState
from psychopy_nfb.protocol.shown.surrogates import surrogate

__all__ = [
    "NONE",
    "OWN",
    "EarlierBlocks",
    "Extract",
    "FeedbackSeries",
    "FromSession",
    "Inverse",
    "OtherSignal",
    "Own",
    "Replay",
    "ShownSource",
    "ShownState",
    "SignalSeries",
    "Surrogate",
    "Yoked",
    "surrogate",
]
