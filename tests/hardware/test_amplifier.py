"""An amplifier as a PsychoPy device: what is on the network, and what a name means."""

from __future__ import annotations

import socket

import pytest

from psychopy_nfb.errors import NfbError, SettingsError, StreamError
from psychopy_nfb.hardware.amplifier import LSLAmplifier, device_stream

CLASS = "psychopy_nfb.hardware.amplifier.LSLAmplifier"


@pytest.mark.slow
def test_device_manager_lists_what_is_on_the_network(amplifier, until):
    from psychopy.hardware import DeviceManager

    source_id = amplifier("--name", "MyAmp").source_id

    def listed():
        profiles = DeviceManager.getAvailableDevices(CLASS)
        return [profile for profile in profiles if profile.get("source_id") == source_id]

    until(listed, 30, "the amplifier in the list")
    (profile,) = listed()
    device = LSLAmplifier(
        **{key: profile[key] for key in ("stream_name", "stream_type", "source_id", "hostname")}
    )
    assert device.channels().labels[:2] == ("Fp1", "Fp2")
    assert device.isSameDevice(profile)
    assert "MyAmp" in profile["deviceName"]
    *_, by_hand = DeviceManager.getAvailableDevices(CLASS)
    assert "source_id" not in by_hand
    assert not device.isSameDevice(by_hand)
    # The truth and the markers of the simulated amplifier: only samples are listed.
    kinds = {found.get("stream_type") for found in DeviceManager.getAvailableDevices(CLASS)}
    assert "Markers" not in kinds

    here = LSLAmplifier(source_id=source_id, hostname=socket.gethostname())
    assert here.channels() == device.channels()
    with pytest.raises(StreamError, match="hostname='another'.*no such stream"):
        LSLAmplifier(source_id=source_id, hostname="another").channels(timeout=0.5)


def test_a_device_that_an_experiment_has_set_up_is_its_stream():
    from psychopy.hardware import DeviceManager

    DeviceManager.addDevice(
        deviceClass=CLASS, deviceName="amp of a test", stream_name="Amp", units="V"
    )
    try:
        stream = device_stream("amp of a test", timeout=7)
    finally:
        DeviceManager.removeDevice("amp of a test")
    assert (stream.name, stream.type, stream.units, stream.timeout) == ("Amp", "EEG", "V", 7)
    with pytest.raises(SettingsError, match="is no LSL amplifier of this computer; add it"):
        device_stream("amp of a test")


def test_a_device_that_names_no_stream_is_refused():
    with pytest.raises(NfbError, match="needs at least one of name, type"):
        LSLAmplifier(stream_type="")
    with pytest.raises(NfbError, match="rate='fast': must be a number in Hz"):
        LSLAmplifier(rate="fast")
    assert LSLAmplifier(rate="128").selection.rate == 128
