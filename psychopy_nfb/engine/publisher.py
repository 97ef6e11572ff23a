"""Feedback records: what becomes of samples, on its way to the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pylsl

from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.block import Block
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.records import FeedbackFields
from psychopy_nfb.lsl.stamps_rate import RateWatch

RECORD_SECONDS = 0.01
"""Longest stretch of signal in one record. A longer chunk, or what has waited while the worker was
stopped, becomes several records, so that a lag that was chosen finds one nearby."""


class Publisher:
    """Writes feedback records to shared memory.

    Parameters
    ----------
    block : SharedBlock
        Where they go.
    processor : Processor
        What the samples passed through.
    rate : RateWatch
        How far the stream's rate is from its nominal one.
    relay : pylsl.StreamOutlet or None
        Sends each record to the computer with the screen, if that is another one.

    Attributes
    ----------
    most_rows : int
        Most samples in one record.
    """

    def __init__(
        self,
        block: SharedBlock,
        processor: Processor,
        rate: RateWatch,
        relay: pylsl.StreamOutlet | None,
    ):
        self.most_rows: int = max(1, round(RECORD_SECONDS * processor.rate))
        self._block = block
        self._processor = processor
        self._rate = rate
        self._relay = relay
        self._last_record: tuple[FeedbackFields, Sequence[float]] | None = None
        self._no_data = False

    @property
    def has_begun(self) -> bool:
        """Whether a record has been written."""
        return self._last_record is not None

    def publish(self, block: Block, stamps: np.ndarray, received: float, first: int) -> None:
        """Write one record of the block, or of a long one several, the newest last."""
        n, begin = len(block.bits), 0
        for end in range((n - 1) % self.most_rows + 1, n + 1, self.most_rows):
            row = int(block.rows[end - 1])
            bits = 0
            for one in block.bits[begin:end]:
                bits |= one
            values = block.value_rows[end - 1]
            fields = FeedbackFields(
                t_sample=float(stamps[row]),
                t_received=received,
                t_published=pylsl.local_clock(),
                t_arrived=math.nan,
                # Filters count samples, not seconds.
                delay=self._processor.delay / self._rate.share,
                sample=first + row,
                flags=bits,
            )
            self._write(fields, values)
            begin = end
        self._last_record = fields, values
        self._no_data = False

    def publish_no_data(self) -> None:
        """Publish once that the stream is silent, with the last values and their old stamps."""
        if self._no_data:
            return
        self._no_data = True
        fields, values = self._last_record
        fields = fields._replace(
            t_published=pylsl.local_clock(), flags=fields.flags | Flags.NO_DATA
        )
        self._write(fields, values)

    def _write(self, fields: FeedbackFields, values: Sequence[float]) -> None:
        """Write a record to shared memory, and send it to the computer with the screen, if any."""
        seq = self._block.feedback.write(*fields, *values)
        if self._relay is not None:
            self._relay.push_sample([seq, *fields, *values], fields.t_published)
