"""Mistakes of people who write experiments or call commands: each gets its sentence."""

import math
import subprocess
import sys

import pytest

from psychopy_nfb import (
    Neurofeedback,
    band_amplitude,
    run_baseline,
    show_signal_check,
    standard_training,
)
from psychopy_nfb.display.event_marks import NO_LABEL
from psychopy_nfb.engine.worker_launch import remove_log
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import Reward
from psychopy_nfb.recording import read_session

GREETING = (
    "2026-11-26 23:35:17.195 (   0.135s) [        23C74B80]         api_config.cpp:126   INFO| "
    "Loaded default config\n"
)
TEST_SIGNAL = StreamSelection(test_signal=True)
WARNING = GREETING.replace("INFO", "WARN")


@pytest.mark.parametrize("make", [standard_training, band_amplitude])
def test_a_misspelt_parameter_is_named_with_the_one_that_was_meant(make):
    with pytest.raises(SettingsError, match=r"chanels='Oz'.*did you mean 'channels'"):
        make(chanels="Oz")


@pytest.mark.parametrize("settings", [None, 5, ["alpha.json"]])
def test_what_holds_no_settings_is_refused(settings):
    with pytest.raises(SettingsError, match=r"settings="):
        Neurofeedback(settings)


@pytest.mark.parametrize("seconds", [0, -1, "soon", float("nan")])
def test_stale_after_is_a_length_of_time(seconds):
    with pytest.raises(SettingsError, match=r"stale_after="):
        Neurofeedback(standard_training(), stale_after=seconds)


def test_a_reward_takes_no_points_away():
    with pytest.raises(SettingsError, match=r"points=-1"):
        Reward(points=-1)


@pytest.mark.slow
def test_no_window_and_no_label(amplifier, training, tmp_path):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        with pytest.raises(SettingsError, match=r"win=None: must be PsychoPy's window"):
            nfb.attach(None)
        for label in ("", "n/a", " ", "'n/a"):
            nfb.mark(label)
    events = read_session(nfb.files.stem).events
    assert events[events.trial_type == "mark"].value.tolist() == [
        NO_LABEL,
        "n/a",
        NO_LABEL,
        "'n/a",
    ]


@pytest.mark.display
@pytest.mark.slow
def test_waits_and_facts_that_are_none_are_named(training, open_window):
    nfb = Neurofeedback(training("none", stream=TEST_SIGNAL))
    for call in (lambda: nfb.end_baseline(-1), lambda: nfb.tell_plan({})):
        with pytest.raises(SettingsError, match=r"call start\(\)"):
            call()
    with nfb:
        window = open_window()
        nfb.attach(window)
        for wait in (-1, math.nan, "soon"):
            with pytest.raises(SettingsError, match=r"^wait="):
                nfb.end_baseline(wait)
        for show in (run_baseline, show_signal_check):
            with pytest.raises(SettingsError, match=r"^wait=-1: .* 0"):
                show(nfb, window, wait=-1)
        for facts in (None, [1], "plan"):
            with pytest.raises(SettingsError, match=r"^facts=.*must be a dictionary"):
                nfb.tell_plan(facts)
        with pytest.raises(SettingsError, match=r"^facts\['win'\]=.*JSON"):
            nfb.tell_plan({"blocks": 3, "win": window})
        assert not nfb.calibrated
        assert nfb.refusal is None


@pytest.mark.alone
@pytest.mark.slow
def test_after_its_end_a_session_is_stale_and_has_no_process(training, until):
    with Neurofeedback(training("none", stream=TEST_SIGNAL)) as nfb:
        until(lambda: nfb.update() or not nfb.stale, 20, "values")
        assert nfb.worker_pid is not None
    assert nfb.stale
    assert nfb.worker_pid is None


@pytest.mark.parametrize(("text", "kept"), [(GREETING, False), ("", False), (WARNING, True)])
def test_a_worker_s_log_is_kept_if_it_tells_something(tmp_path, text, kept):
    log = tmp_path / "worker.log"
    log.write_text(text + "\n")
    remove_log(str(log), if_empty=True)
    assert log.exists() == kept


def test_a_reader_that_has_read_enough_ends_a_command_without_a_word():
    command = subprocess.Popen(
        [sys.executable, "-m", "psychopy_nfb.cli", "bench", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    assert command.wait() == 0


def test_a_mains_frequency_that_there_is_nowhere_is_refused():
    sentence = r"line_frequency=55: must be one of 50, 60, None"
    with pytest.raises(SettingsError, match=sentence):
        standard_training(line_frequency=55)
    steps = [
        standard_training(line_frequency=at).signals["trained"].pipeline.steps for at in (60, None)
    ]
    assert [sum(type(step).__name__ == "Notch" for step in own) for own in steps] == [1, 0]
