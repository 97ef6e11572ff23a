"""Faults of an amplifier, to be simulated on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from psychopy_nfb.checks import check_channels, check_choice, check_number
from psychopy_nfb.errors import SettingsError

SpoilKind = Literal["nan", "inf", "flat", "huge"]
SPOILED = {"nan": np.nan, "inf": np.inf, "flat": 0.0, "huge": 1e7}


@dataclass
class Spoil:
    """Samples that carry no signal.

    Examples
    --------
    >>> Spoil.parse("nan:1000:1100:Oz")
    Spoil(kind='nan', first=1000, last=1100, channel='Oz')
    """

    kind: SpoilKind
    """Not a number, infinite, constant 0, or 10 V."""
    first: int
    """First sample."""
    last: int
    """The sample after the last."""
    channel: str | None = None
    """Only this channel; None for all."""

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, get_args(SpoilKind))
        check_number("first", self.first, at_least=0)
        check_number("last", self.last, above=self.first)

    @classmethod
    def parse(cls, text: str) -> Spoil:
        """Return what ``kind:first:last`` or ``kind:first:last:channel`` says."""
        kind, *rest = text.split(":", 3)
        try:
            return cls(kind, int(rest[0]), int(rest[1]), *rest[2:])
        except (ValueError, IndexError):
            raise SettingsError(
                "spoil", text, "must be nan, inf, flat or huge, then :first:last[:channel]"
            ) from None


@dataclass
class Faults:
    """How a simulated amplifier misbehaves; the default is not at all.

    Examples
    --------
    >>> round(Faults(drop=((10.0, 0.5),), rate_error_ppm=-800).true_rate(125), 6)
    124.9
    """

    drop: tuple[tuple[float, float], ...] = ()
    """Outages as (start, length) in seconds since the start: those samples are never sent."""
    rate_error_ppm: float = 0.0
    """How much faster than its nominal rate it samples, in parts per million."""
    stamp_delay: float = 0.0
    """Seconds that its samples are late: they are stamped so much before they are sent."""
    spoil: tuple[Spoil, ...] = ()
    """Samples made useless."""

    def __post_init__(self) -> None:
        for start, length in self.drop:
            check_number("drop start", start, at_least=0, unit="s")
            check_number("drop length", length, above=0, unit="s")
        check_number("rate_error_ppm", self.rate_error_ppm, above=-1e6)
        check_number("stamp_delay", self.stamp_delay)

    def true_rate(self, rate: float) -> float:
        """Return the samples per second that nominal `rate` stands for."""
        return rate * (1 + self.rate_error_ppm * 1e-6)

    def kept(self, seconds: np.ndarray) -> np.ndarray | None:
        """Return which samples, taken `seconds` after the start, are sent; None for all."""
        lost = np.zeros(len(seconds), dtype=bool)
        for start, length in self.drop:
            lost |= (seconds >= start) & (seconds < start + length)
        return ~lost if lost.any() else None

    def apply(self, samples: np.ndarray, first: int, labels: tuple[str, ...]) -> None:
        """Spoil `samples` in place, shape (n, n_channels), which begin with sample `first`."""
        for spoil in self.spoil:
            rows = slice(max(spoil.first - first, 0), max(spoil.last - first, 0))
            columns = slice(None)
            if spoil.channel is not None:
                columns = check_channels("spoil", [spoil.channel], labels)
            samples[rows, columns] = SPOILED[spoil.kind]
