"""What `psychopy-nfb check` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """Its name."""
    good: bool
    """Whether it is as it should be."""
    found: str
    """What was found, with figures."""
    remedy: str = ""
    """What to do if it is not."""
