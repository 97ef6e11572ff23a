"""The ready experiments reach someone who has no checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.errors import FileError
from psychopy_nfb.ready_experiments import copy_experiments

ROOT = Path(__file__).parents[1]
HERE = ROOT / "experiments"
KINDS = (".psyexp", ".py", ".json", ".csv")
OURS = sorted(path.name for path in HERE.iterdir() if path.suffix in KINDS)


def test_all_are_copied_as_they_are(tmp_path, capsys):
    assert main(["experiments", str(tmp_path / "new" / "folder")]) == 0
    copied = sorted((tmp_path / "new" / "folder").iterdir())
    assert [path.name for path in copied] == OURS
    assert all(path.read_bytes() == (HERE / path.name).read_bytes() for path in copied)
    said = capsys.readouterr().out
    assert all(name in said for name in OURS)


def test_a_second_time_changes_nothing_and_another_s_file_is_kept(tmp_path):
    copy_experiments(tmp_path)
    copy_experiments(tmp_path)
    (tmp_path / "minimal.py").write_text("mine", encoding="utf-8")
    (tmp_path / "smr_up.json").unlink()
    with pytest.raises(FileError, match=r"holds another minimal\.py, which is not replaced"):
        copy_experiments(tmp_path)
    assert (tmp_path / "minimal.py").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "smr_up.json").exists()  # nothing is copied by half


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="cannot be written .*; choose another folder"):
        copy_experiments(tmp_path / "file")


def test_what_is_installed_holds_them_and_the_manual(tmp_path):
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build", "--build-base", str(tmp_path / "build")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (package,) = (tmp_path / "build").glob("lib*/psychopy_nfb")
    assert sorted(path.name for path in (package / "experiments").iterdir()) == OURS
    for name in ("index.md", "page.html", "pictures/demo.png"):
        assert (package / "guide" / name).is_file()
    done = subprocess.run(
        [sys.executable, "-m", "psychopy_nfb.cli", "experiments", str(tmp_path / "copied")],
        cwd=package.parent,  # comes first on the path of modules
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "minimal.py" in done.stdout
    assert sorted(path.name for path in (tmp_path / "copied").iterdir()) == OURS


@pytest.mark.parametrize("source", sorted(HERE.glob("*.psyexp")), ids=lambda path: path.stem)
def test_no_column_of_a_conditions_file_has_the_name_of_a_routine(source, tmp_path, monkeypatch):
    """Builder warns of "duplicate variable names" each time it opens such an experiment."""
    from psychopy import logging, plugins
    from psychopy.experiment import Experiment

    plugins.activatePlugins()
    monkeypatch.chdir(HERE)  # Builder looks for conditions beside the experiment
    log = logging.LogFile(str(tmp_path / "log.txt"), level=logging.WARNING)
    try:
        Experiment().loadFromXML(str(source))
        logging.flush()
    finally:
        logging.root.removeTarget(log)
    assert "duplicate" not in (tmp_path / "log.txt").read_text("utf-8")
