"""The codes of trigger channels that lie beside the EEG in a file, as markers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from psychopy_nfb.channels import STIM
from psychopy_nfb.lsl.marker_rule import MarkerLabels

CODE_BITS = 0xFFFF
"""Of a trigger channel: BioSemi's higher bits tell of the amplifier, not of the experiment."""
EXACT = 0.01
"""How far a code may lie from a whole number; 16 bits of EDF store codes with such an error."""
MOST_SHARE = 0.1
"""Share of the samples that may begin a code; what changes more often is a signal."""
_SUM = re.compile(r"sti ?(014|101|201)", re.IGNORECASE)
"""Channels that hold the codes of all other trigger channels, in files of MEG systems."""


def codes_as_markers(
    samples: np.ndarray, labels: Sequence[str], kinds: Sequence[str], rate: float
) -> tuple[list[tuple[int, str]], list[str]]:
    """Return the markers in trigger channels, and a sentence for what was assumed.

    A code is a marker where it begins, as in trigger streams (`MarkerLabels`). The value that a
    channel has at rest is none: 0, or, where 0 never comes, the most frequent one.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        Of all channels.
    labels, kinds : sequence of str
        Of the channels.
    rate : float
        Samples per second.

    Examples
    --------
    >>> status = 65280.0 + np.repeat([0, 4, 0, 4], 100)[:, None]
    >>> codes_as_markers(status, ["Status"], ["STIM"], 250.0)[0]
    [(100, '4'), (300, '4')]
    """
    places = [place for place, kind in enumerate(kinds) if kind == STIM]
    sums = [place for place in places if _SUM.fullmatch(labels[place])]
    found: dict[str, list[tuple[int, str]]] = {}
    told = []
    for place in sums[:1] or places:
        markers, sentence = _codes(samples[:, place], labels[place], rate)
        told += [sentence] if sentence else []
        if markers:
            found[labels[place]] = markers
    for label, markers in found.items():
        if len(found) > 1:
            found[label] = [(row, f"{label}/{code}") for row, code in markers]
        told.append(
            f"{len(markers)} marker{'s' * (len(markers) > 1)} of the trigger channel {label} "
            f"{'were' if len(markers) > 1 else 'was'} read, where a code begins."
        )
    return [marker for markers in found.values() for marker in markers], told


def _codes(values: np.ndarray, label: str, rate: float) -> tuple[list[tuple[int, str]], str]:
    """Return the markers of one channel, and a sentence if there is something to say."""
    values = np.nan_to_num(values)
    whole = np.rint(values)
    begins = np.flatnonzero(np.r_[True, np.diff(whole) != 0])
    if not np.ptp(whole):
        return [], ""
    if np.abs(values - whole).max() > EXACT or len(begins) > MOST_SHARE * len(values):
        return [], f"{label} changes, but not between codes: no markers are read from it."
    codes = whole.astype(np.int64) & CODE_BITS
    rest, told = 0, ""
    if codes.all():
        held, counts = np.unique(codes, return_counts=True)
        rest = int(held[counts.argmax()])
        told = f"{label} rests at {rest}: this value is no marker."
        # Bits that are always on belong to no code.
        codes = np.where(codes & rest == rest, codes - rest, codes)
    begins = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
    reader = MarkerLabels("int64", rate)
    texts = reader.read(codes[begins][:, None], begins / rate)
    markers = [(row, text) for row, text in zip(begins.tolist(), texts, strict=True) if text]
    return markers, told if markers else ""
