"""`psychopy-nfb report`: what a session's files say of its lag."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

HZ, N = 60.0, 600
WAY = {"t_received": 0.004, "t_published": 0.001, "t_read": 0.012, "t_flip": 0.005}
FILTER = 0.1


def report(*arguments):
    command = [sys.executable, "-m", "psychopy_nfb.cli", "report", *map(str, arguments)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment, timeout=60
    )


@pytest.fixture
def session(tmp_path):
    """Write a session whose lag is known; return its stem."""

    def write(**way):
        way = {**WAY, **way}
        flips = 100 + np.arange(N) / HZ
        log = pd.DataFrame({"frame": np.arange(N), "t_flip": flips})
        last = flips
        for stamp, before in zip(
            ("t_read", "t_published", "t_received", "t_sample"), reversed(way), strict=True
        ):
            last = last - way[before]
            log[stamp] = last
        log["delay"] = FILTER
        log["interval"] = log.t_flip.diff()
        log["dropped"] = np.where(np.arange(N) < 300, 0, 3)
        log["block"] = np.where(np.arange(N) < 200, "baseline", "training")
        stem = tmp_path / "sub-01_run-01"
        log.to_csv(f"{stem}_frames.csv", index=False)
        settings = {
            "stream": {"labels": ["Oz", "Pz"], "rate": 500.0, "clock_corrected": False},
            "machine": {"packages": {"psychopy": "2026.2.5"}},
            "clock": {"uncertainty": 4e-7},
            "continuity": {"n_gaps": 1, "lost_seconds": 0.4, "effective_rate": 499.99},
            "display": {"paced_hz": None},
            "late_read": {"active": True},
        }
        with open(f"{stem}_nfb.json", "w", encoding="utf-8") as file:
            json.dump(settings, file)
        return stem

    return write


def test_page_figure_and_figures_say_the_same(session, tmp_path):
    stem = session()
    figures = tmp_path / "lag.json"
    done = report(stem, "--json", figures)
    assert done.returncode == 0, done.stderr
    lag = json.loads(figures.read_text())["lag"]
    assert lag["age_at_flip_ms"]["median"] == pytest.approx(22, abs=0.01)
    assert lag["total_ms"]["median"] == pytest.approx(122, abs=0.01)
    page = (tmp_path / "sub-01_run-01_report.html").read_text(encoding="utf-8")
    for said in ("122.0 ms", "22.0 ms", "3 dropped", "1 gaps lost 0.40 s", "2026.2.5", "500 Hz"):
        assert said in page
    assert "filter&#39;s declared delay: 100.0 of 122.0 ms (82 %)" in page
    assert (tmp_path / "sub-01_run-01_lag.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("stage", "named"),
    [
        ("t_received", "sample → received"),
        ("t_read", "published → read"),
        ("t_flip", "read → flip"),
    ],
)
def test_what_dominated_is_named(session, stage, named):
    done = report(session(**{stage: 0.3}))
    assert f"Most of the lag is {named}: 300.0 of" in done.stdout


def test_a_session_that_is_not_there_is_one_sentence(tmp_path):
    done = report(tmp_path / "nobody")
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_session_without_feedback_is_one_sentence(session, tmp_path):
    stem = session()
    log = pd.read_csv(f"{stem}_frames.csv")
    log.assign(t_sample=np.nan).to_csv(f"{stem}_frames.csv", index=False)
    done = report(stem)
    assert done.returncode == 2
    assert "no frame of it has a value" in done.stderr
    assert not list(tmp_path.glob("*_report.html"))
