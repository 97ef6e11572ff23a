"""Whether people could tell their arm: Bang's and James's blinding indices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError

FEWEST_ASKED = 2
"""People that an index needs: of one alone it could be nothing but an extreme."""


@dataclass(frozen=True)
class BlindingIndex:
    """Bang's index of one arm.

    1: everybody guessed right; 0: as by chance, the blinding held; −1: everybody guessed the
    other arm.
    """

    value: float
    """The index."""
    low: float
    """Lower end of its two-sided interval."""
    high: float
    """Upper end."""
    n: int
    """How many people were asked."""


def bang_index(right: int, wrong: int, unknown: int = 0, level: float = 0.95) -> BlindingIndex:
    """Return Bang's blinding index of one arm.

    Share of right guesses minus share of wrong ones, where those who do not know count in the
    number of people. Its variance is that of a difference of two shares of one multinomial.

    Parameters
    ----------
    right, wrong, unknown : int
        How many people of the arm guessed their own arm, another one, or did not know.
    level : float
        Of the interval, by the normal distribution.

    Raises
    ------
    SettingsError
        If fewer than `FEWEST_ASKED` people were asked.

    References
    ----------
    Bang, Ni and Davis 2004, Controlled Clinical Trials 25:143,
    https://doi.org/10.1016/j.cct.2003.10.016

    Examples
    --------
    >>> index = bang_index(right=60, wrong=20, unknown=20)
    >>> round(index.value, 3), round(index.low, 3), round(index.high, 3)
    (0.4, 0.243, 0.557)
    """
    n = right + wrong + unknown
    for name, count in (("right", right), ("wrong", wrong), ("unknown", unknown)):
        check_number(name, count, at_least=0)
    _check_asked(n)
    p, q = right / n, wrong / n
    value = p - q
    error = math.sqrt(max(p + q - value**2, 0.0) / n)
    reach = float(stats.norm.ppf((1 + level) / 2)) * error
    return BlindingIndex(value, max(value - reach, -1.0), min(value + reach, 1.0), n)


def _check_asked(n: int) -> None:
    if n < FEWEST_ASKED:
        raise SettingsError(
            "people",
            n,
            f"are too few for an index of blinding, which cannot be computed; ask at least "
            f"{FEWEST_ASKED}",
        )


def james_index(counts: Mapping[str, Mapping[str, int]], unknown: str = "unknown") -> float:
    """Return James's blinding index of a study: 1 nobody knows, 0.5 chance, 0 all guess right.

    Parameters
    ----------
    counts : mapping of str to mapping of str to int
        By arm how often each arm, and `unknown`, was guessed.
    unknown : str
        The guess of those who do not know.

    References
    ----------
    James et al. 1996, Statistics in Medicine 15:1421; with their weights: 0 for a right guess, 1/2
    for a wrong one, 1 for not knowing.

    Raises
    ------
    SettingsError
        If fewer than `FEWEST_ASKED` people were asked.

    Examples
    --------
    >>> james_index({"real": {"real": 10}, "sham": {"sham": 10}})
    0.0
    >>> james_index({"real": {"real": 5, "sham": 5}, "sham": {"real": 5, "sham": 5}})
    0.5
    """
    n = sum(sum(row.values()) for row in counts.values())
    _check_asked(n)
    not_known = sum(row.get(unknown, 0) for row in counts.values()) / n
    if not_known == 1:
        return 1.0
    guessed = {
        arm: {g: k / n for g, k in row.items() if g != unknown} for arm, row in counts.items()
    }
    rows = {arm: sum(row.values()) for arm, row in guessed.items()}
    columns: dict[str, float] = {}
    for row in guessed.values():
        for guess, share in row.items():
            columns[guess] = columns.get(guess, 0.0) + share
    observed = sum(
        0.5 * share for arm, row in guessed.items() for guess, share in row.items() if guess != arm
    ) / (1 - not_known)
    expected = (
        sum(
            0.5 * rows[arm] * share
            for arm in rows
            for guess, share in columns.items()
            if guess != arm
        )
        / (1 - not_known) ** 2
    )
    kappa = (observed - expected) / expected if expected else 0.0
    return (1 + not_known + (1 - not_known) * kappa) / 2
