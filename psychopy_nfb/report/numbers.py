"""Numbers as people write them: percent, seconds, how often."""

from __future__ import annotations

import math


def percent(share: float) -> str:
    """Return a share in percent, with two digits that matter.

    Examples
    --------
    >>> percent(0.3), percent(0.0634), percent(0.00012), percent(0.0), percent(1.0)
    ('30 %', '6.3 %', '0.01 %', '0 %', '100 %')
    """
    if not math.isfinite(share):
        return "not known"
    value = 100 * share
    if 0 < value < 0.01:
        return "< 0.01 %"
    if 99.5 <= value < 100:
        return f"{math.floor(10 * value) / 10:.1f} %"
    digits = 0 if value == 0 or value >= 9.95 else 1 if value >= 0.995 else 2
    return f"{value:.{digits}f} %"


def seconds(length: float) -> str:
    """Return a length of time.

    Examples
    --------
    >>> seconds(0.34), seconds(3.04), seconds(42.3), seconds(755), seconds(3605)
    ('0.34 s', '3.0 s', '42 s', '12 min 35 s', '60 min 5 s')
    """
    if length < 0.995:
        return f"{length:.2f} s"
    if length < 9.95:
        return f"{length:.1f} s"
    whole = round(length)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def times(n: int) -> str:
    """Return how often.

    Examples
    --------
    >>> times(1), times(2), times(7)
    ('once', 'twice', '7 times')
    """
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def counted(n: float, what: str) -> str:
    """Return a number of things, `what` being one of them.

    Examples
    --------
    >>> counted(1, "gap"), counted(3, "gap")
    ('1 gap', '3 gaps')
    >>> counted(1.5, "point")
    '1.5 points'
    """
    number = f"{n:g}" if isinstance(n, float) else n
    return f"{number} {what}" if n == 1 else f"{number} {what}s"
