"""Streams and conditions that nobody means: one sentence each."""

from __future__ import annotations

import pytest

from psychopy_nfb.errors import NfbError
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.selection import StreamSelection


def refusal(**selection):
    with pytest.raises(NfbError) as caught:
        Inlet(StreamSelection(timeout=10.0, **selection))
    return str(caught.value)


@pytest.mark.kind("stream that declares a gigahertz", "refused")
def test_a_stream_that_declares_a_gigahertz_takes_no_memory(odd_amplifier):
    source_id = odd_amplifier(rate=1e9, real_rate=250.0)
    assert "rate=1000000000.0: must be at most 100000 Hz" in refusal(source_id=source_id)


@pytest.mark.kind("condition that LSL cannot read", "refused")
@pytest.mark.parametrize("predicate", ["(((", "name='", "x = '", "'a' or"])
def test_a_condition_that_lsl_cannot_read_is_said_at_once(predicate):
    assert "is no condition that LSL can read (XPath 1.0)" in refusal(predicate=predicate)
