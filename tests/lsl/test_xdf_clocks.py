"""Clock offsets of XDF files: wrong ones, and clocks that were set, move no marker."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest
import pyxdf

from psychopy_nfb.recording.eeg_files.xdf import read_xdf
from psychopy_nfb.recording.eeg_files.xdf_clocks import synchronize

RATE, N = 250, 15_000
STAMPS = 1000 + np.arange(N) / RATE
MEASURED = 1000 + np.arange(13) * 5.0
MARKED = {"a": 4.0, "b": 20.0, "c": 40.0}
ROWS = [(1000, "a"), (5000, "b"), (10_000, "c")]


def chunk(tag, content):
    body = struct.pack("<H", tag) + content
    return b"\x04" + struct.pack("<I", len(body)) + body


def header(number, name, kind, rate, form):
    info = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>1</channel_count>"
        f"<nominal_srate>{rate}</nominal_srate><channel_format>{form}</channel_format>"
        "<desc><channels><channel><label>Oz</label><unit>microvolts</unit></channel></channels>"
        "</desc></info>"
    )
    return chunk(2, struct.pack("<I", number) + info.encode())


def samples(number, stamps, values):
    rows = [b"\x08" + struct.pack("<d", t) + v for t, v in zip(stamps, values, strict=True)]
    count = b"\x04" + struct.pack("<I", len(rows))
    return chunk(3, struct.pack("<I", number) + count + b"".join(rows))


def offsets(number, measured, values):
    return b"".join(
        chunk(4, struct.pack("<Idd", number, t, o)) for t, o in zip(measured, values, strict=True)
    )


@pytest.fixture
def write(tmp_path):
    """Return a function that writes EEG and markers with clock offsets (when, seconds) of each."""

    def write(values, measured=MEASURED, stamps=STAMPS, marked=None, of_markers=(), announced=None):
        marked = [1000 + at for at in MARKED.values()] if marked is None else marked
        eeg = (np.arange(len(stamps)) % 97).astype("<f4")
        texts = [b"\x01" + bytes([len(text)]) + text.encode() for text in MARKED]
        count = len(stamps) if announced is None else announced
        parts = [
            b"XDF:",
            chunk(1, b"<info><version>1.0</version></info>"),
            header(1, "Amp", "EEG", RATE, "float32"),
            header(2, "Marks", "Markers", 0, "string"),
            offsets(1, measured, values),
            offsets(2, *of_markers) if of_markers else b"",
            samples(1, stamps, [v.tobytes() for v in eeg]),
            samples(2, marked, texts),
            chunk(
                6,
                struct.pack("<I", 1)
                + f"<info><sample_count>{count}</sample_count></info>".encode(),
            ),
        ]
        path = tmp_path / "recorded.xdf"
        path.write_bytes(b"".join(parts))
        return path

    return write


def with_one(value, number):
    values = np.zeros(13)
    values[number] = value
    return values


@pytest.mark.parametrize(("wrong", "number"), [(3.0, 5), (-0.15, 0), (30.0, 12), (1e5, 7)])
@pytest.mark.parametrize("moved", [False, True], ids=["written when due", "as LabRecorder writes"])
def test_an_outlying_offset_moves_no_marker_and_is_told(write, wrong, number, moved):
    values = with_one(wrong, number)
    # LabRecorder takes the offset from the time of its own clock to tell when it was measured.
    found = read_xdf(write(values, MEASURED - values * moved), None)
    assert found.markers == ROWS
    assert found.real_rate == pytest.approx(250.0, abs=1e-6)
    assert found.notes == [
        f"1 of 13 clock offsets of 'Amp' differs by {abs(wrong):.3g} s from the others and is left "
        "out."
    ]


def test_outlying_offsets_of_a_marker_stream_move_no_marker(write):
    values = with_one(3.0, 4)
    values[9] = -7.0
    found = read_xdf(write(np.zeros(13), of_markers=(MEASURED - values, values)), None)
    assert found.markers == ROWS
    assert found.notes == [
        "2 of 13 clock offsets of 'Marks' differ by up to 7 s from the others and are left out."
    ]


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
@pytest.mark.parametrize("when", [False, True], ids=["offset", "time"])
def test_an_offset_that_is_no_number_is_left_out_and_told(write, wrong, when):
    measured, values = MEASURED.copy(), np.zeros(13)
    (measured if when else values)[5] = wrong
    found = read_xdf(write(values, measured), None)
    assert found.markers == ROWS
    assert found.real_rate == pytest.approx(250.0, abs=1e-6)
    assert found.notes == ["1 of 13 clock offsets of 'Amp' is no number and is left out."]


def test_a_file_without_one_sound_offset_keeps_the_stamps_as_they_are(write):
    found = read_xdf(write(np.full(13, np.nan)), None)
    assert found.markers == ROWS
    assert found.notes == ["13 of 13 clock offsets of 'Amp' are no numbers and are left out."]


@pytest.mark.parametrize(("jump", "first"), [(100.0, 6), (-100.0, 9), (2.0, 4), (-0.5, 7)])
def test_offsets_that_jump_where_the_stamps_do_not_give_no_other_rate(write, jump, first):
    values = np.where(np.arange(13) < first, 0.0, jump)
    most = np.median(values)
    found = read_xdf(write(values, marked=[1000 + most + at for at in MARKED.values()]), None)
    assert found.rate == 250.0
    assert found.real_rate == pytest.approx(250.0, abs=1e-6)
    assert found.gaps == []
    assert found.markers == ROWS
    (note,) = found.notes
    assert note.startswith(
        f"The clock offsets of 'Amp' jump by {abs(jump):g} s while its stamps do not, as if the "
        f"clock of the recording computer had been set: the {max(first, 13 - first)} of 13 that "
        "agree are used for the whole recording."
    )


@pytest.mark.parametrize("number", [None, 3, 9], ids=["sound", "outlier before", "outlier after"])
@pytest.mark.parametrize("clock", [5.0, 5000.0], ids=["back", "on"])
def test_stamps_and_offsets_that_jump_together_are_a_restart(write, clock, number):
    # After 30 s the amplifier's computer starts anew, for 2 s; its clock then says `clock`.
    stamps = np.concatenate([STAMPS[:7500], clock + np.arange(N - 7500) / RATE])
    measured = np.concatenate([MEASURED[:6], clock + 1 + np.arange(6) * 5.0])
    values = np.repeat([0.0, 1032.0 - clock], 6)
    if number is not None:
        values[number] += 3.0
    found = read_xdf(write(values, measured, stamps), None)
    assert found.real_rate == pytest.approx(250.0, abs=1e-6)
    assert found.gaps == [(7500, pytest.approx(2.0, abs=1e-6))]
    assert found.markers == [(1000, "a"), (5000, "b"), (9500, "c")]
    assert len(found.notes) == (number is not None)


@pytest.mark.parametrize("silent", [100.0, 270.0], ids=["offsets go on", "offsets go on for long"])
def test_a_restart_is_found_though_samples_ended_long_before_the_offsets(write, silent):
    # Samples end after 30 s, offsets do not; then the amplifier's computer starts anew.
    stamps = np.concatenate([STAMPS[:7500], 100 + np.arange(N - 7500) / RATE])
    measured = np.concatenate([np.arange(1000, 1030 + silent, 5), 102 + np.arange(6) * 5.0])
    values = np.where(measured > 1e3 - 1, 0.0, 932.0 + silent)
    found = read_xdf(write(values, measured, stamps), None)
    assert found.gaps == [(7500, pytest.approx(silent + 2, abs=1e-6))]
    assert found.markers[:2] == ROWS[:2]
    assert found.notes == []


def test_an_amplifiers_clock_that_is_set_by_less_than_a_second_is_followed(write):
    stamps = STAMPS + np.where(np.arange(N) < 7500, 0.0, 0.5)
    values = np.where(np.arange(13) < 6, 0.0, -0.5)
    found = read_xdf(write(values, MEASURED - values, stamps), None)
    assert found.markers == ROWS
    assert found.gaps == []
    assert found.notes == []


def test_the_clock_of_a_marker_stream_that_starts_anew_is_followed(write):
    measured = np.concatenate([MEASURED[:6], 3.0 + np.arange(6) * 5.0])
    values = np.repeat([0.0, 1027.0], 6)
    path = write(np.zeros(13), marked=[1004.0, 1020.0, 13.0], of_markers=(measured, values))
    found = read_xdf(path, None)
    assert found.markers == ROWS
    assert found.notes == []


def test_offsets_that_drift_and_scatter_are_all_used_as_by_pyxdf(write):
    rng = np.random.default_rng(3)
    measured = 1000 + np.arange(720) * 5.0
    values = 400 + 3e-5 * (measured - 1000) + rng.exponential(2e-4, 720)
    path = write(values, measured)
    expected = pyxdf.load_xdf(path, dejitter_timestamps=False)[0][0]["time_stamps"]
    found = read_xdf(path, None)
    assert found.start == pytest.approx(expected[0], abs=2e-5)
    assert found.real_rate == pytest.approx(250 / (1 + 3e-5), rel=1e-6)
    assert found.notes == []


def test_offsets_of_a_bad_network_are_all_used(write):
    values = np.random.default_rng(4).normal(0, 0.03, 13)
    found = read_xdf(write(values), None)
    assert found.notes == []
    assert found.rate == 250.0
    rows = np.array([row for row, _ in found.markers])
    assert np.abs(rows - [row for row, _ in ROWS]).max() <= 0.03 * RATE


def test_what_an_outlet_sends_while_it_ends_is_no_sample(write):
    stamps = np.append(STAMPS, STAMPS[-1] + 0.004)
    found = read_xdf(write(with_one(1e5, 12), stamps=stamps, announced=N), None)
    assert len(found.samples) == N
    assert found.markers == ROWS
    whole = read_xdf(write(np.zeros(13), stamps=stamps, announced=N), None)
    assert len(whole.samples) == N + 1


@pytest.mark.alone
def test_thousands_of_offsets_that_jump_take_no_minutes():
    # Each was compared with every stamp: half an hour of EEG took more than two minutes.
    measured = 1000 + np.arange(4000) * 0.5
    values = np.random.default_rng(0).normal(0, 5, 4000)
    stream = {
        "time_stamps": 1000 + np.arange(500_000) / 250,
        "time_series": np.zeros((500_000, 1)),
        "clock_times": measured.tolist(),
        "clock_values": values.tolist(),
        "info": {"name": ["Amp"], "nominal_srate": ["250"]},
    }
    begun = time.process_time()
    synchronize(stream, notes := [])
    assert time.process_time() - begun < 20
    assert len(notes) == 1
