"""The LSL amplifier in the dialogs of PsychoPy's own app.

Runs where Builder is, see `wx_app`.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pylsl
import pytest
from wx_app import PYTHON

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-builder; see .ci/builder_app.sh"),
]


def test_device_manager_lists_the_amplifier_and_the_component_takes_it(amplifier, tmp_path):
    source_id = amplifier("--name", "MyAmp").source_id
    assert pylsl.resolve_byprop("source_id", source_id, timeout=30)
    out = tmp_path / "shown.json"
    ran = subprocess.run(
        [PYTHON, Path(__file__).with_name("device_dialogs.py"), source_id, out],
        env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert out.exists(), ran.stderr
    shown = json.loads(out.read_text("utf-8"))
    listed = shown["listed"]["LSL amplifier"]
    assert any("'MyAmp' (EEG, 32 channels" in line and source_id in line for line in listed)
    assert "by hand" in listed[-1]
    device = shown["device"]
    assert (device["name"], device["stream_name"], device["stream_type"]) == ("amp", "MyAmp", "EEG")
    assert (device["source_id"], device["hostname"]) == (source_id, "")
    assert shown["device buttons"] == ["Choose…", "Channels…", "Signal Check"]
    assert shown["choices"] == ["", "amp"]
    assert shown["component buttons"][-1] == "Signal Check"
    assert shown["fields with 'amp'"] == ["timeout"]
    assert shown["fields with ''"] == [
        "streamType",
        "streamName",
        "sourceId",
        "hostname",
        "timeout",
    ]
