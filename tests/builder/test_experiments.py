"""The experiments for Builder, as they come, compiled to ask nothing and run to their end.

`test_attended` runs the same experiments with a person at them and looks at what they record; here
is what only the script that asks nothing shows, and a session whose plan is in one Routine.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from psychopy_nfb.builder.compile import compile_experiment
from psychopy_nfb.cli import main
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]
EXPERIMENTS = Path(__file__).parents[2] / "experiments"
UNATTENDED = ("planned_session", "trials_quest")
"""Between them they have Routines of all kinds, a loop over a file, and a plan."""
OTHERS = {
    "alpha_training": ["training"],
    "smr_emg": ["train", "transfer", "observe", "rest"],
    "photodiode_validation": ["validation"],
    "bidirectional": ["up", "down"],
    "clinic_training": ["round 1", "rest 1", "round 2", "rest 2", "round 3"],
}
"""The blocks of training of the others."""
FILES = {"clinic_training": "clinic"}
"""How the names of an experiment's conditions files begin, if not with its own."""
ROWS = 5
"""Of such a file: a session of forty trials takes too long."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory, alone):
    """Return the session of each of `UNATTENDED`; they were compiled and run at the same time."""
    return run_together(UNATTENDED, tmp_path_factory, alone)


@pytest.fixture(scope="module")
def others(tmp_path_factory, alone):
    """Return the same of the other experiments."""
    return run_together(OTHERS, tmp_path_factory, alone)


def run_together(names, tmp_path_factory, alone):
    running = {}
    for name in names:
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(EXPERIMENTS / f"{name}.psyexp", folder)
        for file in EXPERIMENTS.glob(f"{FILES.get(name, name)}_*.csv"):
            with open(file, encoding="utf-8", newline="") as there:
                rows = list(csv.reader(there))
            with open(folder / file.name, "w", encoding="utf-8", newline="") as here:
                csv.writer(here).writerows(rows[: 1 + ROWS])
        for file in EXPERIMENTS.glob(f"{name}_plan.json"):
            shutil.copy(file, folder)
        source = folder / f"{name}.psyexp"
        assert main(["compile", str(source), "--unattended"]) == 0
        with (folder / "said.txt").open("w") as said:
            running[folder] = subprocess.Popen(
                [sys.executable, source.with_suffix(".py")],
                cwd=folder,
                env=alone(),
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
    sessions = {}
    for name, (folder, process) in zip(names, running.items(), strict=True):
        status = process.wait(240)
        assert status == 0, (folder / "said.txt").read_text()
        (settings,) = (folder / "data").glob("*_nfb.json")
        sessions[name] = read_session(settings)
    return sessions


def blocks(session):
    events = session.events
    return events[events.trial_type == "block_begin"].value.tolist()


def test_row_045_row_071_a_session_in_one_routine(finished):
    session = finished["planned_session"]
    turns = ["training", "transfer", "rest"] * 4
    assert blocks(session) == [*("welcome", "signal check", "baseline", *turns, "long training")]
    (kept,) = session.settings["plans"]
    assert [turn["label"] for turn in kept["turns"]] == ["baseline", *turns, "long training"]
    assert not kept["baseline_failed"]
    assert list(kept["answers"]) == ["How tired are you now?", "How did you make the bar rise?"]
    frames = session.frames.dropna(subset="seq")
    assert frames[frames.block == "training"].shown.nunique() > 20
    assert frames[frames.block.isin(["welcome", "transfer", "rest"])].shown.isna().all()


def test_row_071_trials_of_a_file(finished):
    session = finished["trials_quest"]
    names = [name for name in blocks(session) if name != "outcome"]
    assert names[:2] == ["signal check", "baseline eyes open"]
    assert set(names[2:]) == {"train", "transfer", "observe", "rest"}
    assert session.settings["configuration"]["signals"]["alpha"]["baseline"]["seconds"] > 2


@pytest.mark.campaign
@pytest.mark.parametrize("name", OTHERS)
def test_row_071_the_others(name, others):
    begins = blocks(others[name])
    assert [one for one in begins if one not in ("signal check", "baseline eyes open")] == (
        OTHERS[name]
    )


@pytest.mark.parametrize("name", [*UNATTENDED, *OTHERS])
def test_the_name_of_each_is_that_of_its_file(name):
    """It names the files of a session, and whose thresholds the next session takes over."""
    source = ElementTree.parse(EXPERIMENTS / f"{name}.psyexp")
    given = source.find("Settings/Param[@name='expName']").get("val")
    assert given in ("", name)  # empty: PsychoPy takes the file's


@pytest.mark.parametrize("name", OTHERS)
def test_the_script_that_asks_nothing_ends_each_routine(name, tmp_path):
    source, script = EXPERIMENTS / f"{name}.psyexp", tmp_path / f"{name}.py"
    compile_experiment(source, script, unattended=True)
    told = script.read_text(encoding="utf-8")
    assert "expInfo = showExpInfoDlg" not in told
    routines = [one.tag == "Routine" for one in ElementTree.parse(source).find("Routines")]
    assert re.findall(r"\.maxDuration = (.+)", told) == ["5"] * sum(routines)
    assert len(re.findall(r"\bwait=1\.0\b", told)) == len(routines) - sum(routines)
    assert set(re.findall(r"simulate='(\w+)'", told)) == {"always"}


@pytest.mark.parametrize("name", [*UNATTENDED, *OTHERS])
def test_they_have_nothing_to_complain_of(name, heard):
    from psychopy.experiment import Experiment

    experiment = Experiment()
    experiment.loadFromXML(str(EXPERIMENTS / f"{name}.psyexp"))
    experiment.integrityCheck()
    names = [
        str(component.params["name"])
        for routine in experiment.routines.values()
        for component in routine
    ]
    assert [told for told in heard if told.split(":")[0].split(",")[0] in names] == []
