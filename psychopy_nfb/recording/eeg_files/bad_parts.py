"""Parts of a recording that its annotations mark as bad."""

from __future__ import annotations

from collections.abc import Iterable

LEAST_SAMPLES = 2
"""Many programs give each event a length of one sample, which marks no part."""


def bad_parts(notes: Iterable[tuple[str, float, float]], n_samples: int) -> list[tuple[int, int]]:
    """Return the parts that annotations mark as bad, in order of time.

    An annotation marks a part as bad if its text begins with "bad" in any case and it lasts longer
    than a sample. That is the rule of MNE-Python
    (https://mne.tools/stable/auto_tutorials/preprocessing/20_rejecting_bad_data.html).

    Parameters
    ----------
    notes : iterable of (str, float, float)
        Text, first sample, and first sample after it; the latter two may lie outside, and between
        samples.
    n_samples : int
        Length of the recording.

    Returns
    -------
    list of (int, int)
        First sample and first sample after it, each within the recording. Parts may overlap.

    Examples
    --------
    >>> bad_parts([("BAD_cough", 90, 120), ("go", 10, 20), ("bad press", 5, 6)], 100)
    [(90, 100)]
    """
    return sorted(
        (max(round(first), 0), min(round(end), n_samples))
        for text, first, end in notes
        if text.strip().casefold().startswith("bad")
        and round(end) - round(first) >= LEAST_SAMPLES
        and max(round(first), 0) < min(round(end), n_samples)
    )


def bad_samples(parts: Iterable[tuple[int, int]]) -> int:
    """Return how many samples lie in parts that may overlap, as `bad_parts` gives them.

    Examples
    --------
    >>> bad_samples([(0, 10), (5, 20), (30, 31)])
    21
    """
    total, reached = 0, 0
    for first, end in sorted(parts):
        total += max(0, end - max(first, reached))
        reached = max(reached, end)
    return total
