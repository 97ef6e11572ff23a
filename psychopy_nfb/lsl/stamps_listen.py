"""Listening to a stream before it is used: long enough to know its clock and its rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pylsl

from psychopy_nfb.lsl.stamps_heard import WRONG_RATE, Heard, understand

Block = tuple[np.ndarray, np.ndarray, float]
"""Samples as the stream sent them, their stamps, and when they had arrived."""

LEAST_SECONDS = 0.6
"""Time that tells whether all is as declared, while the background process still loads."""
OTHER_RATE_SECONDS = 2.5
"""Time that tells a rate that is not as declared, from regular stamps."""
MOST_SECONDS = 5.0
"""Time that tells it from chunks stamped on arrival."""
CERTAIN = 0.002
"""Uncertainty of a rate, as a share of it, that no more time is needed for."""
LOOK_SECONDS = 0.2
WAIT_SECONDS = 0.02
MOST_AT_ONCE = 0.1
"""Of what one wait takes, in seconds, counts as listening at most."""


def listen(take: Callable[[float], Block | None], expected: float) -> tuple[Heard, list[Block]]:
    """Take what a stream sends until it is understood.

    Parameters
    ----------
    take : callable
        Returns what came within the seconds that it is given, None if nothing came.
    expected : float
        Samples a second that are declared; 0 if none are.

    Returns
    -------
    heard : Heard
        Nothing of a stream that is silent for the first `LEAST_SECONDS`.
    blocks : list
        All that came meanwhile.
    """
    blocks: list[Block] = []
    heard = Heard()
    before = pylsl.local_clock()
    seconds, look_at = 0.0, LEAST_SECONDS
    while True:
        try:
            block = take(WAIT_SECONDS)
        except pylsl.util.LostError:  # the next pull says so
            return understand([block[1:] for block in blocks]), blocks
        if block is not None:
            blocks.append(block)
        # A standstill of this process is no listening: what came meanwhile says nothing of a clock.
        seconds += min(pylsl.local_clock() - before, MOST_AT_ONCE)
        before = pylsl.local_clock()
        if seconds < look_at:
            continue
        look_at = seconds + LOOK_SECONDS
        heard = understand([block[1:] for block in blocks])
        open_question = heard.doubtful or heard.undecided
        certain = heard.pace is not None and heard.within <= WRONG_RATE and not open_question
        as_declared = certain and expected and not heard.differs_from(expected)
        other = certain and heard.within <= CERTAIN and seconds > OTHER_RATE_SECONDS
        if not heard.samples or as_declared or other or seconds > MOST_SECONDS:
            return heard, blocks
