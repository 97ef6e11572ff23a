"""Stamps of every kind of clock, made here with the times at which samples were taken in truth."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.lsl import stamps_listen
from psychopy_nfb.lsl.continuity import Continuity
from psychopy_nfb.lsl.stamps import MOST_JUMPS, StampClock
from psychopy_nfb.lsl.stamps_heard import understand

LATENCY = 0.003
"""Shortest time from a sample to its arrival, in seconds: nobody can know it."""


def stream(
    kind, rate=250.0, real=None, chunk=5, seconds=20.0, jitter=0.002, lost=None, held=0.0, seed=0
):
    """Return when samples were taken, and the blocks (stamps, received) that arrive."""
    rng = np.random.default_rng(seed)
    real = real or rate
    true = 1000 + np.arange(int(real * seconds) // chunk * chunk) / real
    if lost is not None:
        true = true[(true < 1000 + lost[0]) | (true >= 1000 + lost[1])]
        true = true[: len(true) // chunk * chunk]
    blocks = []
    for first in range(0, len(true), chunk):
        t = true[first : first + chunk]
        received = float(t[-1] + LATENCY + rng.exponential(jitter))
        since = (received - 1000) % 1.3
        if received > 1003 and since < held:  # a radio link that hands on nothing for a while
            received += held - since + 0.01 * since
        blocks.append((stamped(kind, t, first, rate, received), received))
    return true, blocks


def stamped(kind, t, first, rate, received):
    n, since = len(t), t - 1000
    briefly = (since >= 4) & (since < 4 + 1 / 12)
    return {
        "right": t,
        "unix": t + 1.7e9,
        "device": t * (1 + 50e-6) - 995,
        "ahead": t + 0.4,
        "zeros": np.where(briefly, 0.0, t),
        "nan": np.where(briefly, np.nan, t),
        "forward": t + np.where(since >= 4, 2.0, 0.0),
        "back": t - np.where(since >= 4, 2.0, 0.0),
        "a little back": t - np.where(since >= 4, 0.3, 0.0),
        "arrival": np.full(n, received - 0.001),
        "arrival in Unix time": np.full(n, received + 1.7e9),
        "last on arrival": received - 0.001 - np.arange(n)[::-1] / rate,
        "by number": 1000 + np.arange(first, first + n) / rate,
    }[kind]


def corrected(kind, heard_for=0.6, declared=250.0, **settings):
    """Return the clock, its stamps less the true times, the rows of breaks, and the stamps."""
    true, blocks = stream(kind, rate=declared, **settings)
    heard = understand([block for block in blocks if block[1] - blocks[0][1] < heard_for])
    clock = StampClock(heard.pace_beside(declared), heard)
    stamps, breaks = [], []
    for raw, received in blocks:
        before = raw.copy()
        first = sum(map(len, stamps))
        stamps.append(clock.correct(raw, received))
        assert np.array_equal(raw, before, equal_nan=True)
        assert stamps[-1][-1] <= received + (kind == "ahead")
        breaks += [first + row for row in clock.breaks]
    stamps = np.concatenate(stamps)
    return clock, stamps - true, breaks, stamps


def names(clock):
    return [what for what, _ in clock.events]


def test_stamps_that_are_right_are_handed_on_as_they_are():
    clock, errors, breaks, _ = corrected("right")
    assert np.abs(errors).max() == 0
    assert (breaks, names(clock)) == ([], [])
    assert clock.facts()["stamps"] == "as sent"
    assert clock.chunk_seconds == pytest.approx(0.02)


@pytest.mark.parametrize("heard_for", [0.6, 0.0], ids=["heard", "silent at first"])
@pytest.mark.parametrize("kind", ["unix", "device"])
def test_stamps_of_another_clock_are_moved_by_the_narrowest_arrival(kind, heard_for):
    clock, errors, breaks, _ = corrected(kind, heard_for, seconds=60.0)
    # The device's clock runs 50 millionths fast: 3 ms in this time, followed.
    assert errors.min() > LATENCY - 0.001
    assert errors.max() < LATENCY + 0.002
    assert breaks == []
    assert names(clock) == ["clock_offset"]


def test_stamps_that_lie_ahead_are_of_another_clock():
    clock, errors, _, _ = corrected("ahead")
    assert np.abs(errors - LATENCY).max() < 0.002
    assert names(clock) == ["clock_offset"]


@pytest.mark.parametrize("kind", ["forward", "back", "a little back"])
def test_a_jump_of_the_clock_is_a_break_and_samples_go_on_as_they_arrive(kind):
    clock, errors, breaks, stamps = corrected(kind)
    assert breaks == [1000]
    assert names(clock) == ["clock_jump"]
    assert np.abs(errors).max() < 0.01
    assert (np.diff(stamps) > 0).all()


def scattered(scatter, chunk, each, late, ppm=0.0, seconds=120.0, heard_for=2.2, seed=0):
    """Return a clock and the errors in ms of samples whose stamps scatter by `scatter`(n).

    `each` sample scatters by itself, or all of a chunk do together; `late` says whether samples
    arrive after their stamps even where these are late.
    """
    rng = np.random.default_rng(seed)
    n = int(250 * seconds) // chunk * chunk
    true = 1000 + np.arange(n) / (250 * (1 + 1e-6 * ppm))
    stamps = true + (scatter(rng, n) if each else np.repeat(scatter(rng, n // chunk), chunk))
    blocks, received = [], 0.0
    for first in range(0, n, chunk):
        of_chunk = stamps[first : first + chunk]
        ready = max(true[first + chunk - 1], of_chunk[-1] if late else 0.0)
        received = max(received, ready + LATENCY + rng.exponential(0.002))
        blocks.append((of_chunk, received))
    heard = understand([block for block in blocks if block[1] - blocks[0][1] < heard_for])
    clock = StampClock(heard.pace_beside(250.0), heard)
    out = np.concatenate([clock.correct(raw, at) for raw, at in blocks])
    assert (np.diff(out) > 0).all()
    return clock, 1e3 * (out - true)


@pytest.mark.parametrize("ppm", [0.0, 100.0, -100.0])
@pytest.mark.parametrize(("chunk", "each"), [(1, True), (5, True), (5, False), (12, False)])
@pytest.mark.parametrize("sd", [0.002, 0.005, 0.010])
def test_stamps_that_scatter_to_both_sides_are_placed_at_their_mean(sd, chunk, each, ppm):
    clock, errors = scattered(
        lambda rng, n: sd * rng.standard_normal(n), chunk, each, late=False, ppm=ppm
    )
    assert clock.facts()["stamps"] == "averaged"
    assert clock.facts()["noise"] == pytest.approx(sd, rel=0.25)
    assert not clock.on_arrival
    assert names(clock) == ["stamps_counted"]
    # Noise of 10 ms in 21 chunks a second is 2 x 10 / sqrt(21 x 60) = 0.6 ms after a minute.
    assert np.abs(errors[15000:]).max() < 1.0
    assert abs(errors.mean()) < 0.5


@pytest.mark.parametrize(("chunk", "each"), [(1, True), (5, True), (5, False), (12, False)])
@pytest.mark.parametrize("distribution", ["exponential", "uniform"])
@pytest.mark.parametrize("sd", [0.002, 0.005, 0.010])
def test_stamps_that_are_late_only_are_placed_at_the_earliest(sd, distribution, chunk, each):
    draw = {
        "exponential": lambda rng, n: rng.exponential(sd, n),
        "uniform": lambda rng, n: rng.uniform(0, np.sqrt(12) * sd, n),
    }[distribution]
    clock, errors = scattered(draw, chunk, each, late=True)
    assert clock.facts()["stamps"] != "averaged"
    assert clock.on_arrival
    assert abs(np.median(errors[15000:])) < 1.0


@pytest.mark.parametrize("missing", [0.3, 2.0])
def test_what_is_lost_between_stamps_that_scatter_is_told(missing):
    rng = np.random.default_rng(2)
    true = np.arange(15000) / 250
    true = 1000 + np.where(true >= 30, true + missing, true)
    blocks = [
        (part + 0.005 * rng.standard_normal(5), part[-1] + LATENCY) for part in true.reshape(-1, 5)
    ]
    clock = StampClock(250.0, understand(blocks[:100]))
    stamps, breaks = [], []
    for raw, received in blocks:
        stamps.append(clock.correct(raw, received))
        breaks += [5 * (len(stamps) - 1) + row for row in clock.breaks]
    errors = np.concatenate(stamps) - true
    assert clock.facts()["stamps"] == "averaged"
    assert breaks[0] == pytest.approx(7500, abs=50)
    assert len(breaks) == 1
    assert lost_seconds(np.concatenate(stamps), breaks) == pytest.approx(missing, abs=0.02)
    assert np.abs(errors[9000:]).max() < 0.002


@pytest.mark.parametrize("amount", [0.15, 0.5, 0.9, 2.0, -0.3, -2.0, 3600.0])
@pytest.mark.parametrize("unix", [0.0, 1.7e9], ids=["LSL's clock", "Unix time"])
def test_a_clock_that_jumps_back_and_forth_moves_no_sample_and_tells_no_loss(amount, unix):
    clock, errors, breaks, stamps = back_and_forth(amount, unix)
    assert np.abs(errors).max() < 0.01
    assert len(breaks) == MOST_JUMPS, "events, gaps and new beginnings are bounded"
    told = [name for name in names(clock) if name != "clock_offset"]
    assert told == ["clock_jump"] * MOST_JUMPS + ["stamps_counted"]
    sentence = clock.events[-1][1]["sentence"]
    assert sentence.startswith("The clock of the amplifier's stamps jumped 11 times in 20 s")
    assert lost_seconds(stamps, breaks) == pytest.approx(0.0, abs=0.002)


@pytest.mark.parametrize("amount", [0.5, -2.0, 100.0])
def test_what_is_lost_while_the_clock_jumps_is_told_to_the_last_sample(amount):
    losses = ((10.5, 13.5), (100.0, 100.5))  # before and after samples are counted
    _, errors, breaks, stamps = back_and_forth(amount, losses=losses)
    assert errors[-1] == pytest.approx(LATENCY / 2, abs=0.01)
    assert lost_seconds(stamps, breaks) == pytest.approx(3.5, abs=0.06)


def test_a_clock_that_jumps_every_two_minutes_is_followed_each_time():
    clock, errors, breaks, _ = back_and_forth(2.0, every=120.0, seconds=2500.0)
    assert names(clock) == ["clock_jump"] * 20
    assert len(breaks) == 20
    assert np.abs(errors).max() < 0.01


def back_and_forth(amount, unix=0.0, every=2.0, seconds=300.0, losses=()):
    """Return as `corrected` does, of a clock that jumps on by `amount` seconds and back."""
    rng = np.random.default_rng(1)
    clock, out, taken, breaks = None, [], [], []
    first_blocks = []
    for number in range(round(seconds * 50)):
        true = 1000 + (number * 5 + np.arange(5)) / 250
        since = number / 50
        if any(first <= since < last for first, last in losses):
            continue
        raw = true + unix + amount * (int(since // every) % 2)
        received = true[-1] + LATENCY + rng.exponential(0.001)
        if since < 0.6:
            first_blocks.append((raw, received))
            continue
        if clock is None:
            clock = StampClock(250.0, understand(first_blocks))
        stamps = clock.correct(raw, received)
        breaks += [5 * len(out) + row for row in clock.breaks]
        out.append(stamps)
        taken.append(true)
    out = np.concatenate(out)
    return clock, out - np.concatenate(taken), breaks, out


def lost_seconds(stamps, breaks):
    """Return the seconds lost that are told of stamps."""
    continuity = Continuity(250.0)
    continuity.check(stamps, breaks)
    return continuity.lost_seconds


@pytest.mark.parametrize("kind", ["zeros", "nan"])
def test_samples_without_a_stamp_are_counted(kind):
    clock, errors, breaks, _ = corrected(kind)
    assert np.abs(errors).max() < 1e-6
    assert breaks == []
    assert names(clock) == ["stamps_missing"]
    assert clock.facts()["n_missing"] == 21


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("arrival", {}),
        ("arrival", {"chunk": 9}),
        ("arrival", {"chunk": 64}),
        ("arrival", {"chunk": 64, "heard_for": 0.0}),
        ("arrival in Unix time", {"chunk": 64}),
        ("last on arrival", {"chunk": 50, "jitter": 0.01}),
        ("last on arrival", {}),
    ],
)
def test_chunks_stamped_on_arrival_are_spaced_evenly(kind, settings):
    clock, errors, breaks, stamps = corrected(kind, **{"heard_for": 3.0, **settings})
    steps = np.diff(stamps[len(stamps) // 2 :])
    assert clock.counted
    assert breaks == []
    assert steps.min() > 0.4 / 250
    assert steps.max() < 2 / 250
    assert np.abs(errors[len(errors) // 4 :] - LATENCY).max() < 0.01
    assert len(names(clock)) == 1


def test_a_lost_chunk_is_a_break_where_samples_are_counted():
    clock, errors, breaks, _ = corrected("arrival", 3.0, chunk=64, lost=(8.0, 10.0))
    assert breaks == [int(8 * 250 // 64 * 64)] or breaks == [int(8 * 250 // 64 * 64 + 64)]
    assert np.abs(errors[: breaks[0]]).max() < 0.02
    assert np.abs(errors[breaks[0] + 64 :]).max() < 0.02


@pytest.mark.parametrize("kind", ["arrival", "last on arrival"])
@pytest.mark.parametrize("chunk", [1, 5, 12])
def test_blocks_that_a_radio_link_held_up_are_no_gap(kind, chunk):
    _, errors, breaks, stamps = corrected(kind, 3.0, chunk=chunk, held=0.24)
    assert breaks == []
    assert np.abs(errors[len(errors) // 4 :] - LATENCY).max() < 0.02
    assert (np.diff(stamps) > 0).all()


@pytest.mark.parametrize("chunk", [1, 5, 12])
def test_a_short_loss_is_a_break_within_a_tenth_of_a_second(chunk):
    _, errors, breaks, _ = corrected("arrival", 3.0, chunk=chunk, lost=(8.0, 8.3))
    assert len(breaks) == 1
    assert 8.0 <= breaks[0] / 250 <= 8.1 + chunk / 250
    assert np.abs(errors[breaks[0] + chunk :]).max() < 0.02


def test_stamps_made_of_numbers_and_a_wrong_rate_run_away_and_are_not_believed():
    settings = {"declared": 256.0, "real": 200.0, "chunk": 4}
    _, blocks = stream("by number", rate=256.0, real=200.0, chunk=4)
    short = understand([block for block in blocks if block[1] - blocks[0][1] < 0.6])
    assert short.doubtful  # so that it is listened to for longer
    clock, errors, _, _ = corrected("by number", 1.5, **settings)
    assert clock.counted
    assert np.abs(errors - LATENCY).max() < 0.01


@pytest.mark.parametrize(
    ("kind", "declared", "real", "chunk", "heard_for"),
    [
        ("right", 256.0, 200.0, 4, 2.0),
        ("right", 256.0, 128.0, 4, 2.0),
        ("unix", 256.0, 200.0, 4, 2.0),
        ("arrival", 256.0, 200.0, 50, 4.0),
        ("last on arrival", 256.0, 200.0, 4, 2.0),
        ("by number", 256.0, 200.0, 4, 2.5),
    ],
)
def test_the_real_rate_is_found(kind, declared, real, chunk, heard_for):
    _, blocks = stream(kind, rate=declared, real=real, chunk=chunk)
    heard = understand([block for block in blocks if block[1] - blocks[0][1] < heard_for])
    assert heard.rate == real
    assert heard.differs_from(declared)
    assert heard.steady


def test_a_chunk_that_arrives_in_parts_is_one_chunk():
    true, blocks = stream("arrival", chunk=64, seconds=3.0)
    parts = []
    for stamps, received in blocks:
        parts += [(stamps[:20], received), (stamps[20:50], received + 0.006)]
        parts.append((stamps[50:], received + 0.02))
    assert understand(parts).chunk == 64


def test_samples_that_come_later_and_later_on_a_busy_computer_have_their_own_rate():
    true, blocks = stream("right", chunk=7, seconds=5.0)
    busy = [0.0]
    late = []
    for number, (stamps, received) in enumerate(blocks):
        busy.append(max(busy[-1], received + 0.02 * (number % 40)))  # 0.8 s, then it catches up
        late.append((stamps, busy[-1]))
    heard = understand(late[: len(late) // 2])
    assert heard.rate == 250
    assert heard.doubtful
    assert not heard.counted


def test_a_rate_that_changes_is_not_steady():
    t = np.cumsum(1 / (250 * (1 + 0.02 * np.arange(1000) / 250)))
    blocks = [(1000 + t[k : k + 5], 1000 + t[k + 4] + LATENCY) for k in range(0, 1000, 5)]
    heard = understand(blocks)
    assert heard.differs_from(250.0)
    assert not heard.steady
    assert heard.paces[0] < heard.paces[1]


@pytest.mark.parametrize("kind", ["right", "arrival", "last on arrival"])
def test_the_declared_rate_is_not_doubted_for_jitter(kind):
    for seed in range(20):
        _, blocks = stream(kind, jitter=0.01, seconds=0.6, seed=seed)
        heard = understand(blocks)
        assert not heard.differs_from(250.0)


def test_samples_that_were_late_because_nobody_took_them_are_no_jump():
    true, blocks = stream("right")
    clock = StampClock(250.0, understand(blocks[:40]))
    for stamps, received in blocks:
        late = 1003 < received < 1006  # the process stood still, then took block by block
        out = clock.correct(stamps, 1006.0 if late else received)
        assert out is stamps
    assert names(clock) == []


def test_the_clock_of_a_known_stream_is_not_doubted_because_its_first_samples_waited():
    _, blocks = stream("right")
    heard = understand(blocks[:50])
    waited, received = np.concatenate([stamps for stamps, _ in blocks[50:600]]), blocks[599][1]
    assert received - waited[-1] < 1.0
    clock = StampClock(250.0, heard)
    assert np.array_equal(clock.correct(waited, received + 9.3), waited)
    for stamps, received in blocks[600:]:
        assert np.array_equal(clock.correct(stamps, received + 9.3 * (received < 1013)), stamps)
    assert names(clock) == []
    assert clock.facts()["stamps"] == "as sent"


def test_a_known_stream_whose_clock_was_set_meanwhile_is_moved_at_once():
    _, blocks = stream("right")
    clock = StampClock(250.0, understand(blocks[:50]))
    stamps, received = blocks[50]
    assert clock.correct(stamps - 3600.0, received)[-1] == pytest.approx(received, abs=0.01)
    assert names(clock) == ["clock_offset"]


def test_a_standstill_while_listening_is_no_other_clock(monkeypatch):
    """The time is made up: a real standstill of so many seconds would hold up the test, too."""
    now = [1000.0]
    monkeypatch.setattr(stamps_listen.pylsl, "local_clock", lambda: now[0])
    sent = [1000.0]

    def take(_):
        now[0] += 9.3 if now[0] == 1000.0 else 0.02
        stamps = np.arange(sent[0], now[0] if len(taken) else 1001.0, 1 / 250)
        sent[0] = stamps[-1] + 1 / 250
        taken.append(len(stamps))
        return np.zeros((len(stamps), 1)), stamps, now[0]

    taken = []
    heard, _ = stamps_listen.listen(take, 250.0)
    assert heard.samples == sum(taken)
    assert len(taken) > 20
    assert (heard.offset, heard.counted) == (0.0, False)


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_first_samples_whose_unit_is_not_known_yet_are_together(chunk):
    clock = StampClock(250.0)
    milliseconds = 7000.0 + 4.0 * np.arange(60)
    out = [
        clock.correct(part, received=50.0 + (row + chunk) / 250)
        for row, part in ((row, milliseconds[row : row + chunk]) for row in range(0, 60, chunk))
    ]
    stamps = np.concatenate(out)
    assert [what for what, _ in clock.events] == ["stamps_unit", "clock_offset"]
    assert (np.diff(stamps) > 0).all()
    assert stamps[-1] - stamps[0] == pytest.approx(59 / 250, abs=0.02)


@pytest.mark.parametrize(("every", "lost"), [(100, 3), (119, 5), (0, 3)])
def test_a_radio_that_loses_packets_has_the_rate_of_its_stamps(every, lost):
    numbers = np.arange(1250)
    if every:
        kept = numbers[numbers % every >= lost]
    else:  # at no regular times
        firsts = np.random.default_rng(5).choice(1200, 12, replace=False)
        kept = np.setdiff1d(numbers, firsts[:, None] + np.arange(lost))
    stamps = 1000 + kept / 250
    received = stamps + LATENCY
    blocks = [(stamps[k : k + 5], float(received[k : k + 5][-1])) for k in range(0, len(kept), 5)]
    heard = understand(blocks)
    assert not heard.counted
    assert heard.pace == pytest.approx(250, rel=1e-6)
    assert not heard.differs_from(250)
