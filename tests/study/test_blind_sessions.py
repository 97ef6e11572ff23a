"""Sessions of a blinded study, with a real worker: what can be seen of them, and what is opened."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest

from psychopy_nfb import Neurofeedback, contingency, read_session, rerun
from psychopy_nfb.analysis import learning_table
from psychopy_nfb.engine.records import SAMPLE
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.report.bids.export import export_session
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.cred_nf.checklist import checklist
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.contingencies import study_contingency
from psychopy_nfb.study.unblinding import unblind

SECONDS = 1.5


def newest(nfb):
    nfb.update()
    record = nfb.records.newest()
    return 0 if record is None else record[SAMPLE]


def people_of_each_arm(folder):
    """Return one participant of each arm, as the program reads it."""
    allocation = Allocation.read(folder)
    arms = {
        allocation.slot(person.token, "all").arm: label
        for label, person in folder.study.participants.items()
    }
    return arms


def run_session(folder, label, settings, until, kill=False):
    """Run a short session; return it once it is closed."""
    with Neurofeedback(settings, study=folder.path, participant=label) as nfb:
        clean = (nfb.settle + 1.0) * 250
        until(lambda: newest(nfb) > clean, 15, "clean samples")
        with pytest.raises(SettingsError, match="is set by the study's arm; leave it out"):
            nfb.begin_block("training", shown="own")  # would be no sham
        with nfb.block("training", shown=""):  # as of an empty cell of a conditions file
            if kill:
                os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
                until(lambda: nfb.restarts == 1, 5, "a new worker")
                until(lambda: nfb.update() or not nfb.stale, 15, "its samples")
            reached = newest(nfb) + (clean if kill else SECONDS * 250)
            until(lambda: newest(nfb) > reached, 20, "a block")
    return nfb


def check_nothing_tells(nfb):
    """Look for what tells the arm in all that is visible of a session; return the files' names."""
    stem = nfb.files.stem
    found = sorted(stem.parent.glob(f"{stem.name}_*"))
    told_to_all = [nfb.files.sidecar(table) for table in ("frames", "events")]
    for path in found:
        if path != nfb.files.sealed and path not in told_to_all:
            for word in (b"sham", b"yoked", b"Yoked", b"shown_", b'"own"', b"donor"):
                assert not re.search(rb"\b" + word, path.read_bytes()), (path.name, word)
    return [path.name.removeprefix(stem.name) for path in found]


