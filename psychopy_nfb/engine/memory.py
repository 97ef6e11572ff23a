"""The block of memory that the PsychoPy process and the worker share.

It holds a header and two rings of records: feedback, written by the worker, and frames, written by
the PsychoPy process, so that the frame loop never waits for a lock, a queue or the disk.

A record carries its sequence number before and after its fields and ends in a checksum: a reader
that meets a record half written knows it on any processor, also on one that reorders stores.
"""

from __future__ import annotations

import json
import logging
import os
import struct
from collections.abc import Iterator, Sequence
from multiprocessing.shared_memory import SharedMemory
from typing import Any
from zlib import crc32

from psychopy_nfb.engine.named_memory import create_memory, join_memory, remove_memory
from psychopy_nfb.engine.records import NUMBER, Layout, feedback_layout, frame_layout
from psychopy_nfb.errors import WorkerError

logger: logging.Logger = logging.getLogger(__name__)

SHARED_MEMORY = "shared memory"
"""What errors call a block that cannot be joined."""
MAGIC = int.from_bytes(b"NFBshm06", "little")
HEADER_BYTES = 65536  # the longest names of the most signals have place in it
LAYOUT_AT = 512  # the header's words end before it, the JSON of the layout follows

# A record each millisecond fills the feedback ring in four seconds, from which earlier records are
# shown where a longer lag is wanted, and the frame ring, at 240 Hz, in 34: longer than a worker's
# restart takes.
FEEDBACK_SLOTS = 4096
FRAME_SLOTS = 8192

WORDS = (
    "magic",
    "size",
    "n_values",
    "experiment_pid",
    "worker_pid",
    "generation",
    "newest_feedback",
    "newest_frame",
    "frames_logged",
    "busy",
)
CLOCKS = ("heartbeat",)

WHOLE = 0x2144DF1C
"""CRC-32 of anything that ends in its own CRC-32, the complement of the "good final value" in
RFC 1662, C.3: so a reader checks a record in one step."""


def _body(layout: Layout) -> struct.Struct:
    """Return a record up to its checksum: number, fields, number, padding."""
    return struct.Struct(f"<Q{layout.codes}Q4x")


def record_size(layout: Layout) -> int:
    """Return how many bytes a record of this layout takes."""
    return _body(layout).size + 4


class Ring:
    """Fixed records in shared memory, one writer, any number of readers.

    Parameters
    ----------
    view : memoryview
        The shared block, as bytes.
    words : memoryview
        The header's words, as int64.
    newest_word : int
        Which word holds the newest record's sequence number; 0 is none yet.
    offset, slots : int
        Where the ring starts, in bytes, and how many records it holds.
    layout : Layout
        What a record holds.
    """

    def __init__(
        self,
        view: memoryview,
        words: memoryview,
        newest_word: int,
        offset: int,
        slots: int,
        layout: Layout,
    ):
        self.layout = layout
        """Names and places of what a record holds."""
        self._view = view
        self._words = words
        self._newest_word = newest_word
        self._offset = offset
        self.slots: int = slots
        """How many records there are."""
        body = _body(layout)
        self.record_bytes: int = record_size(layout)
        # Looked up once, and as few steps as there can be: this code runs after a pause, when each
        # costs several times what it costs in a loop.
        self._pack, self._unpack = body.pack, struct.Struct(f"{body.format}I").unpack
        self._place = struct.Struct(f"<{body.size}sI").pack_into
        self._seq: int | None = None  # of the last record that this process wrote
        self.torn: int = 0
        """How many records this reader found half written, and read again or passed over."""

    @property
    def newest_seq(self) -> int:
        """Sequence number of the newest record; 0 before the first."""
        return self._words[self._newest_word]

    def write(self, *fields: float) -> int:
        """Add a record and return its sequence number.

        Counted in this process, its sole writer: a number that was overwritten in the shared block
        is put right by the next record.
        """
        if self._seq is None:
            self._seq = self._last_whole()
        seq = self._seq = self._seq + 1
        body = self._pack(seq, *fields, seq)
        at = self._offset + seq % self.slots * self.record_bytes
        self._place(self._view, at, body, crc32(body))
        self._words[self._newest_word] = seq
        return seq

    def newest(self) -> tuple[Any, ...] | None:
        """Return the newest whole record, or None if none is; `layout` knows what is where in it.

        Runs once a frame: two small objects are made, nothing else. Looks at each place of the
        ring once at most, whatever number the block holds.
        """
        seq = self._words[self._newest_word]
        for _ in range(self.slots):
            if seq <= 0:
                return None
            record = self.read(seq)
            if record is not None:
                return record
            self.torn += 1
            newer = self._words[self._newest_word]
            # Overtaken by the writer: take the newer one. Not overtaken: its stores have not all
            # become visible, the one before it has been whole for long.
            seq = newer if newer > seq else seq - 1
        return None

    def since(self, seq: int) -> Iterator[tuple[Any, ...]]:
        """Yield the whole records after number `seq`, oldest first, as far as the ring has them."""
        newest = self._words[self._newest_word]
        for wanted in range(max(seq + 1, newest - self.slots + 2), newest + 1):
            record = self.read(wanted)
            if record is None:
                self.torn += 1
            else:
                yield record

    def _last_whole(self) -> int:
        """Return the number of the last record written, also when the shared one is wrong."""
        seq = self._words[self._newest_word]
        if seq == 0 or seq > 0 and self.read(seq) is not None:
            return seq
        # Half written by a process that was killed, or overwritten: the ring itself knows.
        whole = [0]
        for place in range(self.slots):
            at = self._offset + place * self.record_bytes
            raw = self._view[at : at + self.record_bytes].tobytes()
            if crc32(raw) == WHOLE:
                whole.append(self._unpack(raw)[NUMBER])
        return max(whole)

    def read(self, seq: int) -> tuple[Any, ...] | None:
        """Return the record of this number; None if it is not whole, or another one by now."""
        at = self._offset + seq % self.slots * self.record_bytes
        raw = self._view[at : at + self.record_bytes].tobytes()
        record = self._unpack(raw)
        return record if record[NUMBER] == seq and crc32(raw) == WHOLE else None

    def release(self) -> None:
        """Let go of the shared block, so that it can be closed."""
        self._view.release()
        self._words.release()


