"""What a blinded session keeps sealed: which source was shown, what it showed, and what tells it.

The file ``…_sealed.bin`` is there in each session of a blinded study. How long it is depends on
the length of the session only: events have the same room each time that the files are flushed,
whether there are any or not.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from psychopy_nfb.protocol import shown_names
from psychopy_nfb.recording.abandon import abandon_file
from psychopy_nfb.recording.proofs import PROOF_BYTES, Watched
from psychopy_nfb.recording.sealing import Sealer, open_to_append, opened_records
from psychopy_nfb.recording.tables import FRAME_COLUMNS

HEAD_BYTES = 16_384
"""Room for what is sealed at the begin; more is rounded up to a multiple of it."""
EVENTS_BYTES = 1024
"""Room for events at each flush; what does not fit waits for the next one."""
LAST_EVENTS = 64
"""So many times this room is there once more at the end."""
_COUNTS = struct.Struct("<II")
_HEAD, _DONORS, _ROWS, _END = b"H", b"D", b"R", b"E"
FRAMES_SEALED = ("shown",)
"""Columns of the frame log whose cells stay empty; those of the values are left out."""
LAG_SEALED = (
    *("t_sample", "t_received", "t_published", "t_arrived"),
    *("seq", "sample", "wanted_lag", "flags"),
)
"""Where arms differ in their lag, those too, with all values: they are of the sample shown."""
EVENTS_SEALED = ("shown", "shown_ended", "sound", "stages", "trial")
"""Events that nobody sees: what is shown; how a trial went by it; sounds, which come with rewards
that are shown; and how long the computer took for each stage, which may be longer for one source
than for another."""


@dataclass
class Seal:
    """For whom a session's file is sealed, and what is in it from the begin, as plain JSON."""

    public: str
    """Public key in hexadecimal."""
    about: str
    """What the file belongs to: the study, and the names of the session."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What is sealed at the begin: arm, sources, donor."""
    lag: bool = False
    """Whether the lag of the frames is sealed, too."""


@dataclass
class Opened:
    """What was in a sealed file."""

    facts: dict[str, Any]
    """As `Seal.facts`."""
    names: list[str]
    """Columns of `signals`, after the number."""
    signals: np.ndarray
    """(n, 1 + len(names)): number of the sample, then the values."""
    frames: np.ndarray
    """(n, 1 + len(frame_names)): number of the frame, then the cells."""
    frame_names: list[str]
    """Columns of `frames`, after the number."""
    events: list[dict[str, Any]]
    """Events that were left out, and details that were (``"adds"``)."""
    donors: bytes
    """Content of ``…_shown.npz``; empty if there was none."""
    complete: bool
    """Whether it was closed in the end, or a kill ended it."""
    proofs: list[bytes]
    """Sums of the visible files, for `changed_files`."""


def columns_sealed(value_names: Sequence[str]) -> list[str]:
    """Return which values are sealed: those of what is shown.

    Examples
    --------
    >>> columns_sealed(["alpha_value", "reward", "shown_value"])
    ['shown_value']
    """
    hidden = set(shown_names())
    return [name for name in value_names if name in hidden]


