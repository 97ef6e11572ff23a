"""Compiles an experiment with PsychoPy's Visual Validator; a process of its own for the tests.

``python compile_validation.py SOURCE_ID SCRIPT``: saves the light sensor in the Device Manager, as
its dialog would, and compiles twenty flashes of a polygon that the sensor validates. A frame takes
some 15 ms, which a virtual display does not see to; the script leaves the times of its frames in
``frames.json``.
"""

import sys
from pathlib import Path


def main(source_id, script):
    from psychopy import plugins
    from psychopy.preferences import prefs

    plugins.activatePlugins()
    from psychopy.experiment import Experiment, devices
    from psychopy.experiment.components.code import CodeComponent
    from psychopy.experiment.components.polygon import PolygonComponent
    from psychopy.experiment.loops import TrialHandler
    from psychopy.experiment.routines import Routine
    from psychopy.experiment.routines.visualValidator import VisualValidatorRoutine

    backend = devices.LSLLightSensorBackend  # there by the entry point
    assert backend in VisualValidatorRoutine.backends
    (profile,) = (
        found for found in backend.getAvailableDevices() if found.get("source_id") == source_id
    )
    diode = backend(profile)
    diode.name = "diode"
    diode.params["channels"].val = "Diode"
    prefs.devices["diode"] = diode
    prefs.devices.save()
    prefs.devices.reload()

    experiment = Experiment()
    for name, value in {
        "Show info dlg": False,
        "Full-screen window": False,
        "Window size (pixels)": "[320, 240]",
        "Units": "pix",
        "Data filename": "'flashes'",
    }.items():
        experiment.settings.params[name].val = value
    pacing = experiment.addRoutine("pacing", Routine("pacing", experiment))
    code = CodeComponent(experiment, "pacing", name="frames")
    code.params[
        "Begin Experiment"
    ].val = "import json, time\nfrom psychopy_nfb import pace\npace(win, 60)\nframe_times = []\n"
    code.params["End Experiment"].val = "json.dump(frame_times, open('frames.json', 'w'))\n"
    pacing.addComponent(code)
    validator = VisualValidatorRoutine(experiment, "validator")
    validator.params["deviceLabel"].val = "diode"
    experiment.addStandaloneRoutine("validator", validator)
    trial = experiment.addRoutine("trial", Routine("trial", experiment))
    for name, start, seconds in (("flash", 0.2, 0.2), ("pause", 0.0, 0.6)):
        polygon = PolygonComponent(experiment, "trial", name=name, units="pix")
        polygon.params["startVal"].val = str(start)
        polygon.params["stopVal"].val = str(seconds)
        polygon.params["size"].val = "(20, 20)"
        trial.addComponent(polygon)
        if name == "flash":
            polygon.params["validator"].val = "validator"
    code = CodeComponent(experiment, "trial", name="code")
    code.params["Begin Experiment"].val = "import json, time\nframe_times = []\n"
    code.params["Each Frame"].val = "frame_times.append(time.perf_counter())\ntime.sleep(0.014)\n"
    code.params["End Experiment"].val = "json.dump(frame_times, open('frames.json', 'w'))\n"
    trial.addComponent(code)
    experiment.flow.addRoutine(validator, 0)
    experiment.flow.addRoutine(trial, 1)
    experiment.flow.addLoop(TrialHandler(experiment, "trials", nReps=20), 1, 2)
    written = experiment.writeScript(script, target="PsychoPy")
    Path(script).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
