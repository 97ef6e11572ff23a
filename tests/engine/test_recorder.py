"""What a run keeps: in which pieces, and when the disk does not take it."""

from __future__ import annotations

import logging
import struct

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.recording import read_session

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
    settings = read_session(path).settings
    assert settings["configuration"]["signals"]["trained"]["threshold"] == 7.5
    assert settings["configuration_at_start"]["signals"]["trained"]["threshold"] == 5.0
    assert settings["ended"] == "stopped"


def chunks_of_samples(xdf):
    """Return how many chunks of samples a file has by stream number."""
    content, at, counts = xdf.read_bytes(), 4, {}
    while at < len(content):
        width = content[at]
        length = int.from_bytes(content[at + 1 : at + 1 + width], "little")
        begin = at + 1 + width
        tag, stream = struct.unpack_from("<HI", content, begin)
        if tag == 3:
            counts[stream] = counts.get(stream, 0) + 1
        at = begin + length
    return counts


def test_samples_that_come_one_by_one_are_written_a_tenth_of_a_second_together(
    amplifier, training, tmp_path, listen
):
    stream = amplifier("--chunk", "1", "--rate", "250")
    with Neurofeedback(training(stream.source_id), data=tmp_path) as nfb:
        records = listen(nfb, 3.0)
        nfb.pause()
        listen(nfb, 1.0)
        files = nfb.files
    session = read_session(files.settings)
    n = len(session.eeg.samples)
    assert n > 500
    chunks = chunks_of_samples(files.eeg)
    assert chunks[1] < n / 10, "EEG"
    assert chunks[2] < n / 10, "signals"
    assert len(records) > 2 * chunks[1]  # what is published does not wait
    assert (np.diff(session.eeg.stamps) > 0).all()
    # The samples of one chunk have flags of their own, and the event lies where they change.
    events = pd.read_csv(files.events, sep="\t")
    paused = events[events.trial_type == "pause"]["sample"].item()
    flags = events[(events.trial_type == "flags") & events.value.str.contains("PAUSED", na=False)]
    assert flags["sample"].tolist() == [paused]
