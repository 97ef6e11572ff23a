"""Which channels: picked, masked, combined."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from psychopy_nfb.checks import check_channels, check_choice, check_number
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.reading import read_table, read_text, reading


@dataclass
class Pick(Step):
    """Keeps some channels, in the given order.

    Examples
    --------
    >>> step = Pick(["Oz", "Cz"])
    >>> step.prepare(SignalInfo(rate=250.0, labels=("Fz", "Cz", "Oz"))).labels
    ('Oz', 'Cz')
    """

    channels: list[str] = field(default_factory=list)
    """Labels to keep; empty keeps all EEG channels, or all where none is EEG."""
    exclude: list[str] = field(default_factory=list)
    """Labels to leave out."""

    spatial = True

    def prepare(self, info: SignalInfo) -> SignalInfo:
        if self.channels:
            wanted = check_channels("channels", self.channels, info.labels)
        else:
            wanted = info.eeg_or_all
        unwanted = set(check_channels("exclude", self.exclude, info.labels))
        kept = [index for index in wanted if index not in unwanted]
        if not kept:
            raise SettingsError("exclude", self.exclude, "leaves no channel")
        self._kept = np.array(kept)
        return replace(info, labels=tuple(info.labels[index] for index in kept))

    def process(self, samples: np.ndarray) -> np.ndarray:
        return samples.take(self._kept, axis=1)  # 0.3 us; by an index it is 1.2


class _Matrix(Step):
    """A step that multiplies each sample by one matrix, (n_in, n_out)."""

    spatial = True
    _matrix: np.ndarray

    def process(self, samples: np.ndarray) -> np.ndarray:
        # einsum keeps to this thread: a matrix product of small blocks wakes BLAS's others.
        return np.einsum("ni,io->no", samples, self._matrix)


@dataclass
class BadChannels(_Matrix):
    """Takes bad channels out of the signal.

    ``"interpolate"`` replaces each by its four nearest good neighbours, weighted by the inverse
    of the squared distance; ``"zero"`` by 0; ``"drop"`` removes it.
    """

    channels: list[str] = field(default_factory=list)
    """Labels of the bad channels."""
    mode: Literal["interpolate", "zero", "drop"] = "interpolate"
    """What to put in their place."""

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, ("interpolate", "zero", "drop"))

    def prepare(self, info: SignalInfo) -> SignalInfo:
        bad = check_channels("channels", self.channels, info.labels)
        good = [index for index in range(info.n_channels) if index not in bad]
        if not good:
            raise SettingsError("channels", self.channels, "leaves no good channel")
        matrix = np.eye(info.n_channels)
        matrix[:, bad] = 0
        if self.mode == "drop":
            self._matrix = matrix[:, good]
            return replace(info, labels=tuple(info.labels[index] for index in good))
        if self.mode == "interpolate":
            places = positions_of("channels", info.labels, info, required=self.channels)
            near = [index for index in good if index in info.eeg and info.labels[index] in places]
            if not near:
                raise SettingsError(
                    "mode", self.mode, "needs good channels with known positions; use 'zero'"
                )
            for index in bad:
                matrix[:, index] = neighbour_weights(
                    places, info.labels, info.labels[index], near, count=4
                )
        self._matrix = matrix
        return info


@dataclass
class SpatialFilter(_Matrix):
    """One or more weighted sums of channels.

    Examples
    --------
    >>> step = SpatialFilter({"C3-Cz": {"C3": 1.0, "Cz": -1.0}})
    >>> step.prepare(SignalInfo(rate=250.0, labels=("C3", "Cz"))).labels
    ('C3-Cz',)
    >>> step.process(np.array([[5.0, 2.0]]))
    array([[3.]])
    """

    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    """Name of each sum: label of each channel in it: weight."""
    file: str | None = None
    """Instead: a .json file that holds such weights, or a .csv table with a header of channel
    labels and one row of weights for each sum, its name first. It is read at once, and what is
    saved with a session are the weights."""

    def __post_init__(self) -> None:
        if self.file is not None:
            self.weights, self.file = read_weights(self.file), None
        if not self.weights:
            raise SettingsError("weights", self.weights, "name one weighted sum or more, or a file")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._matrix = np.zeros((info.n_channels, len(self.weights)))
        for column, (name, parts) in enumerate(self.weights.items()):
            rows = check_channels(f"weights.{name}", parts, info.labels)
            self._matrix[rows, column] = list(parts.values())
        return replace(info, labels=tuple(self.weights))


def read_weights(path: str | os.PathLike[str]) -> dict[str, dict[str, float]]:
    """Read the weights of a `SpatialFilter` from a .json or .csv file.

    Raises
    ------
    FileError
        If it cannot be read or does not hold weights.
    """
    path = Path(path)
    with reading(path, what="as weights"):
        if path.suffix == ".json":
            content = json.loads(read_text(path))
            weights = {
                str(name): {str(label): float(weight) for label, weight in parts.items()}
                for name, parts in content.items()
            }
        else:
            table = read_table(path, index_col=0)
            weights = {
                str(name): {label: float(weight) for label, weight in row.items() if weight != 0}
                for name, row in table.iterrows()
            }
    if not any(weights.values()):
        raise FileError("file", os.fspath(path), "holds no weights")
    for name, parts in weights.items():
        for label, weight in parts.items():
            check_number(f"weights.{name}.{label}", weight)
    return weights


def positions_of(
    parameter: str, labels: tuple[str, ...], info: SignalInfo, required: list[str] | tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Return the unit-sphere positions of those of `labels` that have one.

    Raises
    ------
    SettingsError
        If one of the `required` has none.
    """
    known = {**standard_positions(labels), **info.positions}
    folded = {label.casefold() for label in known}
    for label in required:
        if label.casefold() not in folded:
            raise SettingsError(
                parameter, label, "has no known position; only names of the 10-20 system have one"
            )
    return {label: np.array(known[label]) for label in labels if label in known}


def neighbour_weights(
    places: dict[str, np.ndarray],
    labels: tuple[str, ...],
    centre: str,
    candidates: list[int],
    count: int,
) -> np.ndarray:
    """Return weights over all channels that average the `count` nearest of the candidates."""
    distances = {
        index: float(np.linalg.norm(places[labels[index]] - places[centre]))
        for index in candidates
        if labels[index] != centre
    }
    nearest = sorted(distances, key=distances.get)[:count]
    weights = np.zeros(len(labels))
    for index in nearest:
        weights[index] = 1 / max(distances[index], 1e-6) ** 2
    return weights / weights.sum()
