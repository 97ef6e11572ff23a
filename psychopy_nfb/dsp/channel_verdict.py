"""What is said of one channel: its state, what is wrong with it, and what helps."""

from __future__ import annotations

from dataclasses import dataclass

REMEDIES = {
    "no valid values": "Check the cable to the amplifier and the amplifier's settings.",
    "flat": "Plug in the electrode; check its cable and whether the channel is switched on.",
    "mains hum": "Add gel until the hum goes; check ground and reference; move mains cables away.",
    "large slow swings": "Ask the person to sit still; press the electrode on and add gel.",
    "larger than EEG": "Press the electrode on and add gel; if most channels are so, set the unit.",
    "larger than its neighbours": "Press the electrode on, part the hair and add gel.",
    "weaker than its neighbours": "Look for gel that joins it to the next electrode or the "
    "reference; dry it and fill again.",
    "muscles or noise": "Ask the person to relax jaw, forehead and neck; if it stays, add gel.",
}
"""What helps against each fault, the gravest fault first."""
HARMLESS = ("weaker than its neighbours",)
"""Faults that add nothing to other channels."""
SHARED = ("no valid values", "flat", "mains hum")
"""Faults that ground, reference or amplifier cause when many channels have them at once."""


@dataclass(frozen=True)
class ChannelVerdict:
    """One channel's state.

    Examples
    --------
    >>> verdict = ChannelVerdict("Fz", 47.0, fault="mains hum", level=45.2, detail="50 Hz")
    >>> verdict.good, verdict.reason
    (False, '50 Hz mains hum 45 µV')
    """

    label: str
    """Of the channel."""
    amplitude: float = 0.0
    """Root mean square of the last two seconds without slow drift, in microvolts."""
    fault: str = ""
    """What is wrong, one of `REMEDIES`; empty for a good channel."""
    level: float | None = None
    """How strong that is, in microvolts; None where a number says nothing."""
    detail: str = ""
    """What goes before the fault's name: which mains."""
    judged: bool = True
    """False for what is no electrode, such as a trigger or a battery's level."""
    within: str = ""
    """What it enters together with other channels, which it spoils while it is bad:
    ``"the average reference of 'alpha'"``; empty where it stands alone or is not used."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.fault

    @property
    def harms(self) -> bool:
        """Whether it is so bad that a reference with it in is bad, too."""
        return bool(self.fault) and self.fault not in HARMLESS

    @property
    def name(self) -> str:
        """The fault in words, without its number: ``"50 Hz mains hum"``."""
        return f"{self.detail} {self.fault}".strip()

    @property
    def reason(self) -> str:
        """Why it is bad, in a few words with the number; empty for a good one."""
        return self.name if self.level is None else f"{self.name} {self.level:.0f} µV"

    @property
    def remedy(self) -> str:
        """What to do about it, in a sentence; empty for a good one."""
        return REMEDIES[self.fault] if self.fault else ""
