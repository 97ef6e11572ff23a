"""Marks and blocks of the experiment as events of the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ExperimentEvents:
    """Turns the experiment's marks and blocks into events, and remembers their names.

    Parameters
    ----------
    labels : dict
        Names by number of the ``"mark"`` and ``"block"`` commands that an earlier worker of this
        run has had; keys are texts, as after JSON.
    open_blocks : sequence of dict
        Commands with which blocks began that have not ended, of an earlier worker.

    Attributes
    ----------
    labels : dict
        All names so far, by number.
    open_blocks : dict
        By number the events at which the blocks began that have not ended, each with the number of
        its ``command``; None in those of an earlier worker.

    Examples
    --------
    >>> events = ExperimentEvents({"mark": {"1": "tone"}, "block": {}})
    >>> events.mark(2, "flash", t=5.0)
    {'label': 'mark', 't': 5.0, 'value': 'flash', 'kind': 'experiment'}
    >>> events.labels["mark"]
    {1: 'tone', 2: 'flash'}
    """

    def __init__(
        self, labels: dict[str, dict[str, str]], open_blocks: Sequence[dict[str, Any]] = ()
    ):
        self.labels: dict[str, dict[int, str]] = {
            kind: {int(number): label for number, label in texts.items()}
            for kind, texts in labels.items()
        }
        self.open_blocks: dict[int, dict[str, Any]] = {}
        for command in open_blocks:
            self.block({**command, "number": None})

    def mark(self, number: int, label: str, t: float) -> dict[str, Any]:
        """Return the event that a mark of the experiment is."""
        if number:
            self.labels["mark"][number] = label
        return {"label": "mark", "t": t, "value": label, "kind": "experiment"}

    def block(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return the event that the beginning or the end of a block of the experiment is."""
        self.labels["block"][command["id"]] = command["label"]
        event = {
            "label": f"block_{command['edge']}",
            "t": command["t"],
            "value": command["label"],
            "kind": "experiment",
            "duration": command["t"] - command["begun"],
            "detail": {
                "block": command["id"],
                "feedback": command["feedback"],
                **({} if command["shown"] is None else {"shown": command["shown"]}),
            },
        }
        if command["lag"] is not None:
            event["detail"]["lag"] = command["lag"]
        if command["cut_off"]:
            event["detail"]["cut_off"] = True
        if command["edge"] == "begin":
            self.open_blocks[command["id"]] = {**event, "command": command["number"]}
        else:
            self.open_blocks.pop(command["id"], None)
        return event

    def cut_off(self, t: float) -> list[dict[str, Any]]:
        """Return the ends, at LSL time `t`, of the blocks that nobody will end, inner ones first.

        Their experiment was killed.
        """
        ends = []
        for begun in reversed(self.open_blocks.values()):
            end = {key: begun[key] for key in ("value", "kind")}
            detail = {**begun["detail"], "cut_off": True}
            ends.append({"label": "block_end", **end, "duration": t - begun["t"], "detail": detail})
        self.open_blocks.clear()
        return ends
