"""How components look on the head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.dsp import SpatialFit, standard_positions
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.report.style import SMALL, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONTOURS = (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75)
"""Lines of the map; negative ones are dashed, which tells signs apart without colour too."""
FEWEST = 4
"""Electrodes with a known place, below which a map shows nothing."""


def n_placed(fit: SpatialFit) -> int:
    """Return how many channels have a place on the map."""
    return len(standard_positions(fit.labels))


def topographies(fit: SpatialFit, n_components: int, titles: Sequence[str]) -> Figure:
    """Return a figure with a map of each of the first components' patterns.

    Parameters
    ----------
    fit : SpatialFit
        Its channels' names must be of the 10-20 system; others are left out.
    n_components : int
        How many maps.
    titles : sequence of str
        Above the maps.

    Raises
    ------
    SettingsError
        If fewer than four channels have a known position.
    FileError
        If MNE-Python, which draws them, is not installed.
    """
    try:
        from mne.viz import plot_topomap
    except ImportError:
        raise FileError(
            "out", "topography", 'needs MNE: pip install "psychopy-nfb[files]"'
        ) from None
    from matplotlib.patheffects import withStroke

    positions = standard_positions(fit.labels)
    known = [index for index, label in enumerate(fit.labels) if label in positions]
    if n_placed(fit) < FEWEST:
        raise SettingsError(
            "channels",
            list(fit.labels),
            f"of these {len(known)} have a known position; a map needs {FEWEST} names of the 10-20 "
            "system",
        )
    places = np.array([_flat(positions[fit.labels[index]]) for index in known])
    columns = min(2, n_components)
    rows = -(-n_components // columns)
    figure = new_figure(4.5 * columns, 4.4 * rows + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False)
    for one in grid.flat[n_components:]:
        one.set_axis_off()
    names = [fit.labels[index] for index in known]
    for column, (one, title) in enumerate(zip(grid.flat, titles, strict=False)):
        # A component has no sign of its own: its strongest electrode is shown as positive.
        pattern = fit.patterns[:, column]
        pattern = pattern / pattern[np.argmax(np.abs(pattern))]
        # Half the head's circumference is 1 in these places, so the equator lies at 0.5.
        image, _ = plot_topomap(
            pattern[known],
            places,
            axes=one,
            show=False,
            sphere=0.5,
            contours=CONTOURS,
            sensors="k.",
            names=names,
            vlim=(-1, 1),
            cmap="RdBu_r",
        )
        for text in one.texts:
            text.set(
                fontsize=SMALL,
                va="bottom",
                path_effects=[withStroke(linewidth=2, foreground="white")],
            )
        one.set_title(title, fontsize=10)
    bar = figure.colorbar(image, ax=grid, location="bottom", shrink=0.6, aspect=30)
    bar.set_label("amplitude, as a share of the strongest electrode's (−1: opposite sign)")
    return figure


def _flat(place: Sequence[float]) -> tuple[float, float]:
    """Return where a point of the unit sphere lies on the map, its angle from the top as length."""
    x, y, z = place
    angle = np.arccos(np.clip(z / np.linalg.norm(place), -1, 1)) / np.pi
    across = np.hypot(x, y)
    return (0.0, 0.0) if across == 0 else (angle * x / across, angle * y / across)
