"""No session ever takes another's name."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest

from psychopy_nfb.errors import FileError, SettingsError, StreamError
from psychopy_nfb.recording import SessionFiles, calibration_path, new_session
from psychopy_nfb.recording.names import recorded_session


def test_row_063_names_after_bids_count_on(tmp_path):
    first = new_session(tmp_path, participant="07", session="2", task="alpha")
    assert first.stem.name == "sub-07_ses-2_task-alpha_run-01"
    assert first.eeg.name == "sub-07_ses-2_task-alpha_run-01_eeg.xdf"
    second = new_session(tmp_path, participant="07", session="2", task="alpha")
    assert second.stem.name.endswith("run-02")
    (tmp_path / "sub-07_ses-2_task-alpha_run-41_events.tsv").touch()
    assert new_session(tmp_path, "07", "2", "alpha").stem.name.endswith("run-42")
    assert new_session(tmp_path, "08", "2", "alpha").stem.name.endswith("run-01")


def test_a_name_that_was_not_used_is_given_back(tmp_path):
    files = new_session(tmp_path)
    files.release()
    assert list(tmp_path.iterdir()) == []
    used = new_session(tmp_path)
    used.settings.write_text('{"stream": {}}\n')
    used.release()
    assert used.settings.exists()


@pytest.mark.parametrize(
    ("label", "remedy"),
    [
        ("S1_1", "write for example 'S1x1'"),
        ("1.1", "write for example '1x1'"),
        ("sub-01", "write for example '01'"),
        ("../A B", "write for example 'AB'"),
        ("Jürgen", "write for example 'Jurgen'"),
        ("日本", "write for example '01'"),
        ("01.", "write for example '01'"),
        ("", "is empty; write for example '01'"),
        (None, "is empty; write for example '01'"),
        ("P" * 300, f"may have at most 40 characters; write for example '{'P' * 40}'"),
    ],
)
def test_a_participant_that_would_become_another_is_refused_with_a_proposal(
    tmp_path, label, remedy
):
    for call in (new_session, calibration_path):
        with pytest.raises(SettingsError) as caught:
            call(tmp_path, participant=label)
        assert str(caught.value).startswith(f"participant={label!r}: ")
        assert str(caught.value).endswith(f"{remedy}.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("label", "proposal"), [("ses-2", "2"), ("2026-11-26", "20261126"), ("1/2", "1x2")]
)
def test_a_session_is_treated_as_a_participant(tmp_path, label, proposal):
    with pytest.raises(SettingsError, match=f"session='{label}': .* example '{proposal}'"):
        new_session(tmp_path, session=label)


@pytest.mark.parametrize("label", ["01", "S11", "123456", 7, "CON", "nul", " 01 ", "P" * 40])
def test_letters_and_digits_are_used_as_they_are(tmp_path, label):
    stem = new_session(tmp_path, participant=label, session=label, task="T" * 300).stem
    assert stem.name.startswith(f"sub-{str(label).strip()}_ses-{str(label).strip()}_task-T")
    assert len(f"{stem.name}_events.json.part") < 255
    kept = calibration_path(tmp_path, label)
    assert kept.name == f"sub-{str(label).strip()}_calibration.json"


@pytest.mark.parametrize("call", [new_session, calibration_path])
def test_labels_that_one_disk_tells_apart_and_another_does_not(tmp_path, call):
    new_session(tmp_path, participant="s1", session="pre")
    with pytest.raises(SettingsError, match="participant='S1': differs from 's1'"):
        call(tmp_path, participant="S1")
    with pytest.raises(SettingsError, match="session='PRE': differs from 'pre'"):
        new_session(tmp_path, participant="s1", session="PRE")


@pytest.mark.parametrize(
    ("task", "label"),
    [("alpha_training", "alphatraining"), ("größe/1", "groe1"), ("訓練", "neurofeedback")],
)
def test_a_task_is_named_by_its_letters_and_digits(tmp_path, task, label):
    first = new_session(tmp_path, task=task)
    assert first.stem == tmp_path / f"sub-01_ses-01_task-{label}_run-01"
    assert new_session(tmp_path, task=task).facts()["run"] == 2


def test_a_failed_start_leaves_its_reason_and_the_run(tmp_path):
    files = new_session(tmp_path)
    files.stem.with_name(files.stem.name + "_worker.log").write_text("Traceback\n")
    files.give_up(StreamError("name", "EEG", "there is\0none"))
    again = new_session(tmp_path)
    assert again == files
    again.give_up(KeyboardInterrupt())
    lines = files.failed.read_text(encoding="utf-8").splitlines()
    dates, told = zip(*(line.split("  ") for line in lines), strict=True)
    begin = "A start failed, and nothing was recorded: "
    assert all(one.startswith(begin) for one in told)
    reasons = tuple(one.removeprefix(begin) for one in told)
    assert reasons == (
        "StreamError: name='EEG': there is\ufffdnone.",
        "KeyboardInterrupt: stopped by Ctrl-C",
    )
    assert datetime.fromisoformat(dates[0]).utcoffset() is not None
    assert SessionFiles.from_stem(files.failed) == files


def test_a_session_that_did_not_start_is_told_as_that(tmp_path):
    files = new_session(tmp_path)
    files.give_up(StreamError("name", "EEG", "there is none"))
    with pytest.raises(FileError, match=r"did not start, .*'sub-01_.*_failed.txt' says why"):
        recorded_session(files.failed, "frames")
    new_session(tmp_path)
    files.settings.write_text("{}")  # of the session that has the name now
    assert recorded_session(files.failed, "settings") == files


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(FileError) as caught:
        new_session(tmp_path / "a\0b")
    said = str(caught.value)
    assert said.startswith("data='")
    assert ": cannot be written (" in said
    assert said.endswith("choose a folder that you may write to.")


@pytest.mark.parametrize("below", [("folder",), ("folder", "deeper")])
def test_a_folder_below_a_file_is_told_which_part_is_a_file(tmp_path, below):
    (tmp_path / "notes").touch()
    folder = tmp_path.joinpath("notes", *below)
    with pytest.raises(FileError) as caught:
        new_session(folder)
    said = f"data='{folder}': cannot be made, as notes is a file; name a folder."
    assert str(caught.value) == said


def test_any_file_of_a_session_leads_to_it(tmp_path):
    files = new_session(tmp_path)
    for path in (files.eeg, files.frames, files.events, files.settings, files.stem):
        assert SessionFiles.from_stem(path) == files


def test_row_063_sessions_chosen_at_the_same_moment_get_different_runs(tmp_path):
    code = (
        "import sys\n"
        "from psychopy_nfb.recording import new_session\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "names = [new_session(sys.argv[1]).stem.name for _ in range(20)]\n"
        "print(*names)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(6)]
    # Importing takes longer than choosing: without this they would come one after the other.
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 6
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    names = [name for process in processes for name in process.communicate()[0].split()]
    assert len(names) == 120
    assert len(set(names)) == 120


def test_a_file_is_no_folder_for_data(tmp_path):
    (tmp_path / "passwd").write_text("")
    with pytest.raises(FileError, match="passwd': is a file; name a folder"):
        new_session(tmp_path / "passwd")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit for files on this system")
def test_a_full_disk_leaves_no_empty_word(tmp_path):
    code = (
        "import resource, sys\n"
        "from psychopy_nfb.recording import SessionFiles\n"
        "files = SessionFiles.from_stem(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "files.leave_word('The rest is elsewhere.')\n"
        "files.give_up(ValueError('no reason'))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "sub-01_ses-01_task-a_run-01")],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert "No word could be left" in said
    assert "could not be kept" in said
    assert list(tmp_path.iterdir()) == []
