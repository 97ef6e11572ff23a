"""Settings and sessions that version 0.1 wrote: read, computed again, reported on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.recording import read_session
from psychopy_nfb.report.command import write_report

OLDER = Path(__file__).parents[1] / "data" / "version_0_1"
STEM = OLDER / "sub-01_ses-01_task-older_run-01"


def test_a_session_is_computed_again_to_the_same_values():
    session = read_session(STEM)
    values, flags = rerun(session)
    recorded = session.signals.drop(columns=["t", "flags", "sample"])
    assert values.shape == recorded.shape == (1833, 16)
    assert np.allclose(values, recorded, rtol=0, atol=1e-9, equal_nan=True)
    assert (flags == session.signals["flags"]).all()


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
