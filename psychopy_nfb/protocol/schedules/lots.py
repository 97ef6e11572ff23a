"""Lots that a rerun draws again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychopy_nfb.checks import check_whole

LARGEST_SEED = 2**32 - 1


@dataclass(kw_only=True)
class DrawsLots:
    """What schedules that draw lots have in common."""

    seed: int | None = None
    """What the lots are drawn from, 0 to 4294967295. None draws the seed, too; it is kept with the
    settings, so that a rerun draws the same lots."""

    def __post_init__(self) -> None:
        if self.seed is None:
            self.seed = int(np.random.default_rng().integers(LARGEST_SEED + 1))
        self.seed = check_whole("seed", self.seed, at_least=0, at_most=LARGEST_SEED)

    def lots(self, number: int) -> np.random.Generator:
        """Return the random generator for the draw of this number, whatever was drawn before."""
        return np.random.default_rng([int(self.seed or 0), number])
