"""What a worker has reached, as the experiment's side knows it, for its successor."""

from __future__ import annotations

from collections import deque
from typing import Any

from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.threshold_history import ThresholdHistory
from psychopy_nfb.protocol import OWN, REACHED, SHOWN, value_name

MOST_LOSSES = 200
"""Messages of lost samples that are kept: some seconds, as one comes a tenth of a second at most,
and the files have all but the last second of a process that was killed."""


class ReachedState:
    """State of a run by the commands that its worker says it has obeyed, and by its messages.

    Parameters
    ----------
    counting : bool
        Whether points and hits count, and thresholds follow, before the first block.

    Attributes
    ----------
    counting, training : bool
        Whether they do now.
    labels : dict
        Names of the ``"mark"`` and ``"block"`` commands, by number.
    thresholds : ThresholdHistory
        How far those that move have come.
    baseline_signals : dict
        Clean baseline of each signal, packed, for what is shown in place of the own feedback.
    """

    def __init__(self, counting: bool):
        self.counting: bool = counting
        self.training: bool = counting
        self.labels: dict[str, dict[str, Any]] = {"mark": {}, "block": {}}
        self.thresholds: ThresholdHistory = ThresholdHistory()
        self.baseline_signals: dict[str, str] = {}
        self._losses: deque[dict[str, Any]] = deque(maxlen=MOST_LOSSES)
        self._paused = False
        self._shown: dict[str, Any] = {"source": OWN, "turn": 0}
        self._shown_since = 0  # which sample is the first of it
        self._watching = False
        self._kept: list[Any] | None = None
        self._open_blocks: dict[int, dict[str, Any]] = {}
        self._trial: bool | None = None  # whether points are counted in it; None outside of one
        self._baseline: str | None = None

    def name(self, command: str, content: dict[str, Any]) -> None:
        """Remember the name that a command gives to a mark or a block."""
        if command in self.labels and "id" in content:
            self.labels[command][content["id"]] = content["label"]

    def note(self, command: dict[str, Any] | None, sample: int) -> None:
        """Remember what a command that was obeyed before `sample` has changed."""
        name = None if command is None else command["command"]
        if name in ("pause", "resume"):
            self._paused = name == "pause"
        elif name in ("baseline_begin", "baseline_end"):
            self._baseline = command.get("label")
        elif name == "watch_channels":
            self._watching = command["on"]
        elif name == "block":
            if command["edge"] == "begin":
                self._open_blocks[command["id"]] = command
                judged = command["points"] or command["training"]
                self._trial = command["points"] if judged else None
            else:
                self._open_blocks.pop(command["id"], None)
                self._trial = None
            self.counting = command["points"]
            self.training = command["training"]
            self._kept = command["kept"]
            if command["show"] is not None:
                self._shown = dict(zip(("source", "turn"), command["show"], strict=True))
                self._shown_since = sample

    def add_losses(self, sample: int, reached: dict[str, Any]) -> None:
        """Add how many samples were missing, a few at a time, before `sample`.

        What a process told of samples that came into no file does not hold for its successor.
        """
        while self._losses and self._losses[-1]["sample"] >= sample:
            self._losses.pop()
        self._losses.append({"sample": sample, "reached": reached})

    def order(self, block: SharedBlock, rate: float) -> dict[str, Any]:
        """Return what a successor goes on from, as JSON knows it.

        Parameters
        ----------
        block : SharedBlock
            Its newest record says how far the values had come.
        rate : float
            Of the signals, in Hz.
        """
        record = block.feedback.newest()
        feedback: dict[str, Any] = {}
        n_samples, t_sample = 0, None
        if record is not None:
            reached = block.feedback.layout.named(record)
            n_samples, t_sample = reached["sample"] + 1, reached["t_sample"]
            names = (*REACHED, *(value_name(SHOWN, what) for what in REACHED))
            feedback = {name: reached[name] for name in names if name in reached}
            if (seconds := reached.get(value_name(SHOWN, "seconds"))) is not None:
                at = round(seconds * rate) + 1
                at = at if reached["sample"] >= self._shown_since else 0
                feedback["shown"] = {**self._shown, "at": at}
        return {
            "n_samples": n_samples,
            "t_sample": t_sample,
            "feedback": feedback,
            "paused": self._paused,
            "baseline": self._baseline,
            "watching": self._watching,
            "kept": self._kept,
            "trial": self._trial,
            "labels": self.labels,
            "open_blocks": list(self._open_blocks.values()),
            "losses": list(self._losses),
            "thresholds": self.thresholds.parts(),
            "baseline_signals": self.baseline_signals,
        }
