"""How much better light agrees with a frame log than light of something else could by chance."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

STRETCH = 128
"""Refreshes in a row that are taken for the log's, or for something else, together."""


def evidence(
    wrong: np.ndarray, known: np.ndarray, lost: np.ndarray, path: np.ndarray, widest: int, ways: int
) -> float:
    """Return the bits that the log saves in writing down the light.

    Parameters
    ----------
    wrong : ndarray of bool, shape (r,)
        Whether a refresh has the other level than the log.
    known : ndarray of bool, shape (r,)
        Refreshes that are compared with the log.
    lost : ndarray of bool, shape (r,)
        Refreshes that were left out as they did not agree.
    path : ndarray of int, shape (r,)
        Refreshes by which each is displaced.
    widest : int
        Largest displacement in either direction.
    ways : int
        Number of lags and polarities among which the first one was chosen.

    Returns
    -------
    float
        Light that has nothing to do with the log reaches `k` bits with a probability of at most
        ``2 ** -k``, whatever was chosen to make it agree.

    Notes
    -----
    Levels that are either as likely take one bit a refresh. Who has the log needs to be told less:
    the lag and polarity, which refreshes are wrong, where light slips and by how much, and which
    stretches are lost. Everything that was chosen to make light agree is paid for in this message,
    so that the choice of the best among many alignments does not pass for agreement [1]_. Stretches
    that the log does not make shorter are written down as they are.

    References
    ----------
    .. [1] P. D. Grünwald, "The Minimum Description Length Principle", MIT Press, 2007, section 3.3:
       the no-hypercompression inequality.

    Examples
    --------
    64 refreshes that agree, at one of 128 lags and polarities, leave 53 bits:

    >>> none, all_of_them = np.zeros(64, dtype=bool), np.ones(64, dtype=bool)
    >>> evidence(none, all_of_them, none, np.zeros(64, dtype=int), widest=12, ways=128)
    53.0
    """
    rows = np.flatnonzero(known | lost)
    slipped = np.diff(path, prepend=path[:1]) != 0
    begins = np.diff(lost, prepend=False) & lost
    saved = -float(np.log2(ways))
    for part in np.array_split(rows, max(1, len(rows) // STRETCH)):
        inside = slice(int(part[0]), int(part[-1]) + 1)
        length, n = inside.stop - inside.start, int(known[part].sum())
        n_slips, n_lost = int(slipped[inside].sum()), int(begins[inside].sum())
        told = _places(n, int((wrong & known)[part].sum()))
        told += _places(length, n_slips) + n_slips * np.log2(2 * widest)
        told += _places(length + 1, 2 * n_lost)
        as_it_is = -np.log2(2 * widest + 1) if n_slips else 0.0
        saved += max(n - float(told), float(as_it_is)) - 1
    return saved


def _places(n: int, some: int) -> float:
    """Return the bits that tell how many of `n` places are meant, and which."""
    some = min(some, n)
    which = (gammaln(n + 1) - gammaln(some + 1) - gammaln(n - some + 1)) / np.log(2)
    return float(which) + 2 * np.floor(np.log2(some + 1)) + 1