class SharedBlock:
    """The block itself: made by the PsychoPy process with `create`, joined with `attach`."""

    def __init__(
        self, memory: SharedMemory, value_names: Sequence[str], created: bool, writes: bool = True
    ):
        self._memory = memory
        self._view = memory.buf[:] if writes else memory.buf[:].toreadonly()
        self._created = created
        self._closed = False
        self.name: str = memory.name
        self.value_names: tuple[str, ...] = tuple(value_names)
        self._words = self._view[: 8 * len(WORDS)].cast("q")
        clocks_at = 8 * len(WORDS)
        self._clocks = self._view[clocks_at : clocks_at + 8 * len(CLOCKS)].cast("d")
        layouts = feedback_layout(self.value_names), frame_layout(self.value_names)
        self.feedback: Ring = self._ring(
            "newest_feedback", HEADER_BYTES, FEEDBACK_SLOTS, layouts[0]
        )
        frames_at = HEADER_BYTES + FEEDBACK_SLOTS * self.feedback.record_bytes
        self.frames: Ring = self._ring("newest_frame", frames_at, FRAME_SLOTS, layouts[1])

    def _ring(self, newest: str, offset: int, slots: int, layout: Layout) -> Ring:
        words = self._view[: 8 * len(WORDS)].cast("q")
        return Ring(self._view[:], words, WORDS.index(newest), offset, slots, layout)

    @classmethod
    def create(cls, value_names: Sequence[str]) -> SharedBlock:
        """Make a new block for records with these values."""
        slots = {feedback_layout: FEEDBACK_SLOTS, frame_layout: FRAME_SLOTS}
        rings = (count * record_size(layout(value_names)) for layout, count in slots.items())
        size = HEADER_BYTES + sum(rings)
        memory = create_memory(size)
        layout = json.dumps({"values": list(value_names)}, ensure_ascii=False).encode()
        memory.buf[LAYOUT_AT : LAYOUT_AT + len(layout)] = layout
        block = cls(memory, value_names, created=True)
        block["size"] = size
        block["n_values"] = len(value_names)
        block["experiment_pid"] = os.getpid()
        block["magic"] = MAGIC  # last: what has it is complete
        return block

    @classmethod
    def attach(cls, name: str, writes: bool = True) -> SharedBlock:
        """Join the block `name` that another process made, to read only where nothing `writes`.

        Raises
        ------
        WorkerError
            If there is no such block or its layout is another version's.
        """
        try:
            memory = join_memory(name)
        except FileNotFoundError:
            raise WorkerError(SHARED_MEMORY, name, "is gone; start the experiment again") from None
        if int.from_bytes(memory.buf[:8], "little") != MAGIC:
            memory.close()
            raise WorkerError(SHARED_MEMORY, name, "was made by another version of psychopy_nfb")
        layout = bytes(memory.buf[LAYOUT_AT:HEADER_BYTES]).rstrip(b"\0")
        try:
            names = [str(name) for name in json.loads(layout)["values"]]
        except (ValueError, LookupError, TypeError):
            memory.close()
            raise WorkerError(
                SHARED_MEMORY, name, "was overwritten; start the experiment again"
            ) from None
        return cls(memory, names, created=False, writes=writes)

    def __getitem__(self, word: str) -> int:
        return self._words[WORDS.index(word)]

    def __setitem__(self, word: str, value: int) -> None:
        self._words[WORDS.index(word)] = value

    @property
    def heartbeat(self) -> float:
        """LSL time at which the worker last went round its loop; 0 before it did."""
        return self._clocks[0]

    @heartbeat.setter
    def heartbeat(self, t: float) -> None:
        self._clocks[0] = t

    def close(self) -> None:
        """Let go of the block; the process that created it also removes it.

        Never raises, not even when the block was removed from outside. Harmless when called again.
        A process that was forked from the creator's lets go of the block only.
        """
        if self._closed:
            return
        self._closed = True
        created = self._created and self["experiment_pid"] == os.getpid()
        for held in (self.feedback, self.frames, self._words, self._clocks, self._view):
            held.release()
        try:
            self._memory.close()
            if created:
                self.remove()
        except (OSError, BufferError):
            logger.warning("The shared memory %s was not released.", self.name, exc_info=True)

    def remove(self) -> None:
        """Remove the block's name. Harmless when it has gone already."""
        remove_memory(self._memory)
