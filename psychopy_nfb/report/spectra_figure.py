"""Figures of the EEG: spectra block by block, and the trained band over the head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.dsp import standard_positions
from psychopy_nfb.report.session_data import SessionData
from psychopy_nfb.report.session_eeg import SessionEEG, trained_band, trained_labels
from psychopy_nfb.report.spectra import band_power, rests, spectrum
from psychopy_nfb.report.style import DARK, LIGHT, SMALL, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_HZ = (1.0, 45.0)
MOST_NAMED = 8
"""Blocks that a legend names; of more the first, the middle and the last."""
FEWEST_PLACES = 4
"""Electrodes with a known place, below which a map shows nothing."""
SPECTRA_CAPTION = (
    "Power spectra of {channels}, mean over pieces of 2 s without artifacts; grey: the trained "
    "band. Left: blocks with feedback, the later the lighter. Right: the rest before and after "
    "the training."
)
MAPS_CAPTION = (
    "Power of the trained band ({low:g} to {high:g} Hz) in decibels of 1 µV², seen from above with "
    "the nose at the top; orange rings: the trained channels. All maps have one scale, and the "
    "reference is that of the recording."
)
RING: dict[str, str | int] = {"markeredgecolor": "#d55e00", "markeredgewidth": 2}


def spectra_figure(data: SessionData, eeg: SessionEEG) -> Figure | None:
    """Return the figure of the spectra; None if no block is long and clean enough."""
    labels = trained_labels(data, eeg)
    trained = []
    for block in data.trained:
        found = spectrum(data, eeg, block, labels)
        if found is not None:
            trained.append((block.label, *found))
    rest = []
    styles = (("before", DARK, "-"), ("after", LIGHT, "--"))
    for block, (when, *style) in zip(rests(data.blocks), styles, strict=True):
        found = None if block is None else spectrum(data, eeg, block, labels)
        if block is not None and found is not None:
            rest.append((f"{when}: {block.label}", *found, style))
    if not trained and not rest:
        return None
    figure = new_figure(9, 3.8)
    left, right = figure.subplots(1, 2, sharey=True)
    for place, (label, frequencies, power) in enumerate(trained):
        named = len(trained) <= MOST_NAMED or place in (0, len(trained) // 2, len(trained) - 1)
        told = f"{place + 1}: {label}" if named else None
        left.plot(frequencies, power.mean(axis=1), label=told, **_shade(place, len(trained)))
    for label, frequencies, power, (colour, line) in rest:
        right.plot(
            frequencies,
            power.mean(axis=1),
            color=colour,
            linestyle=line,
            label=label,
            linewidth=1.6,
        )
    for axes, title, there in ((left, "With feedback", trained), (right, "Rest", rest)):
        _finish(axes, title, bool(there), trained_band(data))
    left.set_ylabel("power (µV²/Hz)")
    seen = [line.get_ydata()[_seen(line.get_xdata())] for line in (*left.lines, *right.lines)]
    known = np.concatenate(seen)
    known = known[known > 0]
    if len(known):  # of both, which have one scale
        left.set_ylim(0.6 * known.min(), 2 * known.max())
    return figure


def _shade(place: int, n: int) -> dict[str, Any]:
    from matplotlib import colormaps

    share = place / max(1, n - 1)
    return {"color": colormaps["viridis"](0.85 * share), "linewidth": 1.2}


def _finish(axes: Axes, title: str, there: bool, band: tuple[float, float] | None) -> None:
    axes.set(xlabel="frequency (Hz)", title=title, yscale="log", xlim=SHOWN_HZ)
    if not there:
        axes.text(0.5, 0.5, "no clean pieces", ha="center", transform=axes.transAxes)
        return
    if band is not None:
        axes.axvspan(*band, color="#000000", alpha=0.08, linewidth=0)
    axes.legend(fontsize=SMALL, framealpha=0.8)


def _seen(frequencies: np.ndarray) -> np.ndarray:
    return (frequencies >= SHOWN_HZ[0]) & (frequencies <= SHOWN_HZ[1])


def maps_figure(data: SessionData, eeg: SessionEEG) -> Figure | None:
    """Return maps of the trained band; None without band, places, clean pieces or MNE-Python."""
    try:
        from mne.viz import plot_topomap
    except ImportError:
        return None
    band, places = trained_band(data), standard_positions(eeg.eeg)
    labels = [label for label in eeg.eeg if label in places]
    if band is None or len(labels) < FEWEST_PLACES:
        return None
    before, after = rests(data.blocks)
    trained = data.trained
    wanted = [("rest before", before), ("first with feedback", trained[0] if trained else None)]
    wanted += [("last with feedback", trained[-1] if len(trained) > 1 else None)]
    wanted += [("rest after", after)]
    maps = []
    for title, block in wanted:
        found = None if block is None else spectrum(data, eeg, block, labels)
        if found is not None:
            power = band_power(*found, band)
            maps.append((title, 10 * np.log10(np.maximum(power, 1e-12))))
    if not maps:
        return None
    spots = np.array([_flat(places[label]) for label in labels])
    alive = np.concatenate([values[values > -60] for _, values in maps])
    limits = (float(alive.min()), float(alive.max())) if len(alive) else (-1.0, 1.0)
    trained_ones = trained_labels(data, eeg)
    named = len(trained_ones) < len(eeg.eeg)
    ringed = spots[[named and label in trained_ones for label in labels]]
    figure = new_figure(2.4 * len(maps) + 0.6, 3.2)
    grid = figure.subplots(1, len(maps), squeeze=False)
    for axes, (title, values) in zip(grid.flat, maps, strict=True):
        image, _ = plot_topomap(
            values,
            spots,
            axes=axes,
            show=False,
            sphere=0.5,
            contours=4,
            sensors="k.",
            vlim=limits,
            cmap="viridis",
        )
        axes.set_title(title, fontsize=10)
        if len(ringed):
            axes.plot(*ringed.T, "o", markersize=9, markerfacecolor="none", **RING)
    bar = figure.colorbar(image, ax=grid, location="right", shrink=0.75)
    bar.set_label("power (dB of 1 µV²)")
    return figure


def _flat(place: tuple[float, float, float]) -> tuple[float, float]:
    """Return where a point of the unit sphere lies on the map, its angle from the top as length."""
    x, y, z = place
    angle = np.arccos(np.clip(z / np.linalg.norm(place), -1, 1)) / np.pi
    across = np.hypot(x, y)
    return (0.0, 0.0) if across == 0 else (angle * x / across, angle * y / across)
