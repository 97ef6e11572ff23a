"""What a running session is doing, read from its shared memory: values, frames and their lag.

Nothing is written into it, and neither the background process nor the experiment knows of it.
"""

from __future__ import annotations

import math
import shutil
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.dsp.flags import NOT_COMPARED, Flags
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.records import FLAGS, NUMBER, T_SAMPLE
from psychopy_nfb.lsl.stamps_heard import is_foreign
from psychopy_nfb.protocol import SHOWN, value_name

KEPT_SECONDS = 75.0
LOOK_SECONDS = 0.05
"""How often it looks: twenty times a second."""
SUCCESS_SECONDS = 30.0
LAG_FRAMES = 3600
"""Frames whose lag is kept: one minute at 60 Hz."""
STAGES = ("processing", "arrival", "published", "network", "read", "flip")
"""Parts of the lag in their order; `Watch.stages` says what each is."""
DISK_SECONDS = 5.0
UNFIT = NOT_COMPARED | int(Flags.SETTLING | Flags.NO_DATA | Flags.PAUSED | Flags.NO_POINTS)
"""Flags of samples that are no attempt: they count neither as success nor against it."""
ARTIFACTS = int(Flags.INVALID | Flags.AMPLITUDE | Flags.BURST | Flags.FLAT | Flags.GAP | Flags.RATE)


