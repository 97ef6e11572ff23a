import numpy as np
import pytest

from psychopy_nfb.lsl.continuity import Continuity


def in_blocks(continuity, stamps, size):
    gaps = []
    for start in range(0, len(stamps), size):
        gaps += [
            (start + gap.row, gap.seconds) for gap in continuity.check(stamps[start : start + size])
        ]
        continuity.learn()
    return gaps


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_row_008_gap_and_drift_are_found(size):
    # 60 s that run at 124.9 Hz in place of 125, with half a second missing after 20 s.
    stamps = 100 + np.arange(7500) / 124.9
    stamps = np.delete(stamps, np.arange(2500, 2562))
    continuity = Continuity(rate=125.0)
    gaps = in_blocks(continuity, stamps, size)
    assert [row for row, _ in gaps] == [2500]
    assert gaps[0][1] == pytest.approx(62 / 124.9, abs=0.001)
    assert continuity.drift_ppm == pytest.approx(-800, abs=5)
    assert continuity.lost_seconds == pytest.approx(0.496, abs=0.002)


def test_the_rate_may_be_learned_later_than_gaps_are_looked_for():
    stamps = np.delete(100 + np.arange(7500) / 124.9, np.arange(2500, 2562))
    continuity = Continuity(rate=125.0)
    for block in np.array_split(stamps, 3001):
        continuity.check(block)
        if continuity.n_gaps == 0 or len(block) == 3:
            continuity.learn()
    continuity.learn()
    assert continuity.n_gaps == 1
    assert continuity.drift_ppm == pytest.approx(-800, abs=5)
    drift = continuity.drift_ppm
    continuity.learn()  # nothing has come since
    assert continuity.drift_ppm == drift


def test_an_amplifier_that_sends_in_uneven_chunks_has_no_gaps():
    rng = np.random.default_rng(1)
    ends = np.arange(1, 200) * 0.05 + rng.uniform(0, 0.02, 199)
    stamps = (ends[:, None] - np.arange(24, -1, -1) / 500).ravel()
    continuity = Continuity(rate=500.0)
    assert in_blocks(continuity, stamps, 25) == []


def test_a_recording_replayed_faster_has_no_gaps():
    continuity = Continuity(rate=500.0)
    assert in_blocks(continuity, np.arange(5000) / 10_000, 7) == []


def test_no_drift_is_claimed_before_there_is_enough():
    continuity = Continuity(rate=500.0)
    continuity.check(np.arange(100) / 400)
    continuity.learn()
    assert continuity.drift_ppm is None


@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_break_that_no_stamp_tells_of_is_a_gap_without_length(size):
    continuity = Continuity(rate=250.0)
    stamps = 100 + np.arange(2000) / 250
    found = []
    for first in range(0, len(stamps), size):
        rows = [1001 - first] if first <= 1001 < first + size else []
        block = stamps[first : first + size]
        found += [(first + gap.row, gap.seconds, gap.t) for gap in continuity.check(block, rows)]
    ((row, seconds, t),) = found
    assert row == 1001
    assert seconds == pytest.approx(0, abs=1e-9)
    assert t == stamps[1000]
    assert continuity.lost_seconds == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("size", [5, 25])
@pytest.mark.parametrize("lost", [3, 5])
def test_samples_missing_a_few_at_a_time_are_lost_seconds_and_no_other_rate(lost, size):
    kept = np.flatnonzero(np.arange(10_000) % 119 >= lost)
    continuity = Continuity(rate=250.0)
    assert in_blocks(continuity, 100 + kept / 250, size) == []
    missing = np.ptp(kept) + 1 - len(kept)
    assert continuity.losses.n_lost == missing
    assert continuity.lost_seconds == pytest.approx(missing / 250)
    assert continuity.effective_rate == pytest.approx(250, rel=1e-9)
    told = continuity.losses.news()
    assert told["sentence"].startswith(f"About {100 * lost / 119:.1f} % of the samples are missing")
    assert continuity.losses.news() is None


def test_arrivals_that_jitter_are_no_missing_samples():
    rng = np.random.default_rng(4)
    continuity = Continuity(rate=250.0)
    ends = np.arange(1, 400) * 0.1 + rng.exponential(0.005, 399)
    in_blocks(continuity, (ends[:, None] - np.arange(24, -1, -1) / 250).ravel(), 25)
    assert continuity.losses.n_lost == 0


def test_the_few_that_are_missing_just_before_a_gap_are_counted():
    kept = np.delete(np.arange(5000), [100, 101, 2490, 2491, *range(2500, 2600), 2620])
    continuity = Continuity(rate=250.0)
    ((row, seconds),) = in_blocks(continuity, 100 + kept / 250, 250)
    assert (kept[row], seconds) == (2600, pytest.approx(100 / 250))
    assert continuity.losses.n_lost == 5
    assert continuity.lost_seconds == pytest.approx(105 / 250)


@pytest.mark.parametrize("ends", [1000, 2503, 2600, 4999])
@pytest.mark.parametrize("unwritten", [0, 1, 20, 70])
def test_a_successor_counts_on_from_the_samples_that_the_files_have(ends, unwritten):
    kept = np.flatnonzero(np.arange(10_000) % 119 >= 3)
    stamps = 100 + kept / 250
    first, told = Continuity(rate=250.0), []
    for at in range(0, ends, 25):
        first.check(stamps[at : min(ends, at + 25)])
        if first.learn():
            told.append(first.reached())
    n = ends - unwritten  # the files lack the last ones that the process had
    second = Continuity(rate=250.0)
    second.resume(float(stamps[n - 1]), 0, 0.0, n, stamps[max(0, n - 300) : n], told)
    assert second.losses.n_lost == kept[n - 1] - kept[0] - (n - 1)
    in_blocks(second, stamps[n + 5 :], 25)  # five samples are lost with the process
    missing = np.ptp(kept) + 1 - len(kept) + 5
    assert second.losses.n_lost == missing
    assert second.lost_seconds == pytest.approx(missing / 250)
