"""A worker on another computer, together with all else that an experiment may have."""

from __future__ import annotations

import os
import sys

import pytest
from computers import TOKEN
from lab_parts import as_it_was, install

from psychopy_nfb import Neurofeedback
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Inverse, Replay, Yoked
from psychopy_nfb.recording import read_session


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"study": "no folder"}, "study='no folder': must run on one computer; leave remote out."),
        ({"plugins": ["no file.py"]}, r"plugins=\['no file.py'\]: are files, and a worker takes"),
        (
            {"shown": {"sham": Yoked(session="no", block="x", seconds=9.0)}},
            r"shown=\['sham'\]: shows recorded sessions",
        ),
        (
            {"shown": {"earlier": Replay(session="no", block="x", seconds=9.0)}},
            r"shown=\['earlier'\]: shows recorded sessions",
        ),
    ],
)
def test_what_stays_on_one_computer_is_refused_before_it_is_opened(
    training, unique_id, more, sentence
):
    with pytest.raises(SettingsError, match=sentence):
        Neurofeedback(training(unique_id), remote="EEG-room", remote_token=TOKEN, **more)


@pytest.mark.slow
def test_a_step_of_a_package_on_both_computers_runs_and_what_is_shown_is_turned(
    amplifier, training, worker, token, tmp_path, listen, monkeypatch
):
    here, there = (tmp_path / name for name in ("here", "there"))
    install(here, version="1.5")
    install(there, version="1.6")
    path = os.pathsep.join([str(there), *filter(None, [os.environ.get("PYTHONPATH")])])
    eeg = worker(environment={**os.environ, "PYTHONPATH": path})
    monkeypatch.setattr(sys, "path", [str(here), *sys.path])
    with as_it_was():
        step = {"type": "Halved"}
        steps = [{"type": "Pick", "channels": ["Oz"]}, {"type": "DCBlock"}, step]
        steps.append({"type": "CFIR", "band": [8.0, 12.0], "delay": 0.1})
        stream = {"source_id": amplifier().source_id, "timeout": 30.0}
        settings = {
            "stream": stream,
            "signals": {"one": {"normalise": "none", "pipeline": {"steps": steps}}},
        }
        shown = {"turned": Inverse()}
        data = tmp_path / "screen"
        with Neurofeedback(settings, data=data, remote=eeg.name, shown=shown) as nfb:
            with nfb.block("training", shown="turned"):
                assert len(listen(nfb, 2.0)) > 20
        session = read_session(eeg.stem())
    assert session.settings["own_parts"] == [
        {"name": "lab-package", "version": "1.6", "parts": ["Halved"]}
    ]
    assert "turned" in str(session.events.to_dict())
