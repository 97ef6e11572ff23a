"""What a benchmark found, beside the bars that it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """What a benchmark found."""

    figures: dict[str, float]
    at_most: dict[str, float] = field(default_factory=dict)
    """What each figure must not exceed."""
    at_least: dict[str, float] = field(default_factory=dict)
    """What each figure must reach."""
    conditions: dict[str, object] = field(default_factory=dict)
    """Under which it was measured."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """A table: one dict a row, by column."""
    missing: list[str] = field(default_factory=list)
    """What could not be measured on this machine, and why."""
    complete: bool = True
    """False if it was interrupted: what there was until then is here."""

    def missed(self, name: str) -> bool:
        """Return whether a figure misses its bar."""
        value = self.figures[name]
        too_high = value > self.at_most.get(name, float("inf"))
        return too_high or value < self.at_least.get(name, float("-inf"))

    def lines(self) -> list[str]:
        """Return each figure, beside its bar if it has one."""
        lines = []
        for name, value in self.figures.items():
            bar = self.at_most.get(name, self.at_least.get(name))
            said = ""
            if bar is not None:
                sign = "≤" if name in self.at_most else "≥"
                said = f"bar {sign} {bar:g}: {'NOT HELD' if self.missed(name) else 'held'}"
            lines.append(f"{name:34s} {value:12.4g}  {said}".rstrip())
        lines += [f"not measured: {what}" for what in self.missing]
        return lines

    def said(self) -> str:
        """Return all of it as text."""
        taken = self.conditions.get("stolen_percent", 0.0)
        head = f"processor time taken by other machines: {taken:.1f} %"
        if "loop_us_median" in self.conditions:
            low, middle, high = (
                self.conditions[f"loop_us_{name}"]
                for name in ("quartile_1", "median", "quartile_3")
            )
            head += (
                f"; a fixed loop of Python took {middle:.0f} µs (half of the times {low:.0f} to "
                f"{high:.0f}): compare runs in which that is alike"
            )
        return "\n".join(filter(None, [head, self.table(), *self.lines()]))

    def to_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        content = {
            "figures": self.figures,
            "bars": {**self.at_most, **self.at_least},
            "conditions": self.conditions,
        }
        if self.rows:
            content["rows"] = self.rows
        if self.missing:
            content["missing"] = self.missing
        return content if self.complete else {**content, "complete": False}

    def table(self) -> str:
        """Return the rows as text, nothing if there are none."""
        if not self.rows:
            return ""
        import pandas as pd

        return pd.DataFrame(self.rows).to_string(index=False, float_format="%.4g")
