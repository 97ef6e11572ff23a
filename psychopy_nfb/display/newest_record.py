"""The feedback record that was read last, which all views of a training share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class NewestRecord:
    """What the frame loop read last, and whether it is shown."""

    record: tuple[Any, ...] | None = None
    """Values in the order of the ring's `Layout`; None before the first."""
    t_read: float = 0.0
    """LSL time of the read, in seconds."""
    showing: bool = True
    """False in blocks without feedback."""
