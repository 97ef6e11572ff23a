"""Names of what there is for each sample, in records, recordings and frame logs."""

from __future__ import annotations

from collections.abc import Iterable

SIGNAL_VALUES = ("value", "signal", "z", "threshold")
"""What there is of each signal: what displays show of it (0 to 1), the pipeline's output, that
against the baseline, and the threshold in the same unit."""
TRAINED = "trained"
"""Name of a training's only signal, if it was given none."""
REWARD_VALUES = ("reward", "score", "hits", "rewards", "progress", "quality")
"""What there is of the reward that all signals together bring, and the share of clean samples."""


def value_name(signal: str, what: str) -> str:
    """Return the name of one of `SIGNAL_VALUES` of a signal.

    Examples
    --------
    >>> value_name("alpha", "z")
    'alpha_z'
    """
    return f"{signal}_{what}"


def value_names(signals: Iterable[str]) -> tuple[str, ...]:
    """Return what there is for each sample of a training with these signals, in this order.

    Examples
    --------
    >>> value_names(["alpha"])[:4]
    ('alpha_value', 'alpha_signal', 'alpha_z', 'alpha_threshold')
    """
    own = (value_name(signal, what) for signal in signals for what in SIGNAL_VALUES)
    return (*own, *REWARD_VALUES)
