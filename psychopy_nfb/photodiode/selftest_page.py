"""The page that ``psychopy-nfb selftest`` writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.photodiode.selftest_options import Injected

if TYPE_CHECKING:
    from psychopy_nfb.photodiode.budget import Budget
    from psychopy_nfb.photodiode.seen_lag import SeenLag


@dataclass
class SelfTest:
    """What was recorded, and what it says."""

    stem: Path
    sensor: str
    note: str
    budget: Budget
    chosen: SeenLag | None
    light: np.ndarray = field(repr=False)
    stamps: np.ndarray = field(repr=False)


def write_selftest(run: SelfTest, injected: Injected, said: str) -> Path:
    """Write the page with the verdict beside the other files; return where it is."""
    from psychopy_nfb.photodiode.budget_figure import budget_figure
    from psychopy_nfb.report.page import Picture, Section, Table, write_page

    put_in = [f"{place}: {delay:g} ms" for place, delay in asdict(injected).items() if delay]
    points = [f"Delays added on purpose: {', '.join(put_in)}"] if put_in else []
    points += [str(run.chosen)] if run.chosen is not None else []
    figure = budget_figure(run.budget, run.light, run.stamps)
    page = run.stem.with_name(run.stem.name + ".html")
    write_page(
        page,
        "Self-test: from brain to light",
        [
            Section(
                "Verdict",
                [run.note] if run.note else [],
                points=points,
                table=Table(["stage", "mean (ms)"], run.budget.rows()),
                note=NOTE,
                pictures=[Picture(figure, CAPTION)],
                lead=said,
            ),
            Section("How it was measured", [METHOD]),
        ],
        subtitle=f"{run.stem.name} · light sensor: {run.sensor}",
    )
    return page


NOTE = (
    "Means over the middle half of the steps, by the difference. A stage can be negative: a "
    "virtual sensor reads the new picture before the flip returns."
)
CAPTION = (
    "Above: light after each step of the rhythm, as the sensor saw it; dashed: the measured lag. "
    "Below: the stages one after the other, and their sum."
)
METHOD = (
    "A simulated rhythm changes between two amplitudes at known times. A filter with linear phase "
    "turns it into feedback, and the patch is as bright as the feedback. The measured lag is the "
    "time from the change to the moment at which the patch's light is half-way between its two "
    "levels; the stages are those of the frames around that moment, from the frame log. A virtual "
    "sensor reads the screen's pixels: it does not see the display's scanning, its input lag and "
    "the response of its pixels, which a real sensor adds to flip → light."
)
