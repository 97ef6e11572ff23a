"""Which of two states it is: a weighted sum of features, found on labelled recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit

from psychopy_nfb.checks import check_channels, check_choice, check_number
from psychopy_nfb.dsp.artifact import held
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

OUTPUTS = ("distance", "probability")
FEWEST_ROWS = 5
"""Fewest rows of features in each state; with shrinkage there may be fewer rows than features."""


@dataclass
class LDA(Step):
    """One signal that tells which of two states the features are like; `lda` finds its weights.

    Features are whatever channels reach it: envelopes of several components or, by `Parallel`, of
    several bands. Where a logarithm has no finite value the last outcome stays, flagged INVALID.

    Examples
    --------
    >>> step = LDA({"C3": 1.5, "C4": -1.5}, offset=0.5)
    >>> step.prepare(SignalInfo(rate=250.0, labels=("C3", "Cz", "C4"))).labels
    ('state',)
    >>> step.process(np.array([[4.0, 0.0, 3.0]]))
    array([[2.]])
    """

    weights: dict[str, float] = field(default_factory=dict)
    """By the features' labels."""
    offset: float = 0.0
    """Added to the weighted sum."""
    log: bool = False
    """Whether the features' logarithms are weighted."""
    output: str = "distance"
    """``"distance"``, from the boundary in log odds, above 0 in the first state; or
    ``"probability"`` of the first state."""
    name: str = "state"
    """Label of the output channel."""

    def __post_init__(self) -> None:
        check_choice("output", self.output, OUTPUTS)
        check_number("offset", self.offset)
        if not self.weights:
            raise SettingsError("weights", self.weights, "give each feature its weight; see lda")
        for label, weight in self.weights.items():
            check_number(f"weights.{label}", weight)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._places = check_channels("weights", self.weights, info.labels)
        self._weights = np.array(list(self.weights.values()))
        self.reset()
        return replace(info, labels=(self.name,), units="")

    def reset(self) -> None:
        self._last = 0.0 if self.output == "distance" else 0.5

    def process(self, samples: np.ndarray) -> np.ndarray:
        features = samples[:, self._places]
        with np.errstate(all="ignore"):
            if self.log:
                features = np.log(features)
            out = np.einsum("nf,f->n", features, self._weights) + self.offset
        if self.output == "probability":
            out = expit(out)
        self.flags: np.ndarray | None = held(out, self._last)
        if len(out):
            self._last = float(out[-1])
        return out[:, None]

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        return np.abs(inputs[:, self._places]).sum(axis=1, keepdims=True)


def lda(
    first: np.ndarray,
    second: np.ndarray,
    labels: Sequence[str],
    log: bool = False,
    output: str = "distance",
) -> LDA:
    """Return the step that tells two states apart by their features.

    Linear discriminant analysis with the covariance of both states, each shrunk towards independent
    features by the share that is best for so few rows (Ledoit and Wolf 2004, Journal of
    Multivariate Analysis 88, 365-411; for EEG Blankertz et al. 2011, NeuroImage 56, 814-825). Both
    states count alike, however long they were recorded.

    Parameters
    ----------
    first, second : ndarray, shape (n, n_features)
        Features in the two states, as a pipeline gives them. Take rows that are about as far apart
        as the features' window is long: neighbours that say the same pass for more knowledge than
        there is.
    labels : sequence of str
        Of the features.
    log : bool
        Whether to take logarithms: powers and amplitudes of EEG are nearer to a normal distribution
        then.
    output : {"distance", "probability"}
        What the step gives.

    Raises
    ------
    SettingsError
        If the features cannot be used.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> rest, imagery = random.normal([9, 5], 1, (200, 2)), random.normal([5, 5], 1, (200, 2))
    >>> step = lda(rest, imagery, ["C3", "C4"], output="probability")
    >>> info = step.prepare(SignalInfo(rate=10.0, labels=("C3", "C4")))
    >>> step.process(np.array([[8.5, 5.0], [5.5, 5.0]])).round(1)
    array([[1.],
           [0.]])
    """
    one, other = (
        _checked(name, features, labels, log)
        for name, features in (("first", first), ("second", second))
    )
    covariance = (_shrunk_covariance(one) + _shrunk_covariance(other)) / 2
    weights = np.linalg.solve(covariance, one.mean(axis=0) - other.mean(axis=0))
    offset = -float(weights @ (one.mean(axis=0) + other.mean(axis=0))) / 2
    return LDA(dict(zip(labels, weights.tolist(), strict=True)), offset, log, output)


def _checked(name: str, features: np.ndarray, labels: Sequence[str], log: bool) -> np.ndarray:
    """Return the features of a state, or their logarithms, if something can be learned of them."""
    features = np.asarray(features, dtype=float)
    if features.ndim != 2 or features.shape[1] != len(labels):
        raise SettingsError(
            name, features.shape, f"must have a column for each of {len(labels)} features"
        )
    if len(features) < FEWEST_ROWS or not np.isfinite(features).all():
        raise SettingsError(
            name,
            f"{len(features)} rows",
            f"are fewer than {FEWEST_ROWS}, or hold what is no number; record more, cut it out",
        )
    if log and not (features > 0).all():
        raise SettingsError(
            name,
            f"{len(features)} rows",
            "are not all above 0 and have no logarithm; use log=False",
        )
    flat = np.ptp(features, axis=0) == 0
    if flat.any():
        raise SettingsError(
            name, labels[int(np.argmax(flat))], "never changes; leave out this feature"
        )
    return np.log(features) if log else features


def _shrunk_covariance(features: np.ndarray) -> np.ndarray:
    """Return the covariance (p, p) of features (n, p), shrunk in units of their own spread."""
    spread = features.std(axis=0)
    standard = (features - features.mean(axis=0)) / spread
    n, n_features = standard.shape
    plain = standard.T @ standard / n
    target = np.trace(plain) / n_features * np.eye(n_features)
    # How far the rows scatter about their mean product, over how far that is from the target.
    scatter = (np.square(np.square(standard).sum(axis=1)).sum() / n - np.square(plain).sum()) / n
    distance = np.square(plain - target).sum()
    share = min(1.0, scatter / distance) if distance > 0 else 0.0
    return np.outer(spread, spread) * ((1 - share) * plain + share * target)
