"""A stream that is known but not there: what a restarted background process goes on with."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import NfbError
from psychopy_nfb.lsl.address import stream_at
from psychopy_nfb.lsl.find import look_for
from psychopy_nfb.lsl.inlet import Inlet, StreamLost
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.stamps import StampClock
from psychopy_nfb.lsl.stamps_heard import Heard

logger: logging.Logger = logging.getLogger(__name__)

DIRECT_SECONDS = 0.5
"""How long a stream may take to answer at the address that it had; a search takes as long."""
UNITS = "microvolts_per_unit"
ALIKE = {
    "labels": "channels",
    "kinds": "channels that are no EEG",
    UNITS: "units",
    "declared_rate": "rate",
    "format": "format",
}
"""What must be the same of two streams before one takes the place of the other, in words."""


class AbsentStream:
    """Has what is known of a stream and the same interface as `Inlet`, but no samples.

    Parameters
    ----------
    facts : dict
        What `Inlet.facts` said of it when it was there.
    heard : Heard, optional
        What was understood of its clock and rate then.
    """

    speed: float = 1.0
    waiting = False
    address: str = ""

    def __init__(self, facts: dict[str, Any], heard: Heard | None = None):
        labels = tuple(facts["labels"])
        self._facts = facts
        self.heard: Heard = heard or Heard()
        self.clock: StampClock = StampClock(self.heard.pace_beside(facts["rate"]), self.heard)
        self.declared_rate: float = facts["declared_rate"]
        self.info: SignalInfo = SignalInfo(
            facts["rate"], labels, positions=standard_positions(labels), kinds=facts["kinds"]
        )
        self.format: np.dtype[Any] = np.dtype(facts["format"])
        self.native: np.ndarray = np.empty((0, len(labels)), self.format)

    def pull(self, timeout: float) -> None:
        """Raise StreamLost."""
        raise StreamLost(self._facts["name"])

    def facts(self) -> dict[str, object]:
        """Return what identifies the stream."""
        return self._facts

    def close(self) -> None:
        """Do nothing: nothing is open."""


def same_stream(
    selection: StreamSelection, facts: dict[str, Any], timeout: float
) -> StreamSelection:
    """Return a selection that only the stream with these `facts` meets, also after a restart.

    Parameters
    ----------
    selection : StreamSelection
        What the person chose.
    facts : dict
        What `Inlet.facts` said of the stream that was taken.
    timeout : float
        Seconds to look for it.
    """
    return replace(
        selection,
        name=facts["name"] or None,
        type=facts["type"] or None,
        source_id=facts["source_id"] or None,
        hostname=facts["hostname"] or None,
        timeout=timeout,
    )


def difference(facts: dict[str, Any], known: dict[str, Any]) -> str:
    """Return why a stream cannot take the place of one that was there; empty if it can.

    Examples
    --------
    >>> known = {"labels": ["Cz", "Oz"], "kinds": {}, "microvolts_per_unit": [1.0, 1.0]}
    >>> difference({**known, "labels": ["Cz"]}, known)
    'channels: Cz instead of Cz, Oz'
    """
    for key, what in ALIKE.items():
        if facts[key] != known[key]:
            one, other = (told[key] for told in (facts, known))
            if key == UNITS:  # as people set them, each once
                one, other = (list(dict.fromkeys(told["units"])) for told in (facts, known))
            return f"{what}: {_in_a_row(one)} instead of {_in_a_row(other)}"
    return ""


def _in_a_row(value: object) -> str:
    """Return a list as its items, a dictionary as its keys with their values."""
    if isinstance(value, dict):
        value = [f"{key} ({one})" for key, one in value.items()] or ["none"]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def found_again(
    selection: StreamSelection,
    known: dict[str, Any],
    timeout: float,
    heard: Heard | None = None,
    address: str = "",
) -> Inlet | AbsentStream:
    """Return the very stream with the facts `known`, or one that is absent after `timeout` s.

    Parameters
    ----------
    selection : StreamSelection
        What the person chose.
    known : dict
        What `Inlet.facts` said of the stream.
    timeout : float
        Seconds to look for it.
    heard : Heard, optional
        What was understood of its clock and rate.
    address : str
        `Inlet.address` of the stream, which is opened there at once if it still is; else it is
        looked for.
    """
    again = same_stream(selection, known, timeout)
    own = f"uid='{known['uid']}'"
    predicate = own if again.predicate is None else f"({again.predicate}) and {own}"
    again = replace(again, predicate=predicate)
    try:
        if (inlet := _opened_at(address, again, known, heard)) is not None:
            return inlet
        found = look_for(again, threading.Event(), timeout)
        if found is None:
            return AbsentStream(known, heard)
        return Inlet(again, heard=heard, found=found)
    except NfbError:  # its amplifier is away, or was restarted too
        return AbsentStream(known, heard)
    except Exception:  # liblsl's own, while streams come and go
        logger.exception("The stream could not be opened; it is looked for again.")
        return AbsentStream(known, heard)


def _opened_at(
    address: str, again: StreamSelection, known: dict[str, Any], heard: Heard | None
) -> Inlet | None:
    """Return the stream with the facts `known` if it is still at its address."""
    there = stream_at(address)
    if there is None:
        return None
    try:
        inlet = Inlet(replace(again, timeout=DIRECT_SECONDS), heard=heard, found=there)
    except (NfbError, TimeoutError, pylsl.util.LostError):
        return None
    if inlet.facts()["uid"] == known["uid"]:
        return inlet
    inlet.close()  # another one has its port now
    return None
