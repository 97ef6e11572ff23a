"""A simulated amplifier is for the run that started it; who trains on one is told so."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pylsl
import pytest

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.errors import StreamError
from psychopy_nfb.hardware.profiles import scan
from psychopy_nfb.lsl.find import find_stream, list_streams
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.lsl.selection import STAND_IN, StreamSelection
from psychopy_nfb.recording import read_session
from psychopy_nfb.simulate.simulated_amplifier import SimulatedAmplifier, is_there

ANY_EEG = StreamSelection(type="EEG", timeout=1.0)


@pytest.fixture
def stand_in():
    """Return a simulated amplifier in place of one, on LSL with all of its streams."""
    one = SimulatedAmplifier()
    own = one.selection.source_id
    try:
        assert pylsl.resolve_bypred(f"starts-with(source_id, '{own}')", 3, 20)
        yield one
    finally:
        one.stop()


def test_a_stand_in_is_found_by_its_own_run_alone(stand_in, amplifier):
    own = stand_in.selection
    assert find_stream(own).source_id() == own.source_id
    for others in (
        ANY_EEG,
        StreamSelection(name="Simulated", type=None, timeout=0.5),
        StreamSelection(predicate="contains(name, 'Sim') or type='EEG'", timeout=0.5),
    ):
        assert not is_there(others)
        with pytest.raises(StreamError) as told:
            find_stream(others)
        assert STAND_IN not in str(told.value)
    assert str(ANY_EEG) == "type='EEG'"  # as the person said it
    assert [one for one in list_streams(1.0) if one.source_id().startswith(STAND_IN)] == []
    assert [one for one in scan() if str(one.get("source_id")).startswith(STAND_IN)] == []
    real = amplifier("--name", "Real")
    found = find_stream(replace(ANY_EEG, timeout=20))  # one, not two that match
    assert found.source_id() == real.source_id


def test_markers_of_a_stand_in_are_for_its_own_run_alone(stand_in, until):
    own = stand_in.selection.source_id
    watchers = [MarkerWatcher(eeg=eeg) for eeg in (own, "amp-1", None)]
    try:
        taken = [[], [], []]

        def blinked():
            for so_far, watcher in zip(taken, watchers, strict=True):
                so_far += watcher.take()
            return taken[0]

        until(blinked, 20, "a marker of the simulator's")
        until(lambda: all(len(one._known) for one in watchers), 5, "the others have looked, too")
        blinked()
        assert {one.stream for one in taken[0]} == {"SimulatedMarkers"}
        assert taken[1:] == [[], []]
    finally:
        for watcher in watchers:
            watcher.close()


def test_a_run_on_a_simulator_of_another_program_is_recorded_as_simulated(
    amplifier, training, tmp_path, caplog
):
    simulator = amplifier()
    with caplog.at_level(logging.WARNING, "psychopy_nfb"):
        nfb = Neurofeedback(training(simulator.source_id), data=tmp_path)
        assert not nfb.simulated
        with nfb:
            assert nfb.simulated
    assert sum("is synthetic EEG" in one.message for one in caplog.records) == 1
    settings = read_session(nfb.files.stem).settings
    assert settings["experiment"]["simulated"] is True
    assert settings["stream"]["simulated"] == "synthetic EEG"


def test_a_run_on_a_stream_that_says_nothing_of_it_is_not_recorded_as_simulated(
    planted, training, tmp_path
):
    with Neurofeedback(training(planted("Oz:10:10")), data=tmp_path) as nfb:
        assert not nfb.simulated
    settings = read_session(nfb.files.stem).settings
    assert settings["experiment"]["simulated"] is False
    assert settings["stream"]["simulated"] is None


@pytest.fixture
def planted(unique_id):
    """Return a function that starts an amplifier that is none of the simulator's."""
    amplifier = Path(__file__).parent.parent / "display" / "planted_amplifier.py"
    running = []

    def start(*channels):
        running.append(
            subprocess.Popen([sys.executable, str(amplifier), unique_id, "250", *channels])
        )
        return unique_id

    yield start
    for process in running:
        process.kill()
        process.wait()
