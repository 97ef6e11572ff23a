"""Amplifiers on LSL whose stamps or rates are odd: read, corrected and told, or refused."""

from __future__ import annotations

import json
import logging
import os
import signal
import time

import numpy as np
import pylsl
import pytest
from trainings import VALUE_NAMES

from psychopy_nfb import Neurofeedback
from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.records import DELAY
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import read_session, to_mne

pytestmark = pytest.mark.slow


@pytest.fixture
def open_inlet(odd_amplifier):
    """Open an inlet on an odd amplifier that has run for `after` seconds.

    ``rate_set`` is the rate that the user sets.
    """
    opened = []

    def start(rate_set=None, after=0.0, **settings):
        source_id = odd_amplifier(**settings)
        time.sleep(after)
        inlet = Inlet(StreamSelection(source_id=source_id, timeout=15.0, rate=rate_set))
        opened.append(inlet)
        return inlet

    yield start
    for inlet in opened:
        inlet.close()


def take(inlet, seconds):
    """Return stamps, the delay of each block's last one, and the rows of breaks."""
    stamps, late, breaks, n = [], [], [], 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        waited = not inlet.waiting
        pulled = inlet.pull(0.1)
        if pulled is None:
            continue
        breaks += [n + row for row in inlet.clock.breaks]
        stamps.append(pulled[1].copy())
        n += len(pulled[1])
        if waited:
            late.append(lsl_now() - pulled[1][-1])
    return np.concatenate(stamps), np.array(late), breaks


def update_for(nfb, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        nfb.update()
        time.sleep(0.005)


def told(inlet):
    return [what for what, _ in inlet.clock.events]


@pytest.mark.kind("EEG stamped in Unix time (Muse bridges)", "corrected")
def test_unix_time(odd_amplifier, training, tmp_path, caplog):
    pytest.importorskip("mne")
    source_id = odd_amplifier(stamps="unix")
    info = pylsl.StreamInfo("Bridge", "Markers", 1, 0, "string", f"{source_id}-markers")
    outlet = pylsl.StreamOutlet(info)
    marks = []
    with caplog.at_level(logging.WARNING), Neurofeedback(training(source_id), data=tmp_path) as nfb:
        update_for(nfb, 1.0)
        for number in range(3):
            marks.append(lsl_now())
            nfb.mark(f"mark {number}")
            outlet.push_sample([f"bridge {number}"], time.time())
            update_for(nfb, 0.4)
        assert not nfb.stale
        assert 0 <= nfb.age < 1
        unix = time.time() - pylsl.local_clock()
    session = read_session(nfb.files.stem)
    stamps, events = session.eeg.stamps, session.events
    (offset,) = events[events.trial_type == "clock_offset"].detail
    assert json.loads(offset)["seconds"] == pytest.approx(unix, abs=0.5)
    warnings = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert len(warnings) == 2, "one of the EEG, one of the markers"
    # The amplifier stamps each sample with the Unix time of LSL's clock then, so that the offset
    # lacks the shortest delay of the way here and nothing else.
    error = session.settings["stamps"]["offset"] + unix
    assert 0 <= error < 0.02
    bridged = events[events.value.fillna("").str.startswith("bridge")]
    assert bridged.t.tolist() == pytest.approx(marks, abs=0.03)
    here = events[events.trial_type == "mark"]
    assert here.t.tolist() == pytest.approx(marks, abs=0.002)
    nearest = np.abs(stamps[None] - np.array(marks)[:, None]).argmin(axis=1)
    assert np.abs(here["sample"].to_numpy() - nearest).max() <= 1
    raw = to_mne(session)
    at = [a["onset"] for a in raw.annotations if a["description"].startswith("mark/")]
    assert np.round(np.array(at) * 250).astype(int).tolist() == here["sample"].tolist()
    assert session.settings["continuity"]["n_gaps"] == 0
    values, _ = rerun(session)
    recorded = session.signals[list(VALUE_NAMES)].to_numpy()
    assert np.abs(values - recorded[: len(values)]).max() < 1e-9
    lag = lag_summary(session.frames, session.settings)
    assert lag.clock_note.startswith("The amplifier's stamps were +")
    assert lag.clock_note in lag.table()


@pytest.mark.kind("EEG stamped by the device's own clock", "corrected")
def test_a_clock_of_its_own(open_inlet):
    inlet = open_inlet(stamps="device")
    stamps, late, breaks = take(inlet, 1.0)
    assert told(inlet) == ["clock_offset"]
    assert breaks == []
    assert np.diff(stamps) == pytest.approx(1 / 250, abs=0.004)
    assert late.min() >= 0
    assert np.median(late) < 0.1


@pytest.mark.kind("a program that holds samples back for two seconds", "corrected")
def test_samples_that_are_held_back_may_be_so_or_their_clock_is_wrong(open_inlet):
    inlet = open_inlet(held=2.0, after=2.5)
    stamps, late, breaks = take(inlet, 1.0)
    assert told(inlet) == ["clock_offset"]
    sentence = inlet.clock.events[0][1]["sentence"]
    assert sentence.startswith("Samples arrive 2.")
    assert "its program holds samples back" in sentence
    assert "feedback is 2." in sentence
    assert breaks == []
    assert abs(late.min()) < 0.1, "not two seconds"


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("forward", marks=pytest.mark.kind("stamps that jump forward", "corrected")),
        pytest.param("back", marks=pytest.mark.kind("stamps that jump back", "corrected")),
    ],
)
def test_a_clock_that_jumps(open_inlet, kind):
    inlet = open_inlet(stamps=kind, at=1.5)
    stamps, late, breaks = take(inlet, 1.5)
    first = round(1.5 * 250)
    assert len(breaks) == 1
    assert breaks[0] <= first
    assert told(inlet) == ["clock_jump"]
    # On as before, for want of anything better: samples are as late as they were.
    assert stamps[-1] - stamps[0] == pytest.approx((len(stamps) - 1) / 250, abs=0.03)
    assert (np.diff(stamps) > 0).all()
    assert late.min() >= 0


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("nan", marks=pytest.mark.kind("stamps that are no numbers", "corrected")),
        pytest.param("zeros", marks=pytest.mark.kind("stamps of 0", "read")),
    ],
)
def test_samples_without_a_stamp(open_inlet, kind):
    inlet = open_inlet(stamps=kind, at=1.0)
    stamps, _, breaks = take(inlet, 1.0)
    assert breaks == []
    # liblsl itself stamps what is sent with 0 as it is sent, so that only NaN comes here.
    assert told(inlet) == (["stamps_missing"] if kind == "nan" else [])
    assert (np.diff(stamps) > 0).all()
    assert stamps[-1] - stamps[0] == pytest.approx((len(stamps) - 1) / 250, abs=0.03)


