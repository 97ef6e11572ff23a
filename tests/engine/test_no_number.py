"""A training whose numbers overflow goes on, and says which step it is."""

from __future__ import annotations

import math

import numpy as np

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import DCBlock, Flags, Pick, Pipeline, SpatialFilter
from psychopy_nfb.recording import read_session


def test_a_step_that_gives_no_number_is_a_flag_an_event_and_a_sentence(
    amplifier, training, tmp_path, until, caplog
):
    # Each weight is within its bounds; together they are beyond what 64 bits hold.
    names = ["Oz", *(f"times {n}" for n in range(26))]
    large = [SpatialFilter({name: {names[n]: 1e12}}) for n, name in enumerate(names[1:])]
    pipeline = Pipeline([Pick(["Oz"]), DCBlock(), *large])
    settings = training(amplifier().source_id, pipeline=pipeline)
    with Neurofeedback(settings, data=tmp_path) as nfb:
        until(lambda: "gave no finite number" in caplog.text, 5, "the sentence")

        def flagged():
            nfb.update()
            return nfb.flags & Flags.INVALID

        until(flagged, 5, "the flag")
        assert math.isfinite(nfb.signal)
        files = nfb.files
    session = read_session(files.stem)
    failed = session.events[session.events.trial_type == "step_failed"]
    assert len(failed) == 1
    assert "pipeline.steps[" in failed.detail.iloc[0]
    assert np.isfinite(session.signals.trained_signal).all()
