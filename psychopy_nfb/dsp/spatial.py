"""Spatial filters that are found on a recording: which weighted sum of channels shows a source.

All of them solve the same problem, two covariances against each other, and give a `SpatialFilter`
that is saved with the session as plain weights. Jumps of a channel's level are removed before, and
samples with large artifacts on any channel enter no covariance: a few of them have more power than
all the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, signal

from psychopy_nfb.checks import check_band, check_channels, check_number
from psychopy_nfb.dsp.channels import SpatialFilter
from psychopy_nfb.dsp.whole import Calmed, calmed
from psychopy_nfb.errors import SettingsError

ORDER = 2
"""Order of the Butterworth band-passes, applied forwards and backwards."""
BESIDE_SECONDS = 0.3
"""Left out on both sides of a large artifact: filters of a rhythm ring for so long. Of people who
blink every few seconds more would leave too little."""
LEAST_SHARE = 0.5
"""Share of a recording that must be free of large artifacts."""
N_SURROGATES = 499
"""Targets without any relation to the recording with which `spoc` compares the given one."""
SINGULAR = 1e-10
"""Eigenvalue of a covariance, over its largest, from which a direction counts as empty: an average
reference and interpolated channels take one each."""


@dataclass(frozen=True)
class SpatialFit:
    """Components of a recording, the most telling one first."""

    labels: tuple[str, ...]
    """Labels of the channels."""
    weights: np.ndarray
    """(n_channels, n_components): samples @ weights are the components."""
    patterns: np.ndarray
    """(n_channels, n_components): how strongly each channel shows each component."""
    scores: np.ndarray
    """(n_components,): what the components are ordered by."""
    by_chance: np.ndarray | None = None
    """(n_components,): of `spoc`, the probability (p) that a target which has nothing to do with
    the recording gives a component that is as strong."""

    def step(self, n_components: int = 1) -> SpatialFilter:
        """Return a pipeline step that gives the first `n_components`, named C1, C2 and on.

        They are scaled so that a component has the amplitude which it has on its strongest channel.
        """
        n = int(check_number("n_components", n_components, at_least=1, at_most=len(self.scores)))
        columns = {}
        for index in range(n):
            strongest = self.patterns[np.argmax(np.abs(self.patterns[:, index])), index]
            scaled = self.weights[:, index] * strongest
            columns[f"C{index + 1}"] = dict(zip(self.labels, scaled.tolist(), strict=True))
        return SpatialFilter(columns)


def ssd(
    samples: np.ndarray, rate: float, labels: Sequence[str], band: tuple[float, float]
) -> SpatialFit:
    """Return the components with the most power in a band over that beside it.

    Spatio-spectral decomposition (Nikulin, Nolte and Curio 2011, NeuroImage 55, 1528-1535).

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
    rate : float
        Samples per second.
    labels : sequence of str
    band : (float, float)
        In Hz. Beside it are the two Hz below and above, with one Hz left free between.

    Raises
    ------
    SettingsError
        If the recording is too short, holds no numbers, or the band does not fit the rate.
    """
    low, high = check_band("band", band, rate)
    samples = checked(samples, labels, whole=False)
    check_band("band", (max(low - 3, low / 4), high + 3), rate)
    calm = calmed(samples, rate, margin=BESIDE_SECONDS)
    rows = usable_rows(calm, labels)
    inside = _within(calm.samples, rate, (low, high))
    wide = _within(calm.samples, rate, (max(low - 3, low / 4), high + 3))
    beside = _without(wide, rate, (max(low - 1, low / 2), high + 1))
    return _contrast(np.cov(inside[rows].T), np.cov(beside[rows].T), labels)


def csp(
    first: np.ndarray,
    second: np.ndarray,
    rate: float,
    labels: Sequence[str],
    band: tuple[float, float],
) -> SpatialFit:
    """Return the components whose power in a band differs most between two states.

    Common spatial patterns (Koles, Lazar and Zhou 1990, Brain Topography 2, 275-284). Scores are
    the share of the power that is of the first state: near 1 or near 0, and the components are
    ordered by their distance from one half.

    Parameters
    ----------
    first, second : ndarray, shape (n, n_channels)
        Samples of the two states.
    rate : float
        Samples per second.
    labels : sequence of str
    band : (float, float)
        In Hz.

    Raises
    ------
    SettingsError
        As of `ssd`.
    """
    band = check_band("band", band, rate)
    # Not scaled by their traces: where a rhythm is most of a state's power, that would make all
    # others look smaller in it.
    power, other = (
        _band_covariance(checked(samples, labels, whole=False), rate, labels, band)
        for samples in (first, second)
    )
    found = _contrast(power, power + other, labels)
    order = np.argsort(-np.abs(found.scores - 0.5))
    return SpatialFit(
        found.labels, found.weights[:, order], found.patterns[:, order], found.scores[order]
    )


def spoc(
    samples: np.ndarray,
    target: np.ndarray,
    rate: float,
    labels: Sequence[str],
    band: tuple[float, float],
    window: float = 1.0,
) -> SpatialFit:
    """Return the components whose power in a band goes along with a target.

    Source power comodulation (Dähne et al. 2014, NeuroImage 86, 111-122; the variant that maximises
    the covariance). Scores are covariances in units of the target's standard deviation; components
    are ordered by their absolute value. Some component follows any target a little: `by_chance`
    compares each with the strongest components of targets of the same spectrum with random phases,
    as the authors' toolbox does.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
    target : ndarray, shape (n,)
        What the power shall follow, a value for each sample.
    rate : float
        Samples per second.
    labels : sequence of str
    band : (float, float)
        In Hz.
    window : float
        Seconds in which power and target are averaged.

    Raises
    ------
    SettingsError
        As of `ssd`, or if the target does not fit or never changes.
    """
    band = check_band("band", band, rate)
    calm = calmed(checked(samples, labels, whole=False), rate, margin=BESIDE_SECONDS)
    usable_rows(calm, labels)
    inside = _within(calm.samples, rate, band)
    length = round(check_number("window", window, above=0, unit="s") * rate)
    n = len(inside) // length
    if len(target) != len(samples) or n < 3:
        raise SettingsError(
            "target",
            f"{len(target)} values",
            f"must have one for each of the {len(samples)} samples, and three windows or more",
        )
    # Windows with an artifact in them, or in which the target lacks a number, are left out.
    values = np.asarray(target, dtype=float)[: n * length].reshape(n, length)
    kept = ~calm.artifacts[: n * length].any(axis=1).reshape(n, length).any(axis=1)
    kept &= np.isfinite(values).all(axis=1)
    values = values[kept].mean(axis=1)
    if not (len(values) and np.std(values) > 0):
        raise SettingsError("target", "constant", "must change, and hold numbers only")
    values = (values - values.mean()) / values.std()
    blocks = inside[: n * length].reshape(n, length, -1)[kept]
    covariances = np.einsum("wlc,wld->wcd", blocks, blocks) / length
    mean = covariances.mean(axis=0)
    found = _contrast(_together(values, covariances), mean, labels)
    order = np.argsort(-np.abs(found.scores))
    scores = found.scores[order]
    return SpatialFit(
        found.labels,
        found.weights[:, order],
        found.patterns[:, order],
        scores,
        _by_chance(np.abs(scores), values, covariances),
    )


def _together(values: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Return the covariance of values (n_windows,) with those of windows, (n_windows, n, n)."""
    centred: np.ndarray = np.tensordot(values - values.mean(), covariances, axes=1) / len(values)
    return centred


