"""A stream that comes back under another source_id, and markers that come right after the start."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import uuid

import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import Flags
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow

N_PROGRAMS = 20
PROMPT = """
import sys, pylsl
n, begin = int(sys.argv[1]), sys.argv[2]
outlets = [
    pylsl.StreamOutlet(
        pylsl.StreamInfo(f"{begin}-{k}", "Markers", 1, 0, "string", f"{begin}-{k}")
    )
    for k in range(n)
]
print("open", flush=True)
sys.stdin.readline()
for k, outlet in enumerate(outlets):
    outlet.push_sample([f"{begin} {k}"])
sys.stdin.read()
"""


@pytest.mark.kind("amplifier started again with another source_id", "refused")
def test_a_stream_like_the_lost_one_is_told_and_not_taken(
    odd_amplifier, training, tmp_path, until, caplog
):
    name = f"Odd-{uuid.uuid4().hex[:8]}"
    first = odd_amplifier(name=name, seconds=6.0)
    with caplog.at_level(logging.WARNING), Neurofeedback(training(first), data=tmp_path) as nfb:
        until(lambda: nfb.update() or "stream_lost" in nfb.files.events.read_text(), 20, "the loss")
        second = odd_amplifier(name=name, seconds=60.0)
        odd_amplifier(name=name, seconds=60.0, labels=["Cz", "Oz"])  # of fewer channels
        until(lambda: f"its source_id is '{second}'" in caplog.text, 20, "the sentence")
        until(lambda: nfb.update() or nfb.stale, 5, "no new values")
        assert nfb.flags & Flags.NO_DATA
    events = read_session(nfb.files.stem).events
    assert "stream_back" not in set(events.trial_type)
    (told,) = map(json.loads, events[events.trial_type == "stream_differs"].detail)
    assert told["source_id"] == second
    assert told["sentence"] == (
        f"A stream '{name}' that looks like the lost one is there, but its source_id is "
        f"'{second}' instead of '{first}'. It may be another person's amplifier, so it is not "
        "taken. If it is the same amplifier, start the experiment again with it, or let its "
        "program send under the first source_id."
    )


def test_markers_that_are_sent_as_the_start_ends_are_all_recorded(
    odd_amplifier, training, tmp_path, until
):
    begin = uuid.uuid4().hex[:8]
    source_id = odd_amplifier(seconds=60.0)
    command = [sys.executable, "-c", PROMPT, str(N_PROGRAMS), begin]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as programs:
        assert programs.stdout.readline().strip() == b"open"
        with Neurofeedback(training(source_id), data=tmp_path) as nfb:
            programs.stdin.write(b"now\n")
            programs.stdin.flush()
            until(
                lambda: f"{begin} {N_PROGRAMS - 1}" in nfb.files.events.read_text(), 20, "the last"
            )
        programs.stdin.close()
        programs.wait(10)
    events = read_session(nfb.files.stem).events
    sent = {f"{begin} {k}" for k in range(N_PROGRAMS)}
    assert sent <= set(events[events.trial_type == "marker"].value)
