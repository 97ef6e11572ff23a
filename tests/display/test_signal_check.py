"""The page that shows which channels are good, in a real window, of a stream from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.display.signal_check import SignalCheckResult
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]
AMPLIFIER = Path(__file__).with_name("planted_amplifier.py")
GOOD = ("Cz:10:10", "C3:10:10", "C4:10:10", "P3:10:10", "P4:12:6", "O2:20:1")
FAULTY = ("Fz:64:50", "Pz:200:2", "T7:0:0:60", "O1:0:0:0")
NO_EEG = ("TRIGGER:0:0:0", "Battery:0:0:0", "EOG1:150:1")
ORANGE, BLUE = (255, 159, 64), (43, 182, 240)


@pytest.fixture
def planted(unique_id):
    """Return a function that starts an amplifier whose channels are known."""
    running = []

    def start(*channels, rate=250):
        command = [sys.executable, str(AMPLIFIER), unique_id, str(rate), *channels]
        running.append(subprocess.Popen(command))
        return unique_id

    start.running = running
    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def checked(planted, training, open_window, grab, tmp_path, monkeypatch):
    """Return a function that runs the check, and gives its result, page, last picture and nfb.

    ``press`` are keys, each with the seconds after which it is pressed.
    """
    from psychopy import event

    from psychopy_nfb.display import pace, show_signal_check, signal_check

    pages, keys = [], []

    class Kept(signal_check.ChannelPage):
        """The page itself, to be looked at afterwards."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            pages.append(self)
            for key, after in keys:
                press = {"emulated": True}
                threading.Timer(after, event._onPygletKey, (key, 0), press).start()

    monkeypatch.setattr(signal_check, "ChannelPage", Kept)

    def check(*channels, size=(800, 600), wait=3.5, trained="Oz", press=(), **settings):
        from psychopy_nfb.dsp import DCBlock, Pick, Pipeline

        keys[:] = press
        source_id = planted(*channels)
        win = open_window(size, **settings)
        pace(win, 60)
        configuration = training(source_id, pipeline=Pipeline([Pick([trained]), DCBlock()]))
        with Neurofeedback(configuration, data=tmp_path) as nfb:
            nfb.attach(win)
            result = show_signal_check(nfb, win, wait=wait)
            for _ in range(len(pages[0].pictures)):
                pages[0].draw()  # what was still to be painted
            picture = grab(win).astype(int)
        return result, pages[0], picture, nfb

    return check


def said(page):
    """Return everything that is written, in the order in which it is read."""
    return [part.text for one in page.pictures for part in one.parts if hasattr(part, "text")]


def colored(picture, color, box):
    """Return how many pixels of a box, in pixels from the window's centre, have a colour."""
    height, width = picture.shape[:2]
    left, right = round(box[0] + width / 2), round(box[2] + width / 2)
    top, bottom = round(height / 2 - box[3]), round(height / 2 - box[1])
    part = picture[max(0, top) : bottom, max(0, left) : right]
    return int((np.abs(part - color).max(axis=-1) < 40).sum())


@pytest.fixture
def dot_box():
    """Return the box of a channel's dot on a page."""

    def box_of(page, cell):
        half = 0.6 * page.layout.small
        x, y = cell.dot
        return (x - half, y - half, x + half, y + half)

    return box_of


