"""The screen's process and the amplifier's, on one machine: real streams, real connections."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import psutil
import pytest
import pyxdf
from computers import TOKEN

from psychopy_nfb import FeedbackBar, Neurofeedback
from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.cli import main
from psychopy_nfb.engine.records import feedback_layout
from psychopy_nfb.errors import SettingsError, StreamError, WorkerError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import write_json

pytestmark = pytest.mark.slow


def test_row_112_values_calibration_and_commands_go_over_the_network(
    amplifier, training, worker, token, tmp_path, listen
):
    eeg = worker()
    settings = training(amplifier().source_id, normalise="zscore", display_range=None)
    with Neurofeedback(settings, data=tmp_path / "screen", remote=eeg.name) as nfb:
        with nfb.baseline():
            listen(nfb, 4.0)
        assert nfb.calibrated, nfb.refusal
        with nfb.block("training"):
            nfb.set(threshold=-5.0, dwell=0.1)
            records = listen(nfb, 3.0)
            nfb.mark("here")
            assert nfb.score > 0
        nfb.pause()
    session = read_session(eeg.stem())
    assert np.diff(session.eeg.stamps) == pytest.approx(1 / 250, abs=1e-6)
    rows = session.signals.set_index("sample")
    for record in map(nfb_named(settings), records):
        assert record["trained_z"] == rows.loc[record["sample"], "trained_z"]
        assert record["t_sample"] == pytest.approx(rows.loc[record["sample"], "t"], abs=1e-3)
        assert record["t_published"] < record["t_arrived"] + 1e-3
    events = session.events
    assert [*events[events.trial_type == "block_begin"].value] == ["baseline", "training"]
    assert (events.trial_type == "pause").sum() == 1
    mark = events[events.trial_type == "mark"].iloc[0]
    assert abs(session.eeg.stamps[mark["sample"]] - mark.t) <= 1 / 250
    assert session.settings["configuration"]["signals"]["trained"]["threshold"] == -5.0
    remote = session.settings["remote"]
    assert abs(remote["clock"]["offset"]) < 1e-3
    assert 0 < remote["clock"]["uncertainty"] < 1e-2
    screen = json.loads(nfb.files.settings.read_text("utf-8"))["remote"]
    assert screen["complete"]
    assert screen["worker_files"] == eeg.stem().name


def nfb_named(settings):
    return feedback_layout(settings.value_names).named


@pytest.mark.display
@pytest.mark.alone
def test_row_112_frames_are_in_the_files_of_both_computers(
    amplifier, training, worker, token, tmp_path, open_window, capsys
):
    eeg = worker()
    settings = training(amplifier().source_id)
    window = open_window()
    bar = FeedbackBar(window, size=(40, 200))
    with Neurofeedback(settings, data=tmp_path / "screen", remote=eeg.name) as nfb:
        nfb.attach(window, pace=60)
        with nfb.block("training"):
            for number in nfb.frames(3.0):
                bar.value = nfb.value
                bar.draw()
                if number == 50:
                    nfb.mark("the fiftieth")
    session = read_session(eeg.stem())
    own = pd.read_csv(nfb.files.frames)
    frames = session.frames
    assert frames.frame.tolist() == own.frame.tolist() == list(range(len(frames)))
    for table in (own, frames):
        marked = table[table.mark.notna()]
        assert marked[["frame", "mark"]].to_numpy().tolist() == [[50, "the fiftieth"]]
        assert set(table.block.dropna()) == {"training"}
    known = frames[frames.t_sample.notna()]
    samples = known["sample"].astype(int)
    assert session.eeg.stamps[samples] == pytest.approx(known.t_sample, abs=1e-3)
    values = session.signals.set_index("sample").loc[samples].trained_value
    assert values.to_numpy() == pytest.approx(known.trained_value, abs=1e-8)
    event = session.events[session.events.trial_type == "mark"].iloc[0]
    assert event.t == pytest.approx(frames.t_flip[50], abs=1e-3)
    assert lag_summary(frames).stages["published_to_arrived_ms"].n == len(known)
    assert "published → arrived" in lag_summary(frames).table()
    assert not nfb.files.starting.exists()
    assert main(["join", str(nfb.files.stem), str(eeg.stem())]) == 0
    assert "0 frames were added; it is complete now." in capsys.readouterr().out


def test_neither_killed_receiver_nor_killed_worker_loses_or_doubles_a_command(
    amplifier, training, worker, token, tmp_path, listen, until
):
    eeg = worker()
    settings = training(amplifier().source_id)
    with Neurofeedback(settings, data=tmp_path / "screen", remote=eeg.name) as nfb:
        listen(nfb, 1.0)
        nfb.mark("before")
        for kill in (nfb.worker_pid, process_of(eeg).pid):
            nfb.mark(f"killed {kill}")
            psutil.Process(kill).kill()
            nfb.mark(f"dead {kill}")
            seen = nfb.records.newest_seq
            until(lambda seen=seen: nfb.records.newest_seq > seen + 50, 60, "records again")
        nfb.update()
        assert nfb.restarts == 1
        assert not nfb.stale
        nfb.mark("after")
    session = read_session(eeg.stem())
    marks = [*session.events[session.events.trial_type == "mark"].value]
    assert sorted(marks) == sorted(set(marks))
    assert len(marks) == 6
    assert (session.events.trial_type == "worker_restarted").sum() == 1
    # EEG is missing where the worker was dead, and nowhere else.
    steps = np.diff(session.eeg.stamps)
    assert (np.abs(steps - 1 / 250) > 1e-6).sum() <= 1


def process_of(eeg):
    """Return the background process of a worker."""
    for child in psutil.Process(eeg.process.pid).children():
        if "psychopy_nfb.engine.worker" in " ".join(child.cmdline()):
            return child
    raise AssertionError("it has none")


def test_the_session_ends_by_itself_when_the_experiment_is_killed(
    amplifier, training, worker, token, tmp_path, until
):
    eeg = worker()
    source = amplifier()
    code = (
        "import sys, time; sys.path.insert(0, 'tests/engine')\n"
        "from trainings import alpha\n"
        "from psychopy_nfb import Neurofeedback\n"
        f"nfb = Neurofeedback(alpha({source.source_id!r}), data={str(tmp_path / 'screen')!r},"
        f" remote={eeg.name!r}).start()\n"
        "print('begun', flush=True)\ntime.sleep(60)\n"
    )
    experiment = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert experiment.stdout.readline() == b"begun\n"
    inner = process_of(eeg)
    experiment.kill()
    experiment.wait()
    experiment.stdout.close()
    until(lambda: not inner.is_running(), 30, "the end of the worker's process")
    assert read_session(eeg.stem()).settings["ended"] == "stopped"


def test_wrong_names_and_tokens_are_told_in_a_sentence(training, worker, unique_id, monkeypatch):
    eeg = worker()
    settings = training(unique_id, stream=StreamSelection(name="Nobody", timeout=8.0))
    monkeypatch.delenv("PSYCHOPY_NFB_TOKEN", raising=False)
    with pytest.raises(SettingsError, match="remote_token=None: must be the token that"):
        Neurofeedback(settings, remote=eeg.name)
    with pytest.raises(StreamError, match="remote='Nowhere': does not answer as a worker"):
        Neurofeedback(settings, remote="Nowhere", remote_token="a wrong token").start()
    with pytest.raises(WorkerError, match="does not take this token"):
        Neurofeedback(settings, remote=eeg.name, remote_token="a wrong token").start()
    with pytest.raises(StreamError, match="no such stream within 8 s"):  # of the EEG, there
        Neurofeedback(settings, remote=eeg.name, remote_token=TOKEN).start()
    with pytest.raises(SettingsError, match="a worker takes no code over the network"):
        Neurofeedback(
            settings, remote="x", remote_token=TOKEN, plugins=["tests/engine/lab_parts.py"]
        )


@pytest.mark.display
@pytest.mark.alone
def test_frames_that_a_dead_worker_did_not_get_are_joined(
    amplifier, training, worker, token, tmp_path, open_window, capsys, caplog
):
    eeg = worker()
    window = open_window()
    with Neurofeedback(
        training(amplifier().source_id), data=tmp_path / "screen", remote=eeg.name
    ) as nfb:
        nfb.attach(window, pace=60)
        for number in nfb.frames(4.0):
            if number == 60:
                inner = process_of(eeg)
                eeg.process.kill()
            if number == 200:
                nfb.mark("to nobody")
        assert nfb.stale
    assert not inner.is_running()
    assert "The connection to the worker's computer was lost" in caplog.text
    own = pd.read_csv(nfb.files.frames)
    before = read_session(eeg.stem()).frames
    assert own.frame.tolist() == list(range(len(own)))
    assert len(before) < len(own) - 60
    assert main(["join", str(nfb.files.stem), str(eeg.stem())]) == 0
    said = capsys.readouterr().out
    n_added = len(own) - len(before)
    assert f"{n_added} frames were added. What is missing:" in said
    assert "only: 'to nobody'." in said
    session = read_session(eeg.stem())
    assert session.frames.frame.tolist() == own.frame.tolist()
    assert session.frames.seq.tolist() == pytest.approx(own.seq.tolist(), nan_ok=True)
    known = session.frames[session.frames.t_sample.notna()]
    samples = known["sample"].astype(int)
    assert session.eeg.stamps[samples] == pytest.approx(known.t_sample, abs=1e-3)
    streams, _ = pyxdf.load_xdf(str(session.files.eeg))
    (stream,) = [one for one in streams if one["info"]["name"] == ["Frames"]]
    assert len(stream["time_series"]) == len(own)
    late = session.frames.t_flip - session.eeg.stamps[-1]
    assert f"ends {late.max():.1f} s before the last frame: {(late > 0).sum()} frames" in said
    assert main(["join", str(nfb.files.stem), str(eeg.stem())]) == 0  # again: nothing is doubled
    assert "0 frames were added" in capsys.readouterr().out
    assert read_session(eeg.stem()).settings["remote"]["frames_joined"] == n_added


@pytest.mark.display
@pytest.mark.alone
def test_a_worker_that_is_stopped_says_so_and_files_are_joined(
    amplifier, training, worker, token, tmp_path, open_window, capsys
):
    eeg = worker()
    window = open_window()
    with Neurofeedback(
        training(amplifier().source_id), data=tmp_path / "screen", remote=eeg.name
    ) as nfb:
        nfb.attach(window, pace=60)
        for number in nfb.frames(4.0):
            if number == 60:
                eeg.process.terminate()
        assert "ended on the worker's computer: the worker was stopped." in nfb.recording_error
    assert b"ended (the worker was stopped)" in eeg.process.stdout.read()
    assert not json.loads(nfb.files.settings.read_text("utf-8"))["remote"]["complete"]
    own = pd.read_csv(nfb.files.frames)
    assert main(["join", str(nfb.files.stem), str(eeg.stem())]) == 0
    assert "the EEG ends" in capsys.readouterr().out
    assert read_session(eeg.stem()).frames.frame.tolist() == own.frame.tolist()


def test_what_cannot_be_joined_is_one_sentence(tmp_path, capsys):
    folders = [tmp_path / name for name in ("screen", "eeg")]
    stems = [folder / "sub-01_ses-01_task-a_run-01" for folder in folders]
    clock = {"t": 1.0, "offset": 2.0, "drift_ppm": 0.0, "uncertainty": 0.001}
    assert main(["join", ".", str(stems[1])]) == 2
    assert "session='.': is a folder; name any file of a session" in capsys.readouterr().err
    for remotes, sentence in [
        ((None, None), "was recorded on one computer; there is nothing to join"),
        (({"session": "a", "clock": {}},) * 2, "does not say how the clocks of both computers"),
        (({"session": "a", "clock": {**clock, "t": "x"}},) * 2, "does not say how the clocks"),
        (({"session": "a", "clock": clock}, {"session": "b", "clock": clock}), "another session"),
        (({"session": "a", "clock": clock},) * 2, "has no EEG; name the screen's files first"),
    ]:
        for stem, remote in zip(stems, remotes, strict=True):
            stem.parent.mkdir(exist_ok=True)
            write_json({"remote": remote}, f"{stem}_nfb.json")
        assert main(["join", *map(str, stems)]) == 2
        said = capsys.readouterr().err
        assert sentence in said
        assert len(said.strip().splitlines()) == 1


def test_the_worker_may_have_the_settings(amplifier, training, worker, token, tmp_path, listen):
    settings = training(amplifier().source_id, threshold=7.5)
    path = tmp_path / "alpha.json"
    write_json(settings, path)
    eeg = worker("--settings", str(path))
    with Neurofeedback(None, remote=eeg.name) as nfb:
        assert nfb.configuration == settings
        assert len(listen(nfb, 2.0)) > 50
    without = worker()
    with pytest.raises(WorkerError, match="has no settings; name the training's"):
        Neurofeedback(None, remote=without.name)


def test_a_worker_without_a_name_is_refused(capsys):
    assert main(["worker", "--name", "", "--token", TOKEN]) == 2
    assert "name='': must not be empty" in capsys.readouterr().err
