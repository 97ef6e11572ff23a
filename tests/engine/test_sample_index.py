import numpy as np

from psychopy_nfb.engine.sample_index import SampleIndex


def test_nearest_sample_of_each_time():
    index = SampleIndex(rate=100.0, seconds=2.0, start=1000)
    stamps = 50 + np.arange(500) / 100
    for part in np.array_split(stamps, 23):
        index.extend(part)
    for number in (310, 350, 499):
        t = stamps[number]
        assert index.at(t) == 1000 + number
        assert index.at(t - 0.004) == 1000 + number
        assert index.at(t - 0.006) == 1000 + number - 1


def test_a_time_that_has_not_come_has_no_sample():
    index = SampleIndex(rate=100.0)
    assert index.at(1.0) is None
    index.extend(np.array([1.0, 1.01]))
    assert index.at(1.02) is None


def test_a_block_longer_than_the_memory():
    index = SampleIndex(rate=10.0, seconds=2.0)
    index.extend(np.arange(100) / 10)
    assert index.at(9.9) == 99
    assert index.at(0.0) == 80
