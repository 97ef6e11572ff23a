"""Sessions of a blinded study, with a real worker: what can be seen of them, and what is opened."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb import Neurofeedback, contingency, read_session, rerun
from psychopy_nfb.engine.records import SAMPLE
from psychopy_nfb.errors import FileError
from psychopy_nfb.study.allocation import Allocation
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
        until(lambda: newest(nfb) > 50, 15, "samples")
        with nfb.block("training"):
            if kill:
                os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
                until(lambda: nfb.restarts == 1, 5, "a new worker")
            reached = newest(nfb) + (nfb.settle + SECONDS) * 250
            until(lambda: newest(nfb) > reached, 20, "a block")
    return nfb


@pytest.mark.slow
def test_row_122_nothing_visible_tells_the_arm_until_the_key_opens_it(
    blinded, amplifier, training, until, caplog, capfd, tmp_path
):
    folder, _, private = blinded("01", "02", "03", "04")
    people = people_of_each_arm(folder)
    assert people.keys() == {"real", "sham"}
    settings = training(amplifier().source_id, dwell=0.1)
    temporary = set(Path(tempfile.gettempdir()).iterdir())
    sessions = {}
    for arm, label in people.items():
        sessions[arm] = run_session(folder, label, settings, until, kill=True)
    said = caplog.text + "".join(capfd.readouterr())
    names, columns, kinds, described = {}, {}, {}, {}
    for arm, nfb in sessions.items():
        stem = nfb.files.stem
        found = sorted(folder.data.glob(f"{stem.name}_*"))
        names[arm] = [path.name.removeprefix(stem.name) for path in found]
        sidecars = [nfb.files.sidecar(table) for table in ("frames", "events")]
        session = read_session(stem)
        columns[arm] = [*session.signals.columns, *session.frames.columns]
        kinds[arm] = set(session.events.trial_type) - {"gap", "marker"}  # by the amplifier
        for path in found:
            if path == nfb.files.sealed:
                continue
            text = path.read_bytes()
            if path in sidecars:
                described.setdefault(path.name.removeprefix(stem.name), set()).add(text)
                continue
            for word in (b"sham", b"yoked", b"Yoked", b"shown_", b'"own"', b"donor"):
                assert not re.search(rb"\b" + word, text), (path.name, word)
        with pytest.raises(FileError, match="unblind the study first"):
            contingency(session)
        # Values of one's own are all there.
        values, _ = rerun(session)
        recorded = session.signals[[*session.signals.columns][1 : 1 + values.shape[1]]]
        assert np.abs(values - recorded.to_numpy()).max() < 1e-9
    assert [len(texts) for texts in described.values()] == [1, 1]
    assert names["real"] == names["sham"]
    assert "_sealed.bin" in names["real"]
    assert "_shown.npz" not in names["real"]
    assert columns["real"] == columns["sham"]
    assert not [name for name in columns["real"] if name.startswith("shown_")]
    assert kinds["real"] == kinds["sham"]
    for word in ("sham", "Yoked", "donor"):
        assert not re.search(rf"\b{word}\b", said), said
    unblind(folder, lambda public: private, "A third person", "the study is over")
    for arm, nfb in sessions.items():
        session = read_session(nfb.files.stem)
        assert session.settings["blinded"]["arm"] == arm
        values, flags = rerun(session)
        recorded = session.signals[list(nfb.configuration.value_names)].to_numpy()
        assert np.abs(values - recorded).max() < 1e-9
        assert (session.signals["flags"] == flags).all()
        table = contingency(session)
        assert list(table.shown) == [{"real": "own", "sham": "sham"}[arm]]
        if arm == "real":
            assert table.r[0] == pytest.approx(1)
        else:
            assert abs(table.r[0]) < 0.9
    left = set(Path(tempfile.gettempdir()).iterdir()) - temporary
    assert [path for path in left if "shown" not in path.name] == []
    (entry,) = json.loads((folder.path / "unblinding.json").read_text("utf-8"))
    assert (entry["who"], entry["why"]) == ("A third person", "the study is over")
