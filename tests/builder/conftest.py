"""Builder experiments made in code, as clicking would make them, compiled and run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SMALL = {
    "Show info dlg": False,
    "Full-screen window": False,
    "Window size (pixels)": "[400, 300]",
    "Units": "height",
    "measureFrameRate": False,
    "frameRate": "60",
}


@pytest.fixture(scope="session", autouse=True)
def _plugins():
    from psychopy import plugins

    plugins.activatePlugins()


@pytest.fixture
def builder():
    """Return an experiment with one Routine, ``trial``, and a function that adds to it."""
    return BuilderExperiment()


@pytest.fixture
def told(builder):
    """Return a function that checks the experiment: our alerts, as (kind, sentence)."""
    from psychopy.alerts import addAlertHandler, removeAlertHandler

    from psychopy_nfb.builder import alerts

    kinds = {code: kind for kind, (code, _) in alerts.KINDS.items()}

    class Handler:
        def receiveAlert(self, alert):
            if alert.code in kinds:
                found.append((kinds[alert.code], alert.msg))

    found = []
    builder.routine.settings.params["stopVal"].val = "600"  # as a signal without a Stop goes on
    handler = Handler()
    addAlertHandler(handler)

    def check():
        found.clear()
        builder.experiment.integrityCheck()
        return found

    yield check
    removeAlertHandler(handler)


class BuilderExperiment:
    def __init__(self):
        from psychopy.experiment import Experiment
        from psychopy.experiment.routines import Routine

        self.experiment = Experiment()
        for name, value in SMALL.items():
            self.experiment.settings.params[name].val = value
        self.routine = self.experiment.addRoutine("trial", Routine("trial", self.experiment))
        self.experiment.flow.addRoutine(self.routine, 0)

    def add(self, kind, name, **params):
        """Add a component of class name `kind` to the Routine."""
        from psychopy.experiment import getAllComponents

        component = getAllComponents()[kind](self.experiment, "trial", name=name)
        for key, value in params.items():
            component.params[key].val = value
        self.routine.addComponent(component)
        return component

    def code(self, name="code", **parts):
        """Add a code component; parts are ``each_frame`` and the like."""
        params = {part.replace("_", " ").title(): text for part, text in parts.items()}
        return self.add("CodeComponent", name, **params)

    def repeat(self, times, conditions=""):
        """Put a loop around the Routine."""
        from psychopy.experiment.loops import TrialHandler

        loop = TrialHandler(self.experiment, name="trials", nReps=times, loopType="sequential")
        if conditions:
            loop.params["conditionsFile"].val = str(conditions)
        self.experiment.flow.addLoop(loop, 0, len(self.experiment.flow))
        return loop

    def save(self, path):
        """Save as a .psyexp file and return it."""
        self.experiment.saveToXML(str(path))
        return path

    def script(self, path):
        """Compile as the command does, by way of the file."""
        from psychopy_nfb.builder.compile import compile_experiment

        compile_experiment(self.save(path.with_suffix(".psyexp")), path)
        return path


@pytest.fixture
def run_script():
    """Return a function that runs a compiled script to its end."""

    def run(script, *arguments, seconds=120):
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            cwd=os.path.dirname(script),
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    return run


@pytest.fixture
def heard():
    """Return the list of alerts that PsychoPy receives meanwhile."""
    from psychopy import alerts

    class Handler:
        def __init__(self):
            self.sentences = []

        def receiveAlert(self, alert):
            self.sentences.append(alert.msg)

    handler = Handler()
    alerts.addAlertHandler(handler)
    yield handler.sentences
    alerts.removeAlertHandler(handler)
