"""The amplifier in PsychoPy's Device Manager: its fields, and the component that takes it."""

from __future__ import annotations

import json
import sys

import pytest

from psychopy_nfb.builder.amplifier import FIELDS, LSLAmplifierBackend
from psychopy_nfb.builder.field_errors import field_error
from psychopy_nfb.builder.offers import OFFERS, USUAL_CHANNELS
from psychopy_nfb.builder.parameters import is_shown
from psychopy_nfb.builder.trying import signal_check_arguments, start_signal_check
from psychopy_nfb.errors import FieldError, StreamError
from psychopy_nfb.recording import read_session

IDENTITY = ("streamType", "streamName", "sourceId", "hostname", "units", "rate")


@pytest.fixture
def kept(tmp_path):
    """Return a function that keeps an amplifier in a Device Manager of the test's own."""
    from psychopy.preferences import prefs

    before = prefs.devices.file
    prefs.setDevicesFile(tmp_path / "devices.json")

    def keep(name, **fields):
        device = LSLAmplifierBackend({"deviceName": "by hand"})
        device.name = name
        for key, value in fields.items():
            device.params[key].val = value
        prefs.devices[name] = device
        prefs.devices.save()
        prefs.devices.reload()

    yield keep
    prefs.setDevicesFile(before)


def test_device_manager_lists_it_and_keeps_its_fields(kept):
    from psychopy.experiment.devices import DeviceBackend
    from psychopy.preferences import prefs

    assert LSLAmplifierBackend in DeviceBackend.getAllBackends()
    assert LSLAmplifierBackend.backendLabel == "LSL amplifier"
    assert LSLAmplifierBackend.getIconFile().is_file()
    template = json.dumps(LSLAmplifierBackend.getTemplateJSON())
    assert "<locals>" not in template
    kept("amp", stream_name="MyAmp", source_id="$x", units="V")
    again = prefs.devices["amp"]
    assert isinstance(again, LSLAmplifierBackend)
    selection = again.amplifier().selection
    assert (selection.name, selection.source_id, selection.units) == ("MyAmp", "$x", "V")
    profile = {"deviceName": "x", "stream_name": "A", "stream_type": "ExG", "hostname": "lab-2"}
    chosen = LSLAmplifierBackend(profile).amplifier().selection
    assert str(chosen) == "name='A' and type='ExG' and hostname='lab-2'"
    for field in FIELDS:
        assert len(field.hint) > 10


def test_the_script_takes_the_device_and_nothing_else_says_which_stream(
    kept, builder, heard, tmp_path
):
    kept("amp", stream_name="MyAmp", units="V", rate="128")
    component = builder.add(
        "NeuroFeedbackComponent",
        "nfb",
        stopVal="60",
        deviceLabel="amp",
        streamName="other",
        timeout="3",
    )
    script = builder.script(tmp_path / "one.py").read_text("utf-8")
    assert "psychopy_nfb.device_stream('amp', timeout=3.0)" in script
    assert "deviceClass='psychopy_nfb.hardware.amplifier.LSLAmplifier'" in script
    assert "stream_name='MyAmp'" in script
    assert "rate='128'" in script
    assert "StreamSelection" not in script
    assert [name for name in IDENTITY if is_shown(component, name)] == []
    assert heard == []
    component.params["deviceLabel"].val = ""
    script = builder.script(tmp_path / "two.py").read_text("utf-8")
    assert "StreamSelection(type='EEG', name='other', timeout=3.0)" in script
    assert "LSLAmplifier" not in script
    assert [name for name in IDENTITY if not is_shown(component, name)] == []
    assert heard == []


def test_a_device_that_this_computer_lacks_is_told(kept, builder, heard, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="60", deviceLabel="theirs")
    builder.script(tmp_path / "one.py")
    assert len(heard) == 1
    assert "theirs" in heard[0]


