"""Scripts that Builder generates from our components, run whole."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image

from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]


def orphans():
    """Return the workers and simulators whose experiment is gone."""
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        for option in ("--experiment-pid", "--until-process-ends"):
            if option in line and not psutil.pid_exists(int(line[line.index(option) + 1])):
                found.add(process.pid)
    return found


def only_session(folder):
    (settings,) = (folder / "data").glob("*_nfb.json")
    return read_session(settings)


def test_row_074_components_alone_make_a_training(builder, run_script, until, tmp_path):
    """Default settings, an inhibiting second signal, all displays, no line of code.

    What has no Stop of its own ends with the block, or the Routine would not end.
    """
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="4", simulate="always")
    builder.add(
        "NeuroFeedbackComponent",
        "emg",
        role="inhibit",
        channels="T7, T8",
        bandLow="30",
        bandHigh="45",
        threshold="20",
    )
    for place, display in enumerate(("bar", "circle", "trace", "color", "text")):
        builder.add(
            "FeedbackDisplayComponent",
            f"show_{display}",
            display=display,
            value="nfb.score" if display == "text" else "nfb.value",
            inhibit="emg.beyond",
            pos=f"({place * 0.2 - 0.4}, 0)",
            size="(0.02, 0.08)" if display == "circle" else "(0.1, 0.3)",
            letterHeight="0.05",
        )
    builder.add("DiodePatchComponent", "patch")
    ran = run_script(builder.script(tmp_path / "training.py"))
    assert ran.returncode == 0, ran.stderr
    assert "The EEG is simulated" in ran.stderr
    until(lambda: not orphans(), 5, "the end of its processes")
    session = only_session(tmp_path)
    assert session.settings["experiment"]["simulated"] is True
    assert session.settings["ended"] == "stopped"
    frames = session.frames
    assert (frames.block == "trial").sum() > 60
    assert frames.patch.dropna().nunique() == 2
    shown = frames.dropna(subset="shown")
    assert shown.shown.nunique() > 20
    by_sample = session.signals.set_index("sample")
    assert np.allclose(by_sample.loc[shown["sample"].astype(int)].nfb_value, shown.shown, rtol=1e-6)
    assert "emg_z" in frames.columns


def test_pictures_darkness_and_tones_are_made_without_code(builder, run_script, tmp_path):
    """On a computer without a sound device, too."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "castle.png")
    builder.add("NeuroFeedbackComponent", "alpha", stopVal="2", simulate="always")
    shown = {
        "thermometer": {"value": "alpha.value", "scale": "[0, 20]"},
        "sign": {"value": "alpha.beyond"},
        "progress": {"value": "alpha.rewards / 30", "pictures": "castle.png"},
        "dimmer": {"value": "alpha.value"},
    }
    for kind, params in shown.items():
        builder.add("FeedbackDisplayComponent", kind, display=kind, stopVal="2", **params)
    values = {
        "pitch": "value",
        "loudness": "value",
        "criterion": "beyond",
        "reward": "rewards",
        "error": "beyond",
    }
    for kind, value in values.items():
        heard = {"display": "tone", "toneKind": kind, "value": f"alpha.{value}"}
        heard |= {"withoutSound": "go on", "volume": "0.1", "stopVal": "1.5"}
        builder.add("FeedbackDisplayComponent", f"{kind}_tone", **heard)
    ran = run_script(builder.script(tmp_path / "training.py"))
    assert ran.returncode == 0, ran.stderr
    sounds = only_session(tmp_path).settings["sounds"]
    assert {name: one["kind"] for name, one in sounds.items()} == {
        f"{kind}_tone": kind for kind in values
    }
    assert {one["volume"] for one in sounds.values()} == {0.1}


def test_one_background_process_however_often_a_routine_is_used(builder, run_script, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="0.5", simulate="always")
    builder.code(
        end_routine="import psutil\n"
        "pids = [child.pid for child in psutil.Process().children()\n"
        "        if 'engine.worker' in ' '.join(child.cmdline())]\n"
        "thisExp.addData('pids', str(pids))\n"
    )
    builder.experiment.flow.addRoutine(builder.routine, 1)
    builder.repeat(2)
    ran = run_script(builder.script(tmp_path / "often.py"))
    assert ran.returncode == 0, ran.stderr
    (table,) = (tmp_path / "data").glob("[!s]*often*.csv")
    pids = pd.read_csv(table).pids.dropna()
    assert len(pids) == 2
    assert pids.nunique() == 1
    assert pids.iloc[0].count(",") == 0
    events = only_session(tmp_path).events
    assert (events.trial_type == "block_begin").sum() == 4
    assert (events.trial_type == "block_end").sum() == 4


