"""Participants who withdraw: no more sessions, the data stay, the allocation is not disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta

import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.cli import main
from psychopy_nfb.errors import NfbError
from psychopy_nfb.study.due import due
from psychopy_nfb.study.guesses import keep_guess
from psychopy_nfb.study.participants import (
    add_participant,
    take_back_withdrawal,
    withdraw_participant,
)
from psychopy_nfb.study.plan import StudyFolder
from psychopy_nfb.study.register import Register, Run
from psychopy_nfb.study.session import StudySession
from psychopy_nfb.study.unblinding import missing

TODAY = date.today().isoformat()


def had(folder, label, number, state="finished", day=TODAY):
    stem = f"data/sub-{label}_ses-{number:02d}_task-alpha_run-01"
    begun = f"{day}T10:00:00+01:00"
    run = Run(participant=label, number=number, run=1, stem=stem, begun=begun, state=state)
    Register(folder).write(run)
    return run


def refusal(what, *arguments, **keywords):
    with pytest.raises(NfbError) as caught:
        what(*arguments, **keywords)
    return str(caught.value)


def test_who_has_withdrawn_has_no_more_sessions_until_it_is_taken_back(make_study, training):
    folder = make_study("01", "02", sessions=3)
    had(folder, "01", 1)
    label, entry = withdraw_participant(folder, "1", "  moved\nto another town ")
    assert (label, entry.date, entry.after_session) == ("01", TODAY, 1)
    kept = json.loads(folder.file.read_text("utf-8"))["participants"]["01"]["withdrawn"]
    assert kept["reason"] == "moved to another town"
    assert kept["entered"].startswith(TODAY)
    told = f"withdrew on {TODAY} after session 1: moved to another town"
    for refused in (
        lambda: due(folder, "01"),
        lambda: StudySession(folder.path, "01", training(), {}),
        lambda: Neurofeedback(training(), study=folder.path, participant="01"),
    ):
        said = refusal(refused)
        assert told in said
        assert f"psychopy-nfb study withdraw {folder.path} 01 --undo" in said
        assert "a new participant" in said
    assert due(folder, "02").number == 1
    assert take_back_withdrawal(folder, "01") == "01"
    assert due(StudyFolder(folder.path), "01").number == 2


def test_a_session_that_was_prepared_before_the_withdrawal_does_not_begin(make_study, training):
    folder = make_study("01")
    session = StudySession(folder.path, "01", training(), {})
    withdraw_participant(StudyFolder(folder.path), "01", "unwell")
    assert "withdrew on" in refusal(session.claim)
    folder.lock("sub-01", "Session 1 of participant 01").release()  # it has let the lock go


def test_what_makes_no_sense_is_refused_in_a_sentence(make_study):
    folder = make_study("01", "02", "03", sessions=2)
    had(folder, "01", 1)
    had(folder, "02", 1)
    had(folder, "02", 2)
    late = (date.today() + timedelta(1)).isoformat()
    early = (date.today() - timedelta(1)).isoformat()
    assert "say why" in refusal(withdraw_participant, folder, "01", " \n")
    assert "is not in the study" in refusal(withdraw_participant, folder, "09", "ill")
    assert "has done all 2 sessions" in refusal(withdraw_participant, folder, "02", "ill")
    assert "is still to come" in refusal(withdraw_participant, folder, "01", "ill", late)
    said = refusal(withdraw_participant, folder, "01", "ill", early)
    assert f"date='{early}': lies before {TODAY}" in said
    assert "must be a day as YYYY-MM-DD" in refusal(
        withdraw_participant, folder, "01", "ill", "5.3.2026"
    )
    assert "has not withdrawn" in refusal(take_back_withdrawal, folder, "01")
    withdraw_participant(folder, "01", "ill", TODAY)
    assert "take it back first" in refusal(withdraw_participant, folder, "01", "moved")
    assert StudyFolder(folder.path).study.participants["01"].withdrawn.reason == "ill"


def test_a_participant_in_a_session_now_cannot_withdraw(make_study):
    folder = make_study("01")
    code = (
        "import sys; from psychopy_nfb.study.plan import StudyFolder\n"
        f"lock = StudyFolder({str(folder.path)!r}).lock('sub-01', 'Session 1')\n"
        "print('held', flush=True); sys.stdin.read(); lock.release()"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout.readline() == "held\n"
        assert "is in a session now" in refusal(withdraw_participant, folder, "01", "ill")
        other.stdin.close()
        other.wait(60)
    assert withdraw_participant(folder, "01", "ill")[1].after_session == 0


def test_a_withdrawal_leaves_the_allocation_as_it_was_drawn(blinded):
    with_one, _, _ = blinded("01", "02")
    token = with_one.study.participants["01"].token
    sealed = with_one.allocation.read_bytes()
    withdraw_participant(with_one, "01", "ill")
    replacement = add_participant(with_one, "03")
    people = StudyFolder(with_one.path).study.participants
    tokens = [people[label].token for label in ("01", "02", "03")]
    assert tokens[0] == token
    row = json.loads(sealed)["slots"]["all"]
    assert tokens == [slot["token"] for slot in row[:3]]  # in the order that was drawn
    assert replacement.token == tokens[2]
    assert with_one.allocation.read_bytes() == sealed
    assert due(StudyFolder(with_one.path), "03").number == 1


def test_who_withdraws_before_the_allocation_takes_no_place_in_it(make_study, tmp_path):
    from psychopy_nfb.protocol import Inverse
    from psychopy_nfb.study.drawing import allocate
    from psychopy_nfb.study.plan import Arm

    folder = make_study("01", "02", arms={"real": Arm(), "down": Arm(shown=Inverse())})
    withdraw_participant(folder, "01", "no time")
    allocate(folder, tmp_path / "key.json", "a passphrase of the test", slots=4)
    people = StudyFolder(folder.path).study.participants
    row = json.loads(folder.allocation.read_text("utf-8"))["slots"]["all"]
    assert people["01"].token is None
    assert people["02"].token == row[0]["token"]
    take_back_withdrawal(folder, "01")
    assert StudyFolder(folder.path).study.participants["01"].token == row[1]["token"]


def test_what_is_missing_before_unblinding_leaves_out_who_withdrew(blinded):
    folder, _, _ = blinded("01", "02", "03", sessions=2)
    had(folder, "01", 1)
    withdraw_participant(folder, "01", "ill")
    withdraw_participant(folder, "02", "ill")
    sessions, *guesses = missing(folder)
    assert sessions == "Sessions are missing of 03 (2)."
    assert [one.split("participants ")[-1] for one in guesses] == ["01, 03."] * 2
    keep_guess(folder, "01", "participant", "sham", 80)  # after the last session that there was
    assert "01" not in missing(folder)[1]
    assert "ask after the last one" in refusal(keep_guess, folder, "03", "participant", "real", 1)


def test_the_command_notes_shows_and_takes_back(make_study, capsys):
    folder = make_study("01", "02", sessions=2)
    had(folder, "01", 1, "cut off")
    where = str(folder.path)

    def study(*arguments):
        status = main(["study", arguments[0], where, *arguments[1:]])
        said = capsys.readouterr()
        return status, said.out + said.err

    status, said = study("withdraw", "01", "--reason", "moved away", "--date", TODAY)
    told = f"withdrew on {TODAY} after no finished session: moved away"
    assert (status, f"Participant 01 {told}." in said) == (0, True)
    assert f"psychopy-nfb study add {where} LABEL" in said
    status, said = study("status")
    assert "Participants: 2, of whom 1 withdrew; sessions of each: 2." in said
    (line,) = (line for line in said.splitlines() if line.startswith("01"))
    assert told in line
    for more in ((), ("--repeat",)):
        status, said = study("next", "01", *more)
        assert (status, told in said) == (2, True)
    assert Register(folder).runs("01")[0].decision is None
    status, said = study("withdraw", "01", "--undo", "--date", TODAY)
    assert (status, "leave it out" in said) == (2, True)
    assert study("withdraw", "01", "--undo") == (0, "Participant 01 takes part again.\n")
    assert study("next", "01", "--repeat")[0] == 0
    with pytest.raises(SystemExit):
        study("withdraw", "01")
    assert "one of the arguments --reason --undo is required" in capsys.readouterr().err
