"""A lab's own parts in Builder: the field for files, what it offers, alerts, and the script."""

from __future__ import annotations

import os

import pytest
from lab_parts import ESTIMATOR, STEP, as_it_was, install, write

from psychopy_nfb.builder.own_parts import estimator_labels, estimator_names
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import write_json

pytestmark = [pytest.mark.display, pytest.mark.slow]
HALVED = {
    "signals": {
        "nfb": {
            "normalise": "none",
            "threshold": 5,
            "pipeline": {
                "steps": [
                    {"type": "Pick", "channels": ["Oz"]},
                    {"type": "DCBlock"},
                    {"type": "Halved", "gain": 1},
                ]
            },
        }
    }
}


@pytest.fixture(autouse=True)
def _families():
    with as_it_was():
        yield


def kept(folder):
    (settings,) = (folder / "data").glob("*_nfb.json")
    return read_session(settings).settings


def test_an_estimator_of_a_file_is_offered_compiled_and_run(builder, run_script, heard, tmp_path):
    write(tmp_path / "lab_a.py", STEP + ESTIMATOR)
    component = builder.add(
        "NeuroFeedbackComponent",
        "nfb",
        envelope="swing",
        plugins=["lab_a.py"],
        stopVal="1",
        simulate="always",
    )
    offered = component.params["envelope"].allowedVals
    assert "swing" not in offered()
    script = builder.script(tmp_path / "own.py")
    assert heard == []
    assert "psychopy_nfb.load_plugins(['lab_a.py'])" in script.read_text(encoding="utf-8")
    assert "swing" in offered()  # since Builder has checked the experiment
    ran = run_script(script)
    assert ran.returncode == 0, ran.stderr
    settings = kept(tmp_path)
    (own,) = settings["own_parts"]
    assert own["parts"] == ["Halved", "Swing", "swing"]
    steps = settings["configuration"]["signals"]["nfb"]["pipeline"]["steps"]
    assert [one["from"][:9] for one in steps if one["type"] == "Swing"] == ["lab_a.py "]


def test_a_package_s_step_in_a_settings_file_is_compiled_and_run(
    builder, run_script, heard, tmp_path, monkeypatch
):
    folder = install(tmp_path / "packages")
    monkeypatch.syspath_prepend(str(folder))
    known = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(known))
    write_json(HALVED, tmp_path / "halved.json")
    builder.add(
        "NeuroFeedbackComponent", "nfb", settingsFile="halved.json", stopVal="1", simulate="always"
    )
    script = builder.script(tmp_path / "own.py")
    assert heard == []
    assert "load_plugins" not in script.read_text(encoding="utf-8")
    ran = run_script(script)
    assert ran.returncode == 0, ran.stderr
    assert [one["name"] for one in kept(tmp_path)["own_parts"]] == ["lab-package"]


def test_what_is_wrong_with_a_file_is_an_alert_and_the_run_says_the_same(
    builder, run_script, heard, tmp_path
):
    write(tmp_path / "lab_a.py", "x = 1\nimport no_such_package\n")
    builder.add("NeuroFeedbackComponent", "nfb", plugins=["lab_a.py"], stopVal="1")
    script = builder.script(tmp_path / "own.py")
    (said,) = heard
    assert said.startswith("nfb, Own parts: plugins='")
    assert "(ModuleNotFoundError: No module named 'no_such_package', line 2 of " in said
    ran = run_script(script)
    assert ran.returncode != 0
    assert "FieldError: nfb, Own parts: " in ran.stderr
    assert "(ModuleNotFoundError: No module named 'no_such_package', line 2 of " in ran.stderr


def test_estimators_of_packages_are_offered_and_a_broken_package_does_no_harm(
    tmp_path, monkeypatch, caplog
):
    ours = estimator_names()
    assert ours[0] == "wcFIR"
    folder = install(tmp_path / "packages", offered=("swing",), text=STEP + ESTIMATOR)
    monkeypatch.syspath_prepend(str(folder))
    assert estimator_names() == [*ours, "swing"]
    assert estimator_labels()[-1] == "largest swing"
    install(folder, name="other-package", offered=("Broken",), text="1 / 0\n")
    assert estimator_names() == [*ours, "swing"]
    assert "other-package 1.5" in caplog.text
