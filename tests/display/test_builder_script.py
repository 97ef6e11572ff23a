"""A script that PsychoPy's Builder generated, with a stimulus driven by the feedback."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import write_json

pytestmark = [pytest.mark.display, pytest.mark.slow]


@pytest.fixture
def generated(tmp_path):
    """Compile an experiment of a code component and a polygon whose size follows the value."""

    def compile_one(settings_file):
        from psychopy.experiment import Experiment
        from psychopy.experiment.components.code import CodeComponent
        from psychopy.experiment.components.polygon import PolygonComponent
        from psychopy.experiment.routines import Routine

        experiment = Experiment()
        for name, value in {
            "Show info dlg": False,
            "Full-screen window": False,
            "Window size (pixels)": "[320, 240]",
            "Units": "pix",
        }.items():
            experiment.settings.params[name].val = value
        routine = experiment.addRoutine("training", Routine("training", experiment))
        code = CodeComponent(experiment, "training", name="feedback")
        code.params["Begin Experiment"].val = (
            "import json\n"
            "from psychopy_nfb import Neurofeedback, pace\n"
            f"nfb = Neurofeedback({str(settings_file)!r}, data={str(tmp_path)!r})\n"
            "runAtExit.append(nfb.close)\n"
            "nfb.start()\n"
            "pace(win, 60)\n"
            "nfb.attach(win)\n"
            "sizes = []\n"
        )
        code.params["Each Frame"].val = "nfb.update()\n"
        routine.addComponent(code)
        polygon = PolygonComponent(experiment, "training", name="polygon")
        for name, value in {
            "shape": "rectangle",
            "size": "(40, 200 * nfb.value)",
            "units": "pix",
            "stopVal": "4.0",
        }.items():
            polygon.params[name].val = value
        polygon.params["size"].updates = "set every frame"
        routine.addComponent(polygon)
        after = CodeComponent(experiment, "training", name="after")
        after.params["Each Frame"].val = "sizes.append((nfb.value, float(polygon.size[1])))\n"
        after.params[
            "End Experiment"
        ].val = f"json.dump(sizes, open({str(tmp_path / 'sizes.json')!r}, 'w'))\nnfb.close()\n"
        routine.addComponent(after)
        experiment.flow.addRoutine(routine, 0)
        experiment.settings.params["Save csv file"].val = False
        script = tmp_path / "generated.py"
        script.write_text(experiment.writeScript(str(script), target="PsychoPy"), "utf-8")
        return script

    return compile_one


def test_row_039_a_property_in_a_generated_script_follows_the_value(
    amplifier, training, generated, tmp_path
):
    settings_file = tmp_path / "settings.json"
    write_json(training(amplifier().source_id), settings_file)
    script = generated(settings_file)
    ran = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    sizes = json.loads((tmp_path / "sizes.json").read_text())
    drawn = [(value, size) for value, size in sizes if value > 0]
    assert len({value for value, _ in drawn}) > 20
    for value, size in drawn:
        assert size == pytest.approx(200 * value)
    (stem,) = tmp_path.glob("*_nfb.json")
    session = read_session(stem)
    assert session.settings["ended"] == "stopped"
    shown = session.frames.shown.dropna().to_numpy()
    assert len(shown) >= len(drawn)
    for value, _ in drawn:  # the table has nine decimals
        assert np.abs(shown - value).min() < 1e-8
