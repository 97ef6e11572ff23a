"""How good each channel was in each block."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from psychopy_nfb.dsp import ChannelQuality, SignalInfo
from psychopy_nfb.dsp.channel_verdict import REMEDIES
from psychopy_nfb.report.numbers import percent
from psychopy_nfb.report.page import Table
from psychopy_nfb.report.session_data import Block, SessionData
from psychopy_nfb.report.session_eeg import SessionEEG, judged_kinds, windows

MOST_JUDGED = 30
"""Windows of a block that are judged, spread evenly over it."""
TOLD = 0.1
"""Share of a block's windows with a fault, from which on a channel is listed."""


@dataclass(frozen=True)
class ChannelFaults:
    """What was wrong with one channel."""

    label: str
    shares: tuple[float, ...]
    """Share of the windows with a fault, block by block; NaN where none could be judged."""
    fault: str
    """The one that it had most often; empty for none."""

    @property
    def worst(self) -> float:
        """The largest share of a block."""
        return max((one for one in self.shares if one == one), default=0.0)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES.get(self.fault, "")


def channel_faults(data: SessionData, eeg: SessionEEG) -> list[ChannelFaults]:
    """Return each channel's faults, judged as in the signal check, the worst channel first."""
    labels = judged_kinds(eeg)
    if not labels:
        return []
    kinds = {label: kind for label, kind in eeg.kinds.items() if label in labels}
    info = SignalInfo(eeg.rate, tuple(labels), kinds=kinds)
    quality = ChannelQuality(info)
    found = [_in_block(data, eeg, block, quality, labels) for block in data.blocks]
    faults = []
    for label in labels:
        shares = tuple(
            sum(counts[label].values()) / n if n else float("nan") for n, counts in found
        )
        total: Counter[str] = sum((counts[label] for _, counts in found), Counter())
        fault = total.most_common(1)[0][0] if total else ""
        faults.append(ChannelFaults(label, shares, fault))
    return sorted(faults, key=lambda one: -one.worst)


def _in_block(
    data: SessionData, eeg: SessionEEG, block: Block, quality: ChannelQuality, labels: list[str]
) -> tuple[int, dict[str, Counter[str]]]:
    """Return how many windows were judged, and each channel's faults in them."""
    counts: dict[str, Counter[str]] = {label: Counter() for label in labels}
    begins = windows(data, eeg, block, clean=False)
    begins = begins[:: max(1, -(-len(begins) // MOST_JUDGED))]
    for begin in begins:
        quality.add(eeg.microvolts(begin, labels))  # as long as what it judges by
        for verdict in quality.verdicts():
            if verdict.fault:
                counts[verdict.label][verdict.fault] += 1
    return len(begins), counts


def faults_table(data: SessionData, faults: list[ChannelFaults]) -> Table | None:
    """Return the channels with faults as a table; None if all were good."""
    listed = [one for one in faults if one.worst >= TOLD]
    if not listed:
        return None
    rows = [
        [one.label, one.fault, *("–" if share != share else percent(share) for share in one.shares)]
        for one in listed
    ]
    return Table(["channel", "most often", *(block.label for block in data.blocks)], rows)
