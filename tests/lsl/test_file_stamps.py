"""What stamps of a whole recording tell: rate, chunks, gaps and jumps of a clock."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.eeg_files.stamps import read_stamps

N = np.arange(20_000)


def rng():
    return np.random.default_rng(7)


def chunks(ends, size, rate):
    """Return stamps that a program derived from the arrival of each chunk."""
    return (ends[:, None] - np.arange(size - 1, -1, -1) / rate).ravel()


@pytest.mark.parametrize(
    ("stamps", "jitters"),
    [
        (100 + N / 250, False),
        (100 + N / 250.8, False),  # a clock that is 0.3 % fast
        # A bad network.
        (np.maximum.accumulate(100 + N / 250 + rng().exponential(0.03, len(N))), True),
        (100 + N / 250 + rng().normal(0, 0.002, len(N)), True),
        (chunks(np.arange(1, 400) * 0.1 + rng().uniform(0, 0.02, 399), 25, 250), True),
    ],
    ids=["exact", "fast", "network", "unsteady", "chunks"],
)
def test_what_is_only_unsteady_has_no_gap_and_its_declared_rate(stamps, jitters):
    timing = read_stamps(stamps, 250.0, "Amp")
    assert timing.rate == 250.0
    assert timing.gaps == []
    assert all("(jitter)" in note for note in timing.notes)
    assert bool(timing.notes) == jitters
    assert (np.diff(timing.times) >= 0).all()


@pytest.mark.parametrize("size", [20, 50, 200])
def test_a_rate_that_only_the_stamps_within_chunks_have_is_not_the_real_one(size):
    # LSL derives the stamps within a chunk from the declared rate, 256 Hz; 200 Hz are real.
    ends = 100 + np.arange(1, 10_000 // size) * size / 200
    timing = read_stamps(chunks(ends, size, 256), 256.0, "Amp")
    assert timing.rate == 200.0
    assert timing.gaps == []
    assert timing.notes[0] == (
        "The stream declares 256 Hz, but its stamps say 200 Hz: 200 Hz is used."
    )


def test_single_samples_that_are_missing_are_no_other_rate():
    kept = rng().random(len(N)) > 0.02
    timing = read_stamps((100 + N / 250)[kept], 250.0, "Amp")
    assert timing.rate == 250.0
    assert timing.gaps == []
    assert timing.notes == [
        f"About {100 * (1 - kept.mean()):.1f} % of the samples are missing, a few at a time: their "
        "times are right, but filters meet steps there."
    ]


@pytest.mark.parametrize("lost", [3, 4, 5])
@pytest.mark.parametrize("times", ["regular", "by chance", "later", "with a gap"])
def test_packets_that_are_missing_are_told_and_stamps_are_right(times, lost):
    firsts = np.arange(40, 19_000, 100)
    if times == "by chance":
        firsts = rng().choice(19_000, 190, replace=False)
    if times == "later":
        firsts = firsts[firsts > 9000]
    kept = np.setdiff1d(N, firsts[:, None] + np.arange(lost))
    stamps = 100 + kept / 250
    if times == "with a gap":
        stamps[6000:] += 2.0
    timing = read_stamps(stamps, 250.0, "Amp")
    assert (timing.rate, timing.chunk) == (250.0, 0.0)
    assert timing.real_rate == pytest.approx(250, rel=1e-6)
    assert np.array_equal(timing.times, stamps)
    gaps = [(6000, pytest.approx(2.0))] if times == "with a gap" else []
    assert timing.gaps == gaps
    share = 100 * (len(N) - len(kept)) / len(N)
    assert timing.notes == [
        f"About {share:.1f} % of the samples are missing, a few at a time: their times are "
        "right, but filters meet steps there."
    ]


def test_a_radio_that_stalls_and_sends_all_at_once_has_its_rate_and_lost_no_negative_share():
    taken = N[:4500] / 250
    stamps = np.where((taken >= 8) & (taken < 11), 11 + (taken - 11) / 10, taken)
    timing = read_stamps(100 + stamps, 250.0, "Amp")
    assert timing.rate == 250.0
    assert timing.notes == []


def test_a_rate_that_changes_a_little_is_no_jitter_and_stamps_are_right():
    stamps = 100 + np.cumsum(np.repeat([1 / 250, 1 / 245], [3300, 2700]))
    timing = read_stamps(stamps, 250.0, "Amp")
    assert np.array_equal(timing.times, stamps)
    assert timing.notes == []


def test_each_gap_is_found_with_its_length():
    stamps = 100 + N / 250
    stamps[5000:] += 5.0
    stamps[10_000:] += 0.3
    stamps[10_005:] += 1.0
    gaps = read_stamps(stamps, 250.0, "Amp").gaps
    assert [row for row, _ in gaps] == [5000, 10_000, 10_005]
    assert [missing for _, missing in gaps] == pytest.approx([5.0, 0.3, 1.0], abs=1e-6)


@pytest.mark.parametrize("jump", [-0.4, -1000.0, 1e6])
def test_a_clock_that_is_set_makes_a_gap_of_unknown_length(jump):
    stamps = 100 + N / 250
    stamps[7000:] += jump
    timing = read_stamps(stamps, 250.0, "Amp")
    ((row, missing),) = timing.gaps
    assert (row, np.isnan(missing)) == (7000, True)
    assert np.allclose(np.diff(timing.times), 1 / 250)
    assert f"by {abs(jump):.2f} s" in timing.notes[0]


def test_streams_without_stamps_or_with_few_samples_are_counted():
    assert read_stamps(np.full(300, np.nan), 250.0, "Amp").times[-1] == 299 / 250
    assert read_stamps(np.array([5.0]), 250.0, "Amp").rate == 250.0
    assert read_stamps(np.array([5.0, 5.0]), 250.0, "Amp").gaps == []
    with pytest.raises(FileError, match="stream='Amp': has neither stamps nor a rate"):
        read_stamps(np.full(300, np.nan), 0.0, "Amp")


@pytest.mark.parametrize("ppm", [0.0, 100.0])
@pytest.mark.parametrize(("chunk", "each"), [(1, True), (5, False), (12, False)])
@pytest.mark.parametrize("sd", [0.002, 0.005, 0.010])
def test_stamps_that_scatter_to_both_sides_are_counted_along_their_mean(sd, chunk, each, ppm):
    n = 30000
    true = 100 + np.arange(n) / (250 * (1 + 1e-6 * ppm))
    noise = sd * rng().standard_normal(n if each else n // chunk)
    timing = read_stamps(true + (noise if each else np.repeat(noise, chunk)), 250.0, "Amp")
    errors = 1e3 * (timing.times - true)
    # Over a minute: 10 ms / sqrt(21 x 60) is 0.3 ms, and twice that at the ends of a line.
    assert np.abs(errors[7500:-7500]).max() < 1.0
    assert np.abs(errors).max() < max(1.0, 4e3 * sd / np.sqrt(250 * 60 / (1 if each else chunk)))
    (note,) = timing.notes
    assert note.endswith("which is taken for noise around the times of the samples.")


def test_stamps_that_are_late_only_are_told_to_be_delayed():
    true = 100 + np.arange(30000) / 250
    timing = read_stamps(true + rng().exponential(0.01, 30000), 250.0, "Amp")
    (note,) = timing.notes
    assert note.endswith("which is taken for delays; the middle one counts.")


def test_a_rate_that_changes_slowly_is_refused_with_what_it_does_to_filters():
    stamps = 100 + np.cumsum(1 / np.linspace(243, 248, 30000))
    with pytest.raises(FileError) as told:
        read_stamps(stamps, 250.0, "Amp")
    assert "and filters are made for one rate: at another one they pass another band, at 10 Hz" in (
        str(told.value)
    )


def test_times_that_are_by_chance_are_refused():
    stamps = np.sort(100 + rng().uniform(0, 100, 5000))
    with pytest.raises(FileError, match="declares no rate, but its samples come at no steady rate"):
        read_stamps(stamps, 0.0, "Events")


def of_rates(*parts, chunk=1, declared=0.0, seed=3):
    """Return stamps of (rate, samples), of chunks stamped on arrival within 5 ms if more than 1."""
    true = 100 + np.cumsum(np.repeat([1 / rate for rate, _ in parts], [n for _, n in parts]))
    if chunk == 1:
        return true
    ends = true[chunk - 1 :: chunk]
    ends = ends + np.random.default_rng(seed).uniform(0, 0.005, len(ends))
    return chunks(ends, chunk, declared)


def with_gap(stamps, row):
    stamps = stamps.copy()
    stamps[row:] += 8.0
    return stamps


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        (of_rates((250, 7500), (125, 7500)), "after about 30 s from 250 Hz to 125 Hz"),
        (of_rates((125, 3750), (250, 7500)), "after about 30 s from 125 Hz to 250 Hz"),
        (of_rates((250, 25_000), (125, 2500)), "after about 100 s from 250 Hz to 125 Hz"),
        (
            of_rates((250, 5000), (125, 2500), (250, 5000)),
            "after about (20 s from 250 Hz to 125|40 s from 125 Hz to 250) Hz",
        ),
        (of_rates((256, 25_600), (250, 25_000)), "after about 100 s from 256 Hz to 250 Hz"),
        (
            of_rates((250, 7500), (125, 7500)) + rng().normal(0, 0.002, 15_000),
            r"after about 30 s from 2(50|49)\.?\d? Hz to 12[45]",
        ),
        (
            of_rates((250, 7500), (125, 7500), chunk=10, declared=250),
            r"after about 30 s from 2(50|49)\.?\d? Hz to 12[45]",
        ),
        (
            with_gap(of_rates((250, 7500), (200, 6000)), 7500),
            "after about (30|38) s from 250 Hz to 200 Hz",
        ),
    ],
    ids=["half", "double", "short", "there and back", "small", "unsteady", "chunks", "gap"],
)
def test_a_rate_that_changes_within_a_recording_is_refused_with_when_and_both(stamps, said):
    with pytest.raises(FileError, match=f"its real rate changes {said}") as caught:
        read_stamps(stamps, 250.0, "Amp")
    assert str(caught.value).startswith("stream='Amp': its real rate changes after about ")


def missing(share):
    kept = rng().random(len(N)) > np.where(N < len(N) / 2, 0, share)
    return (100 + N / 250)[kept]


def held_up():
    stamps = 100 + N / 250
    stamps[5000:7000] += np.linspace(0, 0.9, 2000)  # a network that falls behind, and catches up
    return np.maximum.accumulate(stamps)


@pytest.mark.parametrize(
    "stamps",
    [missing(0.05), missing(0.3), held_up(), with_gap(100 + N / 250, 9000)],
    ids=["some missing", "many missing", "held up", "gap"],
)
def test_what_is_lost_or_late_in_a_part_is_no_change_of_the_rate(stamps):
    assert read_stamps(stamps, 250.0, "Amp").rate == 250.0
