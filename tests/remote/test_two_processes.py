"""The screen's process and the amplifier's, on one machine: real streams, real connections."""

import json

import numpy as np
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow


def test_row_112_values_calibration_and_commands_go_over_the_network(
    amplifier, training, worker, token, tmp_path, listen
):
    eeg = worker()
    settings = training(amplifier().source_id, normalise="zscore", display_range=None)
    with Neurofeedback(settings, data=tmp_path / "screen", remote=eeg.name) as nfb:
        with nfb.baseline():
            listen(nfb, 4.0)
        assert nfb.calibrated, nfb.refusal
        with nfb.block("training"):
            nfb.set(threshold=-5.0, dwell=0.1)
            records = listen(nfb, 3.0)
            nfb.mark("here")
            assert nfb.score > 0
        nfb.pause()
    session = read_session(eeg.stem())
    assert np.diff(session.eeg.stamps) == pytest.approx(1 / 250, abs=1e-6)
    rows = session.signals.set_index("sample")
    for record in map(nfb_named(settings), records):
        assert record["trained_z"] == rows.loc[record["sample"], "trained_z"]
        assert record["t_sample"] == pytest.approx(rows.loc[record["sample"], "t"], abs=1e-3)
        assert record["t_published"] < record["t_arrived"] + 1e-3
    events = session.events
    assert [*events[events.trial_type == "block_begin"].value] == ["baseline", "training"]
    assert (events.trial_type == "pause").sum() == 1
    mark = events[events.trial_type == "mark"].iloc[0]
    assert abs(session.eeg.stamps[mark["sample"]] - mark.t) <= 1 / 250
    assert session.settings["configuration"]["signals"]["trained"]["threshold"] == -5.0
    remote = session.settings["remote"]
    assert abs(remote["clock"]["offset"]) < 1e-3
    assert 0 < remote["clock"]["uncertainty"] < 1e-2
    screen = json.loads(nfb.files.settings.read_text("utf-8"))["remote"]
    assert screen["complete"]
    assert screen["worker_files"] == eeg.stem().name


def nfb_named(settings):
    from psychopy_nfb.engine.records import feedback_layout

    return feedback_layout(settings.value_names).named
