"""Which session is due, and what stands in its way."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import psutil
import pytest

from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import Surrogate, Yoked
from psychopy_nfb.settings import write_json
from psychopy_nfb.study.due import due
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import Arm, Study, StudyFolder, new_study
from psychopy_nfb.study.register import Register, Run


def refusal(what, *arguments, **keywords):
    with pytest.raises(NfbError) as caught:
        what(*arguments, **keywords)
    return str(caught.value)


def run(number, run=1, state="finished", **more):
    stem = f"data/sub-01_ses-{number:02d}_task-alpha_run-{run:02d}"
    begun = "2026-03-01T10:00:00+01:00"
    return Run(
        participant="01", number=number, run=run, stem=stem, begun=begun, state=state, **more
    )


def test_a_study_is_what_its_file_says_and_a_wrong_one_is_told_by_its_field(tmp_path):
    folder = new_study(
        tmp_path / "a study", Study(name="Alpha", sessions=3, strata={"sex": ["f", "m"]})
    )
    add_participant(folder, "01", {"sex": "f"})
    again = StudyFolder(tmp_path / "a study" / "study.json")
    assert again.study == folder.study
    assert again.study.participants["01"].stratum == {"sex": "f"}
    assert "stratum='sex='" in refusal(add_participant, folder, "02")
    assert "is in the study already" in refusal(add_participant, folder, "01", {"sex": "m"})
    assert "has a study already" in refusal(new_study, tmp_path / "a study", Study(name="b"))
    yoked = Arm(shown=Yoked(session="donor", block="training", seconds=9, blocks=4))
    said = refusal(Study, name="c", blocks=5, arms={"real": Arm(), "sham": yoked})
    assert "arms.sham.shown.blocks=4: are fewer than the 5 blocks" in said
    content = json.loads(folder.file.read_text("utf-8"))
    content["arms"]["sham"] = {
        "shown": {"type": "Yoked", "session": "x", "block": "b", "seconds": 1}
    }
    write_json(content, folder.file)
    assert "arms.sham.shown.session='x': must be 'donor'" in refusal(StudyFolder, folder.path)


def test_the_next_session_is_due_until_all_are_done(make_study):
    folder = make_study("01", sessions=2)
    register = Register(folder)
    assert due(folder, "01").number == 1
    register.write(run(1))
    assert (due(folder, "01").number, due(folder, "01").last) == (2, run(1))
    register.write(run(2))
    assert "has done all 2 sessions" in refusal(due, folder, "01")
    assert "psychopy-nfb study add" in refusal(due, folder, "02")


def test_a_session_that_was_cut_off_waits_for_a_decision(make_study):
    folder = make_study("01", sessions=3)
    register = Register(folder)
    register.write(run(1))
    register.write(run(2, state="cut off", blocks=3))
    said = refusal(due, folder, "01")
    assert "--repeat" in said
    assert "--continue" in said
    register.decide("01", "continue")
    one = due(folder, "01")
    assert (one.number, one.run, one.blocks_done) == (2, 2, 3)
    register.write(run(2, run=2, state="cut off", blocks=4))
    register.decide("01", "repeat")
    one = due(folder, "01")
    assert (one.number, one.run, one.blocks_done, one.last.number) == (2, 3, 0, 1)
    register.write(run(2, run=3))
    assert due(folder, "01").number == 3
    assert "has no session that was cut off" in refusal(register.decide, "01", "repeat")


def test_no_two_programs_run_a_participants_session_at_once(make_study):
    folder = make_study("01")
    register = Register(folder)
    register.write(run(1, state="begun"))
    with folder.lock("sub-01", "Session 1 of participant 01"):
        said = refusal(due, folder, "01")
        assert "Session 1 of participant 01 is under way on" in said
        assert platform.node() in said
        assert "(this computer)" in said
        with folder.lock("sub-02", "Session 1 of participant 02"):
            pass
    assert "was cut off" not in said
    assert "cut off" in refusal(due, folder, "01")


def test_a_lock_of_a_crash_is_taken_over_here_and_named_elsewhere(make_study, caplog):
    folder = make_study("01")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = folder.path / "locks" / "sub-01.lock"
    path.parent.mkdir(exist_ok=True)
    holder = {"machine": platform.node(), "pid": ended.pid, "started": 1.0, "since": "10:02"}
    write_json(holder, path)
    folder.lock("sub-01", "Session 1").release()
    assert "taken over from a program that crashed (10:02)" in caplog.text
    me = {"pid": psutil.Process().pid, "started": psutil.Process().create_time() - 100}
    write_json({**holder, **me}, path)  # another process has its number now
    folder.lock("sub-01", "Session 1").release()
    write_json({**holder, "machine": "EEG-LAB-2", "user": "anna"}, path)
    said = refusal(folder.lock, "sub-01", "Session 1")
    assert "Session 1 is under way on EEG-LAB-2 since 10:02 (anna" in said
    assert f"delete {path}" in said
    assert path.exists()


def test_one_person_has_one_label_however_it_is_typed(make_study):
    folder = make_study("02", "S7")
    for typed in ("2", "002", 2, "02"):
        assert folder.participant(typed)[0] == "02"
    assert folder.participant("s07")[0] == "S7"
    assert "is in the study already, as 02" in refusal(add_participant, folder, "2")
    assert "is in the study already, as S7" in refusal(add_participant, folder, "s007")
    add_participant(folder, "20")
    assert "psychopy-nfb study add" in refusal(folder.participant, "200")


def test_arms_that_nobody_could_tell_apart_and_empty_names_are_refused():
    two = {"real": Arm(), "treatment": Arm(share=2)}
    assert "arms='real, treatment': show the same" in refusal(Study, name="a", arms=two)
    noise = {"a": Arm(shown=Surrogate(seed=1)), "b": Arm(shown=Surrogate(seed=2))}
    assert "show the same" in refusal(Study, name="a", arms=noise)
    named = {"real": Arm(), "unknown": Arm(shown=Surrogate())}
    assert "other than own, none and unknown" in refusal(Study, name="a", arms=named)
    for name in ("", "  "):
        assert "is empty; say what the study is called" in refusal(Study, name=name)


def test_a_session_consists_of_the_runs_that_were_continued_not_of_those_repeated(make_study):
    folder = make_study("01", sessions=2)
    register = Register(folder)
    register.write(run(1, state="cut off", blocks=1, decision="continue"))
    register.write(run(1, run=2, state="cut off", blocks=2, decision="repeat"))
    register.write(run(1, run=3, state="cut off", blocks=3, decision="continue"))
    register.write(run(1, run=4))
    register.write(run(2, state="cut off", decision="continue"))
    assert [(one.number, one.run) for one in register.counting()] == [(1, 3), (1, 4)]
