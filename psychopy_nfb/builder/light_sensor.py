"""The light sensor over LSL in PsychoPy's Device Manager, for its Visual Validator."""

from __future__ import annotations

from typing import Any

from psychopy.experiment.devices import DeviceBackend
from psychopy.experiment.params import Param
from psychopy.experiment.routines.visualValidator import VisualValidatorRoutine

from psychopy_nfb.builder.parameters import PLUGIN, code

FIELDS = {
    "stream": ("", "str", "Stream name", "Empty: the only stream of the type below."),
    "streamType": ("EEG", "str", "Stream type", "Content type of the LSL stream."),
    "sensors": ("", "str", "Channels", "Label of the sensor's channel; several with commas."),
    "timeout": ("10", "num", "Look for it for (s)", "How long the start may wait."),
}


class LSLLightSensorBackend(DeviceBackend):
    """A photodiode on an amplifier's spare channel."""

    backendLabel = "LSL light sensor (EEG amplifier)"
    deviceClass = "psychopy_nfb.display.light_sensor.LSLLightSensor"
    icon = "icons/light/lightsensor.png"
    plugin = PLUGIN

    def getParams(self) -> tuple[dict[str, Param], list[str]]:
        """Return the fields of the device's dialog."""
        params = {
            name: Param(
                value, valType=kind, inputType="single", categ="Basic", label=label, hint=hint
            )
            for name, (value, kind, label, hint) in FIELDS.items()
        }
        return params, list(FIELDS)

    def writeDeviceCode(self, buff: Any) -> None:
        """Write what makes the device."""
        self.writeBaseDeviceCode(buff, close=False)
        given = {name: code(self.params[name]) for name in FIELDS}
        for name, value in given.items():
            if value != "None":
                buff.writeIndentedLines(f"    {name}={value},\n")
        buff.writeIndentedLines(")\n")


VisualValidatorRoutine.registerBackend(LSLLightSensorBackend)
