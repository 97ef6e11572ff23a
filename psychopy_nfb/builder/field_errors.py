"""Errors in the words of the dialog: component and field in place of a parameter of the API.

Generated scripts use it, so it imports nothing of PsychoPy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ContextDecorator
from typing import TYPE_CHECKING

from psychopy_nfb.builder import schedule_fields, threshold_fields
from psychopy_nfb.builder.feedback_fields import BASIC, DATA, FEEDBACK, TIMING, WRITTEN_AS
from psychopy_nfb.builder.signal_fields import SIGNAL, STREAM
from psychopy_nfb.errors import FieldError, NfbError, in_milliseconds

if TYPE_CHECKING:
    from psychopy_nfb.dsp import Step

LABELS = {
    **{one.name: one.label for one in (*BASIC, *STREAM, *SIGNAL, *FEEDBACK, *TIMING, *DATA)},
    "template": WRITTEN_AS,
}
"""What stands before each field in the dialog."""
API_NAMES = {
    "deviceLabel": "device",
    "streamType": "type",
    "streamName": "name",
    "sourceId": "source_id",
    "referenceChannels": "reference_channels",
    "delayMs": "delay",
    "lineFrequency": "line_frequency",
    "artifact": "artifact_uv",
    "thresholdKind": "threshold_kind",
    "rewardMode": "mode",
    "blockSuccess": "success",
    "displaySmoothingMs": "display_smoothing",
    "lagMs": "lag",
    "remoteToken": "remote_token",
}
"""Fields whose parameter of the Coder API has another name."""
_FIELDS = {
    **{parameter: name for name, parameter in API_NAMES.items()},
    # Two fields are one parameter.
    "band": "bandLow",
    "band[0]": "bandLow",
    "band[1]": "bandHigh",
    "display_range": "displayLow",
    "display_range[0]": "displayLow",
    "display_range[1]": "displayHigh",
    # Parameters of the steps that the fields become.
    "frequency": "lineFrequency",
    "limit_uv": "artifact",
    "seconds": "smooth",
    "stream.rate": "rate",
    "taps": "delayMs",
    "neighbours": "reference",
    "kind": "reference",
    "lag.hold": "lagMs",
    **threshold_fields.PLACES,
    **schedule_fields.PLACES,
}
_OF_BLOCK = {"label": "block", "points": "countPoints"}
"""Fields of a block by their parameter, where a signal's has the same name."""
IN_MILLISECONDS = ("delayMs", "displaySmoothingMs", "lagMs")
"""Fields in milliseconds whose parameters are in seconds."""
_PLACE = re.compile(r"(?:reward\.|signals\.(\w+)\.)?(?:pipeline\.steps\[(\d+)\]\.)?(.+)")


def field_error(
    component: str, error: NfbError, steps: Sequence[Step] = (), block: bool = False
) -> FieldError:
    """Return `error` in the words of the dialog.

    Parameters
    ----------
    component : str
        Name of the component whose settings were used.
    error : NfbError
        As the Coder API raises it.
    steps : sequence of Step
        The steps of the pipeline.
    block : bool
        Whether it is about the begin of a block, not about settings.

    Examples
    --------
    >>> from psychopy_nfb.dsp import Pick
    >>> wrong = NfbError("pipeline.steps[0].channels", "Qz", "there is no such channel")
    >>> str(field_error("nfb", wrong, [Pick(["Qz"])]))
    'nfb, Channels: Qz: there is no such channel.'
    """
    signal, index, parameter = _PLACE.fullmatch(error.parameter).groups()
    step = steps[int(index)] if index is not None and int(index) < len(steps) else None
    component = signal or component
    name = _OF_BLOCK.get(parameter) if block else None
    name = name or _field_name(parameter, error.value, step)
    value, remedy = error.value, error.remedy
    if name in IN_MILLISECONDS:
        value = value * 1e3 if isinstance(value, (int, float)) else value
        remedy = in_milliseconds(remedy)
    if parameter == "stream":
        return FieldError(component, "Stream", value, remedy)
    if name not in LABELS:
        return FieldError(component, "", None, str(error))
    return FieldError(component, LABELS[name], value, remedy)


def _field_name(parameter: str, value: object, step: Step | None) -> str:
    """Return the name of the field that became `parameter`, or the parameter if none did."""
    if parameter == "band" and not isinstance(value, (list, tuple)):
        return "bandHigh"  # an edge alone is one that the stream's rate cannot carry
    if parameter == "channels" and getattr(step, "kind", "") == "linked":
        return "referenceChannels"
    if parameter.startswith("weights"):
        return "channels"  # the mean of several
    return _FIELDS.get(parameter, parameter)


class errors_name_fields(ContextDecorator):
    """Let errors name component and field: Builder writes it around what its dialog says.

    Parameters
    ----------
    component : str
        Name of the component, which is that of its `Neurofeedback` too.
    settings_file : bool
        Whether its settings come from a file: then an error names the place in the file.
    block : bool
        Whether a block begins meanwhile, which has fields of its own.
    fields : mapping of str to str, optional
        Label by parameter of the fields of a Routine of its own.

    Examples
    --------
    >>> from psychopy_nfb.engine.presets import band_amplitude
    >>> errors_name_fields("emg")(band_amplitude)(channels="T7", band=(45, 30))
    Traceback (most recent call last):
    psychopy_nfb.errors.FieldError: emg, Band from (Hz): 45, 30: must be two frequencies in Hz, ...
    """

    def __init__(
        self,
        component: str,
        settings_file: bool = False,
        block: bool = False,
        fields: Mapping[str, str] | None = None,
    ):
        self._component, self._settings_file, self._block = component, settings_file, block
        self._fields = fields or {}

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, NfbError) or isinstance(error, FieldError):
            return
        if self._settings_file:
            raise FieldError(self._component, LABELS["settingsFile"], None, str(error)) from None
        if (label := self._fields.get(error.parameter)) is not None:
            raise FieldError(self._component, label, error.value, error.remedy) from None
        steps = self._steps(error)
        raise field_error(self._component, error, steps, self._block) from None

    def _steps(self, error: NfbError) -> list[Step]:
        """Return the steps of the pipeline that `error` is about."""
        from psychopy_nfb.display.namesakes import named

        running = named(self._component)
        if running is None:
            return []
        signals = running.configuration.signals
        signal = signals.get(_PLACE.fullmatch(error.parameter)[1])
        return [] if signal is None else signal.pipeline.steps
