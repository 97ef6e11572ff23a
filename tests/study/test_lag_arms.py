"""Lag as an arm: each arm has its own, nothing visible tells it, and the key opens it."""

from __future__ import annotations

import json
import logging
import re

import numpy as np
import pytest
import pyxdf
from visible import numbers_in

from psychopy_nfb import FeedbackBar, Neurofeedback, contingency, pace, read_session, rerun
from psychopy_nfb.console.watch import Watch
from psychopy_nfb.display.operator_state import operator_state
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.chosen_lag import Lag
from psychopy_nfb.recording.sealed_file import LAG_SEALED
from psychopy_nfb.report.bids.export import export_session
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.cred_nf.checklist import checklist
from psychopy_nfb.report.lag_words import SEALED
from psychopy_nfb.settings import read_plain_json
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.arms import read_arm
from psychopy_nfb.study.drawing import allocate
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import Arm, Study, new_study
from psychopy_nfb.study.unblinding import unblind

LAGS = {"near": 0.45, "far": 0.9}
HZ = 60
NEAR = 0.1
"""Seconds: which of the two lags it is, also on a computer that drops most frames."""


def test_an_arm_with_a_lag_is_typed_read_and_kept(tmp_path):
    arms = dict(map(read_arm, ("near=own@0.45", "far=own@0.9", "drawn=surrogate@0.45-0.9")))
    assert {name: arms[name].lag.hold for name in LAGS} == LAGS
    assert arms["drawn"].lag.jitter == (0.45, 0.9)
    kept = new_study(tmp_path / "study", Study(name="L", arms=arms)).study
    assert {name: kept.arms[name].lag.hold for name in LAGS} == LAGS
    assert kept.lag_is_arm
    for text in ("near=own@", "near=own@soon", "near=own@1-2-3", "near=@0.3"):
        with pytest.raises(SettingsError, match="must be NAME=WHAT"):
            read_arm(text)
    with pytest.raises(SettingsError, match="did you mean 0.45 s"):
        read_arm("near=own@450")


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        ({"near": 0.45, "also": 0.45}, "show the same, so that they are one arm"),
        ({"near": 0.45, "none": None}, "arms='free': need a lag, as other arms have one"),
    ],
)
def test_arms_whose_lags_make_no_comparison_are_refused(arms, told):
    named = {name if name != "none" else "free": lag for name, lag in arms.items()}
    with pytest.raises(SettingsError, match=told):
        Study(
            name="L",
            arms={
                name: Arm(lag=None if lag is None else Lag(hold=lag)) for name, lag in named.items()
            },
        )


@pytest.fixture
def study(tmp_path):
    """Return a blinded study whose arms differ in their lag, its key, and one of each arm."""
    arms = {name: Arm(lag=Lag(hold=lag)) for name, lag in LAGS.items()}
    folder = new_study(tmp_path / "study", Study(name="L", task="alpha", sessions=1, arms=arms))
    private = allocate(folder, tmp_path / "key.json", "a passphrase of the test", seed=1, slots=4)
    for label in ("01", "02", "03", "04"):
        add_participant(folder, label)
    allocation = Allocation.read(folder)
    people = {
        allocation.slot(person.token, "all").arm: label
        for label, person in folder.study.participants.items()
    }
    return folder, private, people


def show(nfb, bar, seconds):
    for _ in nfb.frames(seconds):
        bar.value = nfb.value
        bar.draw()


def run_session(folder, label, settings, window):
    """Run a session with a window; return it once it is closed, and what an operator saw."""
    pace(window, HZ)
    bar = FeedbackBar(window, size=(40, 200))
    with Neurofeedback(settings, study=folder.path, participant=label) as nfb:
        with pytest.raises(SettingsError, match="needs a window"):
            nfb.begin_block("training")
        nfb.attach(window)
        show(nfb, bar, nfb.settle + 3)
        with pytest.raises(SettingsError, match="is said by the study's arm; leave it out"):
            nfb.begin_block("training", lag=0.5)
        with nfb.block("training"):
            show(nfb, bar, 1)
            watch = Watch(nfb._link.handle.block.name)
            show(nfb, bar, 3)
            watch.look(operator_state(nfb))
            seen = watch.stages(), watch.frame["frame"]
            watch.close()
    return nfb, seen


