"""What the records in shared memory hold, by name, for all who write, read, log or restore them.

A record that a `Ring` gives is a tuple: its number, its fields, its values, its number, a checksum.
Nobody but `Layout` knows the place of anything in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_type_hints

from psychopy_nfb.recording import FrameFields

NUMBER = 0
"""Place of a record's own number, counted from 1."""
_CODES = {int: "q", float: "d"}


class FeedbackFields(NamedTuple):
    """What a feedback record says beside the values; all times on LSL's clock."""

    t_sample: float
    """When the sample was taken."""
    t_received: float
    """When it came to the worker."""
    t_published: float
    """When the record was written."""
    t_arrived: float
    """When it came over the network to the screen's computer; NaN where the worker runs on that."""
    delay: float
    """Delay of the first signal's processing, in seconds."""
    sample: int
    """Number of the sample in the session, from 0."""
    flags: int
    """The `psychopy_nfb.dsp.Flags` of the samples since the record before."""


class Layout:
    """Names, formats and places of a record's fields and values.

    Parameters
    ----------
    codes : mapping of str to str
        The `struct` code of each field, in their order.
    values : sequence of str
        Names of the values, which are float64 and follow the fields.

    Attributes
    ----------
    names : tuple of str
        All of them, in the order in which they are written.
    codes : str
        Their `struct` codes.
    fields, values : slice
        Where a record that was read has them.

    Examples
    --------
    >>> layout = feedback_layout(["alpha_value", "score"])
    >>> record = (7, 1.0, 1.1, 1.2, 1.2, 0.05, 250, 0, 0.5, 3.0, 7, 0)
    >>> record[NUMBER], record[layout.place("sample")], record[layout.values]
    (7, 250, (0.5, 3.0))
    >>> layout.named(record)["score"]
    3.0
    """

    def __init__(self, codes: Mapping[str, str], values: Sequence[str] = ()):
        self.names: tuple[str, ...] = (*codes, *values)
        self.codes: str = "".join(codes.values()) + "d" * len(values)
        self.fields: slice = slice(NUMBER + 1, NUMBER + 1 + len(codes))
        self.values: slice = slice(self.fields.stop, self.fields.stop + len(values))
        self._places = {name: place for place, name in enumerate(self.names, NUMBER + 1)}

    def place(self, name: str) -> int:
        """Return where a record that was read has `name`: to be asked once, before any loop."""
        return self._places[name]

    def named(self, record: Sequence[Any]) -> dict[str, Any]:
        """Return what a record holds, by name."""
        return {name: record[place] for name, place in self._places.items()}


def feedback_layout(value_names: Sequence[str]) -> Layout:
    """Return the layout of feedback records with these values: `FeedbackFields`, then they."""
    return Layout(_codes(FeedbackFields), value_names)


def frame_layout(value_names: Sequence[str]) -> Layout:
    """Return the layout of frame records with these values: `FrameFields`, then they."""
    return Layout(_codes(FrameFields), value_names)


def _codes(fields: type) -> dict[str, str]:
    return {name: _CODES[kind] for name, kind in get_type_hints(fields).items()}


_OF_FEEDBACK = feedback_layout(())
T_SAMPLE = _OF_FEEDBACK.place("t_sample")
T_RECEIVED = _OF_FEEDBACK.place("t_received")
T_PUBLISHED = _OF_FEEDBACK.place("t_published")
T_ARRIVED = _OF_FEEDBACK.place("t_arrived")
DELAY = _OF_FEEDBACK.place("delay")
SAMPLE = _OF_FEEDBACK.place("sample")
FLAGS = _OF_FEEDBACK.place("flags")
"""Places of a feedback record's fields, whatever values follow them."""


def available(record: Sequence[Any]) -> float:
    """Return when a feedback record could be read on the screen's computer, LSL time."""
    arrived = record[T_ARRIVED]
    return record[T_PUBLISHED] if arrived != arrived else arrived  # NaN
