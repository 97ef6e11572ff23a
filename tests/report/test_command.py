"""`psychopy-nfb report`: the page, its figures and what is printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest


def report(*arguments):
    command = [sys.executable, "-m", "psychopy_nfb.cli", "report", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, encoding="utf-8")


def text_of(path):
    """Return what a page says, without its tags and pictures."""
    page = path.read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.replace("&#39;", "'")))


@pytest.fixture
def delayed(recorded, tmp_path):
    """Return a function that copies a session with one stage lengthened; its stem."""

    def make(stage=None, seconds=0.0):
        files = recorded()
        for path in (files.events, files.settings, files.eeg):
            shutil.copy(path, tmp_path)
        log = pd.read_csv(files.frames)
        order = ["t_sample", "t_received", "t_published", "t_read"]
        if stage is not None:
            log[order[: order.index(stage) + 1]] -= seconds
        log.to_csv(tmp_path / files.frames.name, index=False)
        return tmp_path / files.stem.name

    return make


def test_page_figures_and_json_say_the_same(recorded, tmp_path):
    files, figures = recorded(hold=((0.1, 0.035),)), tmp_path / "report.json"
    done = report(files.frames, "--out", tmp_path, "--json", figures)
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert done.stdout.startswith(found["headline"])
    said = text_of(tmp_path / f"{files.stem.name}_report.html")
    first = said.index(found["headline"])
    assert first < said.index("The training's outcome") < said.index("Most of the lag is")
    lag = found["lag"]
    missed, due = lag["dropped"], lag["dropped"] + lag["frames"]
    assert f"{missed} of {due} due frames were dropped" in said
    assert f"Of {due} frames due {missed} were dropped" in said
    assert f"{lag['total_ms']['median']:.1f} ms" in said
    at = 0
    for block in found["blocks"]:
        at = said.index(f"{block['block']} {block['kind']}", at + 1)
        assert f" {block['hits']} {block['points']:g} " in said[at : at + 60]
    page = (tmp_path / f"{files.stem.name}_report.html").read_text(encoding="utf-8")
    assert not re.findall(r"\w  \w", page.split("</style>")[1])
    assert "psychopy_nfb 0.0.7" in said  # the version that recorded, not the one that reports
    for kind in ("lag", "outcome"):
        picture = tmp_path / f"{files.stem.name}_{kind}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert "  " not in re.sub(r"\s*\n\s*", "\n", done.stdout.split("lag in ms")[0])


@pytest.mark.parametrize(
    ("stage", "named"),
    [
        ("t_sample", "sample → received"),
        ("t_published", "published → read"),
        ("t_read", "read → flip"),
    ],
)
def test_what_dominated_is_named(delayed, stage, named):
    done = report(delayed(stage, 0.3))
    assert f"Most of the lag is {named}: 30" in done.stdout


def test_what_is_less_than_half_of_the_lag_is_not_called_most_of_it(delayed):
    # Of 45 ms, 36 are the filter's; read → flip takes 5, and now a little more than the filter.
    done = report(delayed("t_read", 0.033))
    (share,) = re.findall(
        r"The largest part of the lag is read → flip: .* \((\d+) %\)", done.stdout
    )
    assert 40 < int(share) < 50


def test_a_session_that_is_not_there_is_one_sentence(tmp_path):
    done = report(tmp_path / "nobody")
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_no_frame_log_is_one_sentence(tmp_path):
    (tmp_path / "x_frames.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = report(tmp_path / "x_frames.csv")
    assert done.returncode == 2
    assert "has no column t_sample" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_session_without_a_value_still_gets_its_page(delayed, tmp_path):
    stem = delayed()
    log = pd.read_csv(f"{stem}_frames.csv")
    values = [name for name in log.columns if name.startswith("t_") and name != "t_flip"]
    log.assign(**dict.fromkeys([*values, "shown"], np.nan)).to_csv(
        f"{stem}_frames.csv", index=False
    )
    done = report(stem)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("None of the 2310 frames had a value")
    assert "Nothing is known of the lag" in text_of(tmp_path / f"{stem.name}_report.html")


def test_a_folder_that_cannot_be_written_is_one_sentence(recorded, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = report(recorded().stem, "--out", tmp_path / "file")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
