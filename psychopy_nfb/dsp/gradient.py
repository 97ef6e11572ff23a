"""The MR scanner's gradient artifact, subtracted by templates while the scanner runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_number, check_whole
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

WHOLE = 0.01
"""How far from a whole number the samples of a repetition may be."""
DRIFTS_KEPT = 8
"""Repetitions over whose shifts a drift is judged."""
LEAST_DRIFT = 0.01
"""Samples a repetition below which a drift harms no template."""
MOST_REPETITIONS = 100
MOST_TEMPLATE_BYTES = 2**30
DRIFT_ERRORS = 5.0
"""Standard errors that a drift must be away from none."""


@dataclass
class _Template:
    mean: np.ndarray
    """(n_samples, n_channels), the running average, each channel without its mean."""
    count: int = 1
    age: int = 1
    product: float = 0.0
    """Sum of the current repetition times the template, so far."""


@dataclass
class GradientTemplate(Step):
    """Subtracts the artifact that repeats with each volume of an MR sequence.

    One repetition is collected and compared with each known template; it is averaged into the one
    it resembles most, or becomes a new one. From the next repetition on that template is subtracted
    if it has seen enough repetitions. The scanner's clock and the amplifier's must be one: a
    repetition is a whole number of samples, and samples are flagged DRIFTING when consecutive
    repetitions are shifted against each other.

    Notes
    -----
    Triggers and others that are no voltage pass as they are. Electrode offsets enter neither
    templates nor correlations; against drifts put a HighPass of 1 Hz before it. Correlations are
    summed up as samples arrive, so that the end of a repetition costs no more than one average.
    """

    tr: float = 2.0
    """Repetition time in seconds."""
    similarity: float = 0.995
    """Correlation above which two repetitions have the same artifact."""
    fewest: int = 5
    """A template is subtracted once it has seen more repetitions than these."""
    forget: int = 20
    """Repetitions after which a template that nothing resembled any more is dropped."""

    def __post_init__(self) -> None:
        check_number("tr", self.tr, above=0, unit="s")
        check_number("similarity", self.similarity, above=0, below=1)
        check_whole("fewest", self.fewest, at_least=1, at_most=MOST_REPETITIONS)
        check_whole("forget", self.forget, at_least=1, at_most=MOST_REPETITIONS)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        exact = self.tr * info.rate
        self._length = check_length("tr", self.tr, info.rate, channels=info.n_channels)
        if self._length < 2 or abs(exact - self._length) > WHOLE:
            raise SettingsError(
                "tr",
                self.tr,
                f"is {exact:g} samples at {info.rate:g} Hz, and must be a whole number of them; "
                "lock the amplifier's clock to the scanner's",
            )
        used = info.voltages
        self._used: list[int] | slice = slice(None) if len(used) == info.n_channels else used
        self._n_used = len(used)
        held = 8 * self._length * self._n_used * (self.forget + 2)
        if held > MOST_TEMPLATE_BYTES:
            raise SettingsError(
                "forget",
                self.forget,
                f"may keep {held / 2**20:.0f} MB of templates, and at most "
                f"{MOST_TEMPLATE_BYTES / 2**20:.0f} MB can be kept; choose a smaller number",
            )
        self.settle: float = (self.fewest + 1) * self.tr
        self.reset()
        return info

    def reset(self) -> None:
        self._current = np.zeros((self._length, self._n_used))
        self._before: np.ndarray | None = None
        self._at = 0
        self._templates: list[_Template] = []
        self._active: _Template | None = None
        self._shifts: list[float] = []
        self._drifting = False

    def process(self, samples: np.ndarray) -> np.ndarray:
        out = np.array(samples, dtype=float)
        samples = samples[:, self._used]
        self.flags: np.ndarray | None = np.zeros(len(samples), np.uint32)
        start = 0
        while start < len(samples):
            n = min(len(samples) - start, self._length - self._at)
            here, there = slice(start, start + n), slice(self._at, self._at + n)
            if self._active is not None:
                out[here, self._used] -= self._active.mean[there]
            if self._drifting:
                self.flags[here] = Flags.DRIFTING
            self._current[there] = samples[here]
            for template in self._templates:
                template.product += float(np.vdot(samples[here], template.mean[there]))
            start, self._at = start + n, self._at + n
            if self._at == self._length:
                self._complete()
        return out

    def _complete(self) -> None:
        """Take in a repetition that is complete."""
        self._current -= self._current.mean(axis=0)
        likeness = [self._likeness(template) for template in self._templates]
        best = int(np.argmax(likeness)) if likeness else -1
        for template in self._templates:
            template.age += 1
        if likeness and likeness[best] > self.similarity:
            chosen = self._templates[best]
            chosen.count, chosen.age = chosen.count + 1, 1
            chosen.mean += (self._current - chosen.mean) / chosen.count
        else:
            chosen = _Template(self._current.copy())
            self._templates.append(chosen)
        self._watch_drift()
        self._templates = [one for one in self._templates if one.age <= self.forget]
        for template in self._templates:
            template.product = 0.0
        self._active = chosen if chosen.count > self.fewest else None
        self._at = 0

    def _likeness(self, template: _Template) -> float:
        """Return the correlation of the current repetition and a template, channels in a row."""
        squares = np.vdot(self._current, self._current) * np.vdot(template.mean, template.mean)
        return float(template.product / np.sqrt(squares)) if squares > 0 else 0.0

    def _watch_drift(self) -> None:
        """Note by how much this repetition is shifted against the one before.

        In the channel with the largest artifact: to first order the difference of the two is the
        shift times the slope.
        """
        channel = int(np.argmax(self._current.var(axis=0)))
        now = self._current[:, channel].copy()
        before = None if self._before is None else self._before[:, channel]
        self._before = self._current.copy()
        if before is None:
            return
        slope = np.gradient(before)
        steepness = float(slope @ slope)
        self._shifts.append(float((before - now) @ slope) / steepness if steepness else 0.0)
        self._shifts = self._shifts[-DRIFTS_KEPT:]
        mean, spread = np.mean(self._shifts), np.std(self._shifts)
        limit = max(LEAST_DRIFT, DRIFT_ERRORS * spread / np.sqrt(DRIFTS_KEPT))
        self._drifting = len(self._shifts) == DRIFTS_KEPT and bool(abs(mean) > limit)
