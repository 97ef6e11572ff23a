"""What every source of what is shown is, as settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from psychopy_nfb.families import join
from psychopy_nfb.protocol.signal import Signal

OWN = "own"
"""Name of the own feedback, which needs no settings."""
NONE = "none"
"""Name of no feedback at all, as in a transfer block; it needs no settings."""


@dataclass(kw_only=True)
class ShownSource:
    """What is shown in place of the own feedback, as settings.

    A subclass is a dataclass: its fields are its settings, checked in ``__post_init__``. Its name
    is its ``"type"`` in a settings file.
    """

    family: ClassVar[dict[str, type[ShownSource]]] = {}
    """Every source by its class's name."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        join(ShownSource.family, cls, "source of what is shown")

    def check(self, signals: Mapping[str, Signal]) -> None:
        """Check what depends on the training's signals; raises a `SettingsError`."""
