"""How components look on the head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.dsp import SpatialFit, standard_positions
from psychopy_nfb.errors import FileError, SettingsError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 4
"""Electrodes with a known place, below which a map shows nothing."""


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
    from matplotlib.figure import Figure

    positions = standard_positions(fit.labels)
    known = [index for index, label in enumerate(fit.labels) if label in positions]
    if len(known) < FEWEST:
        raise SettingsError(
            "channels",
            list(fit.labels),
            f"of these {len(known)} have a known position; a map needs {FEWEST} names of the 10-20 "
            "system",
        )
    places = np.array([_flat(positions[fit.labels[index]]) for index in known])
    figure = Figure(figsize=(2.6 * n_components, 3.0), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, n_components))
    for column, (one, title) in enumerate(zip(axes, titles, strict=False)):
        # A component has no sign of its own: its strongest electrode is shown as positive.
        pattern = fit.patterns[:, column]
        pattern = pattern / pattern[np.argmax(np.abs(pattern))]
        # Half the head's circumference is 1 in these places, so the equator lies at 0.5.
        plot_topomap(
            pattern[known], places, axes=one, show=False, sphere=0.5, contours=4, sensors="k."
        )
        one.set_title(title, fontsize=9)
    return figure


def _flat(place: Sequence[float]) -> tuple[float, float]:
    """Return where a point of the unit sphere lies on the map, its angle from the top as length."""
    x, y, z = place
    angle = np.arccos(np.clip(z / np.linalg.norm(place), -1, 1)) / np.pi
    across = np.hypot(x, y)
    return (0.0, 0.0) if across == 0 else (angle * x / across, angle * y / across)
