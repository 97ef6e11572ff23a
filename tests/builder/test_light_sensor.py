"""A virtual photodiode before a real window: PsychoPy's own light-sensor tools on an LSL stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the virtual diode reads an X screen"),
]
HERE = Path(__file__).parent
PLACE = (-40, 50)
"""Of the diode, in pixels from the middle of the screen, where the windows are."""
SIZE = (320, 240)


@pytest.fixture
def diode(unique_id):
    """Start a virtual diode; returns its source_id."""
    command = [sys.executable, str(HERE / "virtual_diode.py"), *map(str, PLACE), unique_id]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    yield unique_id
    process.kill()
    process.wait()


@pytest.fixture
def sensor(diode):
    """Open light sensors on the diode's stream."""
    from psychopy_nfb.hardware.light_sensor import LSLLightSensor

    opened = []

    def open_one(channels, **settings):
        opened.append(LSLLightSensor(source_id=diode, channels=channels, timeout=15.0, **settings))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def window():
    from psychopy import logging, visual

    from psychopy_nfb.display import pace

    logging.console.setLevel(logging.CRITICAL)
    opened = visual.Window(SIZE, units="pix", color="grey", allowGUI=False, checkTiming=False)
    pace(opened, 60)
    yield opened
    opened.close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give PsychoPy's processes preferences of their own, the Device Manager's file among them."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def run(folder, program, *arguments):
    ran = subprocess.run(
        [sys.executable, str(HERE / program), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.alone
def test_row_105_visual_validator_measures_onsets_by_the_diode(diode, home, tmp_path):
    script = tmp_path / "flashes.py"
    run(tmp_path, "compile_validation.py", diode, script)
    assert "deviceClass='psychopy_nfb.hardware.light_sensor.LSLLightSensor'" in script.read_text()
    run(tmp_path, "count_resolves.py", script)
    (rows,) = (pd.read_csv(path) for path in tmp_path.glob("flashes*.csv"))
    light_on = (rows["flash.validator.started"] - rows["flash.started"]).dropna()
    light_off = (rows["flash.validator.stopped"] - rows["flash.stopped"]).dropna()
    # A busy machine may hold up everything for longer than a flash lasts.
    assert min(len(light_on), len(light_off)) >= 16
    assert abs(light_on.median()) < 0.002
    assert abs(rows["validator.startDelay"].median()) < 0.002
    assert abs(light_off.median()) < 0.002
    resolves = json.loads((tmp_path / "resolves.json").read_text())
    frames = json.loads((tmp_path / "frames.json").read_text())
    assert len(frames) > 20 * 0.6 / 0.03
    assert len(resolves) == 1  # as the device was opened
    assert resolves[0] < frames[0]


@pytest.mark.alone
def test_threshold_lies_between_black_and_white_on_every_channel(sensor, window):
    diodes = sensor("Diode, Inverse, Noise, Dead")
    diode, inverse, noise, dead = diodes.findThreshold(window)
    assert diode == pytest.approx(127.5, abs=2)
    assert inverse == pytest.approx(100 - 127.5, abs=2)
    assert noise is None
    assert dead is None
    assert [diodes.getThreshold(channel) for channel in (0, 1)] == [diode, inverse]
    for color, state in (("white", True), ("black", False), ("white", True)):
        window.color = color
        for _ in range(12):  # the background changes with the second flip
            window.flip()
        assert [diodes.getState(channel) for channel in range(4)] == [state, state, False, False]


@pytest.mark.alone
def test_threshold_of_one_channel_is_one_number(sensor, window):
    assert sensor(["Dead", 2]).findThreshold(window, channel=1) == pytest.approx(127.5, abs=2)


@pytest.mark.alone
def test_sensor_is_found_where_it_is(sensor, window):
    diodes = sensor("Noise, Diode")
    diodes.findThreshold(window)
    position, _ = diodes.findSensor(window)  # the only channel that sees the window
    assert position.pix == pytest.approx(PLACE, abs=25)
    assert diodes.units == "norm"
    # A white patch there, and nothing else, is light to the sensor.
    from psychopy import visual

    patch = visual.Rect(window, units="norm", pos=diodes.pos, size=diodes.size, fillColor="white")
    window.color = "black"
    for drawn in (True, False):
        for _ in range(12):
            if drawn:
                patch.draw()
            window.flip()
        assert diodes.getState(1) is drawn
    assert (diodes.size < 0.6).all()


@pytest.mark.alone
def test_response_tells_the_time_of_the_flip_on_the_clock_given(sensor, window):
    from psychopy import core, logging

    diode = sensor("Diode")
    diode.findThreshold(window)
    window.color = "black"
    for _ in range(12):
        window.flip()
    clock = core.Clock()
    core.wait(0.1)
    clock.reset()
    diode.resetTimer(clock)
    assert diode.responses == []
    window.color = "white"
    window.flip()
    flipped = window.flip()  # on the clock of PsychoPy's log
    shown = flipped + logging.defaultClock.getLastResetTime() - clock.getLastResetTime()
    for _ in range(12):
        window.flip()
    (response,) = diode.getResponses()
    assert response.value is True
    assert response.channel == 0
    told = json.loads(response.getJSON())
    assert told["data"]["t"] == response.t
    assert "<locals>" not in response.getJSON() + diode.getJSON()
    assert abs(response.t - shown) < 0.02


def test_profile_leads_back_to_the_sensor(sensor, diode):
    from psychopy.hardware import DeviceManager

    first = sensor("Diode")
    profiles = DeviceManager.getAvailableDevices(
        "psychopy_nfb.hardware.light_sensor.LSLLightSensor"
    )
    (same,) = (profile for profile in profiles if first.isSameDevice(profile))
    assert same == first.getDeviceProfile()
    assert same["source_id"] == diode
    assert [profile for profile in profiles if "source_id" not in profile]  # to fill in by hand
    assert first == sensor([2])
    assert first != sensor("Inverse")


def test_sensor_whose_stream_ends_is_silent(sensor, diode, until):
    import psutil

    lone = sensor("Diode")
    assert lone.dispatchMessages() is True
    programs = [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and diode in " ".join(child.cmdline())
    ]
    (program,) = programs
    program.kill()
    until(lambda: lone.dispatchMessages() is False, 20.0, "the end of the stream")
    lone.clearResponses()
    assert lone.getResponses() == []
    lone.close()  # harmless


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ("Photo", "channels='Photo'.*there are Noise, Diode, Inverse, Dead"),
        (5, "channels=5.*numbered 1 to 4"),
        ("0", "channels='0'.*numbered 1 to 4"),
        ([], "at least one"),
    ],
)
def test_channel_that_is_not_there_is_refused(sensor, channels, said):
    from psychopy_nfb.errors import SettingsError

    with pytest.raises(SettingsError, match=said):
        sensor(channels)


def test_device_manager_lists_the_backend_and_its_fields():
    from psychopy.experiment.devices import DeviceBackend

    from psychopy_nfb.builder.light_sensor import LSLLightSensorBackend

    assert LSLLightSensorBackend in DeviceBackend.getAllBackends()
    template = json.dumps(LSLLightSensorBackend.getTemplateJSON())
    assert "<locals>" not in template
    assert LSLLightSensorBackend.getIconFile().is_file()
    again = LSLLightSensorBackend.fromJSON(
        json.loads(json.dumps(LSLLightSensorBackend({"deviceName": "x"}).getJSON()))
    )
    assert again.params["channels"].val == "1"
