"""What files say of an item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Said:
    """What the files say of one item."""

    sentences: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    """The figures in the sentences, by name."""
    complete: bool = False
    """Whether nobody has to add to it, also where a person is asked."""
