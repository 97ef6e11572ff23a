"""Whether the lag budget closes: event to light as measured, against the sum of logged stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.ndimage import uniform_filter1d
from scipy.optimize import isotonic_regression, minimize_scalar

from psychopy_nfb.errors import NfbError

STAGES = {
    "filter_delay_ms": "filter delay, as declared",
    "sample_to_received_ms": "sample → received",
    "received_to_published_ms": "received → published",
    "published_to_read_ms": "published → read",
    "read_to_flip_ms": "read → flip",
    "flip_to_light_ms": "flip → light",
}
"""The way of an event to light, in order; their sum is what the measured lag has to be."""
SUMS = {
    "sum": "sum of the stages",
    "measured": "event → light, measured",
    "difference": "measured − sum",
}
GRID_SECONDS = 0.25e-3
"""The sensor's samples are laid on a grid of this step."""
EARLIEST, LATEST = -0.05, 0.4
"""Seconds from flip to light between which the match is sought."""
FEWEST_STEPS = 3
SAME = 0.05
"""Correlation that a sensor's signal must have at least with the patch, and more than this."""
ALIKE = 0.8
EVENT_WINDOW = 0.9
"""Share of the time between two events in which light must answer."""


class NotClosed(NfbError):
    """The measured lag cannot be found: said in one sentence, never as a number."""


@dataclass
class Budget:
    """What each step of the brain's rhythm took to become light."""

    steps: pd.DataFrame
    """One row a step: ``t_event`` (s), ``up``, the `STAGES`, their ``sum_ms``, ``measured_ms`` and
    ``error_ms``, which is measured less sum."""
    flip_to_light: float
    """Seconds, as the sensor's signal lies best on the logged levels."""

    def to_dict(self) -> dict[str, object]:
        """Return the medians for JSON."""
        columns = [*STAGES, "sum_ms", "measured_ms", "error_ms"]
        medians = {name: float(self.steps[name].median()) for name in columns}
        return {
            "budget_error_ms_median": medians.pop("error_ms"),
            "budget_error_ms_sd": float(self.steps.error_ms.std(ddof=1)),
            "measured_ms_median": medians.pop("measured_ms"),
            "sum_ms_median": medians.pop("sum_ms"),
            "steps": len(self.steps),
            "stages": medians,
        }

    def printed(self) -> dict[str, float]:
        """Return the figures for people, in milliseconds with two digits; they add up as printed.

        Means over the middle half of the steps, by their difference: a machine that stood still
        in some of them does not count, and unlike medians such means add up. The `STAGES`, then
        ``sum``, ``measured`` and ``difference``, which is measured less sum.
        """
        low, high = self.steps.error_ms.quantile([0.25, 0.75])
        steps = self.steps[self.steps.error_ms.between(low, high)]
        figures = {name: round(float(steps[name].mean()), 2) for name in STAGES}
        figures["sum"] = round(sum(figures.values()), 2)
        figures["measured"] = round(float(steps.measured_ms.mean()), 2)
        figures["difference"] = round(figures["measured"] - figures["sum"], 2)
        return figures

    @property
    def standard_error(self) -> float:
        """Standard error of the difference, in milliseconds."""
        return float(self.steps.error_ms.std(ddof=1)) / len(self.steps) ** 0.5

    def rows(self) -> list[list[str]]:
        """Return `printed` as rows of title and figure."""
        titles = {**STAGES, **SUMS}
        return [
            [titles[name], f"{value + 0.0:.2f}".replace("-", "\u2212")]
            for name, value in self.printed().items()
        ]

    def table(self) -> str:
        """Return it as lines for people; with plain minus signs, which every code page has."""
        rows = [[cell.replace("\u2212", "-") for cell in row] for row in self.rows()]
        lines = [f"{title:32s} {figure:>8s} ms" for title, figure in rows]
        spread = self.steps.error_ms.std(ddof=1)
        lines.append(
            f"(means of the middle half of {len(self.steps)} steps; SD of the difference "
            f"{spread:.2f} ms)"
        )
        return "\n".join(lines)