@pytest.mark.kind("chunks of 250 ms, stamped on arrival", "corrected")
def test_chunks_stamped_on_arrival(odd_amplifier, training, tmp_path, until, caplog):
    source_id = odd_amplifier(stamps="arrival", chunk=64, rate=256.0)
    stale = []
    with caplog.at_level(logging.WARNING), Neurofeedback(training(source_id), data=tmp_path) as nfb:
        assert nfb.stale_after == pytest.approx(0.375, abs=0.02)
        until(lambda: nfb.update() or not nfb.stale, 10, "a value")
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            nfb.update()
            stale.append(nfb.stale)
            time.sleep(0.01)
    session = read_session(nfb.files.stem)
    assert np.mean(stale) < 0.1
    assert [r.getMessage() for r in caplog.records if "spaced evenly" in r.getMessage()]
    kinds = session.events.trial_type.tolist()
    assert kinds.count("stamps_counted") == 1
    assert "gap" not in kinds
    steps = np.diff(session.eeg.stamps)
    assert steps.min() > 0
    assert steps.max() < 0.02
    assert not (session.signals["flags"] & int(Flags.GAP)).any()


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        pytest.param(256.0, 128.0, marks=pytest.mark.kind("half of the rate", "corrected")),
        pytest.param(256.0, 200.0, marks=pytest.mark.kind("200 Hz declared as 256", "corrected")),
    ],
)
def test_a_rate_that_is_not_the_declared_one(open_inlet, declared, real):
    inlet = open_inlet(rate=declared, real_rate=real, chunk=4)
    assert inlet.info.rate == real
    (what, detail), *others = inlet.clock.events
    assert (what, others) == ("rate_differs", [])
    assert f"declares {declared:g} Hz but has {real:g}" in detail["sentence"]
    stamps, _, breaks = take(inlet, 0.5)
    assert breaks == []
    assert np.median(np.diff(stamps)) == pytest.approx(1 / real, rel=0.001)