def test_conditions_choose_feedback_and_threshold(builder, run_script, tmp_path):
    conditions = tmp_path / "trials.csv"
    conditions.write_text("kind,level\ntrain,6\nrest,6\ntrain,9\n")
    nfb = builder.add(
        "NeuroFeedbackComponent",
        "nfb",
        stopVal="1.5",
        simulate="always",
        feedback="kind == 'train'",
        block="$kind",
        threshold="level",
    )
    nfb.params["threshold"].updates = "set every repeat"
    builder.repeat(1, conditions)
    ran = run_script(builder.script(tmp_path / "trials.py"))
    assert ran.returncode == 0, ran.stderr
    session = only_session(tmp_path)
    frames = session.frames.dropna(subset="seq")
    assert frames[frames.block.isna()].shown.isna().all()
    rest = frames[frames.block == "rest"]
    assert len(rest) > 10
    assert rest.shown.isna().all()
    assert rest.nfb_value.notna().all()
    assert frames[frames.block == "train"].shown.notna().all()
    assert rest.nfb_threshold.iloc[-1] == 6.0
    assert frames[frames.block == "train"].nfb_threshold.iloc[-1] == 9.0


def test_an_exception_leaves_nothing_behind(builder, run_script, until, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="5", simulate="always")
    builder.code(each_frame="if frameN == 40:\n    raise RuntimeError('on purpose')\n")
    ran = run_script(builder.script(tmp_path / "raises.py"))
    assert "on purpose" in ran.stderr
    until(lambda: not orphans(), 5, "the end of its processes")
    session = only_session(tmp_path)
    assert session.settings["ended"] == "stopped"
    assert len(session.frames) >= 40


def test_a_missing_stream_is_one_sentence(builder, run_script, tmp_path, unique_id):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1", streamName=unique_id, timeout="1")
    ran = run_script(builder.script(tmp_path / "missing.py"))
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert unique_id in last
    assert "no such stream within 1 s" in last
    assert not list((tmp_path / "data").glob("*_nfb.json"))


def test_piloting_without_amplifier_is_simulated(builder, run_script, tmp_path, unique_id):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="1", streamName=unique_id, timeout="1")
    ran = run_script(builder.script(tmp_path / "pilot.py"), "--pilot")
    assert ran.returncode == 0, ran.stderr
    assert "The EEG is simulated" in ran.stderr
    assert only_session(tmp_path).settings["experiment"]["simulated"] is True


def test_row_074_builder_and_coder_give_the_same_values(builder, run_script, amplifier, tmp_path):
    """The same protocol as components and as a script, on one stream, sample by sample."""
    source_id = amplifier("--eyes", "closed").source_id
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="3", sourceId=source_id)
    ran = run_script(builder.script(tmp_path / "same.py"))
    assert ran.returncode == 0, ran.stderr
    session = only_session(tmp_path)

    from psychopy_nfb import StreamSelection, standard_training
    from psychopy_nfb.dsp import SignalInfo, standard_positions
    from psychopy_nfb.engine.rerun import run_offline

    coder = standard_training(
        StreamSelection(source_id=source_id, timeout=10.0),
        name="nfb",
        channels=["Oz"],
        band=(8, 12),
        normalise="none",
        threshold=10.0,
        display_range=(0.0, 20.0),
    )
    eeg = session.eeg
    info = SignalInfo(eeg.rate, tuple(eeg.labels), positions=standard_positions(eeg.labels))
    values, _ = run_offline(coder, eeg.samples.astype(float), info)
    recorded = session.signals[list(coder.value_names)].to_numpy()
    assert recorded.shape == values.shape
    # Points, hits and rewards are counted from the Routine's beginning on; the script knows none.
    counted = {"reward", "score", "hits", "rewards", "progress"}
    alike = [name not in counted for name in coder.value_names]
    assert np.abs(recorded - values)[:, alike].max() < 1e-9
    stored = json.loads(session.files.settings.read_text())["configuration_at_start"]
    assert stored["signals"]["nfb"]["pipeline"]["steps"][-1]["type"] == "WCFIR"
    assert math.isclose(stored["signals"]["nfb"]["threshold"], 10.0)
