"""No session ever takes another's name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.recording import SessionFiles, new_session


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


def test_labels_keep_letters_and_digits_only(tmp_path):
    stem = new_session(tmp_path, participant="../A B-1", task="alpha/up").stem
    assert stem.parent == tmp_path
    assert stem.name == "sub-AB1_ses-01_task-alphaup_run-01"
    with pytest.raises(SettingsError, match=r"participant='\.\./': must have at least one letter"):
        new_session(tmp_path, participant="../")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError) as caught:
        new_session(tmp_path / "file" / "below")
    said = str(caught.value)
    assert said.startswith(f"data='{tmp_path / 'file' / 'below'}': cannot be written (")
    assert said.endswith("choose a folder that you may write to.")


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
