"""Which stream a person means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from psychopy_nfb.channels import UNITS
from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.errors import SettingsError


@dataclass
class StreamSelection:
    """What identifies one LSL stream; everything that is given must match.

    Examples
    --------
    >>> StreamSelection(name="Amp", type="EEG").query()
    "name='Amp' and type='EEG'"
    """

    name: str | None = None
    """The stream's name, as `psychopy-nfb streams` lists it."""
    type: str | None = "EEG"
    """The stream's content type."""
    source_id: str | None = None
    """The serial number or other unique mark of the device."""
    predicate: str | None = None
    """An XPath 1.0 condition on the stream's description, e.g. ``contains(name, 'Brain')``."""
    timeout: float = 5.0
    """Seconds to look for it."""
    units: Literal["uV", "mV", "V", "nV"] | None = None
    """Unit of the voltages; None takes what the stream declares, or microvolts if it is silent.
    Triggers, counters and others that are no voltage are never converted."""
    rate: float | None = None
    """Samples a second; None takes what the stream declares and sends. Set it for a stream that
    declares none."""
    test_signal: bool = False
    """Make a test signal in place of any stream: 10 Hz whose amplitude rises and falls in 8 s."""
    hostname: str | None = None
    """The machine that sends it, as `psychopy-nfb streams` lists it."""

    def __post_init__(self) -> None:
        check_number("timeout", self.timeout, above=0, unit="s")
        if self.units is not None:
            check_choice("units", self.units, UNITS)
        if self.rate is not None:
            check_number("rate", self.rate, above=0, unit="Hz")
        if not self.test_signal and not self.query():
            raise SettingsError(
                "stream",
                None,
                "needs at least one of name, type, source_id, hostname or predicate",
            )

    def query(self) -> str:
        """Return the condition in the form that LSL resolves."""
        parts = [
            f"{key}={_quoted(key, value)}"
            for key, value in (
                ("name", self.name),
                ("type", self.type),
                ("source_id", self.source_id),
                ("hostname", self.hostname),
            )
            if value is not None
        ]
        if self.predicate:
            parts.append(f"({self.predicate})")
        return " and ".join(parts)

    def __str__(self) -> str:
        """Return the selection as a person would say it."""
        return "the test signal" if self.test_signal else self.query()


def _quoted(key: str, value: str) -> str:
    # XPath 1.0 literals have no escapes: a text may hold one kind of quote, not both.
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise SettingsError(key, value, "cannot hold both kinds of quotes; use a predicate instead")
