"""What a background process told of its moving thresholds, for its successor."""

from __future__ import annotations

from collections import deque
from typing import Any

FEWEST_PARTS = 20
"""From how many of the last parts a successor may choose the one that the files still have: some
seconds, as a worker tells one a second."""


class ThresholdHistory:
    """The last parts that a worker told, as far back as its windows reach.

    Examples
    --------
    >>> history = ThresholdHistory()
    >>> history.add("first process", 250, {"alpha": {"n": 250, "size": 15000, "z": "…"}})
    >>> [part["sample"] for part in history.parts()]
    [250]
    """

    def __init__(self) -> None:
        self._parts: deque[dict[str, Any]] = deque()
        self._process: Any = None

    def add(self, process: Any, sample: int, reached: dict[str, dict[str, Any]]) -> None:
        """Add what `process` had reached after `sample`; its first part stands for all before."""
        if process is not self._process:
            self._process = process
            self._parts.clear()
        self._parts.append({"sample": sample, "reached": reached})
        while len(self._parts) > FEWEST_PARTS and self._has_passed(self._parts[0]["reached"]):
            self._parts.popleft()

    def parts(self) -> list[dict[str, Any]]:
        """Return the parts, oldest first."""
        return list(self._parts)

    def _has_passed(self, oldest: dict[str, dict[str, Any]]) -> bool:
        """Return whether no window reaches back to the oldest part any more."""
        needed = self._parts[-FEWEST_PARTS]["reached"]
        return all(
            name not in needed
            or needed[name]["n"] < one["n"]  # of another rule, which began anew
            or one["n"] <= needed[name]["n"] - needed[name].get("size", 0)
            for name, one in oldest.items()
        )
