"""The feedback record that was read last, which all views of a training share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class NewestRecord:
    """What the frame loop read last, and whether it is shown."""

    record: tuple[Any, ...] | None = None
    """What is shown: values in the order of the ring's `Layout`; None before the first."""
    t_received: float = -math.inf
    """When the newest samples came, also where an earlier record is shown."""
    t_read: float = 0.0
    """LSL time of the read, in seconds."""
    showing: bool = True
    """False in blocks without feedback."""
