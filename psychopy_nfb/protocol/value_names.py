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
SHOWN = "shown"
"""What the names of all that is shown in place of the own feedback begin with."""
SHOWN_VALUES = (
    *SIGNAL_VALUES,
    *("threshold_place", "beyond", "reward", "score", "hits", "rewards", "progress", "seconds"),
)
"""What there is of what is shown, beside the own values: as of a signal; the threshold as displays
show it (0 to 1), and whether z is beyond it (0 or 1); the reward that is given; and for how long
what takes the place of the own feedback has been shown, in seconds."""


def value_name(signal: str, what: str) -> str:
    """Return the name of one of `SIGNAL_VALUES` of a signal.

    Examples
    --------
    >>> value_name("alpha", "z")
    'alpha_z'
    """
    return f"{signal}_{what}"


def shown_names() -> tuple[str, ...]:
    """Return the names of `SHOWN_VALUES`: ``shown_value``, …, ``shown_seconds``."""
    return tuple(value_name(SHOWN, what) for what in SHOWN_VALUES)


def value_names(signals: Iterable[str], shown: bool = False) -> tuple[str, ...]:
    """Return what there is for each sample of a training with these signals, in this order.

    Parameters
    ----------
    signals : iterable of str
        Their names.
    shown : bool
        Whether something else than the own feedback may be shown.

    Examples
    --------
    >>> value_names(["alpha"])[:4]
    ('alpha_value', 'alpha_signal', 'alpha_z', 'alpha_threshold')
    """
    own = (value_name(signal, what) for signal in signals for what in SIGNAL_VALUES)
    return (*own, *REWARD_VALUES, *(shown_names() if shown else ()))
