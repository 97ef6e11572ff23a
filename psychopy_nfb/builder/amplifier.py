"""The amplifier on an LSL stream in PsychoPy's Device Manager."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder.parameters import ICONS, PLUGIN, Field, code
from psychopy_nfb.builder.pickers import offer_button

if TYPE_CHECKING:
    from psychopy.experiment.params import Param

    from psychopy_nfb.hardware.amplifier import LSLAmplifier
    from psychopy_nfb.untyped import PsychoPyClass as DeviceBackend
else:
    from psychopy.experiment.devices import DeviceBackend


FIELDS = (
    Field(
        "stream_name",
        "",
        "Stream name",
        "Name of the amplifier's LSL stream. The button lists the streams that are sent now. Leave "
        "blank for any.",
        offers="streams",
    ),
    Field(
        "stream_type",
        "EEG",
        "Stream type",
        "Content type of the stream, almost always EEG. Leave blank for any.",
    ),
    Field(
        "source_id",
        "",
        "Source id",
        "Serial number or other unique mark of the amplifier. Leave blank for any.",
    ),
    Field(
        "hostname",
        "",
        "Machine",
        "Name of the computer that sends the stream. Leave blank unless two computers send equal "
        "streams.",
    ),
    Field(
        "units",
        "",
        "Unit",
        "Unit of the samples, if the stream does not declare it or declares a wrong one.",
        control="choice",
        choices={"": "as declared", "uV": "µV", "mV": "mV", "V": "V", "nV": "nV"},
    ),
    Field(
        "rate",
        "",
        "Rate (Hz)",
        "Samples a second, for a stream that declares none: the sentence that refuses it names the "
        "number. Leave blank otherwise.",
    ),
)


class LSLAmplifierBackend(DeviceBackend):
    """Writes the code that names an `LSLAmplifier`; offered to every Neuro Feedback component."""

    backendLabel = "LSL amplifier"
    deviceClass = "psychopy_nfb.hardware.amplifier.LSLAmplifier"
    icon: Path = ICONS / "light" / "neurofeedback.png"
    plugin = PLUGIN

    def getParams(self) -> tuple[dict[str, Param], list[str]]:
        """Return the fields of the device, filled from the stream that was chosen, if one was."""
        params = {}
        for field in FIELDS:
            param = params[field.name] = field.make()
            param.val = self.profile.get(field.name, param.val)
            if field.offers:
                offer_button(param, field.offers, tries=True)
        return params, list(params)

    def amplifier(self) -> LSLAmplifier:
        """Return the device itself."""
        from psychopy_nfb.hardware.amplifier import LSLAmplifier

        return LSLAmplifier(**{field.name: self.params[field.name].val for field in FIELDS})

    def writeDeviceCode(self, buff: Any) -> None:
        """Write the call that adds the device: of the profile only what the fields hold."""
        lines = [
            f"# initialize {code(self.params['name'])}\n",
            "deviceManager.addDevice(\n",
            f"    deviceName={code(self.params['name'])},\n",
            f"    deviceClass={self.deviceClass!r},\n",
        ]
        for field in FIELDS:
            if self.params[field.name].val or field.value:  # an empty type is any, not the usual
                lines.append(f"    {field.name}={code(self.params[field.name])},\n")
        buff.writeIndentedLines("".join([*lines, ")\n"]))
