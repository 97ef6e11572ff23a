"""Marks that leave the machine at their flip."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.hardware.marker_output import (
    LSLMarkers,
    ParallelMarkers,
    SerialMarkers,
    UDPMarkers,
    _CodePort,
    read_codes,
)
from psychopy_nfb.recording import read_session

CODES = {"one": 1, "two": 2, "three": 3}
LAST_FRAME = 170
LISTENER = """
import json, sys
import pylsl
(info,) = pylsl.resolve_byprop("name", sys.argv[1], timeout=30)
inlet = pylsl.StreamInlet(info)
inlet.open_stream()
print("open", flush=True)
heard = []
while len(heard) < int(sys.argv[2]):
    sample, stamp = inlet.pull_sample(timeout=30)
    heard.append((sample[0], stamp))
print(json.dumps(heard))
"""


@pytest.mark.alone
@pytest.mark.display
@pytest.mark.slow
def test_row_051_marks_leave_with_their_flip(amplifier, training, tmp_path, unique_id):
    from psychopy import visual

    from psychopy_nfb.display import pace

    lsl = LSLMarkers(unique_id)
    listener = subprocess.Popen(
        [sys.executable, "-c", LISTENER, unique_id, "20"], stdout=subprocess.PIPE, text=True
    )
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("localhost", 0))
    udp.settimeout(10)
    win = visual.Window((200, 200), units="pix", allowGUI=False)
    try:
        assert listener.stdout.readline() == "open\n"
        pace(win, 60)
        with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
            nfb.attach(win)
            nfb.send_marks_to(lsl, UDPMarkers("localhost", udp.getsockname()[1]))
            for frame in nfb.frames(60):  # however slow the machine is
                if frame == LAST_FRAME:
                    break
                if frame % 8 == 0 and frame < 160:
                    nfb.mark(f"mark {frame // 8}")
        heard = json.loads(listener.communicate(timeout=60)[0])
    finally:
        win.close()
        listener.kill()
        listener.wait()
    datagrams = [udp.recv(100).decode() for _ in range(20)]
    udp.close()
    wanted = [f"mark {number}" for number in range(20)]
    assert [label for label, _ in heard] == datagrams == wanted
    session = read_session(nfb.files.stem)
    flips = session.frames.dropna(subset="mark").set_index("mark").t_flip
    behind = [stamp - flips[label] for label, stamp in heard]
    assert np.median(np.abs(behind)) < 0.001
    lsl_facts, udp_facts = session.settings["marks_sent"]
    assert lsl_facts == {"to": f"LSL {unique_id}", "sent": 20}
    assert udp_facts["sent"] == 20
    assert 0 < udp_facts["delay_ms_median"] <= udp_facts["delay_ms_max"]
    assert udp_facts["failed"] is None
    markers = session.events[session.events.trial_type == "marker"]
    assert not set(markers.value) & set(wanted)  # not its own ones a second time


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo terminals on this system")
def test_a_serial_port_gets_code_and_zero():
    """On a pseudo terminal, which pyserial takes for a port."""
    ours, theirs = os.openpty()
    port = SerialMarkers(os.ttyname(theirs), CODES, pulse=0.001)
    for label in ("two", "unknown", "one"):
        port.send(label, 0.0)
    facts = port.close()
    assert os.read(ours, 100) == bytes([2, 0, 1, 0])
    assert facts["sent"] == 2
    assert "unknown" in facts["failed"]
    assert port.close() == facts
    os.close(ours)
    os.close(theirs)


def test_a_parallel_port_gets_code_and_zero(monkeypatch):
    """Without a port on this machine: PsychoPy's own class is replaced by one that notes."""
    from psychopy import parallel

    class Port:
        written = []

        def __init__(self, address):
            assert address == 0x378

        def setData(self, code):
            self.written.append(code)

    monkeypatch.setattr(parallel, "ParallelPort", Port)
    port = ParallelMarkers(0x378, CODES, pulse=0.001)
    port.send("three", 0.0)
    assert port.close()["sent"] == 1
    assert Port.written == [3, 0]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("label,code\none,1\none,2\n", "codes='one': occurs twice"),
        ("label,code\none,1\ntwo,1\n", "codes.two=1: is the code of 'one' already"),
        ("label,code\none,256\n", "codes.one='256': must be a whole number from 1 to 255"),
        ("label,code\none,x\n", "codes.one='x': must be a whole number"),
    ],
)
def test_row_052_a_code_table_has_no_duplicates(table, sentence, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text(table)
    with pytest.raises(SettingsError) as refused:
        read_codes(path)
    assert str(refused.value).startswith(sentence)


def test_a_label_twice_in_json_is_refused(tmp_path):
    path = tmp_path / "codes.json"
    path.write_text('{"one": 1, "one": 2}')
    with pytest.raises(SettingsError, match="codes='one': occurs twice"):
        read_codes(path)


def test_a_port_goes_on_after_a_failed_reset():
    """A port made here, because no real one fails on demand."""

    class Port(_CodePort):
        written = []

        def _set(self, code):
            self.written.append(code)
            if self.written == [1, 0]:
                raise OSError("unplugged")

    port = Port("a test", CODES, 0.001)
    for label in ("one", "two"):
        port.send(label, 0.0)
    facts = port.close()
    assert Port.written == [1, 0, 2, 0]
    assert "unplugged" in facts["failed"]
    assert facts["sent"] == 2


def test_a_code_table_comes_from_a_dict_json_or_csv(tmp_path):
    (tmp_path / "codes.json").write_text(json.dumps(CODES))
    (tmp_path / "codes.csv").write_text("label,code\none,1\ntwo,2\nthree,3\n")
    for source in (CODES, tmp_path / "codes.json", tmp_path / "codes.csv"):
        assert read_codes(source) == CODES
    for name in ("codes.json", "codes.csv"):  # as Notepad and Excel save them
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert read_codes(tmp_path / name) == CODES
    (tmp_path / "codes.csv").write_text("label,code\nÜbung,1\n", encoding="cp1252")
    with pytest.raises(FileError, match="save it with the encoding UTF-8"):
        read_codes(tmp_path / "codes.csv")
    with pytest.raises(FileError):
        read_codes(tmp_path / "none.csv")


def test_a_port_that_is_not_there_is_told():
    with pytest.raises(SettingsError, match="port='COM_none': cannot be opened"):
        SerialMarkers("COM_none", CODES)
