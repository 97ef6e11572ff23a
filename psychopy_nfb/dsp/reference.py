"""Against what the channels are measured."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from psychopy_nfb.checks import check_channels, check_choice, check_number
from psychopy_nfb.dsp.channels import _Matrix, neighbour_weights, positions_of
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import SettingsError


@dataclass
class Reference(_Matrix):
    """Measures the channels against another reference than the amplifier's.

    Examples
    --------
    >>> step = Reference("bipolar", pairs=[["C3", "C4"]])
    >>> step.prepare(SignalInfo(rate=250.0, labels=("C3", "C4"))).labels
    ('C3-C4',)
    """

    kind: Literal["average", "linked", "bipolar", "laplacian"] = "average"
    """``"average"`` of all EEG channels; ``"linked"``, the mean of `channels` (two mastoids or
    earlobes); ``"bipolar"``, the differences of `pairs`; ``"laplacian"``, each channel against its
    nearest neighbours, weighted by inverse squared distance (Hjorth 1975)."""
    channels: list[str] = field(default_factory=list)
    """For ``"linked"`` the reference channels; for ``"laplacian"`` the channels to compute, empty
    for all that have a position."""
    exclude: list[str] = field(default_factory=list)
    """Bad channels: they do not enter an average or a Laplacian and stay as they are. So do those
    that are no EEG, without being named (`SignalInfo.kinds`)."""
    pairs: list[list[str]] = field(default_factory=list)
    """For ``"bipolar"``: pairs of labels, first minus second."""
    neighbours: int = 4
    """For ``"laplacian"``: how many."""

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, ("average", "linked", "bipolar", "laplacian"))
        check_number("neighbours", self.neighbours, at_least=1)
        if self.kind == "linked" and not self.channels:
            raise SettingsError("channels", self.channels, "name the linked reference channels")
        if self.kind == "bipolar" and not (
            self.pairs and all(len(pair) == 2 for pair in self.pairs)
        ):
            raise SettingsError("pairs", self.pairs, "name pairs of channels, [['C3', 'C4'], …]")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        if self.kind == "bipolar":
            return self._prepare_bipolar(info)
        excluded = check_channels("exclude", self.exclude, info.labels)
        used = [index for index in info.eeg if index not in excluded]
        if self.kind == "laplacian":
            return self._prepare_laplacian(info, used)
        self._weights, self._used = np.zeros(info.n_channels), np.zeros(info.n_channels)
        self._used[used] = 1
        if self.kind == "average":
            if len(used) < 2:
                raise SettingsError(
                    "kind",
                    self.kind,
                    f"needs two EEG channels or more, and {len(used)} of {info.n_channels} reach "
                    f"it{info.named_not_eeg()}; put Pick after Reference, or leave the channels as "
                    "recorded",
                )
            self._weights[used] = 1 / len(used)
        else:
            linked = check_channels("channels", self.channels, info.labels)
            self._weights[linked] = 1 / len(linked)
        self.entering: tuple[int, ...] = tuple(np.flatnonzero(self._weights).tolist())
        return info

    def process(self, samples: np.ndarray) -> np.ndarray:
        if self.kind in ("bipolar", "laplacian"):
            return super().process(samples)
        # One sum a sample; as a matrix it would cost the square of the channels. BLAS keeps to this
        # thread up to some hundred samples of 64 channels.
        return samples - np.dot(samples, self._weights)[:, None] * self._used

    def _prepare_bipolar(self, info: SignalInfo) -> SignalInfo:
        self._matrix = np.zeros((info.n_channels, len(self.pairs)))
        for column, pair in enumerate(self.pairs):
            first, second = check_channels(f"pairs[{column}]", pair, info.labels)
            self._matrix[first, column] += 1
            self._matrix[second, column] -= 1
        return replace(info, labels=tuple("-".join(pair) for pair in self.pairs))

    def _prepare_laplacian(self, info: SignalInfo, used: list[int]) -> SignalInfo:
        wanted = check_channels("channels", self.channels, info.labels)
        places = positions_of("channels", info.labels, info, required=self.channels)
        near = [index for index in used if info.labels[index] in places]
        if len(near) <= self.neighbours:
            raise SettingsError(
                "neighbours",
                self.neighbours,
                f"but only {len(near)} EEG channel{' has' if len(near) == 1 else 's have'} a known "
                f"position{info.named_not_eeg()}; "
                f"{'use fewer or ' if len(near) > 1 else ''}choose another reference",
            )
        wanted = wanted or near
        columns = []
        for index in wanted:
            column = -neighbour_weights(
                places, info.labels, info.labels[index], near, self.neighbours
            )
            column[index] += 1
            columns.append(column)
        self._matrix = np.array(columns).T
        self.entering = tuple(np.flatnonzero((self._matrix < 0).any(axis=1)).tolist())
        return replace(info, labels=tuple(info.labels[index] for index in wanted))
