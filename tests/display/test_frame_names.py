"""What the frame log calls marks and blocks, also of frames that were shown during an outage."""

from __future__ import annotations

import os
import signal

import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.recording import read_session


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_frames_after_an_outage_have_the_names_of_marks_and_blocks(
    amplifier, training, open_window, tmp_path, until
):
    """Marked and shown while the background process is away, and named once it is back."""
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        window = open_window()
        nfb.attach(window, pace=60)
        until(lambda: nfb.update() or not nfb.stale, 10, "values")
        os.kill(nfb.worker_pid, signal.SIGKILL)
        marks = [f"mark {number}" for number in range(15)]
        with nfb.block("while it is away"):
            for frame in range(60):
                if frame % 4 == 0:
                    nfb.mark(marks[frame // 4])
                nfb.update()
                window.flip()
            until(lambda: nfb.update() or (nfb.restarts == 1 and not nfb.stale), 20, "it again")
    frames = read_session(nfb.files.stem).frames
    assert frames.block.dropna().unique().tolist() == ["while it is away"]
    assert frames.mark.dropna().tolist() == marks
