"""The frame-locked side: what runs in the stimulus process, once a frame.

- `neurofeedback`: the Coder API, one object for a session; `newest`: what its newest record says;
- `late_read`, `frame_log`: when a value is read, and what is noted of each flip;
- `bar`, `circle`, `trace`, `color`, `text`: what the participant sees, on `stimulus` and `shapes`;
- `photodiode`: the patch that proves when a flip became light; `light_sensor`, `light_levels`,
  `crossings`: the sensor that sees it, as a PsychoPy device;
- `pacing`: displays without vertical sync.

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
    "PhotodiodePatch": "photodiode",
    "frame_blocking": "pacing",
    "pace": "pacing",
    "unpace": "pacing",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