@pytest.mark.display
@pytest.mark.slow
def test_a_generated_script_trains_on_the_device(kept, builder, run_script, tmp_path, amplifier):
    source_id = amplifier("--name", "MyAmp").source_id
    kept("amp", source_id=source_id)
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1", deviceLabel="amp", timeout="20")
    script = builder.script(tmp_path / "one.py")
    ran = run_script(script)
    assert ran.returncode == 0, ran.stderr
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    assert read_session(settings).settings["stream"]["source_id"] == source_id


def test_a_rate_that_the_stream_does_not_declare_is_of_its_field():
    error = field_error("nfb", StreamError("stream.rate", None, "declares no rate"))
    assert str(error) == "nfb, Rate (Hz): declares no rate."


def test_a_script_on_a_computer_that_lacks_the_device_says_so_in_the_dialogs_words():
    import psychopy_nfb

    with pytest.raises(FieldError) as told, psychopy_nfb.errors_name_fields("nfb"):
        psychopy_nfb.device_stream("theirs")
    assert str(told.value).startswith("nfb, Amplifier: theirs: is no LSL amplifier of this comp")


@pytest.mark.slow
def test_channels_are_offered_of_the_device_and_within_its_own_dialog(kept, amplifier, until):
    source_id = amplifier("--name", "MyAmp", "--channels", "Fz,Oz,Aux1").source_id
    kept("amp", source_id=source_id)

    def labels(**texts):
        return OFFERS["channels"](None, "channels", texts).labels

    component = {"deviceLabel": "amp", "streamType": "EEG", "streamName": "elsewhere"}
    until(lambda: labels(**component) != list(USUAL_CHANNELS), 30, "the channels of the stream")
    assert labels(**component) == ["Fz", "Oz", "Aux1 (no EEG)"]
    device = {"stream_type": "EEG", "stream_name": "", "source_id": source_id, "hostname": ""}
    assert labels(**device) == ["Fz", "Oz", "Aux1 (no EEG)"]
    streams = OFFERS["streams"](None, "stream_name", device)
    assert {**device, "stream_name": "MyAmp"} in streams.values
    gone = OFFERS["channels"](None, "channels", {**component, "deviceLabel": "theirs"})
    assert gone.labels == list(USUAL_CHANNELS)
    assert "no LSL amplifier of this computer" in gone.message


def test_signal_check_is_of_what_the_dialog_says():
    device = {"deviceLabel": "amp", "streamName": "other"}
    assert signal_check_arguments(device) == ["signal-check", "--device", "amp"]
    fields = {"deviceLabel": "None", "streamType": "", "streamName": "Amp", "rate": "128"}
    assert signal_check_arguments(fields) == [
        *("signal-check", "--name", "Amp", "--type", "", "--rate", "128")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"stream_type": "", "stream_name": ""}, "needs at least one of name"),
        ({"stream_type": "EEG", "stream_name": "Nobody"}, "no such stream within 10 s"),
    ],
)
def test_a_signal_check_that_cannot_be_shown_says_why(texts, sentence, until, lsl_alone):
    told = []
    start_signal_check(texts, told.append)
    until(lambda: told, 60, "the end of the signal check")
    assert sentence in told[0]
    assert "\n" not in told[0]


def test_a_signal_check_is_of_one_stream(capsys):
    from psychopy_nfb.cli import main

    assert main(["signal-check", "Amp", "--source-id", "other"]) == 2
    assert "--source-id='other': names another stream beside 'Amp'; leave one" in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a window that nobody closes")
def test_a_signal_check_shows_the_channels_of_a_stream(amplifier, capfd):
    from psychopy_nfb.cli import main

    amplifier("--name", "My {Amp}", "--channels", "Fz,Cz,Oz")
    status = main(["signal-check", "My {Amp}", "--timeout", "20", "--seconds", "4"])
    said = capfd.readouterr().out
    assert status == 0, said
    assert "All 3 channels of EEG are good" in said
