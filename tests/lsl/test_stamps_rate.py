import numpy as np
import pytest

from psychopy_nfb.lsl.stamps import StampClock
from psychopy_nfb.lsl.stamps_heard import understand
from psychopy_nfb.lsl.stamps_rate import RateWatch


def watched(paces, chunk=5):
    """Return what the watch says at the end of each second, at these rates."""
    watch, t, said = RateWatch(250.0), 0.0, []
    for pace in paces:
        ends = t + 1
        while t < ends:
            t += chunk / pace
            watch.add(chunk, t)
        said.append((round(watch.share, 2), watch.spoilt))
    return said


def test_the_right_rate_is_never_doubted():
    assert set(watched([250.0] * 30)) == {(1.0, False)}
    assert set(watched([251.0, 249.0] * 15)) == {(1.0, False)}


@pytest.mark.parametrize(("pace", "share", "spoilt"), [(245.0, 0.98, False), (200.0, 0.8, True)])
def test_a_rate_that_changes_is_told_after_two_windows_and_forgotten_when_it_is_right(
    pace, share, spoilt
):
    said = watched([250.0] * 6 + [pace] * 10 + [250.0] * 10)
    assert said[5] == (1.0, False)
    assert said[15] == (share, spoilt)
    assert said[-1] == (1.0, False)


def test_one_late_chunk_is_no_other_rate():
    watch = RateWatch(250.0)
    for number in range(1, 60):
        watch.add(63, number * 63 / 250 + (0.1 if number == 24 else 0.0))
        assert watch.share == 1


@pytest.mark.parametrize(
    ("share", "counted", "soonest", "latest"),
    [(0.8, False, 1, 2), (1.1, False, 1, 2), (0.97, False, 3, 7.1), (0.8, True, 3, 7.1)],
)
def test_how_soon_another_rate_is_told(share, counted, soonest, latest):
    for phase in np.arange(0, 3, 0.3):
        watch, t, changes = RateWatch(250.0), 0.0, 10 + phase
        while watch.share == 1 and t < changes + 10:
            t += 5 / (250.0 if t < changes else 250.0 * share)
            watch.add(5, t, counted)
        assert soonest < t - changes < latest


def delays(kind, n, step, rng):
    """Return the delay in seconds of each of `n` chunks, `step` seconds apart."""
    if kind == "scattered":
        return rng.exponential(0.03, n)
    if kind == "wandering":  # with a memory of a second
        keep = np.exp(-step)
        out = np.zeros(n)
        for row, push in enumerate(0.03 * np.sqrt(1 - keep**2) * rng.standard_normal(n - 1)):
            out[row + 1] = keep * out[row] + push
        return np.abs(out)
    late, t = np.zeros(n), step * np.arange(n)
    for begin in np.arange(3.0, n * step, 5.0):
        begin += rng.uniform(0, 2)
        length = rng.uniform(0.15, 0.4)  # nothing comes, then all at once
        held = (t >= begin) & (t < begin + length)
        late[held] = begin + length - t[held]
    return late


@pytest.mark.parametrize("kind", ["scattered", "wandering", "held up"])
@pytest.mark.parametrize("chunk", [1, 12, 63])
def test_a_jittery_link_has_no_other_rate(kind, chunk):
    """Stamps are made on arrival, and LSL counts back from the last one of a chunk."""
    n = 10 * 60 * 250 // chunk
    step = chunk / 250
    true = 100 + step * np.arange(1, n + 1)
    arrivals = np.maximum.accumulate(true + delays(kind, n, step, np.random.default_rng(chunk)))
    back = (np.arange(chunk) - chunk + 1) / 250
    blocks = [(arrival + back, arrival) for arrival in arrivals.tolist()]
    heard = understand(blocks[: round(2 / step)])
    clock, watch = StampClock(heard.pace_beside(250.0), heard), RateWatch(250.0)
    for stamps, arrival in blocks:
        out = clock.correct(stamps, arrival)
        if clock.breaks:
            watch.restart()
        watch.add(chunk, float(out[-1]), clock.counted)
        assert watch.share == 1
