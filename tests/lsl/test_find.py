"""Streams that are found, and what is said of one that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import replace

import psutil
import pylsl
import pytest

from psychopy_nfb import SecondStream, StreamSelection, read_configuration
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.find import find_stream
from psychopy_nfb.settings import from_dict, to_dict

NOBODY = StreamSelection(name="Nobody", timeout=0.2)
AMPLIFIER = "psychopy_nfb.simulate.simulator"


FIND_NOBODY = """
from psychopy_nfb import StreamSelection
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.find import find_stream, list_streams

while not list_streams(0.5):
    pass
print("seen", flush=True)
input()
try:
    find_stream(StreamSelection(name="Nobody", timeout=0.2))
except StreamError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("lsl_alone")  # a stream of an earlier test would answer in time
def test_streams_of_a_computer_that_answers_late_are_named(start_module):
    process, _ = start_module(AMPLIFIER, "--name", "Late")
    stopped = psutil.Process(process.pid)
    with subprocess.Popen(
        [sys.executable, "-c", FIND_NOBODY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as finder:
        assert finder.stdout.readline() == "seen\n"
        stopped.suspend()
        later = threading.Timer(1.5, stopped.resume)
        later.start()
        try:
            said, _ = finder.communicate("go on\n", timeout=60)
        finally:
            later.join()
    assert re.search("no such stream within 0.2 s; .*'Late'", said)


@pytest.mark.slow
def test_a_stream_that_comes_while_others_are_looked_for_is_taken(start_module):
    process, source_id = start_module(AMPLIFIER, "--name", "Slow")
    assert pylsl.resolve_byprop("source_id", source_id, 1, 30)
    stopped = psutil.Process(process.pid)
    stopped.suspend()
    later = threading.Timer(1.5, stopped.resume)
    later.start()
    try:
        found = find_stream(StreamSelection(source_id=source_id, timeout=0.2))
    finally:
        later.join()
    assert found.source_id() == source_id


@pytest.mark.parametrize("of_any", [{}, {"type": ""}, {"type": None}])
def test_a_second_stream_is_of_any_type(of_any):
    aux = read_configuration({"aux": {"name": "GSRAmp", **of_any}}).aux
    assert aux == SecondStream(name="GSRAmp")
    assert str(aux) == "name='GSRAmp'"
    assert from_dict(SecondStream, to_dict(aux)) == aux


def test_the_eeg_is_of_type_eeg_unless_the_type_is_empty():
    assert str(StreamSelection(name="Amp")) == "name='Amp' and type='EEG'"
    assert str(StreamSelection(name="Amp", type="")) == "name='Amp'"


def test_what_is_wrong_with_a_second_stream_is_said_of_aux():
    with pytest.raises(StreamError, match="^aux=\"name='Nobody'\": no such stream"):
        find_stream(replace(SecondStream(name="Nobody"), timeout=0.2))
    with pytest.raises(StreamError, match="^stream="):
        find_stream(NOBODY)
