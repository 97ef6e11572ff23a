"""PsychoPy's Visual Validator with a photodiode that comes over LSL."""

from __future__ import annotations

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
DIODE = Path(__file__).with_name("virtual_diode.py")
SIZE = 300
"""Side of the window."""


@pytest.fixture
def diode(unique_id):
    """Return the name of the stream of a virtual diode in the middle of the screen."""
    process = subprocess.Popen(
        [sys.executable, str(DIODE), unique_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield unique_id
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def window():
    from psychopy import visual

    from psychopy_nfb.display import pace

    win = visual.Window((SIZE, SIZE), units="pix", color="black", allowGUI=False)
    pace(win, 60)
    yield win
    win.close()


def test_threshold_and_place_are_found(diode, window):
    from psychopy_nfb.display.light_sensor import LSLLightSensor

    sensor = LSLLightSensor(diode, sensors="Photodiode")
    try:
        assert sensor.findThreshold(window, channel=0) == pytest.approx(0.5, abs=0.02)
        position, size = sensor.findSensor(window, channel=0)
        assert abs(position.norm).max() < 0.05  # it sees one pixel, in the middle
        assert max(size.norm) < 0.1
    finally:
        sensor.close()


def test_a_channel_that_sees_nothing_gets_no_threshold(diode, window):
    from psychopy_nfb.display.light_sensor import LSLLightSensor

    sensor = LSLLightSensor(diode)
    try:
        cz, photodiode = sensor.findThreshold(window)
        assert cz is None
        assert photodiode == pytest.approx(0.5, abs=0.02)
    finally:
        sensor.close()


def test_a_channel_that_is_not_there_is_told(diode):
    from psychopy_nfb.display.light_sensor import LSLLightSensor
    from psychopy_nfb.errors import NfbError

    with pytest.raises(NfbError, match="sensors='AUX'"):
        LSLLightSensor(diode, sensors="AUX")


COUNT = """
import pylsl
looked = []
for kind in ("resolve_streams", "resolve_byprop", "resolve_bypred", "ContinuousResolver"):
    def noted(*args, _was=getattr(pylsl, kind), **kwargs):
        looked.append(1)
        return _was(*args, **kwargs)
    setattr(pylsl, kind, noted)
"""


def test_row_105_visual_validator_on_the_virtual_diode(
    builder, diode, run_script, tmp_path, monkeypatch
):
    from psychopy import prefs
    from psychopy.experiment import getAllStandaloneRoutines

    from psychopy_nfb.builder.light_sensor import LSLLightSensorBackend

    experiment = builder.experiment
    experiment.settings.params["Window size (pixels)"].val = f"[{SIZE}, {SIZE}]"
    experiment.settings.params["color"].val = "black"
    validator = getAllStandaloneRoutines()["VisualValidatorRoutine"](experiment, name="validator")
    for name, value in {
        "deviceLabel": "diode",
        "findThreshold": True,
        "findSensor": False,
        "sensorPos": "(0, 0)",
        "sensorSize": "(0.2, 0.2)",
        "sensorUnits": "norm",
        "channel": "0",
    }.items():
        validator.params[name].val = value
    builder.repeat(12)
    experiment.addStandaloneRoutine("validator", validator)
    experiment.flow.addRoutine(validator, 0)
    builder.code(
        before_experiment=COUNT,
        begin_experiment="from psychopy_nfb import pace\npace(win, 60)\n",
        begin_routine="before = len(looked)\n",
        end_routine="thisExp.addData('looked', len(looked) - before)\n",
    )
    builder.add(
        "PolygonComponent",
        "flash",
        startVal="0.3",
        stopVal="0.3",
        size="(0.1, 0.1)",
        validator="validator",
    )
    backend = LSLLightSensorBackend(
        {"deviceName": "diode", "deviceClass": LSLLightSensorBackend.deviceClass}
    )
    backend.params["name"].val = "diode"
    backend.params["stream"].val = diode
    backend.params["sensors"].val = "Photodiode"
    monkeypatch.setitem(prefs.devices, "diode", backend)  # as Device Manager does
    script = builder.script(tmp_path / "validated.py")
    ran = run_script(script)
    assert ran.returncode == 0, ran.stderr
    (table,) = (tmp_path / "data").glob("*validated*.csv")
    rows = pd.read_csv(table)
    delays = rows["validator.startDelay"].dropna()
    assert len(delays) >= 10
    assert abs(delays.median()) < 0.002
    assert rows.looked.dropna().eq(0).all()
