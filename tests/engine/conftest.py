"""What tests of the background process share."""

import time

import pytest

from psychopy_nfb.engine.records import NUMBER


@pytest.fixture
def listen():
    """Return a function that updates for some time and returns the records that came."""

    def go_on(nfb, seconds):
        seen = nfb.records.newest_seq
        records = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            nfb.update()
            for record in nfb.records.since(seen):
                seen = record[NUMBER]
                records.append(record)
            time.sleep(0.005)
        return records

    return go_on
