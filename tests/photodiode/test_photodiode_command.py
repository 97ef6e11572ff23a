"""`psychopy-nfb photodiode` on files as they come: ours, LabRecorder's, tables."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from light_simulation import simulate_light
from xdf_writing import lab_recorder

pyxdf = pytest.importorskip("pyxdf", reason="needs pyxdf")


def run(*arguments, status=0):
    command = [sys.executable, "-m", "psychopy_nfb.cli", "photodiode", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def simulated():
    """Return a good recording of a display that does well."""
    return simulate_light(np.random.default_rng(5), 500.0, 20.0, noise=0.01)


@pytest.fixture
def log(simulated, tmp_path):
    """Return a frame log's path."""
    path = tmp_path / "sub-01_frames.csv"
    simulated.frames.to_csv(path, index=False)
    return path


def test_a_file_of_lab_recorder_with_the_sensor_beside_the_eeg(simulated, log, tmp_path):
    recording = lab_recorder(tmp_path / "recorded.xdf", simulated)
    figures = tmp_path / "summary.json"
    done = run("--frames", log, "--signal", recording, "--json", figures)
    content = json.loads(figures.read_text())
    assert content["channel"] == "AUX7 (Amp)", "found by itself"
    assert content["passed"]
    assert content["summary"]["missed"] == 0
    assert "AUX7 (Amp)" in done.stdout
    table = pd.read_csv(tmp_path / "sub-01_photodiode.csv")
    edged = table[table.edge]
    errors = edged.t_light.to_numpy() - simulated.t_light[edged.frame]
    assert np.sqrt(np.mean(errors**2)) < 0.5 / 500
    for kind in ("json", "png", "html"):
        assert (tmp_path / f"sub-01_photodiode.{kind}").stat().st_size > 500


def test_clocks_of_two_computers_are_brought_together(simulated, log, tmp_path):
    recording = lab_recorder(tmp_path / "recorded.xdf", simulated, screens_clock=-3217.125)
    run("--frames", log, "--signal", recording, "--channel", "AUX7")
    table = pd.read_csv(tmp_path / "sub-01_photodiode.csv")
    edged = table[table.edge]
    errors = edged.t_light.to_numpy() - simulated.t_light[edged.frame]
    assert abs(np.median(errors)) < 0.5 / 500


def test_a_table(simulated, log, tmp_path):
    signal = tmp_path / "sensor.csv"
    pd.DataFrame({"t": simulated.stamps, "diode": simulated.values}).to_csv(signal, index=False)
    out = tmp_path / "elsewhere"
    run("--frames", log, "--signal", signal, "--out", out)
    assert (out / "sub-01_photodiode.csv").exists()


def test_a_display_that_misses_frames_fails_with_a_remedy(tmp_path):
    simulated = simulate_light(np.random.default_rng(6), 500.0, 20.0, missed=9, noise=0.01)
    log, signal = tmp_path / "sub-01_frames.csv", tmp_path / "sensor.csv"
    simulated.frames.to_csv(log, index=False)
    pd.DataFrame({"t": simulated.stamps, "diode": simulated.values}).to_csv(signal, index=False)
    done = run("--frames", log, "--signal", signal, status=1)
    assert "9 of" in done.stdout
    assert "compositor" in done.stdout
    assert "vertical sync" not in done.stdout  # flips wait for this display


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "AUX9"}, "AUX9"),
        ({"channel": "Fz"}, "Fz"),
        ({"signal": "nowhere.xdf"}, "does not exist"),
        ({"frames": "nowhere.csv"}, "does not exist"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(simulated, log, tmp_path, change, said):
    recording = lab_recorder(tmp_path / "recorded.xdf", simulated)
    given = {"frames": log, "signal": recording, "channel": "AUX7", **change}
    done = run(*(word for name, value in given.items() for word in (f"--{name}", value)), status=2)
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("*_photodiode*")), "nothing is written"


def test_without_any_file_it_says_what_to_name():
    assert "--frames" in run(status=2).stderr


def test_a_table_with_decimal_commas_is_read(simulated, log, tmp_path):
    table, figures = tmp_path / "sensor.csv", tmp_path / "found.json"
    pd.DataFrame({"t": simulated.stamps, "light": simulated.values}).to_csv(
        table, sep=";", decimal=",", index=False
    )
    run("--frames", log, "--signal", table, "--out", tmp_path, "--json", figures)
    assert json.loads(figures.read_text())["summary"]["missed"] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t,light\n", "0 rows"),
        ("t,light\nsoon,1\nlater,2\nthen,1\n", "seconds that rise"),
        ("t,light\n1,1\n3,2\n2,1\n", "row 3"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence(text, said, log, tmp_path):
    table = tmp_path / "sensor.csv"
    table.write_text(text)
    told = run("--frames", log, "--signal", table, "--out", tmp_path, status=2).stderr
    assert said in told
    assert "Traceback" not in told


def test_a_file_that_is_no_sessions_is_named_as_it_was_given(tmp_path):
    (tmp_path / "cut.xdf").write_bytes(b"XDF:")
    said = run(tmp_path / "cut.xdf", status=2).stderr
    assert "cut.xdf': has no frame log beside it; name any file of a session" in said
