"""The frame-locked side: what runs in the stimulus process, once a frame.

- `neurofeedback`: the Coder API, one object for a session; `run_control`: its marks, blocks,
  baselines and settings; `newest`: what the newest record says, `newest_signal` of one signal;
- `late_read`, `frame_log`: when a value is read, and what is noted of each flip;
- `bar`, `circle`, `trace`, `color`, `text`: what the participant sees, on `stimulus` and `shapes`;
- `auto_draw`, `run_state`: what Builder's scripts expect of their stimuli;
- `calibration`, `signal_check`: the screens of a baseline and of the electrodes; of the latter
  `channel_page` is what is shown, `channel_layout` where, `head_map` the electrodes on a head,
  `fault_list` the bad channels in words, `signal_check_command` the command that shows it;
- `letters`: many short texts as one picture;
- `light_sensor`, `light_levels`, `crossings`: a photodiode over LSL as a light sensor of
  PsychoPy's;
- `marker_output`: marks sent to other devices at the flip;
- `trigger`: a start together with a scanner;
- `photodiode`: the patch that proves when a flip became light;
- `pacing`: displays without vertical sync; `window`: the window of the commands that show one.

Names are imported when they are first used, and PsychoPy's own when a stimulus is made.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "FeedbackBar": "bar",
    "FeedbackCircle": "circle",
    "FeedbackColor": "color",
    "FeedbackText": "text",
    "FeedbackTrace": "trace",
    "LSLLightSensor": "light_sensor",
    "LateRead": "late_read",
    "Neurofeedback": "neurofeedback",
    "LSLMarkers": "marker_output",
    "ParallelMarkers": "marker_output",
    "PhotodiodePatch": "photodiode",
    "SerialMarkers": "marker_output",
    "UDPMarkers": "marker_output",
    "frame_blocking": "pacing",
    "pace": "pacing",
    "show_baseline": "calibration",
    "wait_for_trigger": "trigger",
    "show_signal_check": "signal_check",
    "unpace": "pacing",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