def check_rerun(session, configuration):
    values, flags = rerun(session)
    recorded = session.signals[list(configuration.value_names)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (session.signals["flags"] == flags).all()


@pytest.mark.slow
def test_row_122_nothing_visible_tells_the_arm_until_the_key_opens_it(
    blinded, donors, amplifier, training, until, caplog, capfd, tmp_path
):
    folder, _, private = blinded("01", "02", "03", "04")
    people = people_of_each_arm(folder)
    assert people.keys() == {"real", "sham"}
    settings = training(amplifier().source_id, dwell=0.1)
    sessions = {arm: run_session(folder, label, settings, until) for arm, label in people.items()}
    said = caplog.text + "".join(capfd.readouterr())
    for word in ("sham", "Yoked", "donor"):
        assert not re.search(rf"\b{word}\b", said), said
    names, columns, kinds, described = [], [], [], set()
    for nfb in sessions.values():
        names.append(check_nothing_tells(nfb))
        session = read_session(nfb.files.stem)
        columns.append([*session.signals.columns, *session.frames.columns])
        kinds.append(set(session.events.trial_type) - {"gap", "marker"})  # by the amplifier
        described |= {nfb.files.sidecar(table).read_bytes() for table in ("frames", "events")}
        with pytest.raises(FileError, match="unblind the study first"):
            contingency(session)
        with pytest.raises(FileError, match="unblind it"):
            study_contingency(folder)
        own = replace(nfb.configuration, shown={})
        check_rerun(session, own)
    assert names[0] == names[1]
    assert "_sealed.bin" in names[0]
    assert "_shown.npz" not in names[0]
    assert columns[0] == columns[1]
    assert not [name for name in columns[0] if name.startswith("shown_")]
    assert kinds[0] == kinds[1]
    assert len(described) == 2
    stems = [nfb.files.stem for nfb in sessions.values()]
    filled = checklist(stems).entries
    assert filled["2b"].values == {"blinded": 2, "recordings": 2}
    assert "blocks_by_shown" not in filled["2a"].values
    of_shown = {"z_shown", "rewards_per_minute"}
    blind = set(learning_table(stems).measure)
    assert {"z_own", "beyond", "artifact"} <= blind
    assert not of_shown & blind
    assert filled["5a"].values["rewards_per_minute"] is None
    assert any("as what was shown is sealed" in one for one in filled["5a"].from_files)
    for stem in stems:
        export_session(stem, tmp_path / "blind")
    for path in (tmp_path / "blind").rglob("*"):
        if path.suffix in (".tsv", ".json"):
            assert not re.search(rb'\bsham|"Shown"|shown_', path.read_bytes()), path.name
    assert "is of a blinded study" in write_report(str(stems[0])).paths["page"].read_text("utf-8")
    over = (folder, lambda public: private, "A third person", "the study is over")
    for path in sessions["real"].files.watched[:2]:
        kept = path.read_bytes()
        middle = len(kept) // 2
        path.write_bytes(kept[:middle] + bytes([kept[middle] ^ 1]) + kept[middle + 1 :])
        with pytest.raises(FileError, match="was changed since its session; nothing was opened"):
            unblind(*over)
        assert not list(folder.path.glob("arms.csv"))
        path.write_bytes(kept)
    opened = unblind(*over)
    assert (opened.sessions, opened.cut_off) == (2, [])
    assert of_shown <= set(learning_table(stems).measure)
    for arm, nfb in sessions.items():
        session = read_session(nfb.files.stem)
        assert session.settings["opened"]["arm"] == arm
        check_rerun(session, nfb.configuration)
        (block,) = contingency(session).itertuples()
        assert block.shown == {"real": "own", "sham": "sham"}[arm]
        signals = session.signals
        if arm == "real":
            assert (signals.shown_z == signals.trained_z).all()
            continue
        name = f"sub-{session.settings['opened']['donor']}_ses-01_task-alpha_run-01"
        donor = read_session(donors / name)
        theirs = donor.signals.trained_z[500:].to_numpy()
        inside = signals[signals.shown_seconds > 0]
        places = (inside.shown_seconds * 250).round().astype(int)
        assert len(inside) > 250
        assert (inside.shown_z.to_numpy() == theirs[places]).all()
    assert checklist(stems).entries["2a"].values["blocks_by_shown"] == {"own": 1, "sham": 1}
    assert checklist(stems).entries["2b"].values == {"blinded": 2, "recordings": 2}
    for arm, nfb in sessions.items():
        stem = export_session(nfb.files.stem, tmp_path / "open").stem
        (facts,) = (tmp_path / "open").rglob(f"{stem}_recording-feedback_stim.json")
        told = json.loads(facts.read_text("utf-8"))
        (block,) = told["Shown"]
        assert block["shown"] == {"real": "own", "sham": "sham"}[arm]
        assert "shown_z" in told["Columns"]
        page = write_report(str(nfb.files.stem)).paths["page"].read_text("utf-8")
        assert "is of a blinded study" not in page
    table = study_contingency(folder).set_index("participant")
    assert table.arm.to_dict() == {label: arm for arm, label in people.items()}
    (entry,) = json.loads((folder.path / "unblinding.json").read_text("utf-8"))
    assert (entry["who"], entry["why"]) == ("A third person", "the study is over")


@pytest.mark.slow
def test_row_122_a_killed_background_process_tells_nothing_either(
    blinded, amplifier, training, until
):
    folder, _, private = blinded("01", "02", "03", "04")
    label = people_of_each_arm(folder)["sham"]
    settings = training(amplifier().source_id, dwell=0.1)
    nfb = run_session(folder, label, settings, until, kill=True)
    check_nothing_tells(nfb)
    unblind(folder, lambda public: private, "A third person", "the study is over", label)
    session = read_session(nfb.files.stem)
    check_rerun(session, nfb.configuration)
    assert contingency(session).shown[0] == "sham"
    assert not [
        path for path in folder.data.glob("*_opened.npz") if f"sub-{label}" not in path.name
    ]
