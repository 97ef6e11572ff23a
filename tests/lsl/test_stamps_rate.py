import pytest

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