@pytest.mark.kind("a radio that loses packets of 4 samples", "corrected")
def test_packets_that_a_radio_loses_are_told_and_are_no_other_rate(
    odd_amplifier, training, tmp_path, until, caplog
):
    source_id = odd_amplifier(lost_every=25, chunk=4)
    with caplog.at_level(logging.WARNING), Neurofeedback(training(source_id), data=tmp_path) as nfb:
        until(lambda: nfb.update() or "are missing, a few at a time" in caplog.text, 20, "the news")
        update_for(nfb, 3.0)
        assert not nfb.flags & Flags.RATE
    session = read_session(nfb.files.stem)
    assert session.settings["stream"]["rate"] == 250.0
    kinds = session.events.trial_type.tolist()
    assert kinds.count("samples_missing") == 1
    assert not {"gap", "rate_differs"} & set(kinds)
    stamps = session.eeg.stamps
    lost = stamps[-1] - stamps[0] - (len(stamps) - 1) / 250
    continuity = session.settings["continuity"]
    assert continuity["lost_seconds"] == pytest.approx(lost, abs=0.02)
    assert continuity["effective_rate"] == pytest.approx(250, rel=1e-4)


def test_the_packets_lost_before_and_after_a_killed_process_add_up(
    odd_amplifier, training, tmp_path, until
):
    source_id = odd_amplifier(lost_every=25, chunk=4)
    with Neurofeedback(training(source_id), data=tmp_path) as nfb:
        for restarts in range(3):
            until(lambda: nfb.update() is None and not nfb.stale, 20, "feedback")
            update_for(nfb, 2.0)
            if restarts < 2:
                os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
                until(lambda n=restarts: nfb.restarts > n, 10, "a successor")
                update_for(nfb, 0.3)
    session = read_session(nfb.files.stem)
    stamps, events = session.eeg.stamps, session.events
    gaps = events[events.trial_type == "gap"]
    missing = np.rint((np.diff(stamps) * 250) - 1)
    few = missing.sum() - np.rint(gaps.duration * 250).sum()
    told = session.settings["continuity"]
    assert told["n_lost_few"] == pytest.approx(few, abs=1)
    assert 250 * told["lost_seconds"] == pytest.approx(missing.sum(), abs=1)
    assert events.trial_type.tolist().count("samples_missing") <= 1


@pytest.mark.kind("a rate that drifts", "refused")
def test_a_rate_that_drifts(open_inlet):
    with pytest.raises(StreamError) as caught:
        open_inlet(drift=0.05, after=1.0)
    assert str(caught.value).startswith(
        "stream.rate=250.0: stream 'Odd' declares 250 Hz but sends now 2"
    )
    assert "filters need a steady rate" in str(caught.value)


@pytest.mark.kind("nominal_srate 0 with regular samples", "refused")
def test_no_declared_rate(open_inlet):
    with pytest.raises(StreamError) as caught:
        open_inlet(rate=0.0, real_rate=128.0, chunk=4)
    assert str(caught.value) == (
        "stream.rate=None: stream 'Odd' declares no rate (nominal_srate 0) but sends 128 samples a "
        "second; set stream.rate to 128."
    )


@pytest.mark.kind("nominal_srate 0, the rate set by the user", "read")
def test_no_declared_rate_but_one_is_set(open_inlet):
    inlet = open_inlet(rate_set=128.0, rate=0.0, real_rate=128.0, chunk=4)
    assert inlet.info.rate == 128
    assert told(inlet) == []
    stamps, _, _ = take(inlet, 0.3)
    assert np.median(np.diff(stamps)) == pytest.approx(1 / 128, rel=0.001)


@pytest.mark.kind("clock set during the run, before the worker is restarted", "corrected")
@pytest.mark.parametrize("stamps", ["back", "forward"])
def test_a_restarted_worker_knows_where_the_clock_is_now(
    odd_amplifier, training, tmp_path, until, stamps
):
    source_id = odd_amplifier(stamps=stamps, at=20.0, jump=20.0, seconds=120.0)
    with Neurofeedback(training(source_id), data=tmp_path) as nfb:

        def offset():
            nfb.update()
            return nfb._link.handle.ready["streams"]["heard"]["offset"]

        assert not offset()
        until(offset, 40, "the news of the offset")
        assert abs(offset()) == pytest.approx(20.0, abs=0.5)
        os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        until(lambda: nfb.update() or nfb.restarts == 1, 10, "the restart")
        ages = []
        until(lambda: nfb.update() or ages.append(nfb.age) or nfb.age < 0.5, 10, "new samples")
        assert min(ages) > -0.5
    assert (np.diff(read_session(nfb.files.stem).eeg.stamps) > 0).all()