def _by_chance(strengths: np.ndarray, values: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Return of components, (n,), how probable ones as strong are for unrelated targets.

    `values`, (n_windows,), is the target with mean 0 and standard deviation 1. Compared with the
    strongest component of each unrelated target, so that several components need no correction.
    """
    whitening = _whitening(covariances.mean(axis=0))
    spectrum = np.abs(np.fft.rfft(values))
    rng = np.random.default_rng(0)
    n_as_strong = np.ones(len(strengths))
    for _ in range(N_SURROGATES):
        phases = np.exp(2j * np.pi * rng.random(len(spectrum)))
        unrelated = np.fft.irfft(spectrum * phases, len(values))
        unrelated /= unrelated.std()
        together = whitening.T @ _together(unrelated, covariances) @ whitening
        n_as_strong += np.abs(linalg.eigvalsh(together)).max() >= strengths
    return n_as_strong / (N_SURROGATES + 1)


def regress_out(
    samples: np.ndarray, labels: Sequence[str], regressors: Sequence[str]
) -> SpatialFilter:
    """Return a step that subtracts from each channel what `regressors` see too, e.g. an EOG.

    Gratton, Coles and Donchin 1983, Electroencephalography and Clinical Neurophysiology 55,
    468-484. What comes out are the other channels. Fit it where there are many blinks.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        A recording with blinks, high-passed.
    labels : sequence of str
    regressors : sequence of str
        Labels of the channels to regress out.

    Raises
    ------
    SettingsError
        If a channel is not there, or the regressors are flat or the same.
    """
    samples = checked(samples, labels)
    sources = check_channels("regressors", regressors, labels)
    others = [index for index in range(len(labels)) if index not in sources]
    if not sources or not others:
        raise SettingsError("regressors", list(regressors), "must be some of the channels, not all")
    centred = samples - samples.mean(axis=0)
    own = centred[:, sources].T @ centred[:, sources]
    if not np.linalg.cond(own) < 1 / SINGULAR:
        raise SettingsError(
            "regressors", list(regressors), "are flat or copies of each other; leave some out"
        )
    weights = np.linalg.solve(own, centred[:, sources].T @ centred[:, others])
    return SpatialFilter(
        {
            labels[other]: {
                labels[other]: 1.0,
                **{
                    labels[source]: -float(weights[row, column])
                    for row, source in enumerate(sources)
                },
            }
            for column, other in enumerate(others)
        }
    )


def without_components(fit: SpatialFit, rejected: Sequence[int]) -> SpatialFilter:
    """Return a step that gives all channels, freed of some components.

    Parameters
    ----------
    fit : SpatialFit
        Of as many components as the recording has.
    rejected : sequence of int
        Which, from 0.
    """
    places = list(rejected)
    matrix = np.eye(len(fit.labels)) - fit.weights[:, places] @ fit.patterns[:, places].T
    return SpatialFilter(
        {
            label: dict(zip(fit.labels, matrix[:, column].tolist(), strict=True))
            for column, label in enumerate(fit.labels)
        }
    )


def checked(samples: np.ndarray, labels: Sequence[str], whole: bool = True) -> np.ndarray:
    """Return samples (n, n_channels) as floats if spatial filters can be fitted to them.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
    labels : sequence of str
    whole : bool
        Whether all must be numbers; otherwise some of each channel.

    Raises
    ------
    SettingsError
        If the columns are not the channels, or there are too few rows or numbers.
    """
    samples = np.asarray(samples, dtype=float)
    if samples.ndim != 2 or samples.shape[1] != len(labels) or len(labels) < 2:
        raise SettingsError(
            "samples", samples.shape, f"must have a column for each of {len(labels)} channels"
        )
    if len(samples) < 10 * len(labels):
        raise SettingsError(
            "samples", f"{len(samples)} samples", "are too few for so many channels; record more"
        )
    numbers = np.isfinite(samples)
    lacking = ~(numbers.all(axis=0) if whole else numbers.any(axis=0))
    if lacking.any():
        said = (
            "holds what is no number; cut it out"
            if whole
            else "holds no usable numbers; leave it out"
        )
        raise SettingsError("samples", labels[int(np.argmax(lacking))], said)
    return samples


def usable_rows(calm: Calmed, labels: Sequence[str]) -> np.ndarray:
    """Return the rows without a large artifact on any channel.

    Raises
    ------
    SettingsError
        If they are few, naming the channel that has most of the artifacts.
    """
    usable = ~calm.artifacts.any(axis=1)
    rows = np.flatnonzero(usable)
    if len(rows) < max(LEAST_SHARE * len(usable), 10 * len(labels)):
        worst = labels[int(calm.artifacts.sum(axis=0).argmax())]
        raise SettingsError(
            "samples",
            f"{100 * usable.mean():.0f} %",
            f"are without large artifacts, most of which are in {worst}; leave that channel out, "
            "or record more",
        )
    return rows


def _band_covariance(
    samples: np.ndarray, rate: float, labels: Sequence[str], band: tuple[float, float]
) -> np.ndarray:
    calm = calmed(samples, rate, margin=BESIDE_SECONDS)
    return np.cov(_within(calm.samples, rate, band)[usable_rows(calm, labels)].T)


def _within(samples: np.ndarray, rate: float, band: tuple[float, float]) -> np.ndarray:
    sos = signal.butter(ORDER, band, "bandpass", fs=rate, output="sos")
    return _both_ways(sos, samples)


def _without(samples: np.ndarray, rate: float, band: tuple[float, float]) -> np.ndarray:
    sos = signal.butter(ORDER, band, "bandstop", fs=rate, output="sos")
    return _both_ways(sos, samples)


def _both_ways(sos: np.ndarray, samples: np.ndarray) -> np.ndarray:
    if len(samples) <= 3 * (2 * len(sos) + 1):
        raise SettingsError("samples", f"{len(samples)} samples", "are too few to filter")
    return signal.sosfiltfilt(sos, samples, axis=0)


def _contrast(wanted: np.ndarray, against: np.ndarray, labels: Sequence[str]) -> SpatialFit:
    """Return the components with the most of `wanted` over `against`, within what has power."""
    whitening = _whitening(against)
    scores, turned = linalg.eigh(whitening.T @ wanted @ whitening)
    weights = whitening @ turned[:, ::-1]
    # Haufe et al. 2014: how a component shows is the covariance times its weights.
    patterns = against @ weights
    return SpatialFit(tuple(labels), weights, patterns, scores[::-1])


def _whitening(covariance: np.ndarray) -> np.ndarray:
    """Return what makes the directions that have power independent and of power 1, (n, n_kept)."""
    powers, directions = linalg.eigh(covariance)
    if not powers[-1] > 0:
        raise SettingsError("samples", "flat", "have no power in the band; check the electrodes")
    kept = powers > SINGULAR * powers[-1]
    whitened: np.ndarray = directions[:, kept] / np.sqrt(powers[kept])
    return whitened
