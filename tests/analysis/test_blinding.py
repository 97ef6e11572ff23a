"""Blinding indices, against worked examples."""

from __future__ import annotations

import pytest

from psychopy_nfb.analysis import bang_index, james_index
from psychopy_nfb.errors import SettingsError


def test_row_123_bangs_index_is_what_is_calculated_by_hand():
    # 60 right, 20 wrong, 20 do not know: 0.6 - 0.2; its variance is (0.8 - 0.4²) / 100 = 0.0064.
    index = bang_index(60, 20, 20)
    assert index.value == pytest.approx(0.4)
    assert index.low == pytest.approx(0.4 - 1.959964 * 0.08, abs=1e-6)
    assert index.high == pytest.approx(0.4 + 1.959964 * 0.08, abs=1e-6)
    assert bang_index(10, 0).value == 1
    assert bang_index(0, 10).value == -1
    assert bang_index(7, 7, 3).value == 0
    with pytest.raises(SettingsError, match="ask at least 2"):
        bang_index(0, 0, 0)


def test_both_indices_are_those_of_a_published_example():
    # Counts and results as the documentation of the R package BI and its translations print them.
    counts = {
        "real": {"real": 48, "sham": 4, "unknown": 330},
        "sham": {"real": 22, "sham": 30, "unknown": 319},
    }
    assert james_index(counts) == pytest.approx(0.896, abs=5e-4)
    real, sham = bang_index(48, 4, 330), bang_index(30, 22, 319)
    assert (real.value, real.low, real.high) == pytest.approx((0.115, 0.080, 0.150), abs=5e-4)
    assert (sham.value, sham.low, sham.high) == pytest.approx((0.022, -0.016, 0.060), abs=5e-4)


def test_jamess_index_is_1_if_nobody_knows_and_0_if_everybody_does():
    assert james_index({"a": {"unknown": 3}, "b": {"unknown": 3}}) == 1
    assert james_index({"a": {"a": 3}, "b": {"b": 3}}) == 0
    assert james_index({"a": {"a": 2, "b": 2}, "b": {"a": 2, "b": 2}}) == 0.5
