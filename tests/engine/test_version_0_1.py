"""Settings and sessions that version 0.1 wrote: read, computed again, reported on."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.dsp import WCFIR
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.configuration import build_configuration, read_configuration
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Reward
from psychopy_nfb.recording import read_session
from psychopy_nfb.report.command import write_report
from psychopy_nfb.settings import to_dict

OLDER = Path(__file__).parents[1] / "data" / "version_0_1"
STEM = OLDER / "sub-01_ses-01_task-older_run-01"


def notices(caplog):
    return [message for message in caplog.messages if "version 0.1" in message]


def test_a_session_is_computed_again_to_the_same_values(caplog):
    session = read_session(STEM)
    values, flags = rerun(session)
    recorded = session.signals.drop(columns=["t", "flags", "sample"])
    assert values.shape == recorded.shape == (1833, 18)
    assert np.allclose(values, recorded, rtol=0, atol=1e-9, equal_nan=True)
    assert (flags == session.signals["flags"]).all()
    assert len(notices(caplog)) == 1


def test_its_columns_have_the_names_of_today():
    session = read_session(STEM)
    names = build_configuration(session.settings["configuration"]).value_names
    assert names[:5] == (
        *("trained_value", "trained_signal", "trained_z", "trained_threshold"),
        "emg_value",
    )
    assert list(session.signals.columns) == ["t", *names, "flags", "sample"]
    assert list(session.frames.columns)[-len(names) :] == list(names)
    shown = session.frames[session.frames.block == "training"]
    assert (shown.shown == shown.trained_value).all()
    assert shown.trained_threshold.unique().tolist() == [0.0, 0.4]  # it was set to 0.4


def test_a_report_says_what_the_blocks_came_to(tmp_path):
    report = write_report(str(STEM), str(tmp_path))
    blocks = report.blocks.set_index("block")
    assert blocks.kind.to_dict() == {
        "eyes closed": "baseline",
        "training": "feedback",
        "rest": "no feedback",
    }
    training = blocks.loc["training"]
    assert (training.hits, training.points) == (1, 2.0)
    assert training.above == pytest.approx(0.085865, abs=1e-6)  # as version 0.1 said
    assert blocks.signal["eyes closed"] == pytest.approx(17.257326, abs=1e-6)


def test_a_settings_file_is_read_and_told_once(caplog):
    settings = read_configuration(OLDER / "smr_up.json")
    (told,) = notices(caplog)
    assert told.startswith(f"{OLDER / 'smr_up.json'}: ")
    assert list(settings.signals) == ["trained", "emg", "theta"]
    smr, emg, theta = settings.signals.values()
    assert (smr.role, emg.role, theta.role) == ("reward", "inhibit", "watch")
    assert (smr.threshold_kind, smr.threshold, smr.display_range) == ("percentile", 70, (-1, 2))
    assert (emg.threshold, emg.normalise) == (2.0, "zscore")
    assert (theta.direction, theta.normalise, theta.threshold) == ("down", "percent", -20.0)
    assert settings.reward == Reward(dwell=0.5, refractory=1.5, mode="time", points=3.0)
    assert settings.publish
    assert [type(one.pipeline.steps[-1]) for one in (smr, emg, theta)] == [WCFIR] * 3
    assert theta.pipeline.steps[-1].band == (4.0, 8.0)
    caplog.clear()
    assert read_configuration(to_dict(settings)) == settings
    assert notices(caplog) == []


def test_a_calibration_is_taken_over_whatever_the_first_signal_is_called():
    kept = read_configuration(OLDER / "calibration.json")
    fresh = read_configuration(STEM.with_name(f"{STEM.name}_nfb.json"))
    signals = {
        "alpha" if name == "trained" else name: replace(signal, baseline=None)
        for name, signal in fresh.signals.items()
    }
    taken = with_calibration(replace(fresh, signals=signals), OLDER / "calibration.json")
    assert taken.signals["alpha"].baseline == kept.signals["trained"].baseline
    assert taken.signals["emg"].baseline == kept.signals["emg"].baseline


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"protocol": []}, r"^protocol=\[\]: must be an object with named settings"),
        ({"protocol": {"treshold": 1}}, r"treshold=1: is not a setting; did you mean 'threshold'"),
        ({"further": {"emg": {"protocol": 3}}}, r"^further\.emg\.protocol=3: must be an object"),
        ({"further": {"emg": {"inhibit": True}}}, r"emg\.inhibit=True: is not a setting"),
        ({"protocol": {}, "furhter": {}}, r"^furhter={}: is not a setting"),
    ],
)
def test_what_is_wrong_in_older_settings_is_told(settings, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_configuration(settings)


def test_a_further_signal_may_have_had_the_name_that_the_trained_one_gets():
    settings = {"pipeline": {"steps": []}, "further": {"trained": {"inhibits": True}}}
    roles = {name: one.role for name, one in read_configuration(settings).signals.items()}
    assert roles == {"trained_": "reward", "trained": "inhibit"}


def test_a_builder_experiment_means_the_same_as_before(tmp_path):
    pytest.importorskip("psychopy.experiment")
    from psychopy import plugins

    plugins.activatePlugins()
    from psychopy_nfb.builder.compile import compile_experiment

    for name in ("smr_emg.psyexp", "smr_emg_trials.csv"):
        shutil.copy(OLDER / name, tmp_path)
    script = tmp_path / "older.py"
    logging.disable(logging.CRITICAL)
    try:
        compile_experiment(tmp_path / "smr_emg.psyexp", script)
    finally:
        logging.disable(logging.NOTSET)
    code = script.read_text("utf-8")
    begin = code.index("    smr = psychopy_nfb.Neurofeedback(")
    started = code[begin : code.index("smr.start()", begin)]
    assert started.index("'smr'") < started.index("role='reward'") < started.index("'emg'")
    assert started.index("'emg'") < started.index("role='inhibit'")
    assert "emg = smr.signals['emg']" in code
    assert "smr.begin_block(" in code
    assert "emg.begin_block(" not in code
    assert ".threshold = smr.display_threshold" in code
    assert "threshold_shown" not in code
