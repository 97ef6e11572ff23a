"""What artifact subspace reconstruction has to know of clean EEG, learned from a baseline."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np

from psychopy_nfb.dsp.spatial import SINGULAR
from psychopy_nfb.errors import SettingsError

BAD_CHANNELS = 0.1
"""Share of channels that may be far off in a window which still counts as clean."""
FEWEST_WINDOWS = 20
"""Fewest windows of clean EEG: thresholds come from the distribution of the power in windows."""


@dataclass(frozen=True)
class ASRCalibration:
    """How clean EEG of one head under one cap is spread over the channels."""

    rate: float
    """Samples per second."""
    labels: list[str]
    """Labels of the n channels."""
    cutoff: float
    """Cutoff with which the thresholds were set, in standard deviations."""
    window: float
    """Seconds, in whose length the power was measured."""
    shaping: list[list[float]]
    """Numerator and denominator of the filter whose output is judged."""
    mixing: list[list[float]]
    """(n, n): square root of the covariance."""
    thresholds: list[list[float]]
    """(n, n): principal directions, each as long as the largest amplitude that is let through."""

    def __post_init__(self) -> None:
        n = len(self.labels)
        for name in ("mixing", "thresholds"):
            if [len(row) for row in getattr(self, name)] != [n] * n:
                raise SettingsError(name, "list", f"must be {n} rows of {n} numbers")
        lengths = [len(part) for part in self.shaping]
        if len(lengths) != 2 or lengths[0] != lengths[1] or lengths[0] < 2:
            raise SettingsError("shaping", "list", "must be two lists of one length, 2 or more")


def calibrated(
    eeg: np.ndarray, rate: float, labels: list[str], cutoff: float, window: float
) -> ASRCalibration:
    """Return what a baseline tells; windows with artifacts are left out first.

    Parameters
    ----------
    eeg : ndarray, shape (n, n_channels)
        In microvolts, high-passed.
    rate : float
        Samples per second.
    labels : list of str
        Of the channels.
    cutoff : float
        Standard deviations of a component's amplitude.
    window : float
        In seconds.

    Raises
    ------
    SettingsError
        If there is too little clean EEG, or the channels do not tell enough apart, or meegkit is
        not installed.

    Notes
    -----
    meegkit's ``clean_windows`` and ``asr_calibrate``. asrpy's are lighter and fail with numpy 2.4.
    """
    try:
        from meegkit import asr
    except ImportError:
        raise without_library() from None
    _check(eeg, rate, labels, window)
    clean, _ = asr.clean_windows(eeg.T, rate, max_bad_chans=BAD_CHANNELS, win_len=window)
    _check_length(clean.shape[1] / rate, window, " without artifacts")
    # The search for the median covariance ends at an absolute distance: it needs a known scale.
    scale = np.sqrt(np.mean(clean**2))
    mixing, thresholds = asr.asr_calibrate(clean / scale, rate, cutoff=cutoff, win_len=window)
    denominator, numerator = asr.ASR(sfreq=rate).ab_
    return ASRCalibration(
        rate,
        labels,
        cutoff,
        window,
        [numerator.tolist(), denominator.tolist()],
        (scale * mixing).tolist(),
        (scale * thresholds).tolist(),
    )


def _check(eeg: np.ndarray, rate: float, labels: list[str], window: float) -> None:
    """Refuse a baseline (n, n_channels) that nothing can be learned from."""
    seconds = f"{len(eeg) / rate:.1f} s"
    if not np.isfinite(eeg).all():
        raise SettingsError("baseline", seconds, "holds what is no number; record a new one")
    _check_length(len(eeg) / rate, window)
    powers = np.linalg.eigvalsh(np.cov(eeg.T))
    rank = int((powers > SINGULAR * powers[-1]).sum()) if powers[-1] > 0 else 0
    if rank < len(labels):
        raise SettingsError(
            "baseline",
            seconds,
            f"has {rank} independent channels of {len(labels)}, and ASR needs all; exclude flat "
            "and interpolated ones, and put ASR before an average reference",
        )
    offset = np.abs(eeg.mean(axis=0)) > eeg.std(axis=0)
    if offset.any():
        raise SettingsError(
            "baseline",
            seconds,
            f"has an offset on {labels[int(np.argmax(offset))]}; put a HighPass before ASR",
        )


def _check_length(seconds: float, window: float, kind: str = "") -> None:
    if seconds < FEWEST_WINDOWS * window:
        raise SettingsError(
            "baseline",
            f"{seconds:.1f} s{kind}",
            f"is shorter than {FEWEST_WINDOWS} windows of ASR, {FEWEST_WINDOWS * window:g} s; "
            "record a longer or a calmer one, or choose a shorter window",
        )


def library_is_there() -> bool:
    """Whether meegkit is installed; it is not imported, which takes seconds."""
    return importlib.util.find_spec("meegkit") is not None


def without_library() -> SettingsError:
    """Return the error that says what to install."""
    return SettingsError(
        "type", "ASR", 'needs meegkit to learn from a baseline: pip install "psychopy-nfb[asr]"'
    )
