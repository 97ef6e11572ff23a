"""An EEG amplifier on LSL, as a PsychoPy device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import StreamSelection

if TYPE_CHECKING:
    from psychopy_nfb.lsl.stream_channels import StreamChannels
    from psychopy_nfb.untyped import PsychoPyClass as BaseDevice
else:
    from psychopy.hardware.base import BaseDevice


_KEYS = ("stream_name", "stream_type", "source_id", "hostname")


class LSLAmplifier(BaseDevice):
    """The LSL stream of an amplifier, under a name of this computer's Device Manager.

    It holds what identifies the stream, and opens nothing: the background process does that, at the
    start of `Neurofeedback`, or a simulated amplifier takes its place.

    Parameters
    ----------
    stream_name, stream_type, source_id, hostname : str, optional
        Which stream, as `psychopy-nfb streams` lists it; all that is given must match.
    units : {"uV", "mV", "V", "nV"}, optional
        Unit of the voltages; default is what the stream declares, or microvolts if it is silent.
    rate : float or str, optional
        Samples a second, for a stream that declares none.

    Raises
    ------
    SettingsError
        If nothing is given that identifies a stream, there is no such unit, or no such rate.

    Examples
    --------
    >>> amplifier = LSLAmplifier(stream_name="Amp", source_id="amp-1")
    >>> print(amplifier.selection)
    name='Amp' and type='EEG' and source_id='amp-1'
    """

    def __init__(
        self,
        stream_name: str | None = None,
        stream_type: str | None = "EEG",
        source_id: str | None = None,
        hostname: str | None = None,
        units: str | None = None,
        rate: float | str | None = None,
    ):
        self.selection: StreamSelection = StreamSelection(
            name=stream_name or None,
            type=stream_type or None,
            source_id=source_id or None,
            units=units or None,
            rate=_number(rate),
            hostname=hostname or None,
        )
        given = (stream_name, stream_type, source_id, hostname)
        # Set here, because PsychoPy would look for it on the network.
        self._profile = {
            "deviceName": str(self.selection),
            "deviceClass": f"{__name__}.{type(self).__name__}",
            **{key: value or "" for key, value in zip(_KEYS, given, strict=True)},
        }

    def channels(self, timeout: float = 5.0) -> StreamChannels:
        """Return the stream's channels, with kind and unit; the stream must be there.

        Parameters
        ----------
        timeout : float
            Seconds to look for it, and as many to wait for its description.

        Raises
        ------
        StreamError
            If there is no such stream, more than one, or one that does not answer or declares EEG
            in a unit that is no voltage.
        """
        from psychopy_nfb.lsl.ask import ask_channels
        from psychopy_nfb.lsl.find import find_stream

        found = find_stream(replace(self.selection, timeout=timeout))
        return ask_channels(found, timeout, self.selection.units)

    def isSameDevice(self, other: object) -> bool:
        """Return whether `other`, a device or a profile, means the same stream."""
        if isinstance(other, LSLAmplifier):
            other = other._profile
        return isinstance(other, dict) and all(
            other.get(key) == self._profile[key] for key in _KEYS
        )

    @staticmethod
    def getAvailableDevices() -> list[dict[str, Any]]:
        """Return a profile of each stream of samples, and one to fill in by hand."""
        from psychopy_nfb.hardware.profiles import scan

        return scan(irregular=True)

    def close(self) -> None:
        """Do nothing: no stream is open."""


def _number(rate: float | str | None) -> float | None:
    """Return a rate that may have been typed into a dialog; empty is None."""
    try:
        return None if rate in ("", None) else float(rate)
    except ValueError:
        raise SettingsError("rate", rate, "must be a number in Hz, or empty") from None


def device_stream(name: str, timeout: float = 5.0) -> StreamSelection:
    """Return the stream of an *LSL amplifier* of PsychoPy's Device Manager.

    Parameters
    ----------
    name : str
        Its name there.
    timeout : float
        Seconds that the experiment waits for the stream.

    Raises
    ------
    SettingsError
        If there is no such device on this computer, or it is of another kind.

    Examples
    --------
    >>> device_stream("no such amplifier")
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: device='no such amplifier': is no LSL amplifier of this ...
    """
    from psychopy.hardware import DeviceManager
    from psychopy.preferences import prefs

    device = DeviceManager.getDevice(name)
    if device is None and hasattr(prefs.devices.get(name), "amplifier"):
        device = prefs.devices[name].amplifier()  # for a script that Builder has not written
    if not isinstance(device, LSLAmplifier):
        raise SettingsError(
            "device",
            name,
            "is no LSL amplifier of this computer; add it in PsychoPy's Device Manager, or choose "
            "the stream by its type and name",
        )
    return replace(device.selection, timeout=timeout)
