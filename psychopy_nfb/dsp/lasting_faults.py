"""Channels that stay bad, and why that matters where other channels are measured with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from psychopy_nfb.dsp.artifact import measured_only
from psychopy_nfb.dsp.channel_quality import FLAT_UV, WINDOW_SECONDS, ChannelQuality
from psychopy_nfb.dsp.channel_verdict import ChannelVerdict
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import listed

LASTING_WINDOWS = 4
"""Windows of two seconds, one after the other, in which a channel is bad before it is named.
Movements, blinks and chewing are shorter."""
LASTING_SHARE = 0.25
"""Share of a recording in which a channel is bad before it is named."""
LEAST_NUMBERS = 0.5
"""Share of a window's samples that are measured, from which on a channel is judged by these."""
SHARED, FEWEST_SHARED = 0.5, 3
"""Share, and number, of the channels from which on a fault that they have in common is one of the
whole recording."""
MOST_WINDOWS = 60
"""Windows of a recording that are judged, spread over all of it."""


class Use(NamedTuple):
    """What a channel enters together with others."""

    within: str
    """In words: ``"the average reference of 'alpha'"``."""
    remedy: str
    """What to do if it stays bad, in a sentence."""


class LastingFaults:
    """Finds the channels that are bad in several windows in a row, each once.

    Examples
    --------
    >>> lasting = LastingFaults()
    >>> flat = [ChannelVerdict("Cz"), ChannelVerdict("Oz", fault="flat")]
    >>> [[one.label for one in lasting.add(flat)] for _ in range(5)]
    [[], [], [], ['Oz'], []]
    """

    def __init__(self) -> None:
        self._in_a_row: dict[str, int] = {}

    def add(self, verdicts: Sequence[ChannelVerdict]) -> list[ChannelVerdict]:
        """Take the verdicts of the next window; return those that have lasted long enough now."""
        found = []
        for one in verdicts:
            n = self._in_a_row.get(one.label, 0) + 1 if one.harms else 0
            # One that was named is not named again, also if it was good meanwhile.
            n = n if self._in_a_row.get(one.label, 0) < LASTING_WINDOWS else LASTING_WINDOWS + 1
            self._in_a_row[one.label] = n
            if n == LASTING_WINDOWS:
                found.append(one)
        return found


def lasting_faults(samples: np.ndarray, info: SignalInfo) -> dict[str, tuple[str, float]]:
    """Return the channels that are bad in a good part of a recording.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        Microvolts. Windows in which all channels hold no number are left out, unless
        all do.
    info : SignalInfo
        Channels and rate.

    Returns
    -------
    dict of str: (str, float)
        By label: the most frequent reason, and the share of the windows in which the channel is
        bad, at least `LASTING_SHARE`.

    Examples
    --------
    >>> noise = 8 * np.random.default_rng(0).standard_normal((5000, 2))
    >>> noise[:, 1] = 0.0
    >>> lasting_faults(noise, SignalInfo(rate=250.0, labels=("Cz", "Oz")))
    {'Oz': ('flat', 1.0)}
    """
    length = round(WINDOW_SECONDS * info.rate)
    n_windows = len(samples) // length if length else 0
    step = max(1, -(-n_windows // MOST_WINDOWS))
    reasons: dict[str, list[str]] = {}
    n_judged, nothing = 0, not np.isfinite(samples).any()
    for number in range(0, n_windows, step):
        window = samples[number * length : (number + 1) * length]
        if not nothing and not np.isfinite(window).any():
            continue
        window = measured_only(window, info)
        known = np.isfinite(window)
        if not known.all():  # a few values that are missing leave the others as they are
            mostly = np.flatnonzero(known.any(axis=0) & (known.mean(axis=0) >= LEAST_NUMBERS))
            window = window.copy()
            for channel in mostly:
                column = window[:, channel]
                column[~known[:, channel]] = np.median(column[known[:, channel]])
        n_judged += 1
        quality = ChannelQuality(info)
        quality.add(window)
        for one in (verdict for verdict in quality.verdicts() if verdict.harms):
            reasons.setdefault(one.label, []).append(one.name)
    return {
        label: (max(set(names), key=names.count), len(names) / n_judged)
        for label, names in reasons.items()
        if len(names) >= LASTING_SHARE * n_judged
    }


def lasting_faults_told(
    samples: np.ndarray, info: SignalInfo, uses: Mapping[str, Use]
) -> list[str]:
    """Return a sentence for each channel of a recording that stays bad and harms others.

    Of a fault that most channels have in common there is one sentence.

    Parameters
    ----------
    samples, info
        As of `lasting_faults`.
    uses : mapping of str: Use
        By label, what channels enter together with others.

    Examples
    --------
    >>> info = SignalInfo(rate=250.0, labels=("C3", "Cz", "C4"))
    >>> lasting_faults_told(np.zeros((5000, 3)), info, dict.fromkeys(info.labels, Use("", "")))
    ["3 of 3 channels (C3, Cz, C4) are bad in the same way: weaker than an amplifier's noise, \
0.05 µV, for 100 % of the time. ...]
    """
    faults = {
        label: fault for label, fault in lasting_faults(samples, info).items() if label in uses
    }
    alike: dict[str, list[str]] = {}
    for label, (reason, _) in faults.items():
        alike.setdefault(reason, []).append(label)
    told = []
    for reason, labels in alike.items():
        if len(labels) >= max(FEWEST_SHARED, SHARED * len(uses)):
            told.append(_shared_told(reason, labels, [faults[one][1] for one in labels], len(uses)))
            continue
        for label in labels:
            lasting = f"{reason} for {100 * faults[label][1]:.0f} % of the time"
            told.append(harm_told(label, lasting, uses[label]))
    return told


def _shared_told(
    reason: str, labels: Sequence[str], shares: Sequence[float], n_channels: int
) -> str:
    """Return the sentence on a fault that most channels of a recording share."""
    if reason == "flat":
        reason = f"weaker than an amplifier's noise, {FLAT_UV:g} µV,"
    few, many = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
    return (
        f"{len(labels)} of {n_channels} channels ({listed(labels, most=8)}) are bad in the same "
        f"way: {reason} for {few if few == many else f'{few} to {many}'} % of the time. What so "
        "many share is a fault of the whole recording: check its unit (--units), its reference "
        "and its ground."
    )


def harm_told(label: str, reason: str, use: Use, remedy: str = "") -> str:
    """Return the sentence on a bad channel that enters something together with others.

    Examples
    --------
    >>> use = Use("the average reference of 'alpha'", "Leave it out or choose another reference.")
    >>> harm_told("Oz", "flat", use)
    "Oz is bad (flat) and is in the average reference of 'alpha', which it spoils. Leave it out or
    choose another reference."
    """
    parts = [f"{label} is bad ({reason}) and is in {use.within}, which it spoils.", remedy]
    return " ".join(filter(None, [*parts, use.remedy]))
