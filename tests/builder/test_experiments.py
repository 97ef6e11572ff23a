"""The experiments for Builder, as they come, compiled and run to their end."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.alone, pytest.mark.display, pytest.mark.slow]
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


NAMES = ("alpha_training", "smr_emg", "photodiode_validation", "planned_session")
PLANNED = {
    "trials_quest": "trials_quest",
    "bidirectional": "bidirectional",
    "clinic_training": "clinic",
}
"""Experiments whose loop takes the course that a plan gives, and what its file is called."""
ROWS = 5
"""Of such a file: a session of forty trials takes too long."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory, alone):
    """Return each experiment's session; all were compiled and run unattended at the same time."""
    return run_together(NAMES, tmp_path_factory, alone)


@pytest.fixture(scope="module")
def planned(tmp_path_factory, alone):
    """Return the same of the experiments with a plan, after the others."""
    return run_together(PLANNED, tmp_path_factory, alone)


def run_together(names, tmp_path_factory, alone):
    running = {}
    for name in names:
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(EXPERIMENTS / f"{name}.psyexp", folder)
        for file in EXPERIMENTS.glob(f"{PLANNED.get(name, name)}_*.csv"):
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


def test_row_071_alpha_training(finished):
    session = finished["alpha_training"]
    assert blocks(session) == ["signal check", "baseline eyes open", "training"]
    assert session.settings["configuration"]["signals"]["nfb"]["baseline"]["seconds"] > 2
    training = session.frames[session.frames.block == "training"]
    assert training.shown.nunique() > 50
    assert training.patch.nunique() == 2


def test_row_071_smr_with_emg_inhibit(finished):
    session = finished["smr_emg"]
    assert blocks(session) == [
        *("signal check", "baseline eyes open", "train", "transfer", "observe", "rest")
    ]
    frames = session.frames.dropna(subset="seq")
    for block, shows in (("train", True), ("transfer", False), ("observe", True), ("rest", False)):
        assert frames[frames.block == block].shown.notna().all() == shows, block
        assert frames[frames.block == block].emg_z.notna().all()
    assert session.settings["configuration"]["signals"]["emg"]["baseline"]["sd"] > 0


def test_row_045_row_071_a_session_in_one_routine(finished):
    session = finished["planned_session"]
    turns = ["training", "transfer", "rest"] * 4
    assert blocks(session) == [
        *("welcome", "signal check", "baseline eyes open", *turns, "long training")
    ]
    (kept,) = session.settings["plans"]
    assert [turn["label"] for turn in kept["turns"]] == ["baseline", *turns, "long training"]
    assert not kept["baseline_failed"]
    assert list(kept["answers"]) == ["How tired are you now?", "How did you make the bar rise?"]
    frames = session.frames.dropna(subset="seq")
    assert frames[frames.block == "training"].shown.nunique() > 20
    assert frames[frames.block.isin(["welcome", "transfer", "rest"])].shown.isna().all()


def test_row_071_trials_with_quest(planned):
    session = planned["trials_quest"]
    names = [name for name in blocks(session) if name != "outcome"]
    assert names[:2] == ["signal check", "baseline eyes open"]
    assert set(names[2:]) == {"train", "transfer", "observe", "rest"}
    events = session.events
    judged = [json.loads(one) for one in events[events.trial_type == "trial"].detail]
    assert [one["label"] for one in judged] == [name for name in names[2:] if name != "rest"]
    assert session.settings["thresholds_reached"]["alpha"]["rule"] == "Quest"
    trials = session.settings["thresholds_reached"]["alpha"]["settings"]["trials"]
    assert len(trials) == sum(name in ("train", "observe") for name in names)


def test_row_071_both_directions(planned):
    session = planned["bidirectional"]
    trained = blocks(session)[2:]
    assert set(trained) == {"up", "down"}
    begins = session.events[session.events.trial_type == "block_begin"]
    shown = {row.value: json.loads(row.detail).get("shown") for row in begins.itertuples()}
    assert (shown["up"], shown["down"]) == ("own", "down")
    down = session.frames[(session.frames.block == "down") & (session.frames.shown_seconds > 0.5)]
    assert (down.shown_z + down.alpha_z).abs().max() < 1e-6


def test_row_071_as_in_clinics(planned):
    session = planned["clinic_training"]
    assert blocks(session)[2:] == ["round 1", "rest 1", "round 2", "rest 2", "round 3"]
    reached = session.settings["thresholds_reached"]
    assert {name: one["rule"] for name, one in reached.items()} == dict.fromkeys(
        ("smr", "theta", "muscle"), "Success"
    )
    frames = session.frames.dropna(subset="seq")
    rounds = frames[frames.block.isin(["round 1", "round 2", "round 3"])]
    assert rounds.shown.nunique() > 20
    assert frames[frames.block == "rest 1"].shown.isna().all()


def test_photodiode_validation(finished):
    session = finished["photodiode_validation"]
    assert blocks(session) == ["validation"]
    patch = session.frames[session.frames.block == "validation"].patch
    assert patch.notna().mean() > 0.95
    assert 0.3 < patch.mean() < 0.7


@pytest.mark.parametrize("name", [*NAMES, *PLANNED])
def test_the_name_of_each_is_that_of_its_file(name):
    """It names the files of a session, and whose thresholds the next session takes over."""
    source = ElementTree.parse(EXPERIMENTS / f"{name}.psyexp")
    given = source.find("Settings/Param[@name='expName']").get("val")
    assert given in ("", name)  # empty: PsychoPy takes the file's


@pytest.mark.parametrize("name", [*NAMES, *PLANNED])
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