def check_nothing_tells(nfb, seen):
    """Look for what tells the lag in all that is visible of a session."""
    files = nfb.files
    told_to_all = [files.sidecar(table) for table in ("frames", "events")]
    for path in files.stem.parent.glob(f"{files.stem.name}_*"):
        if path != files.sealed and path not in told_to_all:
            assert not re.search(rb'\b(near|far)\b|"hold"|not_held', path.read_bytes()), path.name
    for place, number in numbers_in(read_plain_json(files.settings)):
        assert number not in LAGS.values(), place
    frames = read_session(files.stem).frames
    values = list(nfb.configuration.value_names)
    assert len(frames) > HZ / 3  # how exactly a lag is held is asked of display.held_lag
    assert frames[[*LAG_SEALED, "shown", *values]].isna().all(axis=None)
    assert frames[["t_read", "t_flip", "delay"]].notna().all(axis=None)
    streams, _ = pyxdf.load_xdf(str(files.eeg), dejitter_timestamps=False)
    (own,) = [one for one in streams if one["info"]["type"][0] == "Frames"]
    columns = own["info"]["desc"][0]["channels"][0]["channel"]
    hidden = [place for place, one in enumerate(columns) if one["label"][0] in LAG_SEALED]
    assert np.isnan(own["time_series"][:, hidden]).all()
    assert len(hidden) == len(LAG_SEALED)
    lag, frame = seen  # of the operator's page
    assert lag == {}
    assert frame > 0


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.alone
def test_row_122_a_lag_that_is_an_arm_is_held_and_seen_by_nobody_until_the_key_opens_it(
    study, amplifier, training, open_window, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    folder, private, people = study
    settings = training(amplifier().source_id, dwell=0.1)
    window, sessions, pages = open_window(), {}, []
    for arm, label in people.items():
        nfb, seen = run_session(folder, label, settings, window)
        sessions[arm] = nfb
        check_nothing_tells(nfb, seen)
        report = write_report(str(nfb.files.stem))
        assert not [one for one in report.findings if "had a value" in one.what]
        page = report.paths["page"].read_text("utf-8")
        assert SEALED.replace("'", "&#39;") in page
        assert "lag" not in report.paths  # no picture of it
        assert not report.chosen
        pages.append(page)
    assert not re.search(r"\b(near|far)\b|wanted lag", caplog.text)
    stems = [nfb.files.stem for nfb in sessions.values()]
    said = " ".join(checklist(stems).entries["4e"].from_files)
    assert "The lag of 2 recordings is sealed until the study is unblinded" in said
    assert "Age of the brain signal" not in said
    export_session(stems[0], tmp_path / "blind")
    text = b"".join(one.read_bytes() for one in (tmp_path / "blind").rglob("*.*") if one.is_file())
    assert b'"hold"' not in text

    unblind(folder, lambda public: private, "A third person", "the study is over")
    for arm, nfb in sessions.items():
        session = read_session(nfb.files.stem)
        assert session.settings["opened"]["arm"] == arm
        frames = session.frames[session.frames.block == "training"]
        assert (frames.wanted_lag == LAGS[arm]).all()
        lag = frames.t_flip - (frames.t_sample - frames.delay)
        assert lag.median() == pytest.approx(LAGS[arm], abs=NEAR)
        assert session.frames.wanted_lag[session.frames.block != "training"].isna().all()
        ends = session.events[session.events.trial_type == "block_end"]
        (detail,) = map(json.loads, ends.detail)
        assert detail["lag"]["hold"] == LAGS[arm]
        # Each frame shows what was computed of the sample that it says.
        own = session.signals.set_index("sample").trained_z
        shown = own.reindex(frames["sample"].astype(int)).to_numpy()
        assert np.allclose(frames.trained_z, shown, rtol=1e-8)
        values, _ = rerun(session)
        assert (
            np.abs(values - session.signals[list(nfb.configuration.value_names)]).max(axis=None)
            < 1e-9
        )
        assert contingency(session).r[0] == pytest.approx(1)
        report = write_report(str(nfb.files.stem))
        (chosen,) = report.chosen
        assert chosen.held.lag_median_ms == pytest.approx(1e3 * LAGS[arm], abs=1e3 * NEAR)
        assert "sealed until" not in report.paths["page"].read_text("utf-8")
    said = " ".join(checklist(stems).entries["4e"].from_files)
    assert "A lag of 450 ms was chosen in 1 recording" in said
    assert "A lag of 900 ms was chosen in 1 recording" in said
    export_session(stems[0], tmp_path / "open")
    (facts,) = (tmp_path / "open").rglob("*recording-feedback_stim.json")
    (block,) = json.loads(facts.read_text("utf-8"))["Shown"]
    assert block["lag"]["hold"] == LAGS[next(iter(sessions))]
