"""All edges are fitted at once, and each as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest
from light_seed import SEED
from light_simulation import simulate_light

from psychopy_nfb.photodiode import edge_times, light_times


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_step_is_that_of_least_squares_of_its_own(noise):
    rng = np.random.default_rng(SEED)
    design = np.stack([np.ones((40, 20)), *rng.normal(size=(2, 40, 20)) + 1], axis=2)
    design[5, :, 2] = 0.0  # nothing tells a time
    design[6, :, 1] = design[6, :, 2]  # two unknowns in one
    inside = rng.random((40, 20)) < 0.8
    inside[7, 3:] = False
    design *= inside[:, :, None]
    wanted = np.where(inside, design @ [0.01, 0.1, 0.002] + noise * rng.normal(size=(40, 20)), 0)
    wanted[8] = -2 * design[8, :, 1]  # upside down
    firm = np.diag([noise / edge_times.UNSURE, noise / edge_times.UNSURE, 0.0])
    steps = edge_times._steps(design, wanted, inside, noise)
    for number, step in enumerate(steps):
        rows = np.concatenate((design[number][inside[number]], firm))
        solved, _, rank, _ = np.linalg.lstsq(
            rows, np.append(wanted[number][inside[number]], np.zeros(3)), rcond=None
        )
        tells = rank == 3 and inside[number].sum() >= 4 and solved[1] > -0.8
        assert step == pytest.approx(solved[2] / (1 + solved[1]) if tells else 0.0, abs=1e-9)
        assert tells or number in (5, 6, 7, 8)


def test_edges_do_not_depend_on_how_many_are_fitted_at_once(monkeypatch):
    made = simulate_light(np.random.default_rng(SEED), 500.0, 6.0, noise=0.005, lost=0.2, missed=2)
    together = light_times(made.frames, made.values, made.stamps).edges.t
    monkeypatch.setattr(edge_times, "AT_ONCE", 50)
    in_blocks = light_times(made.frames, made.values, made.stamps).edges.t
    assert np.array_equal(together.isna(), in_blocks.isna())
    assert np.abs(together - in_blocks).max() < 1e-9
