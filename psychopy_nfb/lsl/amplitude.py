"""Whether the first seconds of a stream can be EEG in microvolts at all."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.dsp.step import SignalInfo

LOOKED_AT_SECONDS = 2.0
PARTS = 8
"""Stretches of these seconds whose amplitudes are taken, so that a blink does not count."""
SMALLEST_UV = 0.05
"""A smaller standard deviation is less than the noise of any amplifier."""
LARGEST_UV = 5000.0
"""A larger one is neither EEG nor the mains on electrodes that hang free."""
LARGEST_OFFSET_UV = 1e6
"""An electrode's offset is less than 1 V."""
EARLY_SECONDS = 0.3
"""Time from which on numbers are judged that are certainly no microvolts."""
CERTAIN = 10.0
"""By how many times they are beyond these limits then: volts are by a thousand and more."""


class AmplitudeCheck:
    """Judges the EEG channels once, by their first two seconds.

    A stream whose numbers are volts or the converter's counts, but says microvolts or nothing,
    gives no reward or no artifact limit.

    Parameters
    ----------
    info : SignalInfo
        Channels and rate.

    Examples
    --------
    >>> check = AmplitudeCheck(SignalInfo(rate=250.0, labels=("Cz", "Oz")))
    >>> volts = 1e-5 * np.random.default_rng(0).standard_normal((500, 2))
    >>> print(check.add(volts))
    The EEG has an amplitude of 9.7e-06 µV (standard deviation), which is less than ...
    """

    def __init__(self, info: SignalInfo):
        self._eeg = info.eeg
        self._samples = np.empty((round(LOOKED_AT_SECONDS * info.rate), len(self._eeg)))
        self._n = 0
        self.done: bool = not self._eeg

    def add(self, samples: np.ndarray) -> str | None:
        """Take the next samples (n, n_channels) in microvolts; return what is wrong, once known."""
        if self.done:
            return None
        part = samples[: len(self._samples) - self._n, self._eeg]
        self._samples[self._n : self._n + len(part)] = part
        self._n += len(part)
        if self._n < len(self._samples):
            return None
        self.done = True
        wrong = amplitude_fault(self._samples, len(self._samples) // PARTS)
        self._samples = self._samples[:0]
        return self._advised(wrong)

    def begin(self, samples: np.ndarray) -> str | None:
        """Say at once what is certainly wrong with the first samples, which `add` gets again.

        Parameters
        ----------
        samples : ndarray, shape (n, n_channels)
            What came while the stream was listened to, in microvolts.
        """
        if self.done or len(samples) < EARLY_SECONDS / LOOKED_AT_SECONDS * len(self._samples):
            return None
        wrong = amplitude_fault(samples[:, self._eeg], len(samples) // PARTS, beyond=CERTAIN)
        self.done = wrong is not None
        return self._advised(wrong)

    def _advised(self, wrong: str | None) -> str | None:
        """Return what is wrong with what to do about it."""
        if wrong is None:
            return None
        if "less" in wrong:
            return f"{wrong}: if the stream sends V or mV, set the unit to that."
        return (
            f"{wrong}: if the stream sends µV or nV but declares another unit, set the unit to "
            "what it sends; if it sends counts of its converter, let it send microvolts."
        )


def amplitude_fault(samples: np.ndarray, length: int, beyond: float = 1.0) -> str | None:
    """Return why samples cannot be EEG in microvolts; None if they can, or if there are none.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        EEG, taken as microvolts.
    length : int
        Samples of a stretch: the usual stretch counts, so that blinks do not.
    beyond : float
        By how many times they are beyond the limits at least.
    """
    if not samples.size:
        return None
    changing = np.fmin.reduce(samples) < np.fmax.reduce(samples)
    samples = samples[:, changing]
    length = min(max(2, length), len(samples))
    parts = [samples[at : at + length] for at in range(0, len(samples) - length + 1, length)]
    # A single infinite or impossible value spoils one stretch, and not the judgement of the rest.
    with np.errstate(invalid="ignore", over="ignore"):
        spreads = np.array([part.std(axis=0) for part in parts])
        offsets = np.array([part.mean(axis=0) for part in parts])
    known = np.isfinite(spreads)
    if not known.any():
        return None  # no electrode is on; each channel's flags say so
    spread = float(np.median(spreads[known]))
    offset = float(np.median(np.abs(offsets[known])))
    what = f"The EEG has an amplitude of {spread:.2g} µV (standard deviation)"
    if spread < SMALLEST_UV / beyond:
        return f"{what}, which is less than any amplifier's noise"
    if spread > LARGEST_UV * beyond or offset > LARGEST_OFFSET_UV * beyond:
        return f"{what} around {offset:.2g} µV, which is more than EEG can have"
    return None
