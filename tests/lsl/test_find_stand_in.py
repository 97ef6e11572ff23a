"""What is said of a simulated amplifier that does not start."""

import pytest

from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.find import find_stream
from psychopy_nfb.lsl.selection import STAND_IN, StreamSelection


def test_nobody_looks_for_the_firewall_because_of_a_simulated_amplifier(unique_id):
    with pytest.raises(StreamError) as caught:
        find_stream(StreamSelection(source_id=f"{STAND_IN}{unique_id}", timeout=0.2))
    assert str(caught.value) == (
        "stream='simulated amplifier': did not start within 0.2 s, as happens on a very busy "
        "computer; close other programs and start again."
    )
