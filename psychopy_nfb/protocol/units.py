"""Units of a signal's values, as page and report write them."""

from __future__ import annotations

from collections.abc import Iterable

_WITHOUT_UNIT = frozenset(
    {
        *("Expression", "Connectivity", "PhaseAmplitudeCoupling"),
        *("LDA", "Hjorth", "SpectralShape"),
    }
)
"""Steps whose values are no voltages any more."""
_COMPARED = {"zscore": "SD", "percent": "%", "max": "share of maximum"}


def signal_unit(steps: Iterable[str | None]) -> str:
    """Return the unit of a signal by the names of its pipeline's steps.

    Returns
    -------
    str
        ``"µV"``, or nothing where a formula made it.

    Examples
    --------
    >>> signal_unit(["Pick", "CFIR"]), signal_unit(["CFIR", "Expression"])
    ('µV', '')
    """
    return "" if _WITHOUT_UNIT.intersection(steps) else "µV"


def compared_unit(normalise: str, unit: str) -> str:
    """Return the unit of a signal as it is compared with its baseline.

    Parameters
    ----------
    normalise : str
        The signal's normalisation.
    unit : str
        The signal's own unit.

    Examples
    --------
    >>> compared_unit("zscore", "µV"), compared_unit("none", "µV")
    ('SD', 'µV')
    """
    return _COMPARED.get(normalise, unit)
