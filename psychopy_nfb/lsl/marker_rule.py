"""Which streams hold markers, and what each marker says: one rule, for streams and for files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

MARKER_WORDS = ("marker", "event", "trig", "annotation", "stim")
"""Words in a stream's type that say that it holds markers."""
MOST_LINES = 8
"""Most channels of a stream of numbers that may be markers: the lines of a digital input."""
PAUSE = 1.5
"""Sample periods after which the same number is another marker, not the rest of a longer one."""

_SAYS = re.compile("|".join(MARKER_WORDS[:-1]) + rf"|(?<![a-z]){MARKER_WORDS[-1]}")  # no "estimate"


def is_marker_stream(type: str | None, format: str, rate: float, n_channels: int) -> bool:  # noqa: A002
    """Return whether a stream holds markers.

    Text that comes at no regular rate is markers, whatever it is called. Other streams are if
    their type says so (marker, event, stimulus, trigger, annotation), and numbers if they are few.

    Parameters
    ----------
    type : str or None
        Content type, in any spelling.
    format : str
        ``"string"``, or a format of numbers such as ``"int32"``, as XDF writes it.
    rate : float
        Nominal rate in Hz; 0 for irregular.
    n_channels : int
        Number of channels.

    Examples
    --------
    >>> is_marker_stream("Markers", "string", 0, 1), is_marker_stream("Marker", "int32", 0, 1)
    (True, True)
    >>> is_marker_stream("sampledMarkers", "string", 500, 1), is_marker_stream("", "string", 0, 1)
    (True, True)
    >>> is_marker_stream("EEG", "float32", 250, 8), is_marker_stream("Estimates", "int32", 0, 1)
    (False, False)
    """
    text = format == "string"
    # A capital begins a word: "EEGStim".
    words = re.sub(r"(?<=.)(?=[A-Z][a-z])", " ", type or "").casefold()
    says = _SAYS.search(words) is not None
    return text and (says or not rate) or says and n_channels <= MOST_LINES


class MarkerLabels:
    """Reads the labels of one marker stream, sample by sample.

    A sample is one marker; its channels are joined by semicolons. There are two exceptions. A text
    that is empty is no marker: amplifiers send one with each sample of the EEG. In numbers at a
    regular rate, 0 is no marker, and a number that stays is one marker, where it begins.

    Parameters
    ----------
    format : str
        As for `is_marker_stream`.
    rate : float
        Nominal rate in Hz; 0 for irregular.

    Attributes
    ----------
    guessed : bool
        Whether a text was not in UTF-8 and was read as Latin-1.

    Examples
    --------
    >>> MarkerLabels("string", 0).read([[b"go"], ["M\u00fcde".encode("latin-1")], [b""]], [1, 2, 3])
    ['go', 'Müde', '']
    >>> lines = MarkerLabels("int32", 100)
    >>> lines.read([[0], [4], [4], [0], [4]], [0.00, 0.01, 0.02, 0.03, 0.04])
    ['', '4', '', '', '4']
    """

    def __init__(self, format: str, rate: float):  # noqa: A002
        self._pause = PAUSE / rate if rate and format != "string" else None
        self._last: tuple[list[Any], float] = ([], float("-inf"))
        self.guessed: bool = False

    def read(self, samples: Sequence[Sequence[Any]], stamps: Sequence[float]) -> list[str]:
        """Return one label a sample, empty where there is no marker.

        Parameters
        ----------
        samples : ndarray or sequence of sequences
            Rows of numbers, text or bytes.
        stamps : sequence of float
            Time of each row in seconds.
        """
        rows = samples.tolist() if hasattr(samples, "tolist") else samples
        return [self._label(list(row), float(t)) for row, t in zip(rows, stamps, strict=True)]

    def _label(self, row: list[Any], t: float) -> str:
        if self._pause is not None:
            before, at = self._last
            self._last = (row, t)
            # A regular rate may be declared by mistake: numbers that come one by one are markers.
            if not any(row) or row == before and t - at < self._pause:
                return ""
        parts = [self._text(part) for part in row]
        return ";".join(parts) if any(part.strip() for part in parts) else ""

    def _text(self, part: object) -> str:
        if isinstance(part, bytes):
            try:
                text = part.decode("utf-8")
            except UnicodeDecodeError:
                self.guessed = True
                text = part.decode("latin-1")
            return text.rstrip("\0")  # of a text of fixed length
        if isinstance(part, float) and part.is_integer():
            return str(int(part))
        return str(part)
