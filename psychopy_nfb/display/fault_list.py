"""The bad channels in words: which, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from psychopy_nfb.display.letters import TEXT, Box, Text, wrapped
from psychopy_nfb.dsp.channel_verdict import REMEDIES, SHARED, ChannelVerdict
from psychopy_nfb.errors import listed

GOOD, BAD = "#2BB6F0", "#FF9F40"
"""Blue and orange, which all kinds of colour blindness tell apart; the signs differ as well."""
TOGETHER = "\u00a0"
"""A space at which no line is broken."""
MOST_NAMED = 6
"""Channels of one fault that are named where there is no room for all."""
LIST_SIZES = (
    *((share, None) for share in (1.0, 0.93, 0.86, 0.79)),
    *((share, MOST_NAMED) for share in (0.86, 0.79, 0.72)),
)
"""Letters of the list as shares of the ordinary ones, and how many channels of a fault it names."""
LEAST_LETTER = 9


def fault_list(verdicts: Sequence[ChannelVerdict], box: Box, letter: int) -> list[Text]:
    """Return the bad channels with reason and remedy, as large as there is room for.

    Parameters
    ----------
    verdicts : sequence of ChannelVerdict
        Of all channels.
    box : (float, float, float, float)
        What the list must stay within.
    letter : int
        Size of ordinary letters, in pixels.
    """
    parts: list[Text] = []
    n_faults = len({one.name for one in verdicts if not one.good})
    sizes = [(share, most, n_faults) for share, most in LIST_SIZES]
    # Where not even the smallest has room, the slightest faults are counted and not told.
    smallest = LIST_SIZES[-1]
    sizes += [(*smallest, n_told) for n_told in range(n_faults - 1, 0, -1)]
    for share, most, n_told in sizes:
        parts = _lines(verdicts, box, max(LEAST_LETTER, round(share * letter)), most, n_told)
        if not parts or parts[-1].box[1] >= box[1]:
            break
    return [one for one in parts if one.box[1] >= box[1]]


def _lines(
    verdicts: Sequence[ChannelVerdict], box: Box, size: int, most: int | None, n_told: int
) -> list[Text]:
    """Return the bad channels, those with the same fault together, the gravest fault first.

    `most` channels of a fault are named (None: all), and `n_told` faults are told.
    """
    bad = [one for one in verdicts if not one.good]
    left, _, right, top = box
    width, parts = right - left, []
    y = top - 0.6 * size

    def write(text: str, color: str, bold: bool = False) -> None:
        nonlocal y
        for line in wrapped(text, size, width, bold):
            parts.append(Text(left, y, line, size, color, bold))
            y -= 1.3 * size

    faults = {one.name: one.fault for one in bad}
    gravest = sorted(faults, key=lambda name: list(REMEDIES).index(faults[name]))
    for name in gravest[:n_told]:
        same = [one for one in bad if one.name == name]
        same.sort(key=lambda one: -(one.level or 0.0))
        said = [_with_level(one) for one in same[:most]]
        more = len(same) - len(said)
        names = ", ".join(said) + (f" and {more} more" if more else "")
        write(f"{names}: {name.replace(' Hz', TOGETHER + 'Hz')}", BAD, bold=True)
        remedy = same[0].remedy
        if same[0].fault in SHARED and len(same) > max(2, sum(one.judged for one in verdicts) / 2):
            remedy = "Most channels at once: check ground, reference and amplifier first."
        write(remedy, TEXT)
        y -= 0.6 * size
    for within in dict.fromkeys(one.within for one in bad if one.within and one.harms):
        same = [one.label for one in bad if one.within == within and one.harms]
        named = listed(same, most=most or len(same))
        write(
            f"{named} {'is' if len(same) == 1 else 'are'} in {within} and "
            f"{'spoils' if len(same) == 1 else 'spoil'} it. What stays bad: leave it out of the "
            "reference, or choose other channels.",
            TEXT,
        )
        y -= 0.6 * size
    untold = sum(one.name in gravest[n_told:] for one in bad)
    if untold:
        channels = "channel is" if untold == 1 else "channels are"
        write(f"… and {untold} more {channels} bad: mend these first.", BAD, bold=True)
    return parts


def _with_level(verdict: ChannelVerdict) -> str:
    if verdict.level is None:
        return verdict.label
    return f"{verdict.label}{TOGETHER}{verdict.level:.0f}{TOGETHER}µV"
