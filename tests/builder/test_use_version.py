"""Experiments that ask for a version of PsychoPy, Builder's *Use PsychoPy version*."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psychopy
import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.recording import read_session

ANOTHER = "2026.1.9"
REPOSITORY = "https://github.com/psychopy/versions"


@pytest.fixture
def another_version(tmp_path, monkeypatch):
    """Let PsychoPy find a version that is not installed: this one under another number.

    PsychoPy gets versions from a git repository on the internet, of which it keeps a clone.
    """
    clone = tmp_path / "home" / ".psychopy3" / "versions"
    shutil.copytree(
        Path(psychopy.__file__).parent,
        clone / "psychopy",
        ignore=shutil.ignore_patterns("tests", "demos", "__pycache__"),
    )
    (clone / "psychopy" / "VERSION").write_text(ANOTHER, encoding="utf-8")
    me = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        (*me, "commit", "--quiet", "-m", ANOTHER),
        ("tag", ANOTHER),
    ):
        subprocess.run(["git", *command], cwd=clone, check=True, timeout=60)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    # Two programs that start at once for the first time would both make PsychoPy's own folders.
    first = [sys.executable, "-c", "import psychopy.preferences"]
    subprocess.run(first, check=True, timeout=120)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{clone.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", REPOSITORY)
    return clone


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="PsychoPy's folder is not under HOME on Windows")
@pytest.mark.skipif(not shutil.which("git"), reason="PsychoPy gets its versions by git")
def test_a_version_is_used_and_recorded(builder, run_script, tmp_path, another_version):
    """The installed version and another one, compiled by the command and run unattended."""
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1")
    builder.add("FeedbackDisplayComponent", "bar", stopVal="1")
    builder.code(
        begin_experiment="import psychopy\n"
        "thisExp.addData('psychopy_file', psychopy.visual.__file__)\n"
    )
    scripts = []
    for version in (psychopy.__version__, ANOTHER):
        folder = tmp_path / version
        folder.mkdir()
        builder.experiment.settings.params["Use version"].val = version
        source = builder.save(folder / "one.psyexp")
        assert main(["compile", str(source), "--unattended"]) == 0
        scripts.append(folder / "one.py")
        assert f"psychopy.useVersion('{version}')" in scripts[-1].read_text(encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        for script, ran in zip(scripts, pool.map(run_script, scripts), strict=True):
            assert ran.returncode == 0, ran.stderr
            (settings,) = (script.parent / "data").glob("*_nfb.json")
            session = read_session(settings)
            packages = session.settings["machine"]["packages"]
            assert packages["psychopy"] == script.parent.name
            assert session.frames["sample"].nunique() > 20
            (table,) = (script.parent / "data").glob("[!s]*one*.csv")
            from_clone = str(another_version) in table.read_text(encoding="utf-8-sig")
            assert from_clone == (script.parent.name == ANOTHER)


@pytest.mark.parametrize("version", ["", psychopy.__version__])
def test_the_installed_version_is_nothing_to_tell(builder, heard, version):
    builder.experiment.settings.params["Use version"].val = version
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.experiment.integrityCheck()
    assert [told for told in heard if "version" in told] == []


def test_that_builder_leaves_plugins_out_for_another_version_is_told_once(builder, heard):
    builder.experiment.settings.params["Use version"].val = ANOTHER
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("NeuroFeedbackComponent", "emg", role="watch")
    builder.experiment.integrityCheck()
    (told,) = (told for told in heard if "Use PsychoPy version" in told)
    assert told.startswith(f"nfb: Use PsychoPy version='{ANOTHER}' is not the installed one")


def test_a_copy_for_an_older_version_keeps_the_components(builder, tmp_path):
    """PsychoPy saves one beside the experiment, without what is newer than that version."""
    builder.experiment.settings.params["Use version"].val = "2026.1.0"
    kinds = ("NeuroFeedbackComponent", "FeedbackDisplayComponent", "DiodePatchComponent")
    for number, kind in enumerate(kinds):
        builder.add(kind, f"one_{number}")
    builder.save(tmp_path / "one.psyexp")
    copy = (tmp_path / "one_legacy.psyexp").read_text(encoding="utf-8-sig")
    for kind in kinds:
        assert f"<{kind} " in copy