class Watch:
    """Follows the shared memory of one session.

    Parameters
    ----------
    name : str
        Of the shared memory.

    Attributes
    ----------
    points : deque of dict
        Records by name, one for each twentieth of a second of the last `KEPT_SECONDS`.
    count : int
        How many have been added in all.
    newest : dict
        The newest record by name; empty before the first.
    artifacts : deque of (float, float)
        Stretches of time with flagged samples, begin and end; the last may go on.
    frame : dict
        The newest frame by name; empty before the first.

    Raises
    ------
    WorkerError
        If the shared memory is gone.
    """

    def __init__(self, name: str):
        self._block = SharedBlock.attach(name, writes=False)
        self._layout = self._block.feedback.layout
        self._frames = self._block.frames.layout
        self.value_names: tuple[str, ...] = self._block.value_names
        self.points: deque[dict[str, Any]] = deque(maxlen=round(KEPT_SECONDS / LOOK_SECONDS))
        self.count: int = 0
        self.newest: dict[str, Any] = {}
        self.frame: dict[str, Any] = {}
        self.artifacts: deque[list[float]] = deque(maxlen=200)
        self._in_artifact = False
        self._seen = max(0, self._block.feedback.newest_seq - 1)
        self._seen_frame = max(0, self._block.frames.newest_seq - 1)
        self._attempts: deque[tuple[float, bool]] = deque()
        self._successes = 0  # among them
        self._of_blocks: dict[int, list[int]] = {}
        self._lags: deque[tuple[float, ...]] = deque(maxlen=LAG_FRAMES)
        self._rewards: float | None = None
        self._point_at = -math.inf  # time of the last point's sample
        self.silence: float = math.inf
        """Seconds from the newest sample's arrival to the last look; infinite before the first."""
        self._disk: float | None = None
        self._disk_at = -math.inf

    def look(self, state: dict[str, Any]) -> None:
        """Take what is new; `state` is what the session's line says of its signals and blocks."""
        now = lsl_now()
        self._look_at_records(state)
        if self.newest:
            self.silence = now - self.newest["t_received"]
        for row in self._block.frames.since(self._seen_frame):
            self._seen_frame = row[NUMBER]
            frame = self.frame = self._frames.named(row)
            if math.isfinite(frame["t_sample"]) and not state["lag_sealed"]:
                self._lags.append(_stages(frame))

    def _look_at_records(self, state: dict[str, Any]) -> None:
        sides = [
            (
                self._layout.place(value_name(name, "z")),
                self._layout.place(value_name(name, "threshold")),
                signal["direction"] == "up",
            )
            for name, signal in state["signals"].items()
            if signal["role"] == "reward"
        ]
        block = next((one["number"] for one in reversed(state["blocks"]) if one["feedback"]), 0)
        record = None
        for record in self._block.feedback.since(self._seen):
            self._seen = record[NUMBER]
            flags, t = record[FLAGS], record[T_SAMPLE]
            if t - self._point_at >= LOOK_SECONDS:
                self._add_point(record)
            self._note_artifact(t, bool(flags & ARTIFACTS))
            if not flags & UNFIT:
                beyond = all(
                    record[z] >= record[limit] if up else record[z] <= record[limit]
                    for z, limit, up in sides
                )
                self._attempt(t, beyond and not flags, block)
        if record is not None:
            self.newest = self._layout.named(record)

    def _add_point(self, record: tuple[Any, ...]) -> None:
        """Keep a record for the plots, and whether there was a reward since the one before."""
        point = self._layout.named(record)
        self._point_at = record[T_SAMPLE]
        given = value_name(SHOWN, "rewards")
        rewards = point.get(given, point["rewards"])
        rewarded = self._rewards is not None and rewards > self._rewards
        self._rewards = rewards
        self.points.append({**point, "rewarded": rewarded})
        self.count += 1

    def _note_artifact(self, t: float, bad: bool) -> None:
        if bad and not self._in_artifact:
            self.artifacts.append([t, t])
        elif bad:
            self.artifacts[-1][1] = t
        self._in_artifact = bad

    def _attempt(self, t: float, success: bool, block: int) -> None:
        self._attempts.append((t, success))
        self._successes += success
        while t - self._attempts[0][0] > SUCCESS_SECONDS:
            self._successes -= self._attempts.popleft()[1]
        if block:
            counts = self._of_blocks.setdefault(block, [0, 0])
            counts[0] += success
            counts[1] += 1

    @property
    def success(self) -> float | None:
        """Share of the last 30 s with all rewarded signals beyond their thresholds, 0 to 1."""
        return self._successes / len(self._attempts) if self._attempts else None

    def block_success(self) -> dict[int, float]:
        """Return the same share of each block that was watched, by its number."""
        return {number: done / all_ for number, (done, all_) in self._of_blocks.items()}

    def stages(self) -> dict[str, float]:
        """Return the median length of each part of the lag over the last minute, in milliseconds.

        ``processing`` is the delay of filters and smoothing; ``arrival`` from a sample's time to
        its arrival, ``published`` to shared memory, ``network`` to this computer where the EEG is
        processed on another one, ``read`` to the frame's read, ``flip`` to the flip. Empty before
        the first frame, and where the amplifier's stamps are of another clock.
        """
        if not self._known_lags():
            return {}
        medians = 1e3 * np.median(np.array(self._lags), axis=0)
        stages = dict(zip(STAGES, medians.tolist(), strict=True))
        if not stages["network"]:  # all on one computer
            del stages["network"]
        return stages

    def _known_lags(self) -> bool:
        """Return whether the age of the samples that frames show can be told."""
        late = [one[STAGES.index("arrival")] for one in self._lags]
        return bool(late) and not is_foreign(float(np.median(late)))

    def lags(self) -> np.ndarray:
        """Return the lag of each frame of the last minute, in milliseconds."""
        known = self._lags if self._known_lags() else ()
        return 1e3 * np.array([sum(one) for one in known])

    def disk_free(self, stem: str | None) -> float | None:
        """Return the gigabytes left where a session is written; None if it is not."""
        now = lsl_now()
        if stem is not None and now - self._disk_at > DISK_SECONDS:
            self._disk_at = now
            try:
                self._disk = shutil.disk_usage(Path(stem).parent).free / 1e9
            except OSError:
                self._disk = None
        return self._disk

    def close(self) -> None:
        """Let go of the shared memory."""
        self._block.close()


def _stages(frame: dict[str, Any]) -> tuple[float, ...]:
    """Return the parts of a frame's lag in seconds, as `STAGES`."""
    names = ("t_sample", "t_received", "t_published", "t_arrived", "t_read", "t_flip")
    times = [frame[name] for name in names]
    if not math.isfinite(frame["t_arrived"]):
        times[names.index("t_arrived")] = frame["t_published"]
    return (frame["delay"], *np.diff(times).tolist())
