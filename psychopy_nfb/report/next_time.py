"""What to do differently in the next session."""

from __future__ import annotations

import pandas as pd

from psychopy_nfb.report.channels_by_block import ChannelFaults
from psychopy_nfb.report.numbers import percent
from psychopy_nfb.report.session_data import SessionData
from psychopy_nfb.report.spectra import rests

OFTEN_BAD = 0.2
"""Share of a block's time with a fault, from which on a channel is worth a word."""
MOST_CHANNELS = 5
TOO_EASY, TOO_HARD = 0.9, 0.1
"""Share of the clean time beyond the threshold."""
MUCH_LOST = 0.2
"""Share of the samples in blocks with feedback that cannot be trusted."""


def next_time(
    data: SessionData, blocks: pd.DataFrame | None, faults: list[ChannelFaults]
) -> list[str]:
    """Return what to do, a sentence each, what matters most first.

    Parameters
    ----------
    data : SessionData
        The session.
    blocks : DataFrame, optional
        From `outcome`.
    faults : list of ChannelFaults
        From `channel_faults`.
    """
    said = [
        f"{one.label}: {one.fault} in {percent(one.worst)} of its worst block. {one.remedy}"
        for one in faults
        if one.worst >= OFTEN_BAD
    ]
    more = len(said) - MOST_CHANNELS
    if more > 0:
        said = [
            *said[:MOST_CHANNELS],
            f"{more} more channels were bad, too (see the channels by block): where many are, look "
            "at ground and reference first.",
        ]
    trained = None if blocks is None else blocks[blocks.kind == "feedback"]
    if trained is not None and len(trained):
        said += _of_training(trained)
    before, after = rests(data.blocks)
    if data.trained and (before is None or after is None):
        when = "before" if before is None else "after"
        said.append(
            f"There was no rest {when} the training. Record a minute of rest before and after it "
            "in each session: journals ask how the signal at rest changed."
        )
    return said or ["Electrodes, thresholds and blocks need no change."]


def _of_training(trained: pd.DataFrame) -> list[str]:
    said = []
    lost = 1 - (trained.clean * trained.seconds).sum() / max(1e-9, trained.seconds.sum())
    if lost > MUCH_LOST:
        said.append(
            f"{percent(lost)} of the training was lost to artifacts and gaps. Let the person sit "
            "more comfortably, explain blinking and jaw, and look at the artifact limit."
        )
    last = trained.above.dropna()
    if len(last) and last.iloc[-1] >= TOO_EASY:
        said.append(
            f"In the last block the signal was beyond the threshold in {percent(last.iloc[-1])} of "
            "the clean time, which is too easy to teach anything: raise the threshold, or let it "
            "follow the person (threshold Success)."
        )
    if len(last) and last.iloc[-1] <= TOO_HARD:
        said.append(
            f"In the last block the signal was beyond the threshold in {percent(last.iloc[-1])} of "
            "the clean time only: lower the threshold, or let it follow the person (threshold "
            "Success)."
        )
    return said