@pytest.mark.parametrize(
    ("size", "settings"),
    [((800, 600), {"units": "deg", "color": "grey"}), ((1200, 700), {"units": "norm"})],
)
def test_bad_channels_are_named_with_reason_and_remedy(checked, dot_box, size, settings):
    from psychopy import monitors

    monitor = monitors.Monitor("test", width=32, distance=57, autoLog=False)
    monitor.setSizePix(size)
    result, page, picture, nfb = checked(
        *FAULTY, *GOOD, "Oz:20:10", *NO_EEG, size=size, monitor=monitor, **settings
    )
    # 64 and 200 µV have these root mean squares, with 3 µV of noise beside them.
    told = {
        label: re.fullmatch(r"(\D*?)(?: (\d+) µV)?", reason[5 * (label == "Fz") :])
        for label, reason in result.bad.items()
    }
    faults = {label: (found[1], found[2] and int(found[2])) for label, found in told.items()}
    assert set(faults) == {"Fz", "Pz", "T7", "O1"}
    assert result.bad["Fz"].startswith("50 Hz mains hum ")
    assert faults["Fz"][1] == pytest.approx(64 / np.sqrt(2), abs=1.5)
    assert faults["Pz"] == ("large slow swings", pytest.approx(200 / np.sqrt(2), abs=3))
    assert faults["T7"][0] == "muscles or noise"
    assert faults["O1"] == ("flat", None)
    words = " ".join(said(page)).replace("\u00a0", " ")
    for sentence in (
        "4 of 12 channels are bad",
        "O1: flat Plug in the electrode;",
        r"Fz 4[4-6] µV: 50 Hz mains hum Add gel until the hum goes; check ground and reference",
    ):
        assert re.search(sentence, words), sentence
    amplitudes = {one.label: one.amplitude for one in nfb.channels}
    assert amplitudes["Cz"] == pytest.approx(np.hypot(10 / np.sqrt(2), 3), rel=0.05)
    assert amplitudes["Pz"] == pytest.approx(200 / np.sqrt(2), rel=0.05)
    for label, cell in zip(amplitudes, page.layout.cells, strict=True):
        orange, blue = (colored(picture, one, dot_box(page, cell)) for one in (ORANGE, BLUE))
        if label in result.bad:
            assert (orange > 5, blue) == (True, 0), label
        elif label in ("TRIGGER", "Battery"):
            assert orange == blue == 0, label
        else:
            assert (blue > 15, orange) == (True, 0), label
    session = read_session(nfb.files.stem)
    (mark,) = session.events[session.events.trial_type == "mark"].value
    assert mark.startswith("signal check: ")
    assert "Fz" in mark
    assert session.frames[session.frames.block == "signal check"].shown.isna().all()


def test_a_trace_follows_the_signal_within_its_row(checked):
    result, page, picture, nfb = checked("Oz:30:1:0", "Cz:30:1:0", "Ch3:30:2:0")
    assert result.bad == {}
    assert "All 3 channels are good. Go on: press space." in " ".join(said(page))
    height, width = picture.shape[:2]
    for cell, hertz in zip(page.layout.cells, (1, 1, 2), strict=True):
        left, bottom, right, top = cell.trace
        columns = np.arange(round(left + width / 2) + 3, round(right + width / 2) - 3)
        rows = np.arange(round(height / 2 - top), round(height / 2 - bottom))
        bright = picture[rows[:, None], columns].min(axis=-1) > 120
        assert bright.any(axis=0).mean() > 0.95  # from one end to the other
        columns, bright = columns[bright.any(axis=0)], bright[:, bright.any(axis=0)]
        level = (rows[:, None] * bright).sum(axis=0) / bright.sum(axis=0)
        seconds = 2 * (columns + 0.5 - width / 2 - left) / (right - left)
        waves = np.column_stack([f(2 * np.pi * hertz * seconds) for f in (np.cos, np.sin)])
        waves = np.column_stack((waves, seconds, np.ones(len(seconds))))
        fit, *_ = np.linalg.lstsq(waves, level, rcond=None)
        assert np.corrcoef(waves @ fit, level)[0, 1] > 0.97
        amplitude = np.hypot(*fit[:2]) * 100 / (top - bottom)  # a row is 100 µV high
        assert amplitude == pytest.approx(30, rel=0.12)


def check_marks(nfb):
    events = read_session(nfb.files.stem).events
    return list(events[events.trial_type == "mark"].value)


def test_the_key_has_no_effect_before_the_first_result(checked):
    keys = (("space", 0.4), ("space", 4.0))
    result, page, _, nfb = checked("Oz:10:10", "Cz:10:10", wait=20, press=keys)
    assert result == SignalCheckResult(bad={}, escaped=False, judged=True)
    assert "All 2 channels are good" in " ".join(said(page))
    assert check_marks(nfb) == ["signal check: all good"]


