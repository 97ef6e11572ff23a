"""Proof by light: when each frame was on the screen, as a light sensor saw it; and by ear.

- `sensor_files`: the sensor's channel from a recording; `sensor_stamps`: gaps and jitter;
- `channel`: its two levels and coarse edges; `high_pass`: levels that are not held,
  and how they are restored;
- `refreshes`: the grid that a display's refreshes lie on;
- `decode`, `shown`, `align`: which frame was on the screen in each refresh; `evidence`: whether
  light and log agree better than by chance; `lost`: refreshes that something else lit;
  `clock_step`: a clock that was set meanwhile; `turns`, `course`: a part of the display's rate, and
  lasting steps in the lag;
- `step_response`: how pixels and sensor go from one level to the other; `line_noise`: hum and
  flicker;
- `edge_times`: edges timed between the samples;
- `pulses`: displays that give light in pulses;
- `times`: all of it, frame by frame; `summary`: its figures;
- `verdict`: what is good, what is not, and what to change;
- `plots`, `command`: pictures and ``psychopy-nfb photodiode``;
- `heard`, `sound_command`: when sounds were heard, with ``--sound``;
- `screen_sensor`, `sensor_inlet`: a virtual sensor on the screen, a sensor's live stream;
- `budget`, `budget_figure`, `seen_lag`, `selftest`: ``psychopy-nfb selftest``; `selftest_options`
  its options, `selftest_rhythm` what it measures with, `selftest_page` its page.
"""

from __future__ import annotations

from importlib import import_module

_PLACES = {
    "LightSummary": "summary",
    "LightTimes": "times",
    "NoLight": "channel",
    "NoMatch": "align",
    "light_times": "times",
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> object:
    """Import what is asked for; a command's help must not wait for scipy and pandas."""
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
