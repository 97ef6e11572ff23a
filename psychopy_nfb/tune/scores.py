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


def score(found: np.ndarray, reference: np.ndarray, rate: float, part: slice) -> Score:
    """Score an estimate.

    Parameters
    ----------
    found : ndarray, shape (n,)
        The estimate, complex; or real if it is an envelope alone.
    reference : ndarray of complex, shape (n,)
        The acausal analytic signal, delayed by the delay that is wanted.
    rate : float
        Samples per second.
    part : slice
        Of the samples; two seconds at both of its ends are left out.

    References
    ----------
    .. [1] N. Smetanin, A. Belinskaya, M. Lebedev, A. Ossadtchi, "Digital filters for low-latency
       quantification of brain rhythms in real time", J. Neural Eng. 17, 046022, 2020.

    Examples
    --------
    >>> wave = np.exp(2j * np.pi * np.arange(3000) / 25) * (1 + np.sin(np.arange(3000) / 99))
    >>> found = score(wave * 1j, wave, 250.0, slice(0, 3000))
    >>> round(found.envelope_r, 6), round(found.plv, 6)
    (1.0, 1.0)
    """
    start, stop, _ = part.indices(len(found))
    edge = round(EDGE_SECONDS * rate)
    found, reference = found[start + edge : stop - edge], reference[start + edge : stop - edge]
    envelope = np.abs(found)
    if not np.ptp(envelope) > 0:
        return Score(0.0, 0.0 if np.iscomplexobj(found) else math.nan)
    r = float(np.corrcoef(envelope, np.abs(reference))[0, 1])
    if not np.iscomplexobj(found):
        return Score(r, math.nan)
    turned = np.exp(1j * (np.angle(found) - np.angle(reference)))
    return Score(r, float(np.abs(turned.mean())))
