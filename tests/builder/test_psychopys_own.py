"""PsychoPy's own tests of components, and what its apps ask of them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from psychopy.tests.test_experiment.test_components.test_base_components import BaseComponentTests
from psychopy.tests.test_experiment.test_routines.test_base_routine import (
    _TestBaseStandaloneRoutinesMixin,
    _TestDisabledMixin,
)

from psychopy_nfb.builder.baseline import NeuroBaselineRoutine
from psychopy_nfb.builder.diode_patch import DiodePatchComponent
from psychopy_nfb.builder.feedback_display import FeedbackDisplayComponent
from psychopy_nfb.builder.neuro_block import NeuroBlockRoutine
from psychopy_nfb.builder.neurofeedback import NeuroFeedbackComponent
from psychopy_nfb.builder.signal_check import SignalCheckRoutine

COMPONENTS = (NeuroFeedbackComponent, FeedbackDisplayComponent, DiodePatchComponent)

ELEMENTS = (*COMPONENTS, NeuroBaselineRoutine, NeuroBlockRoutine, SignalCheckRoutine)


class TestNeuroFeedback(BaseComponentTests):
    comp = NeuroFeedbackComponent


class TestFeedbackDisplay(BaseComponentTests):
    comp = FeedbackDisplayComponent


class TestDiodePatch(BaseComponentTests):
    comp = DiodePatchComponent


class TestNeuroBaseline(_TestBaseStandaloneRoutinesMixin, _TestDisabledMixin):
    def setup_method(self):
        from psychopy.experiment import Experiment

        self.exp = Experiment()
        self.rt = NeuroBaselineRoutine(exp=self.exp, name="testBaseline")


class TestNeuroBlock(_TestBaseStandaloneRoutinesMixin, _TestDisabledMixin):
    def setup_method(self):
        from psychopy.experiment import Experiment

        self.exp = Experiment()
        self.rt = NeuroBlockRoutine(exp=self.exp, name="testBlock")


class TestSignalCheck(_TestBaseStandaloneRoutinesMixin, _TestDisabledMixin):
    def setup_method(self):
        from psychopy.experiment import Experiment

        self.exp = Experiment()
        self.rt = SignalCheckRoutine(exp=self.exp, name="testSignalCheck")


def ours():
    return [
        entry
        for entry in distribution("psychopy-nfb").entry_points
        if entry.group != "console_scripts"
    ]


def test_every_entry_point_resolves_in_a_group_of_psychopys():
    import importlib

    assert len(ours()) >= len(ELEMENTS)
    for entry in ours():
        assert entry.load().__name__ == entry.name
        assert not entry.group.startswith("psychopy_nfb")
        importlib.import_module(entry.group)


def test_builder_finds_them_under_eeg():
    from psychopy.experiment import getAllElements

    found = getAllElements()
    for component in ELEMENTS:
        assert found[component.__name__] is component
        assert component.categories == ["EEG"]


@pytest.mark.parametrize("component", ELEMENTS, ids=lambda one: one.__name__)
def test_row_113_the_profile_for_studio_is_plain_json(component):
    profile = component.getTemplateJSON()
    text = json.dumps(profile, default=str)
    assert "<locals>" not in text
    assert profile["iconSVG"].startswith("<svg")
    assert profile["plugin"] == "psychopy-nfb"
    for theme in ("light", "dark", "classic"):
        icon = Path(component.iconFile)
        for name in (icon.name, f"{icon.stem}@2x.png"):
            assert (icon.parent / theme / name).is_file()
    for name, param in profile["params"].items():
        assert param["label"], name


LIAISON = """
import psychopy.experiment
from psychopy import liaison, plugins
server = liaison.WebSocketServer()
server.registerMethods(psychopy.experiment, "experiment")
server.registerMethods(plugins, "plugins")
server.start("localhost", {port})
"""


def test_row_113_studio_gets_them_through_liaison(tmp_path):
    """Over a real WebSocket, in a process of its own, in the order in which Studio asks."""
    from websockets.sync.client import connect

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", LIAISON.format(port=port)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert server.stdout.read(len("LIAISON.CONNECTED")) == b"LIAISON.CONNECTED"
        with connect(f"ws://localhost:{port}", max_size=None) as studio:

            def ask(who, method):
                studio.send(json.dumps({"object": who, "method": method, "messageId": method}))
                answer = studio.recv(timeout=60)
                assert "<locals>" not in answer
                return json.loads(answer)["result"]

            ask("plugins", "activatePlugins")
            elements = ask("experiment", "getElementProfiles")
            ask("experiment", "getDeviceProfiles")
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    for component in ELEMENTS:
        profile = elements[component.__name__]
        assert profile["categories"] == ["EEG"]
        assert list(profile["params"]) == list(component.getTemplateJSON()["params"])
