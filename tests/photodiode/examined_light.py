"""What is found in simulated light, against what was simulated."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.photodiode.times import light_times
from psychopy_nfb.photodiode.verdict import judge


def examine(made, values=None, stamps=None):
    """Return what was found, what is said of it, and the errors of edges in seconds.

    `values` and `stamps` take the place of the recorded ones, such as disturbed values.
    """
    given = made.values if values is None else values
    found = light_times(made.frames, given, made.stamps if stamps is None else stamps)
    return found, " ".join(map(str, judge(found.summary))), edge_errors(made, found)


def edge_errors(made, found):
    """Return how much too late edges were found, in seconds."""
    edged = found.frames[found.frames.edge]
    return edged.t_light.to_numpy() - made.t_light[edged.frame]


def rms(errors):
    """Return the root mean square of errors."""
    return float(np.sqrt(np.mean(errors**2)))


def missed(found):
    """Return the numbers of the frames that were found not to be shown."""
    return set(found.frames.frame[found.frames.shown == False])  # noqa: E712


def lost(found):
    """Return the numbers of the frames of which nothing is known."""
    return set(found.frames.frame[found.frames.shown.isna()])
