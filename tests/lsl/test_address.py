"""A stream whose address is known is opened without a search, and no other in its place."""

import time

import pytest

from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.lsl.absent import AbsentStream, found_again
from psychopy_nfb.lsl.address import stream_at
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.selection import StreamSelection

pytestmark = pytest.mark.slow


def seconds(call):
    begun = time.perf_counter()
    return call(), time.perf_counter() - begun


def named(amplifier):
    return StreamSelection(source_id=amplifier().source_id, timeout=20.0)


@pytest.mark.alone
def test_a_successor_opens_its_stream_without_a_search(amplifier):
    selection = named(amplifier)
    first = Acquisition(selection)
    known = first.known()
    searched, directly = [], []
    for _ in range(3):
        for address, took in ((known["addresses"]["eeg"], directly), ("", searched)):
            inlet, passed = seconds(
                lambda address=address: found_again(
                    selection, known["eeg"], 10.0, first._inlet.heard, address
                )
            )
            assert isinstance(inlet, Inlet)
            assert inlet.facts()["uid"] == known["eeg"]["uid"]
            assert inlet.pull(5.0) is not None
            inlet.close()
            took.append(passed)
    first.close()
    assert min(searched) > 0.4, "LSL's own wait"
    assert sorted(directly)[1] < sorted(searched)[1] - 0.3


def test_no_other_stream_at_the_address_is_taken(amplifier):
    selection = named(amplifier)
    inlet, other = Inlet(selection), Inlet(named(amplifier))
    facts, heard = inlet.facts(), inlet.heard
    again = found_again(selection, facts, 10.0, heard, other.address)
    assert again.facts()["source_id"] == selection.source_id
    for one in (inlet, other, again):
        one.close()


def test_one_that_has_gone_from_its_address_is_absent_until_it_is_back(amplifier):
    source = amplifier()
    selection = StreamSelection(source_id=source.source_id, timeout=20.0)
    inlet = Inlet(selection)
    facts, address = inlet.facts(), inlet.address
    inlet.close()
    source.stop()
    again = found_again(selection, facts, 1.0, inlet.heard, address)
    assert isinstance(again, AbsentStream)
    assert again.facts() == facts


def test_without_an_address_there_is_no_stream():
    assert stream_at("") is None
