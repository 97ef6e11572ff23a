"""What a run keeps when the disk does not take it."""

from __future__ import annotations

import logging

import pandas as pd
import pytest

from psychopy_nfb import Neurofeedback

pytestmark = pytest.mark.slow


def test_settings_that_cannot_be_written_are_reported_and_come_with_the_next(
    amplifier, training, tmp_path, until, listen, caplog
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        listen(nfb, 1.0)
        path, aside = nfb.files.settings, tmp_path / "aside.json"
        path.rename(aside)
        path.mkdir()  # nothing can be put in its place
        with caplog.at_level(logging.ERROR):
            nfb.set(threshold=6.5)
            until(lambda: "cannot be replaced" in caplog.text, 5, "a report")
        path.rmdir()
        nfb.set(threshold=7.5)
        listen(nfb, 1.0)
        events = nfb.files.events
    assert [record.getMessage() for record in caplog.records if "Recording" in record.getMessage()]
    told = pd.read_csv(events, sep="\t")
    (detail,) = told[told.trial_type == "settings_not_written"].detail
    assert "cannot be replaced" in detail
    from psychopy_nfb.recording import read_session

    settings = read_session(path).settings
    assert settings["configuration"]["signals"]["trained"]["threshold"] == 7.5
    assert settings["configuration_at_start"]["signals"]["trained"]["threshold"] == 5.0
    assert settings["ended"] == "stopped"
