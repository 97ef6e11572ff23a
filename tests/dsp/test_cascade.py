"""Linear filters give what scipy gives, however the samples are cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from psychopy_nfb.dsp.cascade import SHORT, Cascade

RNG = np.random.default_rng(7)
BAND = signal.butter(2, (8, 12), "bandpass", fs=250, output="sos")
FILTERS = {
    "second-order sections": [(section[:3], section[3:]) for section in BAND],
    "one direct form": [signal.butter(3, 20, fs=250)],
    "taps": [(np.full(9, 1 / 9), np.array([1.0, 0.0]))],
    "more poles than zeros": [(np.array([0.2]), np.array([1.0, -0.8]))],
    "complex": [(np.array([0.5, 0.1j, 0.0]), np.array([1.0, -0.7, 0.2]))],
}


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("sections", FILTERS.values(), ids=FILTERS)
def test_blocks_of_any_length_give_what_scipy_gives_at_once(sections, n_channels):
    samples = RNG.normal(size=(400, n_channels))
    expected = samples
    for numerator, denominator in sections:
        expected = signal.lfilter(numerator, denominator, expected, axis=0)
    for sizes in ([1] * 400, [5] * 80, [50] * 8, [400], [1, 100, 1, 2, 150, 1, 1, 144]):
        cascade = Cascade(sections)
        cascade.begin(n_channels)
        ends = np.cumsum(sizes)
        parts = [cascade.process(block) for block in np.split(samples, ends[:-1])]
        np.testing.assert_allclose(np.concatenate(parts), expected, rtol=0, atol=1e-12)


def test_short_blocks_and_long_ones_continue_each_other_to_the_last_digit():
    samples = RNG.normal(size=(SHORT + 3, 1))
    cascade, whole = Cascade.of_sections(BAND), Cascade.of_sections(BAND)
    cascade.begin(1)
    whole.begin(1)
    parts = [cascade.process(samples[:1]), cascade.process(samples[1:-1])]
    parts.append(cascade.process(samples[-1:]))
    np.testing.assert_array_equal(np.concatenate(parts), whole.process(samples))


@pytest.mark.parametrize("n", [1, 300])
def test_a_settled_start_is_one_in_which_the_first_sample_had_always_been_there(n):
    high_pass = signal.butter(2, 0.5, "highpass", fs=250, output="sos")
    cascade = Cascade.of_sections(high_pass)
    cascade.begin_settled(np.array([100_000.0, -7.0]), signal.sosfilt_zi(high_pass))
    out = cascade.process(np.tile([100_000.0, -7.0], (n, 1)))
    assert np.abs(out).max() < 1e-6
    assert cascade.begun
    cascade.reset()
    assert not cascade.begun