class SealedFile:
    """Takes what is sealed of a session, and returns what is not.

    Parameters
    ----------
    path : path
        The file.
    seal : dict
        `Seal`, as plain JSON.
    value_names : sequence of str
        Names of all of the feedback's values.
    append : bool
        Go on with a file that another process left.
    donors : path, optional
        File with recorded blocks that are shown; its content is sealed, too.

    Attributes
    ----------
    visible : tuple of str
        Names of the values that are not sealed.

    Raises
    ------
    FileError
        If the file cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        seal: dict[str, Any],
        value_names: Sequence[str],
        append: bool = False,
        donors: str | os.PathLike[str] | None = None,
    ):
        hidden = columns_sealed(value_names)
        self.path: Path = Path(path)
        self.visible: tuple[str, ...] = tuple(name for name in value_names if name not in hidden)
        self._hidden_at = [value_names.index(name) for name in hidden]
        self._visible_at = [value_names.index(name) for name in self.visible]
        self._lag = bool(seal.get("lag"))
        cells = FRAMES_SEALED + (LAG_SEALED if self._lag else ())
        of_frames = list(value_names) if self._lag else hidden
        self._cells_at = [FRAME_COLUMNS.index(name) for name in cells]
        self._frame_values_at = [value_names.index(name) for name in of_frames]
        self._signals: list[np.ndarray] = []
        self._frames: list[list[float]] = []
        self._events = b"\n"  # which ends what a killed process may have left
        self._sealer = Sealer(bytes.fromhex(seal["public"]), seal["about"])
        self._file: BinaryIO = open_to_append(path, append)
        self._watched = Watched()
        begun = self._file.tell() > 64
        self._file.write(self._sealer.head)
        if not begun:
            head = {"facts": seal["facts"], "names": hidden}
            head |= {"frame_names": cells, "frame_values": of_frames}
            text = json.dumps(head).encode()
            self._write(_HEAD + text.ljust(-(-len(text) // HEAD_BYTES) * HEAD_BYTES))
            if donors is not None:
                self._write(_DONORS + Path(donors).read_bytes())
        self._file.flush()

    def _write(self, record: bytes) -> None:
        self._file.write(self._sealer.seal(record))

    def watch(self, watched: Watched) -> None:
        """Seal from now on what comes into these files as a sum, so that a change is noticed."""
        self._watched = watched

    def signals(self, values: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """Take values (n, n_values) of samples with these numbers (n,); return the visible ones."""
        self._signals.append(np.column_stack((samples, values[:, self._hidden_at])))
        return values[:, self._visible_at]

    def frames(self, rows: Sequence[tuple[Any, ...]], after: int) -> list[tuple[Any, ...]]:
        """Take rows of the frame log that come after frame `after`; return the visible of all."""
        n = len(FRAME_COLUMNS)
        visible = []
        for row in rows:
            cells, values = list(row[:n]), list(row[n:])
            if row[0] > after:
                hidden = [cells[place] for place in self._cells_at]
                hidden += [values[place] for place in self._frame_values_at]
                self._frames.append([row[0], *hidden])
            for place in self._cells_at:
                cells[place] = math.nan
            for place in self._frame_values_at:
                values[place] = math.nan
            visible.append((*cells, *(values[one] for one in self._visible_at)))
        return visible

    def event(
        self, event: dict[str, Any], kind: str, command: int | None
    ) -> tuple[bool, dict[str, Any] | None]:
        """Take an event; return whether anything of it is visible, and its visible detail.

        Parameters
        ----------
        event : dict
            ``trial_type`` and the other columns of the events.
        kind, command
            As of `SessionWriter.event`.
        """
        detail = event["detail"] or {}
        if event["trial_type"] in EVENTS_SEALED or _of_shown(event["trial_type"], detail):
            self._keep({**event, "kind": kind, "command": command})
            return False, None
        visible, hidden = parted(detail, self._lag)
        if hidden:
            place = {name: event[name] for name in ("trial_type", "sample", "t")}
            self._keep({**place, "adds": hidden})
        return True, visible or None

    def _keep(self, entry: dict[str, Any]) -> None:
        self._events += json.dumps(entry, default=str).encode() + b"\n"

    def flush(self) -> None:
        """Seal what came since the last call, and hand it to the operating system."""
        self._flush(EVENTS_BYTES)

    def _flush(self, room: int, kind: bytes = _ROWS, closing: bool = False) -> None:
        signals = b"".join(one.astype("<f8").tobytes() for one in self._signals)
        frames = np.array(self._frames, "<f8").tobytes()
        events, self._events = self._events[:room], self._events[room:]
        counts = _COUNTS.pack(len(signals), len(frames))
        proof = self._watched.proof(last=closing).ljust(PROOF_BYTES, b"\0")
        self._write(kind + counts + proof + signals + frames + events.ljust(room, b"\0"))
        self._signals.clear()
        self._frames.clear()
        self._file.flush()

    def abandon(self, size: int) -> None:
        """Close the file with its first `size` bytes, where it can no longer be written."""
        abandon_file(self._file, size)

    def close(self, ends: bool = True) -> None:
        """Seal what is left and close the file. Harmless when called again.

        Parameters
        ----------
        ends : bool
            Whether the session ends, or another process goes on.
        """
        if self._file.closed:
            return
        room = LAST_EVENTS * EVENTS_BYTES
        self._flush(max(room, -(-len(self._events) // room) * room), _END if ends else _ROWS, True)
        self._file.close()


def _of_shown(label: str, detail: dict[str, Any]) -> bool:
    """Whether an event is of what is shown: a threshold or a rule of one of its sources."""
    if label == "threshold":
        return "." in detail.get("signal", "")
    return bool(detail.get("of_shown"))


def parted(detail: dict[str, Any], lag: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what of an event's detail is visible, and what is sealed.

    Parameters
    ----------
    detail : dict
        The event's.
    lag : bool
        Whether the lag of the block is sealed, too.

    Examples
    --------
    >>> parted({"block": 1, "shown": "sham"})
    ({'block': 1}, {'shown': 'sham'})
    >>> parted({"score": 3, "thresholds": {"alpha": 1, "sham.alpha": 2}})
    ({'score': 3, 'thresholds': {'alpha': 1}}, {'thresholds': {'sham.alpha': 2}})
    """
    visible, hidden = {}, {}
    for name, value in detail.items():
        if name == "shown" or name in shown_names() or (lag and name == "lag"):
            hidden[name] = value
        elif name == "thresholds":
            visible[name] = {key: one for key, one in value.items() if "." not in key}
            of_shown = {key: one for key, one in value.items() if "." in key}
            if of_shown:
                hidden[name] = of_shown
        else:
            visible[name] = value
    return visible, hidden