def close_budget(
    frames: pd.DataFrame,
    events: np.ndarray,
    up: np.ndarray,
    values: np.ndarray,
    stamps: np.ndarray,
    half: float,
) -> Budget:
    """Set the measured lag of each event beside the sum of the logged stages.

    Parameters
    ----------
    frames : DataFrame
        The frame log of a run whose patch followed the value (mode ``value``).
    events : array, shape (e,)
        When the rhythm's amplitude stepped, seconds on LSL's clock.
    up : array of bool, shape (e,)
        Whether it stepped up.
    values, stamps : array, shape (n,)
        The light sensor's samples and their times.
    half : float
        The patch's level half-way between those before and after a step.

    Raises
    ------
    NotClosed
        If the sensor does not follow the patch, or fewer than three steps can be seen.

    Notes
    -----
    A step has come through when level or light is half-way. Frames hold a level until the next one,
    so that half-way lies between two frames: both for the log and for the light, levels are
    connected by straight lines from frame to frame. For the light this is its moving average over
    one refresh, half a refresh earlier. The filter must answer a step symmetrically, as a linear
    phase filter does; then half-way is its delay.
    """
    log = frames[frames.patch.notna() & frames.t_sample.notna()].reset_index(drop=True)
    period = float(log.interval.median())
    grid = np.arange(stamps[0], stamps[-1], GRID_SECONDS)
    light = np.interp(grid, stamps, values)
    shift, levels = _match(log, grid, light, period)
    smooth = uniform_filter1d(levels, max(1, round(period / GRID_SECONDS)))
    stages = _stages(log)
    if len(events) < FEWEST_STEPS:
        raise _too_few(0, len(events))
    until = np.append(events[1:], events[-1] + np.median(np.diff(events)))
    rows = []
    for event, rises, end in zip(events, up, until, strict=True):
        end = event + EVENT_WINDOW * (end - event)
        seen = _crossing(grid, smooth, half, rises, event, end)
        at = _crossing(log.t_flip.to_numpy(), log.patch.to_numpy(), half, rises, event, end)
        if seen is None or at is None:
            continue
        row = {name: np.interp(at, log.t_flip, stages[name]) for name in stages}
        row["flip_to_light_ms"] = 1e3 * shift
        row["sum_ms"] = sum(row.values())
        row["measured_ms"] = 1e3 * (seen - period / 2 - event)
        row["error_ms"] = row["measured_ms"] - row["sum_ms"]
        rows.append({"t_event": event, "up": bool(rises), **row})
    if len(rows) < FEWEST_STEPS:
        raise _too_few(len(rows), len(events))
    return Budget(pd.DataFrame(rows), shift)


def _too_few(seen: int, all_of_them: int) -> NotClosed:
    return NotClosed(
        "steps",
        seen,
        f"only {seen} of {all_of_them} steps of the rhythm were detected in the light, at least "
        f"{FEWEST_STEPS} are needed; use a longer --seconds, and see that nothing covers the patch",
    )


def _stages(log: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return each logged stage of each frame in milliseconds."""
    spans = {
        "filter_delay_ms": log.delay,
        "sample_to_received_ms": log.t_received - log.t_sample,
        "received_to_published_ms": log.t_published - log.t_received,
        "published_to_read_ms": log.t_read - log.t_published,
        "read_to_flip_ms": log.t_flip - log.t_read,
    }
    return {name: 1e3 * span.to_numpy() for name, span in spans.items()}


def _match(
    log: pd.DataFrame, grid: np.ndarray, light: np.ndarray, period: float
) -> tuple[float, np.ndarray]:
    """Return the seconds from flip to light, and the light as levels of the patch."""
    flips, patch = log.t_flip.to_numpy(), log.patch.to_numpy()
    inside = (grid > flips[0] + LATEST) & (grid < flips[-1] + EARLIEST)
    times, seen = grid[inside], light[inside]

    def shown(shift: float) -> np.ndarray:
        return patch[np.searchsorted(flips, times - shift, side="right") - 1]

    def alike(shift: float) -> float:
        if len(times) < 2 or np.ptp(seen) == 0:
            return 0.0
        return float(np.corrcoef(shown(shift), seen)[0, 1])

    shifts = np.arange(EARLIEST, LATEST, period / 4)
    found = np.array([alike(shift) for shift in shifts])
    best = int(np.abs(found).argmax())
    if abs(found[best]) < ALIKE:
        raise NotClosed(
            "channel",
            None,
            f"does not follow the patch (correlation {found[best]:.2f}); check that "
            "the sensor is on the patch and that no other window covers it, and choose its channel",
        )
    # How bright each level is: monotone, whatever the display's gamma.
    level = shown(shifts[best])
    order = np.argsort(level, kind="stable")
    fitted = isotonic_regression(seen[order], increasing=bool(found[best] > 0)).x
    known, first = np.unique(level[order], return_index=True)
    brightness = np.array([part.mean() for part in np.split(fitted, first[1:])])

    def misfit(shift: float) -> float:
        return float(np.mean((np.interp(shown(shift), known, brightness) - seen) ** 2))

    fine = shifts[best] + np.arange(-period / 2, period / 2, GRID_SECONDS)
    start = fine[int(np.argmin([misfit(shift) for shift in fine]))]
    bounds = (start - 2 * GRID_SECONDS, start + 2 * GRID_SECONDS)
    shift = float(minimize_scalar(misfit, bounds=bounds, method="bounded").x)
    rising = np.argsort(brightness, kind="stable")
    return shift, np.interp(light, brightness[rising], known[rising])


def _crossing(
    times: np.ndarray, levels: np.ndarray, half: float, up: bool, begin: float, end: float
) -> float | None:
    """Return when a straight line through the levels first reaches half-way; None if never."""
    first, last = np.searchsorted(times, [begin, end])
    part = levels[first:last] - half
    if not up:
        part = -part
    after = np.flatnonzero((part[:-1] < 0) & (part[1:] >= 0))
    if not len(after):
        return None
    at = after[0]
    share = part[at] / (part[at] - part[at + 1])
    return float(times[first + at] + share * (times[first + at + 1] - times[first + at]))
