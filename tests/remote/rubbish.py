"""What a hostile program may send in place of what is understood."""

from __future__ import annotations

import math

SIMPLE = (None, True, -1, 0, 10**400, 0.5, math.nan, math.inf, "", "x" * 5000, "\ud800", "eval")
NAMES = "command number called t label changes threshold dwell __class__ kind".split()


def rubbish(by_chance):
    """Return something that JSON knows."""
    kind = by_chance.randrange(4)
    if kind == 0:
        return [rubbish(by_chance) for _ in range(by_chance.randrange(3))]
    if kind == 1:
        count = by_chance.randrange(4)
        return {by_chance.choice(NAMES): rubbish(by_chance) for _ in range(count)}
    return by_chance.choice(SIMPLE)
