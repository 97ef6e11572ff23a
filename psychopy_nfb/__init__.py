"""EEG neurofeedback in PsychoPy, with a known and minimal lag.

A background process filters EEG from a LabStreamingLayer stream; its values reach the frame loop
through shared memory; every flip is logged with the age of what it showed. The whole way:

>>> import psychopy_nfb
>>> training = psychopy_nfb.Configuration(
...     stream=psychopy_nfb.StreamSelection(type="EEG"),
...     signals={
...         "alpha": psychopy_nfb.Signal(
...             psychopy_nfb.Pipeline(
...                 [psychopy_nfb.dsp.Pick(["Oz"]), psychopy_nfb.dsp.CFIR(band=(8, 12), delay=0.1)]
...             )
...         )
...     },
... )

and then ``Neurofeedback(training)`` as the README's first page shows. Importing this package costs
nothing: each name below is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Neurofeedback": "psychopy_nfb.display.neurofeedback",
    # what the participant sees and hears
    "FeedbackBar": "psychopy_nfb.display",
    "FeedbackCircle": "psychopy_nfb.display",
    "FeedbackColor": "psychopy_nfb.display",
    "FeedbackDimmer": "psychopy_nfb.display",
    "FeedbackMovie": "psychopy_nfb.display",
    "FeedbackProgress": "psychopy_nfb.display",
    "FeedbackSign": "psychopy_nfb.display",
    "FeedbackStimulus": "psychopy_nfb.display",
    "FeedbackText": "psychopy_nfb.display",
    "FeedbackThermometer": "psychopy_nfb.display",
    "FeedbackTone": "psychopy_nfb.display",
    "FeedbackTrace": "psychopy_nfb.display",
    "PhotodiodePatch": "psychopy_nfb.display",
    "Lag": "psychopy_nfb.protocol.chosen_lag",
    "pace": "psychopy_nfb.display",
    # marks to other devices
    "LSLMarkers": "psychopy_nfb.hardware.marker_output",
    "ParallelMarkers": "psychopy_nfb.hardware.marker_output",
    "SerialMarkers": "psychopy_nfb.hardware.marker_output",
    "UDPMarkers": "psychopy_nfb.hardware.marker_output",
    # ready screens
    "run_baseline": "psychopy_nfb.display",
    "check_plan": "psychopy_nfb.display",
    "run_plan": "psychopy_nfb.display",
    "show_signal_check": "psychopy_nfb.display",
    "wait_for_trigger": "psychopy_nfb.display",
    # the course of a session
    "Group": "psychopy_nfb.course",
    "Plan": "psychopy_nfb.course",
    "PlannedBlock": "psychopy_nfb.course",
    "Until": "psychopy_nfb.course",
    "read_plan": "psychopy_nfb.course",
    # settings
    "Configuration": "psychopy_nfb.engine.configuration",
    "Pipeline": "psychopy_nfb.dsp",
    "Continuous": "psychopy_nfb.protocol",
    "FixedInterval": "psychopy_nfb.protocol",
    "FixedRatio": "psychopy_nfb.protocol",
    "Inverse": "psychopy_nfb.protocol",
    "OtherSignal": "psychopy_nfb.protocol",
    "Quest": "psychopy_nfb.engine.quest",
    "Replay": "psychopy_nfb.protocol",
    "Reward": "psychopy_nfb.protocol",
    "Running": "psychopy_nfb.protocol",
    "Signal": "psychopy_nfb.protocol",
    "Staircase": "psychopy_nfb.protocol",
    "Success": "psychopy_nfb.protocol",
    "Surrogate": "psychopy_nfb.protocol",
    "Trend": "psychopy_nfb.protocol",
    "VariableInterval": "psychopy_nfb.protocol",
    "VariableRatio": "psychopy_nfb.protocol",
    "Yoked": "psychopy_nfb.protocol",
    "SecondStream": "psychopy_nfb.lsl.selection",
    "StreamSelection": "psychopy_nfb.lsl.selection",
    "device_stream": "psychopy_nfb.hardware.amplifier",
    "band_amplitude": "psychopy_nfb.engine.presets",
    "standard_training": "psychopy_nfb.engine.presets",
    "read_configuration": "psychopy_nfb.engine.configuration",
    "write_configuration": "psychopy_nfb.engine.configuration",
    "load_plugins": "psychopy_nfb.engine.plugins",
    # recordings
    "Recording": "psychopy_nfb.recording.eeg_files",
    "read_recording": "psychopy_nfb.recording.eeg_files",
    # afterwards
    "contingency": "psychopy_nfb.analysis",
    "lag_summary": "psychopy_nfb.analysis",
    "read_session": "psychopy_nfb.recording",
    "rerun": "psychopy_nfb.engine.rerun",
    # what Builder's scripts use
    "participant_of": "psychopy_nfb.builder.participant",
    "one_block": "psychopy_nfb.course",
    "plan_errors_name_fields": "psychopy_nfb.builder.plan_errors",
    # what can go wrong
    "errors_name_fields": "psychopy_nfb.builder.field_errors",
    "NfbError": "psychopy_nfb.errors",
}
_FOLDERS = (
    *("dsp", "protocol", "course", "lsl", "simulate", "recording", "engine", "hardware", "display"),
    "analysis",
)

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _FOLDERS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_FOLDERS])
