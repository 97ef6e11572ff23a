"""An experiment of Builder whose EEG is processed on another computer."""

from __future__ import annotations

import pytest

from psychopy_nfb.recording import read_session


def test_the_worker_and_its_token_stand_in_the_script(builder, tmp_path):
    component = builder.add("NeuroFeedbackComponent", "nfb", stopVal="4")
    assert "remote" not in builder.script(tmp_path / "here.py").read_text("utf-8")
    component.params["remote"].val = "EEG-room"
    script = builder.script(tmp_path / "there.py").read_text("utf-8")
    assert "remote='EEG-room'," in script
    assert "remote_token" not in script  # it is in the environment
    component.params["remoteToken"].val = "secret token"
    assert "remote_token='secret token'," in builder.script(tmp_path / "x.py").read_text("utf-8")


@pytest.mark.display
@pytest.mark.slow
def test_always_simulated_it_stays_on_this_computer(builder, run_script, tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHOPY_NFB_TOKEN", "a token of tests")
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1", simulate="always", remote="Nobody")
    run_script(builder.script(tmp_path / "piloted.py"))
    (settings,) = tmp_path.glob("data/*_nfb.json")
    session = read_session(settings)
    assert session.settings["experiment"]["simulated"]
    assert "remote" not in session.settings
