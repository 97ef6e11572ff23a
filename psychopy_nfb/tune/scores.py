"""How good an estimate of a rhythm is, against what the whole recording says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

EDGE_SECONDS = 2.0
"""Left out at both ends of the scored part, where the reference itself is spoilt."""


@dataclass(frozen=True)
class Score:
    """Agreement with the acausal analytic signal, delayed."""

    envelope_r: float
    """Correlation of the envelopes."""
    plv: float
    """Phase-locking value, 0 to 1; NaN for estimators without phase."""

    @property
    def quality(self) -> float:
        """What variants of an estimator are chosen by."""
        return self.envelope_r if math.isnan(self.plv) else (self.envelope_r + self.plv) / 2


def scored_rows(usable: np.ndarray, rate: float, part: slice) -> np.ndarray:
    """Return the rows of a part that are scored: without two seconds at its ends, and usable.

    Parameters
    ----------
    usable : ndarray of bool, shape (n,)
        Where there is no artifact.
    rate : float
        Samples per second.
    part : slice
        Of the samples.

    Examples
    --------
    >>> len(scored_rows(np.arange(3000) >= 1000, 250.0, slice(0, 3000)))
    1500
    """
    start, stop, _ = part.indices(len(usable))
    edge = round(EDGE_SECONDS * rate)
    return start + edge + np.flatnonzero(usable[start + edge : stop - edge])


def score(found: np.ndarray, reference: np.ndarray, rows: np.ndarray) -> Score:
    """Score an estimate.

    Parameters
    ----------
    found : ndarray, shape (n,)
        The estimate, complex; or real if it is an envelope alone.
    reference : ndarray of complex, shape (n,)
        The acausal analytic signal, delayed by the delay that is wanted.
    rows : ndarray of int, shape (n_scored,)
        Which samples count, see `scored_rows`.

    References
    ----------
    .. [1] N. Smetanin, A. Belinskaya, M. Lebedev, A. Ossadtchi, "Digital filters for low-latency
       quantification of brain rhythms in real time", J. Neural Eng. 17, 046022, 2020.

    Examples
    --------
    >>> wave = np.exp(2j * np.pi * np.arange(3000) / 25) * (1 + np.sin(np.arange(3000) / 99))
    >>> found = score(wave * 1j, wave, np.arange(500, 2500))
    >>> round(found.envelope_r, 6), round(found.plv, 6)
    (1.0, 1.0)
    """
    found, reference = found[rows], reference[rows]
    envelope = np.abs(found)
    if not np.ptp(envelope) > 0:
        return Score(0.0, 0.0 if np.iscomplexobj(found) else math.nan)
    r = float(np.corrcoef(envelope, np.abs(reference))[0, 1])
    if not np.iscomplexobj(found):
        return Score(r, math.nan)
    turned = np.exp(1j * (np.angle(found) - np.angle(reference)))
    return Score(r, float(np.abs(turned.mean())))
