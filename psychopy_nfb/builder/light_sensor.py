"""The light sensor on an LSL stream in PsychoPy's Device Manager."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy.experiment.components import getInitVals
from psychopy.experiment.params import Param
from psychopy.experiment.routines import visualValidator

from psychopy_nfb.builder.parameters import ICONS, PLUGIN

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as DeviceBackend
else:
    from psychopy.experiment.devices import DeviceBackend


class LSLLightSensorBackend(DeviceBackend):
    """Writes the code that opens an `LSLLightSensor`; offered to every Visual Validator."""

    backendLabel = "LSL light sensor"
    deviceClass = "psychopy_nfb.hardware.light_sensor.LSLLightSensor"
    icon: Path = ICONS / "light" / "lightsensor.png"
    plugin = PLUGIN

    def getParams(self) -> tuple[dict[str, Param], list[str]]:
        """Return the fields of the device, filled from the stream that was chosen, if one was."""
        params = {
            "stream_name": Param(
                self.profile.get("stream_name", ""),
                valType="str",
                inputType="single",
                label="Stream name",
                hint="Name of the LSL stream that the sensor is recorded in. Leave blank for any.",
            ),
            "stream_type": Param(
                self.profile.get("stream_type", "EEG"),
                valType="str",
                inputType="single",
                label="Stream type",
                hint="Content type of the LSL stream, usually EEG. Leave blank for any.",
            ),
            "source_id": Param(
                self.profile.get("source_id", ""),
                valType="str",
                inputType="single",
                label="Source ID",
                hint="Serial number or other unique mark of the amplifier. Leave blank for any.",
            ),
            "hostname": Param(
                self.profile.get("hostname", ""),
                valType="str",
                inputType="single",
                label="Machine",
                hint="Name of the computer that sends the stream. Leave blank unless two computers "
                "send equal streams.",
            ),
            "channels": Param(
                "1",
                valType="str",
                inputType="single",
                label="Channels",
                hint="Labels or numbers (from 1) of the sensor's channels, separated by commas. "
                "A Visual Validator counts those named here from 0.",
            ),
            "threshold": Param(
                "0.5",
                valType="num",
                inputType="single",
                label="Threshold",
                hint="Level between dark and light, in the stream's own unit. Not needed if the "
                "Visual Validator finds it.",
            ),
            "hysteresis": Param(
                "0",
                valType="num",
                inputType="single",
                label="Hysteresis",
                hint="How far from the threshold a level must be to count, in the stream's own "
                "unit. Not needed if the Visual Validator finds the threshold.",
            ),
            "inverted": Param(
                False,
                valType="bool",
                inputType="bool",
                label="Light lowers the level?",
                hint="Not needed if the Visual Validator finds the threshold.",
            ),
        }
        return params, list(params)

    def writeDeviceCode(self, buff: Any) -> None:
        """Write the call that adds the device."""
        inits = getInitVals(self.params)
        self.writeBaseDeviceCode(buff, close=False)
        for name in self.order[1:]:  # all but the device's own name, which is written
            buff.writeIndentedLines(f"    {name}={inits[name]},\n")
        buff.writeIndentedLines(")\n")


visualValidator.VisualValidatorRoutine.registerBackend(LSLLightSensorBackend)