@pytest.mark.kind("a rate that changes during the run", "corrected")
def test_a_rate_that_changes(odd_amplifier, training, tmp_path, until, caplog):
    once = tmp_path / "now"
    source_id = odd_amplifier(later_rate=200.0, once=str(once))
    with caplog.at_level(logging.WARNING), Neurofeedback(training(source_id), data=tmp_path) as nfb:
        once.touch()
        until(lambda: nfb.update() or nfb.flags & Flags.RATE, 20, "the flag")
        delay = nfb.records.newest()[DELAY]
        designed = nfb._link.handle.ready["delay"]
        assert delay == pytest.approx(designed * 250 / 200, rel=0.03)
        until(lambda: "the filters were made for 250" in caplog.text, 2, "the warning")
    session = read_session(nfb.files.stem)
    kinds = session.events.trial_type.tolist()
    assert kinds.count("rate_differs") == kinds.count("rate_spoilt") == 1
    values, flags = rerun(session)
    assert (flags == session.signals["flags"].to_numpy()[: len(flags)]).all()


@pytest.mark.kind("stamps in milliseconds, microseconds or nanoseconds", "corrected")
@pytest.mark.parametrize("clock", ["lsl", "device", "unix"])
@pytest.mark.parametrize(
    ("seconds", "unit"), [(1e-3, "milliseconds"), (1e-6, "microseconds"), (1e-9, "nanoseconds")]
)
def test_stamps_in_another_unit(open_inlet, clock, seconds, unit):
    inlet = open_inlet(stamps=clock, unit_seconds=seconds)
    stamps, late, breaks = take(inlet, 1.0)
    assert told(inlet) == ["stamps_unit"] + ["clock_offset"] * (clock != "lsl")
    sentence = inlet.clock.events[0][1]["sentence"]
    assert sentence.startswith(f"The amplifier's stamps are in {unit}, but LSL's are in seconds")
    assert inlet.info.rate == 250
    assert inlet.clock.facts()["unit"] == unit
    assert breaks == []
    assert np.diff(stamps) == pytest.approx(1 / 250, abs=0.004)
    assert late.min() >= 0


@pytest.mark.kind("stamps in milliseconds of a stream that was silent at first", "corrected")
def test_a_silent_stream_with_stamps_in_milliseconds(open_inlet):
    inlet = open_inlet(stamps="device", unit_seconds=1e-3, silent=2.0)
    stamps, _, breaks = take(inlet, 5.0)
    assert told(inlet) == ["stamps_unit", "clock_offset"]
    assert breaks == []
    assert stamps[-1] - stamps[0] == pytest.approx((len(stamps) - 1) / 250, abs=0.03)
    assert (np.diff(stamps) > 0).all()


@pytest.mark.kind("stamps that are numbers of samples", "corrected")
def test_stamps_that_number_the_samples(open_inlet):
    inlet = open_inlet(stamps="device", unit_seconds=1 / 250)
    stamps, _, breaks = take(inlet, 1.0)
    assert "stamps_unit" not in told(inlet)
    assert inlet.clock.counted
    assert breaks == []
    assert np.diff(stamps) == pytest.approx(1 / 250, abs=0.004)


@pytest.mark.kind("rate that carries no mains, 100 Hz", "corrected")
def test_at_100_hz_there_is_a_training_without_a_notch_which_is_told(
    odd_amplifier, until, tmp_path, caplog
):
    stream = StreamSelection(source_id=odd_amplifier(rate=100.0, alpha_on=["Oz"]), timeout=20)
    training = standard_training(
        channels="Oz", line_frequency=50, normalise="none", threshold=2.0, stream=stream
    )
    with (
        caplog.at_level(logging.WARNING),
        Neurofeedback(training, data=tmp_path) as nfb,
        nfb.block("training"),
    ):
        until(lambda: nfb.update() or nfb.rewards > 0, 20, "a reward")
    told = "No notch at 50 Hz: at 100 samples a second there is nothing from 50 Hz on."
    assert [one.getMessage() for one in caplog.records].count(f"EEG stream: {told}") == 1
    assert told in read_session(nfb.files.stem).settings["stream"]["assumptions"]
