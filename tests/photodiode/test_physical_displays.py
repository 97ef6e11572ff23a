"""Displays by published physics: the right frames at the right times, or a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from physical_displays import drawn, record

from psychopy_nfb.photodiode import NoLight, NoMatch, light_times

DAY = 5
MORE = pytest.mark.campaign


@pytest.mark.parametrize("seeds", [(1, 14, 22), pytest.param(range(200), marks=MORE)], ids=str)
def test_displays_by_their_physics_are_right_or_a_sentence(seeds):
    read = 0
    for seed in seeds:
        rng = np.random.default_rng([DAY, seed])
        physics, conditions = drawn(rng)
        made = record(rng, physics, **conditions)
        try:
            found = light_times(made.frames, made.values, made.stamps)
        except (NoLight, NoMatch):
            continue
        read += 1
        frames = found.frames
        edged = frames[frames.edge]
        errors = edged.t_light.to_numpy() - made.t_light[edged.frame]
        missed = set(frames.frame[frames.shown == False])  # noqa: E712
        unknown = set(frames.frame[frames.shown.isna()])
        inside = {one for one in made.missed if frames.frame.min() <= one <= frames.frame.max()}
        assert missed == inside - unknown, f"{seed}: {physics}, {conditions}"
        assert found.summary.repeated == 0, f"{seed}: {physics}, {conditions}"
        # A pulse's half-way is known to the edge of the sensor's answer; an edge to its sample.
        rms = float(np.sqrt(np.nanmean(errors**2)))
        assert rms < max(0.0005, 0.5 / conditions["rate"]), f"{seed}: {physics}, {conditions}"
    assert read > len(seeds) / 2
