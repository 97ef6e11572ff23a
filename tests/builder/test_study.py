"""A blinded study without a line of code: the script that Builder makes runs the session due."""

from __future__ import annotations

import pytest

from psychopy_nfb.protocol import Inverse
from psychopy_nfb.recording import read_session
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.drawing import allocate
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import Arm, Study, new_study
from psychopy_nfb.study.register import Register


@pytest.mark.display
@pytest.mark.slow
def test_the_field_study_runs_the_session_that_is_due(builder, run_script, tmp_path):
    arms = {"real": Arm(), "down": Arm(shown=Inverse())}
    study = Study(name="Alpha", task="alpha", sessions=3, blocks=1, arms=arms)
    folder = new_study(tmp_path / "my study", study)
    allocate(folder, tmp_path / "key.json", "a passphrase", slots=4, seed=1)
    person = add_participant(folder, "07")
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="2", simulate="always", study="my study")
    builder.add("FeedbackDisplayComponent", "bar", value="nfb.value", stopVal="2")
    asked = "{'participant': '07', 'session': '001'}"
    builder.experiment.settings.params["Experiment info"].val = asked
    ran = run_script(builder.script(tmp_path / "training.py"))
    assert ran.returncode == 0, ran.stderr
    assert "Study Alpha: participant 07, session 1 of 3." in ran.stderr
    (run,) = Register(folder).runs("07")
    assert (run.state, run.number) == ("finished", 1)
    session = read_session(Register(folder).files(run).stem)
    assert session.sealed
    assert session.settings["study"]["token"] == person.token
    arm = Allocation.read(folder).slot(person.token, "all").arm
    said = ran.stdout + ran.stderr
    for path in tmp_path.glob("data/*"):  # what PsychoPy has written itself
        if path.suffix in (".csv", ".log"):
            said += path.read_text("utf-8")
    assert "nfb.score" not in said
    assert f" {arm}" not in said
    assert "inverse" not in said.lower()