def test_a_check_left_before_its_first_result_is_not_judged(checked):
    keys = [("escape", 0.4)]
    result, page, _, nfb = checked("Oz:200:2", "Cz:0:0:0", wait=20, press=keys)
    assert result == SignalCheckResult(bad={}, escaped=True, judged=False)
    assert "two seconds; then press space" in " ".join(said(page))
    assert check_marks(nfb) == ["signal check: not judged"]


def test_a_stream_without_eeg_is_not_judged(checked):
    result, _, _, nfb = checked(*NO_EEG[:2], trained="Battery")
    assert result == SignalCheckResult(bad={}, escaped=False, judged=False)
    assert check_marks(nfb) == ["signal check: not judged"]


def test_verdicts_of_a_stream_that_fell_silent_do_not_count(checked, planted):
    threading.Timer(5.0, lambda: [one.kill() for one in planted.running]).start()
    result, _, _, nfb = checked("Oz:10:10", "Cz:10:10", wait=8)
    assert result == SignalCheckResult(bad={}, escaped=False, judged=False)
    assert check_marks(nfb) == ["signal check: not judged"]


def test_a_hum_on_most_channels_points_to_ground_and_reference(checked):
    channels = [f"E{number}:64:50" for number in range(40)]
    result, page, _, _ = checked(*channels, "Oz:10:10", trained="Oz")
    assert len(result.bad) == 40
    words = " ".join(said(page))
    assert "check ground, reference and amplifier first" in words
    for picture in page.pictures:  # all that is written is inside of its picture
        for part in picture.parts:
            if hasattr(part, "text"):
                left, bottom, right, top = part.box
                low, high = picture.box[:2], picture.box[2:]
                assert min(left - low[0], bottom - low[1]) >= -1, part
                assert min(high[0] - right, high[1] - top) >= -1, part


@pytest.mark.parametrize("count", [1, 128])
def test_a_frame_paints_at_most_one_picture_and_draws_as_many_stimuli(open_window, count):
    from psychopy_nfb.display.channel_page import ChannelPage
    from psychopy_nfb.display.letters import Picture
    from psychopy_nfb.dsp import ChannelVerdict

    win = open_window((800, 600))
    page = ChannelPage(win, "Signal check", "space")
    labels = [f"E{number}" for number in range(count)]
    for amplitude in (10.0, 20.0):
        verdicts = [ChannelVerdict(label, amplitude) for label in labels]
        page.show(verdicts, np.zeros((count, 100)), silent=False)
        for _ in range(20):
            before = [one.parts for one in page.pictures]
            page.draw()
            after = [one.parts for one in page.pictures]
            assert sum(one is not other for one, other in zip(before, after, strict=True)) <= 1
            win.flip()
    assert all(isinstance(one, Picture) for one in page.pictures)
    assert len(page.pictures) <= 12
    assert len(set(said(page))) >= min(count, 8)


def test_a_silent_stream_is_told_and_told_no_more_when_it_is_back(open_window):
    from psychopy_nfb.display.channel_page import ChannelPage
    from psychopy_nfb.dsp import ChannelVerdict

    page = ChannelPage(open_window((800, 600)), "Signal check", "space")
    verdicts, traces = [ChannelVerdict("Oz", 10.0), ChannelVerdict("Cz", 9.0)], np.zeros((2, 100))
    for silent, sentence in ((False, "All 2 channels"), (True, "No samples"), (False, "All 2")):
        page.show(verdicts, traces, silent)
        for _ in range(10):
            page.draw()
        assert sentence in " ".join(said(page))


def test_traces_are_sent_only_while_the_check_is_on(planted, training, until):
    with Neurofeedback(training(planted("Oz:10:10", "Cz:10:10")), data=None) as nfb:
        messages = []
        take = nfb._link.handle._on_message
        nfb._link.handle._on_message = lambda one: (messages.append(one["kind"]), take(one))
        nfb.watch_channels(True)
        until(lambda: nfb.channel_traces.size, 6, "traces")
        assert nfb.channel_traces.shape == (2, 100)
        nfb.watch_channels(False)
        time.sleep(0.6)  # for what was on its way
        messages.clear()
        time.sleep(0.8)
        assert "channels" not in messages
