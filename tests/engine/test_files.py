"""A session's files as a run leaves them: whose, when, whole, and told when they cannot be."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb import Neurofeedback, rerun
from psychopy_nfb.errors import SettingsError, StreamError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import FRAME_COLUMNS, read_session

pytestmark = pytest.mark.slow

AUX = """
import sys, time, pylsl
from psychopy_nfb.lsl.outlet import make_outlet
out = make_outlet("Frames", "Aux", ["number"], 250, units="", source_id=sys.argv[1],
                  format="double64")
start = pylsl.local_clock()
for number in range(250 * 60):
    time.sleep(max(0, start + number / 250 - pylsl.local_clock()))
    out.push_sample([float(number)], start + number / 250)
"""


def test_whose_and_when_is_in_every_file(amplifier, training, tmp_path, listen, caplog):
    pyxdf = pytest.importorskip("pyxdf")
    pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    source = amplifier()
    before = datetime.now(timezone.utc)
    with Neurofeedback(
        training(source.source_id),
        data=tmp_path,
        participant="S7",
        session="pre",
        task="alpha_training",
    ) as nfb:
        listen(nfb, 2.0)
        ahead = time.time() - time_on_lsl()
    assert nfb.files.stem.name == "sub-S7_ses-pre_task-alphatraining_run-01"
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        _, header = pyxdf.load_xdf(nfb.files.eeg)
        assert [record.getMessage() for record in caplog.records] == []
    session = read_session(nfb.files.stem)
    about = dict(session.settings["session"])
    date = datetime.fromisoformat(about.pop("date"))
    assert 0 <= (date - before).total_seconds() < 20
    assert date.utcoffset() == datetime.now().astimezone().utcoffset()
    assert about == {
        "participant": "S7",
        "session": "pre",
        "task": "alphatraining",
        "run": 1,
        "task_name": "alpha_training",
    }
    assert datetime.fromisoformat(header["info"]["datetime"][0]) == date.replace(microsecond=0)
    raw = to_mne(session)
    taken = session.eeg.stamps[0] + ahead
    assert abs(raw.info["meas_date"].timestamp() - taken) < 0.1
    assert raw.info["subject_info"]["his_id"] == "S7"


def time_on_lsl():
    import pylsl

    return pylsl.local_clock()


def test_a_start_that_failed_leaves_its_reason_and_takes_no_run(training, tmp_path, amplifier):
    missing = training("nobody", stream=StreamSelection(name="Nobody", timeout=1.0))
    for _ in range(2):
        nfb = Neurofeedback(missing, data=tmp_path)
        with pytest.raises(StreamError) as caught:
            nfb.start()
    assert [path.name for path in tmp_path.iterdir()] == [nfb.files.failed.name]
    lines = nfb.files.failed.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].endswith(f"StreamError: {caught.value}")
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        assert nfb.files.stem.name.endswith("_run-01")
    unused = Neurofeedback(missing, data=tmp_path)
    assert unused.files.stem.name.endswith("_run-02")
    unused.close()
    assert not unused.files.settings.exists()


def test_two_people_never_share_a_baseline(training, tmp_path):
    for label in ("S1_1", "S1-1", ""):
        with pytest.raises(SettingsError, match=f"participant='{label}': .*write for example"):
            Neurofeedback(training("any"), data=tmp_path, participant=label, calibration="last")
    assert list(tmp_path.iterdir()) == []


def test_row_003_every_sample_of_a_second_stream_is_kept(amplifier, training, tmp_path, listen):
    """It is named as one of our own streams, which must not matter either."""
    source = amplifier("--chunk", "1")
    aux_id = f"aux-{source.source_id}"
    aux = subprocess.Popen([sys.executable, "-c", AUX, aux_id])
    try:
        second = StreamSelection(type="Aux", source_id=aux_id, timeout=15)
        with Neurofeedback(training(source.source_id, aux=second), data=tmp_path) as nfb:
            listen(nfb, 4.0)
    finally:
        aux.kill()
        aux.wait()
    stamps, numbers = stream_of_type(nfb.files.eeg, "Aux")
    assert len(numbers) > 900
    assert (np.diff(numbers) == 1).all()
    assert np.diff(stamps) == pytest.approx(1 / 250, abs=1e-6)
    session = read_session(nfb.files.stem)
    assert session.eeg.labels[-1] == "number"
    pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    raw = to_mne(session)
    assert raw.get_channel_types()[-2:] == ["eeg", "misc"]
    assert raw.get_data("number")[0].tolist() == session.eeg.samples[:, -1].tolist()


def stream_of_type(path, kind):
    pyxdf = pytest.importorskip("pyxdf")
    streams, _ = pyxdf.load_xdf(path, dejitter_timestamps=False)
    (stream,) = (one for one in streams if one["info"]["type"][0] == kind)
    return stream["time_stamps"], np.asarray(stream["time_series"])[:, 0]


def test_tables_are_in_order_and_described(amplifier, training, tmp_path, listen):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        with nfb.block("training"):
            listen(nfb, 1.0)
            nfb.mark("half a \ud83d mark\0")
            nfb.set(threshold=6.0)
            listen(nfb, 1.0)
    assert nfb.recording_error is None
    for table, path in (("events", nfb.files.events), ("frames", nfb.files.frames)):
        described = json.loads(nfb.files.sidecar(table).read_text(encoding="utf-8"))
        read = pd.read_csv(path, sep=None, engine="python")
        assert list(described) == list(read.columns)
        assert all(column["Description"] for column in described.values())
    assert set(FRAME_COLUMNS) <= set(described)
    events = pd.read_csv(nfb.files.events, sep="\t")
    assert events.onset.is_monotonic_increasing
    start = events[events.trial_type == "start"].iloc[0]
    assert (start.onset, start["sample"]) == (0.0, 0)
    assert set(events.trial_type) <= set(
        json.loads(nfb.files.sidecar("events").read_text(encoding="utf-8"))["trial_type"]["Levels"]
    )
    assert "half a \ufffd mark\ufffd" in set(events.value)
    lines = nfb.files.events.read_text(encoding="utf-8").splitlines()
    details = [line.split("\t")[6] for line in lines]
    assert '{"threshold": 6.0}' in details
    assert "n/a" in details
    assert "" not in details


def test_a_deleted_folder_is_told_at_once_and_the_feedback_goes_on(
    amplifier, training, tmp_path, until, listen, caplog
):
    if sys.platform == "win32":
        pytest.skip("Windows does not delete files that are open")
    folder = tmp_path / "data"
    with Neurofeedback(training(amplifier().source_id), data=folder) as nfb:
        listen(nfb, 0.5)
        shutil.rmtree(folder)
        until(lambda: nfb.recording_error is not None, 1.5, "the word that the folder is gone")
        assert "was deleted or moved" in nfb.recording_error
        until(lambda: "written to" in nfb.recording_error, 5, "the word where it goes on")
        until(lambda: "The recording stopped" in caplog.text, 5, "the word in the log")
        rest = Path(re.search(r"written to (\S+)_\*", nfb.recording_error)[1])
        assert len(listen(nfb, 0.5)) > 20
        nfb.mark("before the kill")
        listen(nfb, 1.0)
        os.kill(nfb.worker_pid, signal.SIGKILL)
        nfb.mark("after the kill")
        until(lambda: nfb.restarts == 1 and len(listen(nfb, 0.2)) > 10, 20, "values after it")
    session = read_session(rest)
    shutil.rmtree(rest.parent)
    kinds = session.events.trial_type.tolist()
    assert kinds[0] == "recording_moved"
    assert session.settings["ended"] == "stopped"
    marks = session.events[session.events.trial_type == "mark"]
    assert marks.value.tolist() == ["before the kill", "after the kill"]
    for mark in marks.itertuples():
        nearest = np.abs(session.eeg.stamps - mark.t).min()
        assert abs(session.eeg.stamps[mark.sample] - mark.t) == pytest.approx(nearest, abs=1e-5)
    told = session.events[session.events.trial_type == "gap"].duration.sum()
    stamps = session.eeg.stamps
    lost = stamps[-1] - stamps[0] - (len(stamps) - 1) / 250
    assert told == pytest.approx(lost, abs=1 / 250)


@pytest.mark.parametrize("long_begun", [True, False], ids=["long begun", "just begun"])
def test_a_block_that_was_open_begins_once_in_the_rest(
    amplifier, training, tmp_path, until, listen, long_begun
):
    if sys.platform == "win32":
        pytest.skip("Windows does not delete files that are open")
    folder = tmp_path / "data"
    with Neurofeedback(training(amplifier().source_id), data=folder) as nfb:
        listen(nfb, 0.5)
        nfb.begin_block("open")
        if long_begun:
            listen(nfb, 1.0)  # its begin is in the files that go
        shutil.rmtree(folder)
        if not long_begun:
            nfb.begin_block("inner")
        until(lambda: "written to" in (nfb.recording_error or ""), 5, "the word where the rest is")
        rest = Path(re.search(r"written to (\S+)_\*", nfb.recording_error)[1])
        listen(nfb, 0.5)
    session = read_session(rest)
    shutil.rmtree(rest.parent)
    edges = session.events[session.events.trial_type.isin(["block_begin", "block_end"])]
    pairs = list(zip(edges.trial_type, edges.value, strict=True))
    blocks = ["open"] if long_begun else ["open", "inner"]
    assert sorted(pairs) == sorted(
        (edge, name) for edge in ("block_begin", "block_end") for name in blocks
    )


def test_a_killed_worker_s_successor_knows_the_block_that_is_open_in_the_rest(
    amplifier, training, tmp_path, until, listen
):
    if sys.platform == "win32":
        pytest.skip("Windows does not delete files that are open")
    folder = tmp_path / "data"
    with Neurofeedback(training(amplifier().source_id), data=folder) as nfb:
        listen(nfb, 0.5)
        nfb.begin_block("open")
        listen(nfb, 1.0)
        os.kill(nfb.worker_pid, signal.SIGKILL)
        until(lambda: nfb.restarts == 1 and len(listen(nfb, 0.2)) > 10, 20, "values after it")
        shutil.rmtree(folder)
        until(lambda: "written to" in (nfb.recording_error or ""), 5, "the word where the rest is")
        rest = Path(re.search(r"written to (\S+)_\*", nfb.recording_error)[1])
        listen(nfb, 0.5)
    events = read_session(rest).events
    shutil.rmtree(rest.parent)
    assert events[events.trial_type == "block_begin"].value.tolist() == ["open"]


def test_thousands_of_settings_at_once_are_all_carried_out(amplifier, training, tmp_path, until):
    wanted = [round(1 + n / 10_000, 4) for n in range(1000)]  # several seconds of work
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: nfb.update() or not nfb.stale, 10, "values")
        for threshold in wanted:
            nfb.set(threshold=threshold)
        until(lambda: nfb.update() or nfb.threshold == wanted[-1], 60, "the last one")
        assert nfb.restarts == 0
    session = read_session(nfb.files.stem)
    events = session.events[session.events.trial_type == "set"]
    assert [json.loads(detail)["threshold"] for detail in events.detail] == wanted
    assert len(set(events["sample"])) > 10  # samples went on meanwhile
    values, flags = rerun(session)
    recorded = session.signals[list(nfb.configuration.value_names)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (session.signals["flags"] == flags).all()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit that another process sets")
def test_a_full_disk_is_told_at_once_and_what_was_written_is_read(
    amplifier, training, tmp_path, until, listen
):
    import resource

    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        listen(nfb, 1.0)
        size = nfb.files.eeg.stat().st_size + 20_000
        resource.prlimit(nfb.worker_pid, resource.RLIMIT_FSIZE, (size, size))
        until(lambda: nfb.recording_error is not None, 3.0, "the word that the disk is full")
        assert len(listen(nfb, 0.5)) > 20
    log = nfb.files.stem.with_name(nfb.files.stem.name + "_worker.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert nfb.recording_error.split(". What comes")[0] in log
    session = read_session(nfb.files.stem)
    assert np.diff(session.eeg.stamps) == pytest.approx(1 / 250, abs=1e-6)
    assert len(session.eeg.stamps) > 250
    rest = Path(re.search(r"written to (\S+)_\*", nfb.recording_error)[1])
    after = read_session(rest)
    shutil.rmtree(rest.parent)
    assert_nothing_is_lost_between(session, after)


def assert_nothing_is_lost_between(session, rest):
    """Assert that each sample is in one of two parts of a session, and no gap is between them."""
    stamps = np.concatenate((session.eeg.stamps, rest.eeg.stamps))
    assert np.diff(stamps) == pytest.approx(1 / 250, abs=1e-6)
    assert not {"gap"} & {*session.events.trial_type, *rest.events.trial_type}
    frames = [*session.frames.frame, *rest.frames.frame]
    assert frames == list(range(len(frames)))
    for part in (session, rest):
        assert part.signals["sample"].tolist() == list(range(len(part.eeg.stamps)))


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of its own, in memory, with room for some seconds of EEG."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk can be mounted by root on Linux only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_no_sample_is_lost_where_a_disk_fills_up(amplifier, training, small_disk, until, listen):
    with Neurofeedback(training(amplifier().source_id), data=small_disk) as nfb:
        until(lambda: nfb.update() or nfb.recording_error is not None, 60, "a full disk")
        nfb.mark("after")
        listen(nfb, 1.0)
    rest = Path(re.search(r"written to (\S+)_\*", nfb.recording_error)[1])
    session, after = read_session(nfb.files.stem), read_session(rest)
    shutil.rmtree(rest.parent)
    assert f"file='{nfb.files}': cannot be written any more: " in nfb.recording_error
    assert not [*small_disk.glob("*.part"), *small_disk.glob("*_worker.log")]
    assert len(session.eeg.stamps) > 250
    assert_nothing_is_lost_between(session, after)
    assert after.events.value.tolist().count("after") == 1
