"""A session of a study whose arms differ in their lag: sealed in all that is read, then opened."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.cli import main
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.opened import write_opened
from psychopy_nfb.recording.sealed_file import read_sealed
from psychopy_nfb.recording.sealing import new_key_pair
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.cred_nf.checklist import checklist
from psychopy_nfb.report.lag_words import SEALED
from psychopy_nfb.report.outcome import outcome
from psychopy_nfb.report.session_data import load_session_data

HELD = {"chosen": ((2, 0.4), (5, 0.4))}
ABOUT = "study sub-01"


def test_the_lag_is_sealed_in_files_reports_checklist_and_dataset_until_it_is_opened(
    recorded, tmp_path, capsys
):
    plain = recorded(**HELD)
    private, public = new_key_pair()
    files = recorded(**HELD, sealed=(public.hex(), ABOUT))
    settings = {"study": {"lag_sealed": True}}
    assert lag_summary(pd.read_csv(files.frames), settings).stages["total_ms"].n == 0
    assert '"hold"' not in files.events.read_text("utf-8")
    report = write_report(str(files.stem), str(tmp_path))
    page = report.paths["page"].read_text("utf-8")
    assert page.count(SEALED.replace("'", "&#39;")) == 2  # what is worth a look, and its section
    assert "frames were shown, at 60.00 Hz" in page
    assert not re.search(r"\bnan\b", re.sub(r'"data:[^"]*"', "", page))
    assert "lag" not in report.paths
    assert report.chosen == []
    assert not [one for one in report.findings if one.problem]
    assert report.headline.endswith("frames due were dropped.")
    assert main(["report", str(files.stem), "--out", str(tmp_path)]) == 0
    assert SEALED in capsys.readouterr().out
    said = " ".join(checklist([files.stem]).entries["4e"].from_files)
    assert "The lag of 1 recording is sealed until the study is unblinded" in said
    assert "Age of the brain signal" not in said

    write_opened(read_sealed(files.sealed, private, ABOUT), files)
    session, other = read_session(files.stem), read_session(plain.stem)
    assert session.settings["opened"] == {"arm": "late"}
    assert list(session.frames.columns) == list(other.frames.columns)
    for name in other.frames.columns:
        if name not in ("block", "mark"):
            had, has = (one.frames[name].to_numpy(float) for one in (other, session))
            assert np.allclose(had, has, rtol=1e-8, atol=1e-6, equal_nan=True), name
    data, usual = load_session_data(files.stem), load_session_data(plain.stem)
    assert [block.lag for block in data.blocks] == [block.lag for block in usual.blocks]
    report, wanted = (write_report(str(one.stem), str(tmp_path)) for one in (files, plain))
    assert [str(one) for one in report.chosen] == [str(one) for one in wanted.chosen]
    assert report.headline == wanted.headline
    filled = checklist([files.stem]).entries["4e"]
    assert filled.values["chosen_ms"] == [[400.0, 400.0]]
    lag = other.frames.t_flip - (other.frames.t_sample - other.frames.delay)
    own = other.frames.wanted_lag.isna()
    had = f"A lag of 400 ms was chosen in 1 recording: median {1e3 * lag[~own].median():.1f} ms"
    assert had in " ".join(filled.from_files)
    assert filled.values["lag_ms"] == pytest.approx(1e3 * lag[own].median(), abs=0.01)


def test_a_session_without_a_window_says_in_words_that_its_lag_is_not_known(recorded, tmp_path):
    files = recorded(frames=False)
    page = write_report(str(files.stem), str(tmp_path)).paths["page"].read_text("utf-8")
    assert "Nothing is known of the lag: the frame log is empty" in page
    assert not re.search(r"\bnan\b", re.sub(r'"data:[^"]*"', "", page))
    entries = checklist([files.stem]).entries
    assert "The lag of 1 recording is not known: no window" in " ".join(entries["4e"].from_files)
    assert entries["4e"].values["lag_ms"] is None
    assert "No frame was logged" in " ".join(entries["4d"].from_files)
    assert entries["4e"].values["without_lag"] == 1
    data = load_session_data(files.stem)
    assert outcome(data).dropped.isna().all()  # not 0 %: none is known
