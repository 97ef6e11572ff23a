"""What is written is what pyxdf reads, whatever happens to the writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.xdf import DTYPES, XdfWriter

pyxdf = pytest.importorskip("pyxdf")


def load(path):
    """Return the streams of a file by name, as they stand in it."""
    streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: stream for stream in streams}


@pytest.mark.parametrize("form", sorted(DTYPES))
def test_row_062_numbers_come_back_as_they_were(tmp_path, form):
    kind = np.dtype(DTYPES[form])
    random = np.random.default_rng(0)
    if kind.kind == "f":
        samples = random.normal(0, 1e5, (700, 3)).astype(kind)
    else:
        limits = np.iinfo(kind)
        samples = random.integers(limits.min, limits.max, (700, 3), dtype=kind, endpoint=True)
    stamps = 1e6 + np.cumsum(random.uniform(0, 0.01, 700))
    writer = XdfWriter(tmp_path / "a.xdf")
    stream = writer.add_stream("Amp", "EEG", ["a", "b", "c"], 100.0, form)
    for start, end in ((0, 1), (1, 256), (256, 700)):  # a length of one byte, and of more
        writer.write(stream, samples[start:end], stamps[start:end])
    assert writer.counts() == {"Amp": 700}
    writer.close()
    read = load(tmp_path / "a.xdf")["Amp"]
    assert (np.asarray(read["time_series"]) == samples).all()
    assert (read["time_stamps"] == stamps).all()
    assert read["footer"]["info"]["sample_count"] == ["700"]


def test_texts_and_several_streams_in_turn(tmp_path):
    texts = ["", "left", "ümläut 🙂", "tab\tand\nline", "x" * 300]
    writer = XdfWriter(tmp_path / "a.xdf")
    eeg = writer.add_stream(
        "Amp",
        "EEG",
        ["Cz", "Oz"],
        250.0,
        "float32",
        source_id="abc",
        units="microvolts",
        positions={"Oz": (0.0, -0.1, 0.05)},
        desc={"reference": "Cz & <ears>"},
    )
    marks = writer.add_stream("Marks", "Markers", ["mark"], 0, "string")
    for number, text in enumerate(texts):
        writer.write(eeg, [[number, -number]], [number * 0.1])
        writer.write(marks, [[text]], [number * 0.1 + 0.05])
        writer.clock_offset(eeg, number * 0.1, 0.002)
        writer.boundary()
    writer.close()
    read = load(tmp_path / "a.xdf")
    assert [row[0] for row in read["Marks"]["time_series"]] == texts
    assert np.asarray(read["Amp"]["time_series"]).tolist() == [[n, -n] for n in range(5)]
    assert read["Amp"]["clock_values"] == [0.002] * 5
    info = read["Amp"]["info"]
    assert (info["source_id"], info["nominal_srate"]) == (["abc"], ["250"])
    assert info["desc"][0]["reference"] == ["Cz & <ears>"]
    cz, oz = info["desc"][0]["channels"][0]["channel"]
    assert (cz["label"], cz["unit"], oz["label"]) == (["Cz"], ["microvolts"], ["Oz"])
    assert "location" not in cz
    assert oz["location"][0]["Y"] == ["-0.1000"]


def written(path, n_chunks, append=False, first=0):
    """Write numbered samples in chunks of ten and return the writer, not closed."""
    writer = XdfWriter(path, append)
    eeg = writer.add_stream("Amp", "EEG", ["a", "b"], 100.0, "double64", source_id="abc")
    marks = writer.add_stream("Marks", "Markers", ["mark"], 0, "string")
    for chunk in range(first, first + n_chunks):
        numbers = np.arange(chunk * 10, chunk * 10 + 10)
        writer.write(eeg, np.stack((numbers, -numbers), axis=1), numbers / 100)
        writer.write(marks, [[f"mark {chunk}"]], [chunk / 10])
    return writer


@pytest.mark.parametrize("seed", range(4))
def test_row_109_a_file_torn_anywhere_is_read_and_continued(tmp_path, seed):
    whole = tmp_path / "whole.xdf"
    written(whole, 20).close()
    content = whole.read_bytes()
    headers = content.index(b"<name>Marks") + 400
    places = np.random.default_rng(seed).integers(headers, len(content), 25)
    for place in (*places, len(content) - 1, len(content)):
        torn = tmp_path / f"torn-{place}.xdf"
        torn.write_bytes(content[:place])
        writer = written(torn, 3, append=True, first=100)
        kept = writer.counts()
        writer.close()
        read = load(torn)
        assert set(read) == {"Amp", "Marks"}  # continued, not doubled
        numbers = np.asarray(read["Amp"]["time_series"])[:, 0].astype(int)
        before = kept["Amp"] - 30
        assert before % 10 == 0
        assert numbers.tolist() == [*range(before), *range(1000, 1030)]
        assert (read["Amp"]["time_stamps"] == numbers / 100).all()
        lost = content.count(b"mark") - content[:place].count(b"mark")
        assert before >= 200 - 10 * (lost + 1)
        assert read["Amp"]["footer"]["info"]["sample_count"] == [str(len(numbers))]


def test_what_is_no_xdf_file_is_not_touched(tmp_path):
    path = tmp_path / "notes.xdf"
    path.write_text("Participant was tired.")
    with pytest.raises(FileError, match="is no XDF file"):
        XdfWriter(path, append=True)
    with pytest.raises(FileError, match=r"notes\.xdf'.*cannot be written"):
        XdfWriter(path)
    assert path.read_text() == "Participant was tired."


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_row_109_a_killed_writer_loses_nothing_that_was_flushed(tmp_path):
    path = tmp_path / "a.xdf"
    code = (
        "import sys, time\n"
        "from psychopy_nfb.recording.xdf import XdfWriter\n"
        "writer = XdfWriter(sys.argv[1])\n"
        "eeg = writer.add_stream('Amp', 'EEG', ['a'], 100.0, 'float32')\n"
        "for number in range(5000):\n"
        "    writer.write(eeg, [[number]], [number / 100])\n"
        "writer.flush()\n"
        "print('flushed', flush=True)\n"
        "writer.write(eeg, [[5000.0]], [50.0])\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"flushed\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    numbers = np.asarray(load(path)["Amp"]["time_series"])[:, 0]
    assert numbers.tolist() == list(range(5000))


@pytest.mark.parametrize("place", [0, 3, 4, 40, 150])
def test_row_109_a_file_torn_in_its_headers_is_continued_as_whole_xdf(tmp_path, place):
    path = tmp_path / "a.xdf"
    written(path, 2).close()
    path.write_bytes(path.read_bytes()[:place])
    written(path, 3, append=True).close()
    read, header = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False)
    assert sorted(len(stream["time_stamps"]) for stream in read) == [3, 30]
    assert header is not None
    assert header["info"]["version"] == ["1.0"]


def test_stamps_of_markers_and_clock_offsets_are_exact(tmp_path):
    stamps = [1e6 + 0.1, 1e6 + 0.1000001, 1e6 + 7.3]
    offsets = [(1e6, -0.25), (1e6 + 5, 1e9 + 1e-7)]
    writer = XdfWriter(tmp_path / "a.xdf")
    marks = writer.add_stream("Marks", "Markers", ["mark", "more"], 0, "string")
    for t, offset in offsets:
        writer.clock_offset(marks, t, offset)
    writer.write(marks, [["a", "1"], ["b", "2"], ["c", "3"]], stamps)
    writer.close()
    read = load(tmp_path / "a.xdf")["Marks"]
    assert read["time_stamps"].tolist() == stamps
    assert read["time_series"] == [["a", "1"], ["b", "2"], ["c", "3"]]
    assert list(zip(read["clock_times"], read["clock_values"], strict=True)) == offsets
    assert read["info"]["nominal_srate"] == ["0"]


def test_a_continued_stream_of_texts_knows_its_last_stamp(tmp_path):
    path = tmp_path / "a.xdf"
    for append in (False, True):
        writer = XdfWriter(path, append)
        marks = writer.add_stream("Marks", "Markers", ["mark"], 0, "string")
        if not append:
            writer.write(marks, [["a"], ["b"]], [1.0, 2.0])
        writer.close()
    assert load(path)["Marks"]["footer"]["info"]["last_timestamp"] == ["2.0"]
