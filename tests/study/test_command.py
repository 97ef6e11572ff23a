"""A whole study by its commands, as people type them."""

from __future__ import annotations

import io
import json

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.study.plan import StudyFolder
from psychopy_nfb.study.register import Register, Run

PASSPHRASE = "a passphrase of the test"


@pytest.fixture
def study(tmp_path, capsys, monkeypatch):
    """Return a function that calls a step of the command; returns its status and what it said."""

    def call(step, *arguments, types=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(types))
        status = main(["study", step, str(tmp_path / "my study"), *arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    return call


def finished(folder, label, number):
    stem = f"data/sub-{label}_ses-{number:02d}_task-alpha_run-01"
    begun = "2026-03-01T10:00:00+01:00"
    Register(folder).write(
        Run(participant=label, number=number, run=1, stem=stem, begun=begun, state="finished")
    )


def test_a_study_from_its_begin_to_its_end(study, tmp_path):
    new = ("--name", "Alpha", "--sessions", "2", "--stratum", "sex=f,m", "--carry-over", "baseline")
    assert study("new", *new, "--arm", "real")[0] == 2
    status, said = study("new", *new, "--arm", "real=own", "--arm", "real=inverse")
    assert (status, "has the same name twice" in said) == (2, True)
    status, said = study("new", *new, "--arm", "real=own", "--arm", "down=inverse")
    assert (status, "study allocate" in said) == (0, True)
    status, said = study("add", "01", "--stratum", "sex=f")
    assert (status, "token" in said) == (0, False)
    status, said = study("next", "01")
    assert status == 0  # what is due is known; the experiment itself wants the allocation
    key = tmp_path / "key.json"
    status, said = study("allocate", "--key", str(key), types=f"{PASSPHRASE}\n")
    assert status == 0
    assert "can never be unblinded" in said
    page = (tmp_path / "key_print.txt").read_text("utf-8")
    typed = next(line for line in page.splitlines() if line.count("-") > 10).strip()
    status, said = study("add", "02", "--stratum", "sex=m")
    folder = StudyFolder(tmp_path / "my study")
    tokens = {label: one.token for label, one in folder.study.participants.items()}
    assert f"Participant 02 is in the study, with the token {tokens['02']}." in said
    assert tokens["01"]
    finished(folder, "01", 1)
    status, said = study("next", "01")
    assert f"Participant 01 (token {tokens['01']}): session 2 of 2." in said
    assert "takes over the baseline of session 1" in said
    asked = ("--who", "participant", "--arm", "real", "--confidence", "70")
    status, said = study("guess", "01", *asked)
    assert (status, "ask after the last one" in said) == (2, True)
    finished(folder, "01", 2)
    assert study("guess", "01", *asked)[0] == 0
    status, said = study("guess", "01", *asked)
    assert (status, "is kept already" in said) == (2, True)
    status, said = study("status")
    rows = [line.split() for line in said.splitlines()]
    assert rows[0][:2] == ["Alpha,", "blinded."]
    assert ["01", "sex=f", tokens["01"], "2", "of", "2"] == rows[2][:6]
    assert "all sessions done" in said
    assert "session 1 is due" in said
    why = ("--who", "A. Meyer", "--why", "last session done", "--yes")
    status, said = study("unblind", "--key", str(key), *why[:-1], types="no\n")
    assert status == 2
    assert "Sessions are missing of 02 (2)." in said
    assert "The guess of the arm is missing of the participants 02." in said
    assert "of the experimenter about the participants 01, 02." in said
    assert "unblind='no': was not confirmed; nothing was opened" in said
    status, said = study("unblind", "--key", str(key), *why[:-1], types="yes\nwrong\n")
    assert (status, "passphrase is wrong" in said) == (2, True)
    status, said = study("unblind", "--key", str(key), *why, types="wrong\n")
    assert (status, said.count("\n")) == (2, 1)
    assert "passphrase is wrong" in said
    assert not (folder.path / "arms.csv").exists()
    status, said = study("unblind", "--print", *why, types=f"{typed}\n")
    assert status == 0
    arms = (folder.path / "arms.csv").read_text("utf-8").splitlines()
    assert arms[0] == "participant,token,stratum,arm,donor"
    arm = arms[1].split(",")[3]
    assert f"{arm}: cannot be computed, as it is of one person" in said
    assert "James" not in said
    assert "unblinded" in study("status")[1]
    assert json.loads((folder.path / "unblinding.json").read_text("utf-8"))[0]["who"] == "A. Meyer"


def test_what_was_typed_twice_or_left_empty_is_refused(study, tmp_path):
    new = ("--name", "Alpha", "--sessions", "2", "--arm", "real=own")
    status, said = study("new", *new, "--arm", "x=signal:", "--stratum", "sex=f,m")
    assert (status, "must be NAME=WHAT" in said) == (2, True)
    down = (*new, "--arm", "down=inverse")
    status, said = study("new", *down, "--stratum", "sex=f,f")
    assert (status, "has a level twice, or an empty one" in said) == (2, True)
    assert study("new", *down, "--stratum", "sex=f,m")[0] == 0
    status, said = study("add", "01", "--stratum", "sex=f", "--stratum", "sex=m")
    assert (status, "has the same name twice" in said) == (2, True)
    for step in (("add", "01", "--stratum", "sex=f"), ("next", "01")):
        status, said = study(*step)
        assert (status, "The allocation is still to come" in said) == (0, True)
    folder = StudyFolder(tmp_path / "my study")
    run = Run(participant="01", number=1, run=1, stem="data/x", begun="2026-03-01T10:00:00+01:00")
    run.state, run.blocks = "cut off", 1
    Register(folder).write(run)
    assert "in which 1 block was done." in study("next", "01", "--continue")[1]


def test_what_the_allocation_depends_on_must_stay(study, tmp_path):
    new = ("--name", "Alpha", "--sessions", "2", "--stratum", "sex=f,m", "--arm", "real=own")
    study("new", *new, "--arm", "down=inverse")
    key = str(tmp_path / "key.json")
    assert study("allocate", "--key", key, types=f"{PASSPHRASE}\n")[0] == 0
    for label in ("01", "02"):
        study("add", label, "--stratum", "sex=f")
    folder = StudyFolder(tmp_path / "my study")
    finished(folder, "02", 1)
    whole = json.loads(folder.file.read_text("utf-8"))
    people = whole["participants"]
    same = {**people, "02": {**people["02"], "token": people["01"]["token"]}}
    unknown = {**people, "01": {**people["01"], "token": "ABCDEF"}}
    renamed = {"01": people["01"], "03": people["02"]}
    for change, told in (
        ({"sessions": 3}, "sessions: not as it was then"),
        (
            {"arms": {**whole["arms"], "down": {**whole["arms"]["down"], "share": 2}}},
            "arms: not as it was then",
        ),
        ({"strata": {"sex": ["f", "m", "x"]}}, "strata: not as it was then"),
        ({"participants": same}, "01 and 02 have the same token"),
        ({"participants": unknown}, "the token ABCDEF of 01 was not drawn for the stratum"),
        ({"participants": renamed}, "there are sessions of 02, who is not in it"),
    ):
        folder.file.write_text(json.dumps({**whole, **change}), "utf-8")
        for step in (("status",), ("next", "01")):
            status, said = study(*step)
            assert (status, told in said) == (2, True), said
            assert "restore the file from a copy" in said
    folder.file.write_text(json.dumps({**whole, "ethics": "No. 7"}), "utf-8")
    assert study("next", "01")[0] == 0
    assert study("status")[0] == 0


def test_the_confidence_has_a_point_not_a_comma(study, capsys):
    with pytest.raises(SystemExit):
        study("guess", "01", "--who", "participant", "--arm", "real", "--confidence", "55,5")
    assert "a point, not a comma: 55.5" in capsys.readouterr().err


def test_the_status_has_a_line_for_each_participant(study, tmp_path):
    study("new", "--name", "Alpha", "--sessions", "20")
    for number in range(1, 41):
        study("add", f"{number:02d}")
    folder = StudyFolder(tmp_path / "my study")
    for number in range(1, 41):
        for session in range(1, 21):
            finished(folder, f"{number:02d}", session)
    status, said = study("status")
    assert status == 0
    assert said.startswith("Alpha, one arm. Participants: 40; sessions of each: 20.")
    assert said.count("20 of 20  2026-03-01 10:00  all sessions done") == 40


def test_each_step_says_what_it_is_for(study, capsys):
    for step in ("new", "add", "next", "status", "allocate", "withdraw", "guess", "unblind"):
        with pytest.raises(SystemExit) as ended:
            main(["study", step, "--help"])
        assert ended.value.code == 0
        said = capsys.readouterr().out
        assert f"psychopy-nfb study {step} " in said.split("example:")[1]
