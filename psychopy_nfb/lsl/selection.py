"""Which stream a person means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from psychopy_nfb.channels import UNITS
from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.errors import SettingsError

PATIENT_SECONDS = 10.0
"""How long commands look for a stream that a person has named: on a busy computer, or over a
wireless network, the answer of one that is there took more than 5 s."""
STAND_IN = "psychopy_nfb_stand_in_"
"""Beginning of the source_id of a simulated amplifier that one run has started for itself."""


def is_of_another_run(source_id: str, own: str | None = None) -> bool:
    """Return whether a stream comes from a simulated amplifier that another run has started.

    Parameters
    ----------
    source_id : str
        The stream's.
    own : str, optional
        source_id of the EEG stream that this run uses.

    Examples
    --------
    >>> is_of_another_run("psychopy_nfb_stand_in_1f-markers", own="amp-1")
    True
    >>> is_of_another_run("psychopy_nfb_stand_in_1f-markers", own="psychopy_nfb_stand_in_1f")
    False
    """
    return source_id.startswith(STAND_IN) and not (own and source_id.startswith(own))


@dataclass
class StreamSelection:
    """What identifies one LSL stream; everything that is given must match.

    The simulated amplifier that another run has started for itself never matches.

    Examples
    --------
    >>> print(StreamSelection(name="Amp", type="EEG"))
    name='Amp' and type='EEG'
    """

    name: str | None = None
    """The stream's name, as `psychopy-nfb streams` lists it."""
    type: str | None = "EEG"
    """The stream's content type; None, or an empty text, takes streams of any."""
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

    setting: ClassVar[str] = "stream"
    """What errors call it."""

    def __post_init__(self) -> None:
        for key in ("name", "type", "source_id", "predicate", "hostname"):
            text = getattr(self, key)
            if text is not None and not isinstance(text, str):
                raise SettingsError(key, text, "must be a text, as `psychopy-nfb streams` lists it")
        self.type = self.type or None
        check_number("timeout", self.timeout, above=0, unit="s")
        if self.units is not None:
            check_choice("units", self.units, UNITS)
        if self.rate is not None:
            check_number("rate", self.rate, above=0, unit="Hz")
        if not self.test_signal and not self._conditions():
            raise SettingsError(
                self.setting,
                None,
                "needs at least one of name, type, source_id, hostname or predicate",
            )

    def query(self) -> str:
        """Return the condition in the form that LSL resolves."""
        if self.source_id is not None and self.source_id.startswith(STAND_IN):
            return self._conditions()
        return f"{self._conditions()} and not(starts-with(source_id, '{STAND_IN}'))"

    def _conditions(self) -> str:
        """Return what the person has chosen, as a condition."""
        parts = [
            f"{key}={_quoted(value)}"
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
        return "the test signal" if self.test_signal else self._conditions()


@dataclass
class SecondStream(StreamSelection):
    """What identifies the stream whose channels are laid beside the EEG's: of any type.

    Examples
    --------
    >>> print(SecondStream(name="GSRAmp"))
    name='GSRAmp'
    """

    type: str | None = None
    """The stream's content type; None, or an empty text, takes streams of any."""

    setting: ClassVar[str] = "aux"


def named_stream(text: str, **settings: Any) -> StreamSelection:
    """Return what selects the stream that has this name or this source_id, of any type.

    Parameters
    ----------
    text : str
        The name or source_id.
    **settings
        Of `StreamSelection`.

    Raises
    ------
    SettingsError
        If the text is empty or holds both kinds of quotes.

    Examples
    --------
    >>> print(named_stream("Amp"))
    (name='Amp' or source_id='Amp')
    """
    if not text.strip():
        raise SettingsError("stream", text, "is empty; enter its name or source_id")
    quoted = _quoted(text)
    return StreamSelection(type=None, predicate=f"name={quoted} or source_id={quoted}", **settings)


def _quoted(text: str) -> str:
    r"""Return a text as XPath 1.0 has it, whose literals have no escapes.

    Examples
    --------
    >>> print(_quoted("Amp"), _quoted("Bob's"), _quoted('Bob\'s "amp"'))
    'Amp' "Bob's" concat('Bob', "'", 's "amp"')
    """
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    parts = ', "\'", '.join(f"'{part}'" for part in text.split("'"))
    return f"concat({parts})"