def read_sealed(path: str | os.PathLike[str], private: bytes, about: str) -> Opened:
    """Open a sealed file.

    Raises
    ------
    FileError
        If the key does not fit, or the file was changed.
    """
    head: dict[str, Any] = {}
    donors, complete, events = b"", False, b""
    proofs: list[bytes] = []
    parts: dict[str, list[bytes]] = {"signals": [], "frames": []}
    name = Path(path).name
    for record in opened_records(Path(path).read_bytes(), private, about, name):
        kind, content = record[:1], record[1:]
        if kind == _HEAD:
            head = json.loads(content)
        elif kind == _DONORS:
            donors = content
        else:
            n_signals, n_frames = _COUNTS.unpack_from(content)
            at = _COUNTS.size + PROOF_BYTES
            proofs.append(content[_COUNTS.size : at])
            parts["signals"].append(content[at : at + n_signals])
            at += n_signals
            parts["frames"].append(content[at : at + n_frames])
            events += content[at + n_frames :].rstrip(b"\0")
            complete = complete or kind == _END  # the experiment may add its last frames
    names, frame_names = head.get("names", []), list(head.get("frame_names", []))
    frame_names += head.get("frame_values", names)  # files of earlier versions do not say them
    return Opened(
        facts=head.get("facts", {}),
        names=names,
        signals=_table(parts["signals"], 1 + len(names)),
        frames=_table(parts["frames"], 1 + len(frame_names)),
        frame_names=frame_names,
        events=_entries(events),
        donors=donors,
        complete=complete,
        proofs=proofs,
    )


def _table(parts: list[bytes], width: int) -> np.ndarray:
    return np.frombuffer(b"".join(parts), "<f8").reshape(-1, width)


def _entries(text: bytes) -> list[dict[str, Any]]:
    """Return the events; without what a kill has torn, and those of a command only once."""
    entries, commands = [], set()
    for line in text.split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        command = entry.get("command")
        if command is None or command not in commands:
            entries.append(entry)
        commands.add(command)
    return entries
