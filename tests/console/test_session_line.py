"""Commands from outside, carried out by a real session at a sample, and the same in a rerun."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from psychopy_nfb.console.session_line import SessionLine
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.operator_commands import LONGEST_REQUEST


@pytest.fixture
def line(nfb, announced):
    """Return an operator's line to the session."""
    connected = SessionLine(announced()[1], "operator")
    yield connected
    connected.close()


def detail_of(events, label):
    [row] = events[events.trial_type == label].itertuples()
    return json.loads(row.detail)


def test_row_048_a_second_process_changes_a_threshold(nfb, until):
    command = [sys.executable, "-m", "psychopy_nfb", "remote", "threshold=7.5"]
    assert subprocess.run(command, check=False).returncode == 0

    def changed():
        nfb.update()
        return nfb.threshold == 7.5

    until(changed, 5, "the new threshold")
    wrong = subprocess.run(
        [*command[:-1], "pipeline=1"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "pipeline" in wrong.stderr
    nfb.close()
    from psychopy_nfb import read_session

    events = read_session(nfb.files.stem).events
    assert detail_of(events, "set") == {"threshold": 7.5, "source": "remote"}


def test_each_command_is_one_event_of_the_operator_and_a_rerun_gives_the_same(nfb, line, until):
    from psychopy_nfb import read_session, rerun

    def wait(condition, what):
        def holds():
            nfb.update()
            return condition()

        until(holds, 10, what)

    with nfb.block("training"):
        wait(lambda: nfb.records.newest_seq > 50, "values")
        for do, arguments in (
            ("set", {"changes": {"threshold": 2.5, "dwell": 0.1}}),
            ("pause", {}),
            ("note", {"text": "coughs & moves"}),
            ("mark", {"label": "talked"}),
        ):
            assert line.ask(do, **arguments).result(5) == (True, "")
        wait(lambda: nfb.flags & Flags.PAUSED, "the pause")
        assert line.ask("resume").result(5).done
        wait(lambda: not nfb.flags & Flags.PAUSED, "the end of the pause")
        assert nfb.threshold == 2.5
        assert not line.ask("set", changes={"threshold": 1}, signal="emg").result(5).done
        assert not nfb.asked_to_end
        assert line.ask("end_block").result(5).done
        assert nfb.asked_to_end
    assert not nfb.asked_to_end  # the block has ended
    assert line.ask("end_block").result(5).sentence.startswith("end_block=None: no block is open")
    assert line.ask("abort").result(5).done
    assert nfb.aborted
    assert nfb.asked_to_end
    time.sleep(0.3)
    nfb.close()
    assert line.ended.wait(5)
    session = read_session(nfb.files.stem)
    events = session.events
    theirs = events[events.detail.fillna("").str.contains('"operator"')]
    asked = ["set", "pause", "note", "mark", "resume", "end_block", "abort"]
    assert sorted(theirs.trial_type) == sorted(asked)
    note = events[events.trial_type == "note"].iloc[0]
    assert (note["value"], json.loads(note.detail)) == ("coughs & moves", {"source": "operator"})
    values, flags = rerun(session)
    recorded = session.signals[list(nfb.configuration.value_names)].to_numpy()
    np.testing.assert_allclose(values, recorded, rtol=0, atol=1e-9, equal_nan=True)
    np.testing.assert_array_equal(flags, session.signals["flags"])


def test_a_wrong_token_and_hostile_bytes_leave_the_session_as_it_is(nfb, announced, caplog, until):
    _, about = announced()

    def said(*lines, token=True):
        with socket.create_connection(("127.0.0.1", about["port"])) as connection:
            connection.settimeout(3)
            first = {"token": about["token"] if token else "guessed", "source": "operator"}
            connection.sendall(json.dumps(first).encode() + b"\n")
            for line in lines:
                try:
                    connection.sendall(line)
                except OSError:
                    break
            try:
                connection.shutdown(socket.SHUT_WR)
                with connection.makefile("rb") as answers:
                    return [json.loads(one) for one in answers]
            except OSError:  # left by the session, also before it has read all
                return []

    with caplog.at_level(logging.WARNING, "psychopy_nfb"):
        assert said(b'{"do": "pause"}\n', token=False) == []
    assert "without the session's token" in caplog.text
    hostile = (b"\0\xff\n", b"[" * 4000 + b"\n", b'{"do": "__import__"}\n', b"7\n")
    answers = [one for one in said(*hostile) if one["kind"] == "answer"]
    assert [one["done"] for one in answers] == [False] * len(hostile)
    said(b"x" * (3 * LONGEST_REQUEST))  # one line without an end
    flood = [one for one in said(b'{"do": "resume"}\n' * 200) if one["kind"] == "answer"]
    assert [one for one in flood if "at most 20 requests a second" in one["sentence"]]
    line = SessionLine(about, "operator")
    try:
        assert line.ask("pause").result(5).done
    finally:
        line.close()


def test_a_flood_of_wrong_tokens_is_two_sentences(nfb, announced, caplog, until):
    _, about = announced()
    for number in range(300):
        with socket.create_connection(("127.0.0.1", about["port"])) as connection:
            token = ["wrong", "\ud800", "\x00"][number % 3]  # the second is no text in UTF-8
            connection.sendall(json.dumps({"token": token, "source": "operator"}).encode() + b"\n")
            connection.settimeout(5)
            assert connection.recv(1) == b"", "it hung up"
    nfb.close()
    told = [one for one in caplog.records if "without the session's token" in one.getMessage()]
    assert len(told) == 2
    assert "the last of 299 such faults" in told[-1].getMessage()
    assert not [one for one in caplog.records if one.exc_info]


def test_a_page_is_told_what_changes_and_what_the_user_is_told(nfb, line, until):
    assert line.state["blocks"] == []
    assert line.state["signals"]["trained"]["direction"] == "up"
    nfb.begin_block("training")
    until(lambda: [one["label"] for one in line.state["blocks"]] == ["training"], 5, "the block")
    logging.getLogger("psychopy_nfb.test").warning("The electrode %s is dry.", "Oz")
    until(lambda: [one["text"] for one in line.messages] == ["The electrode Oz is dry."], 5, "news")


def test_a_threshold_that_nobody_reaches_is_refused_where_there_is_a_baseline(
    amplifier, training, announced, until
):
    from psychopy_nfb import Neurofeedback
    from psychopy_nfb.protocol import Baseline

    settings = training(
        amplifier().source_id,
        normalise="zscore",
        baseline=Baseline(mean=10.0, sd=3.0, minimum=0.0, maximum=30.0),
        threshold=0.5,
        display_range=None,
    )
    with Neurofeedback(settings) as nfb:
        line = SessionLine(announced()[1], "remote")
        wrong = line.ask("set", changes={"threshold": 70.0}).result(5)
        assert not wrong.done
        assert "70 SD is out of reach, so there would be no reward" in wrong.sentence
        assert line.ask("set", changes={"threshold": 1.5}).result(5).done
        line.close()
        trained = nfb.configuration.signals["trained"]
        assert trained.threshold == 0.5
        until(lambda: nfb.configuration.signals["trained"].threshold == 1.5, 10, "the new one")


def test_in_a_blinded_session_no_word_of_a_source_is_told(amplifier, training, announced, until):
    from psychopy_nfb import Inverse, Neurofeedback
    from psychopy_nfb.console.watch import Watch
    from psychopy_nfb.engine.blinding import may_be_sent

    settings = training(amplifier().source_id, shown={"turned": Inverse()})
    with Neurofeedback(settings) as nfb:
        nfb.begin_block("turned block", shown="turned")  # as the study's arm would say it
        nfb._link.blinded = True
        _, about = announced()
        line = SessionLine(about, "operator")
        logging.getLogger("psychopy_nfb.test").warning("The source turned has ended.")
        logging.getLogger("psychopy_nfb.test").warning("The electrode is dry.")
        until(lambda: line.messages and line.state["blocks"], 5, "news")
        assert [one["text"] for one in line.messages] == ["The electrode is dry."]
        assert "turned" not in json.dumps(line.state)
        line.close()
        watch = Watch(about["memory"])
        sent = [name for name in watch.value_names if may_be_sent(name, blinded=True)]
        watch.close()
        assert sent == ["trained_signal", "trained_z", "trained_threshold", "quality"]
