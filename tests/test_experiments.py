"""Every experiment that comes with the package runs, unattended, to its end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from psychopy_nfb.course import course, read_plan
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]
ROOT = Path(__file__).parents[1]
EXPERIMENTS = ROOT / "experiments"
SETTINGS = sorted(EXPERIMENTS.glob("*_[ud]*.json"))
"""Trainings up and down; the other files are plans."""
EEGLAB = ROOT.parent / "shared" / "data" / "eeglab_data.set"


def run(*command, status=0, seconds=120):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == status, done.stderr
    return done


def only_session(folder):
    (settings,) = folder.glob("*_nfb.json")
    return read_session(settings)


@pytest.mark.usefixtures("lsl_alone")  # it takes the only EEG that there is
def test_row_075_the_readme_s_first_example_is_a_whole_experiment(amplifier, tmp_path):
    script = (EXPERIMENTS / "minimal.py").read_text(encoding="utf-8")
    assert len(script.splitlines()) < 30
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1] == script
    amplifier()
    short = tmp_path / "minimal.py"
    hurried, n = re.subn(r"seconds=\d+", "seconds=5", script)
    assert n == 2
    short.write_text(hurried.replace('data="data"', f"data={str(tmp_path)!r}"), encoding="utf-8")
    done = run(short)
    assert re.search(r"^[\d.]+ points; files: ", done.stdout, re.MULTILINE)
    session = only_session(tmp_path)
    assert session.settings["configuration"]["signals"]["trained"]["baseline"]["mean"] > 0
    shown = session.frames[session.frames.block == "training"]
    assert shown.shown.nunique() > 100
    assert session.frames[session.frames.block == "baseline"].shown.isna().all()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, alone):
    """Return for each settings file what alpha_training.py said and its folder; run together."""
    running = {}
    for settings in SETTINGS:
        folder = tmp_path_factory.mktemp(settings.stem)
        command = [EXPERIMENTS / "alpha_training.py", "--unattended", "--settings", settings]
        with (folder / "said.txt").open("w") as said:
            running[settings, folder] = subprocess.Popen(
                [sys.executable, *map(str, command), "--data", str(folder)],
                cwd=ROOT,
                env=alone(),
                stdout=said,
                stderr=subprocess.STDOUT,
            )
    found = {}
    for (settings, folder), process in running.items():
        status = process.wait(180)
        said = (folder / "said.txt").read_text(encoding="utf-8")
        assert status == 0, said
        found[settings] = said, folder
    return found


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda path: path.stem)
def test_row_075_alpha_training_runs_unattended(settings, trained):
    said, folder = trained[settings]
    assert re.search(r"points; files: ", said)
    session = only_session(folder)
    blocks = session.events[session.events.trial_type == "block_begin"].value.tolist()
    assert blocks == ["eyes open", "training 1", "rest", "training 2"]
    training = session.frames[session.frames.block.isin(["training 1", "training 2"])]
    assert training.shown.nunique() > 50
    assert session.frames.patch.dropna().isin([0, 1]).all()
    assert session.settings["ended"] == "stopped"


@pytest.fixture(scope="module")
def planned(tmp_path_factory, alone):
    """Return for each experiment that runs a plan what it said and its session; run together."""
    running = {}
    for name in ("clinic_training", "trials_quest", "bidirectional"):
        folder = tmp_path_factory.mktemp(name)
        with (folder / "said.txt").open("w", encoding="utf-8") as said:
            running[name, folder] = subprocess.Popen(
                [sys.executable, EXPERIMENTS / f"{name}.py", "--unattended", "--data", folder],
                cwd=ROOT,
                env=alone(),
                stdout=said,
                stderr=subprocess.STDOUT,
            )
    found = {}
    for (name, folder), process in running.items():
        status = process.wait(300)
        said = (folder / "said.txt").read_text(encoding="utf-8")
        assert status == 0, said
        assert re.search(r"points; files: ", said)
        found[name] = said, only_session(folder)
    return found


@pytest.mark.parametrize("name", ["clinic_training", "trials_quest", "bidirectional"])
def test_row_071_a_planned_experiment_runs_unattended(name, planned):
    _, session = planned[name]
    kept = session.settings["plans"][0]
    plan = read_plan(kept["plan"])
    turns = course(plan, kept["seed"])
    assert [turn["label"] for turn in kept["turns"]] == [turn.block.label for turn in turns]
    begun = session.events[session.events.trial_type == "block_begin"].value.tolist()
    assert begun[2:] == [turn.block.label for turn in turns[1:]]
    assert not kept["escaped"]
    assert not kept["baseline_failed"]
    frames = session.frames.dropna(subset="seq")
    feedback = {turn.block.label for turn in turns if turn.block.feedback}
    assert frames[frames.block.isin(feedback)].shown.nunique() > 20
    assert session.settings["ended"] == "stopped"


def test_row_071_trials_are_judged_as_quest_heard_of_them(planned):
    said, session = planned["trials_quest"]
    turns = session.settings["plans"][0]["turns"]
    judged = [turn["success"] for turn in turns if turn["success"] is not None]
    assert f"{sum(judged)} of {len(judged)} trials were a success" in said
    events = session.events
    assert len(events[events.trial_type == "trial"]) == len(judged)
    heard = session.settings["thresholds_reached"]["alpha"]["settings"]["trials"]
    with_feedback = [turn for turn in turns if turn["kind"] in ("train", "observe")]
    assert len(heard) <= len(with_feedback)
    assert session.settings["plans"][0]["answers"].keys() == {
        "How tired are you now?",
        "How did you make the bar rise?",
    }


@pytest.mark.alone  # it counts frames
def test_photodiode_validation_runs_unattended_to_a_verdict(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            *(
                str(EXPERIMENTS / "photodiode_validation.py"),
                "--unattended",
                "--data",
                str(tmp_path),
            ),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr  # the machine may have missed a frame
    (figures,) = tmp_path.glob("*_photodiode.json")
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["summary"]["frames"] + found["summary"]["lost"] > 450
    assert found["passed"] == (done.returncode == 0)
    assert {finding["grade"] for finding in found["findings"]} <= {"good", "mind", "bad"}
    (page,) = tmp_path.glob("*_photodiode.html")
    assert "Verdict" in page.read_text(encoding="utf-8")


def test_row_075_demo_tells_the_lag_and_where_the_files_are(tmp_path):
    figures = tmp_path / "lag.json"
    done = run(
        *("-m", "psychopy_nfb.cli", "demo", "--seconds", "15"),
        *("--out", tmp_path / "data", "--json", figures),
    )
    told = json.loads(figures.read_text())
    for stage in ("sample → published", "published → read", "read → flip", "filter delay", "total"):
        assert stage in done.stdout
    assert "dropped" in done.stdout
    for path in told["files"].values():
        assert Path(path).stat().st_size > 0
        assert path in done.stdout
    frames = pd.read_csv(told["files"]["frames"])
    total = 1e3 * (frames.t_flip - (frames.t_sample - frames.delay))
    assert told["lag"]["total_ms"]["median"] == pytest.approx(total.median(), abs=1e-6)
    from PIL import Image

    picture = Image.open(told["files"]["screen"]).convert("RGB")
    assert len(picture.getcolors(1 << 20)) > 3  # bar, trace, text on black


def test_demo_on_a_recording(tmp_path):
    if not EEGLAB.exists():
        pytest.skip(f"{EEGLAB} is not there")
    pytest.importorskip("mne")
    figures = tmp_path / "lag.json"
    run(
        *("-m", "psychopy_nfb.cli", "demo", "--replay", EEGLAB, "--channel", "Oz"),
        *("--band", "8", "12", "--seconds", "15", "--out", tmp_path, "--json", figures),
    )
    session = only_session(tmp_path)
    assert session.settings["configuration"]["signals"]["trained"]["baseline"]["mean"] > 0
    training = session.frames[session.frames.block == "training"]
    assert training.shown.nunique() > 50
    assert session.eeg.rate == 128
    assert {"square", "rt"} & set(session.events.value.dropna())  # the recording's own markers
