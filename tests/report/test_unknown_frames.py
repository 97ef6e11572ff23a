"""Where the display's frame period was not measured, nothing says how many frames were dropped."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.findings import findings, in_headline
from psychopy_nfb.report.session_data import load_session_data


@pytest.fixture
def unmeasured(recorded, tmp_path):
    """Return the stem of a session on a display whose frame period is not known."""
    files = recorded()
    for path in (files.events, files.frames, files.eeg):
        shutil.copy(path, tmp_path)
    settings = json.loads(files.settings.read_text("utf-8"))
    settings["display"] = {**(settings.get("display") or {}), "frame_period": None}
    (tmp_path / files.settings.name).write_text(json.dumps(settings), "utf-8")
    return tmp_path / files.stem.name


def test_that_dropped_frames_are_not_known_is_said_everywhere(unmeasured):
    report = write_report(str(unmeasured))
    assert report.to_dict()["lag"]["dropped"] is None
    table = lag_summary(load_session_data(str(unmeasured)).files.frames).table()
    assert "2310 frames, how many were dropped is not known, " in table
    page = re.sub(r'"data:[^"]*"', "", report.paths["page"].read_text("utf-8"))
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.replace("&#39;", "'")))
    assert "How many frames were dropped is not known, as the display's frame period" in said
    assert "at no period that could be measured" in said
    for text in (said, table, json.dumps(report.to_dict())):
        assert not re.search(r"\d+ of \d+ (due|frames)|frames due|vertical sync at", text)


def test_what_the_headline_says_is_said_once(unmeasured):
    report = write_report(str(unmeasured))
    page = report.paths["page"].read_text("utf-8").replace("&#39;", "'")
    data = load_session_data(str(unmeasured))
    first = in_headline(findings(data, report.lag))
    assert first
    for finding in first:
        assert page.count(finding.what) == 1
        assert finding.remedy in page


def test_a_simulated_eeg_beside_another_problem_is_said_once(recorded, tmp_path):
    files = recorded(hold=((0.1, 0.035),))
    for path in (files.events, files.frames, files.eeg):
        shutil.copy(path, tmp_path)
    settings = json.loads(files.settings.read_text("utf-8"))
    settings["experiment"] = {**(settings.get("experiment") or {}), "simulated": True}
    (tmp_path / files.settings.name).write_text(json.dumps(settings), "utf-8")
    report = write_report(str(tmp_path / files.stem.name))
    page = report.paths["page"].read_text("utf-8").replace("&#39;", "'")
    first = in_headline(report.findings)
    assert len(first) == 2
    assert all(page.count(finding.what) == 1 for finding in first)
