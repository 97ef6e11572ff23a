"""The frame-locked side: what runs in the stimulus process, once a frame.

- `neurofeedback`: the Coder API, one object for a session, from start to end; `namesakes`: sessions
  by name; `feedback_interface`: what scripts read of the feedback; `session_interface`: what else
  they read and call; `frame_interface`: its window and frames. The work is done by
  `feedback_state`, what the `newest_record` says, `signal_view` of one signal; `blocks`, with
  `shown_choice`, what a block shows; `event_marks`, marks and sounds on their way into the files;
  `session_commands`, settings, pauses and baselines; `worker_link`, the line to the worker, and
  `worker_news`, what it says;
- `late_read`, `frame_log`: when a value is read, and what is noted of each flip;
- `held_lag`: the earlier record that has the lag that a block wants, and whether it was held;
- `bar`, `thermometer`, `circle`, `trace`, `color`, `text`, `sign`, `progress`, `movie`,
  `dimmer`: what the
  participant sees, on `stimulus` and `shapes`;
- `tone`: what the participant hears, made of `waveforms` and played on a `speaker`;
- `auto_draw`, `run_state`: what Builder's scripts expect of their stimuli;
- `planned_session`: a whole session as planned, on `plan_screens`, with a `beep`;
  `plan_result`: how it went; `form_answers`: what was answered;
- `calibration`, `signal_check`: the screens of a baseline and of the electrodes, on `screens`; of
  the latter `channel_page` is what is shown, `channel_layout` where, `head_map` the electrodes on a
  head, `fault_list` the bad channels in words, `signal_check_command` the command that shows it;
- `operator_link`: the line to an operator's page; `operator_state`: what it is told,
  `operator_asked`: what it has asked for;
- `letters`: many short texts as one picture;
- `scanner_trigger`: a start together with a scanner;
- `photodiode_patch`: the patch that proves when a flip became light;
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
    "FeedbackDimmer": "dimmer",
    "FeedbackMovie": "movie",
    "FeedbackProgress": "progress",
    "FeedbackSign": "sign",
    "FeedbackStimulus": "stimulus",
    "FeedbackText": "text",
    "FeedbackThermometer": "thermometer",
    "FeedbackTone": "tone",
    "FeedbackTrace": "trace",
    "LateRead": "late_read",
    "Neurofeedback": "neurofeedback",
    "PhotodiodePatch": "photodiode_patch",
    "frame_blocking": "pacing",
    "pace": "pacing",
    "run_baseline": "calibration",
    "check_plan": "planned_session",
    "run_plan": "planned_session",
    "wait_for_trigger": "scanner_trigger",
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
