"""Independent components: those that blinks make are found and left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import signal

from psychopy_nfb.checks import check_channels
from psychopy_nfb.dsp.channels import SpatialFilter
from psychopy_nfb.dsp.spatial import SINGULAR, SpatialFit, checked, without_components
from psychopy_nfb.errors import FileError, SettingsError

BLINK_BAND = (1.0, 10.0)
"""Hz in which a component is compared with the eyes' channel."""
ALIKE = 0.6
"""Correlation with the eyes' channel from which a component is the eyes'."""


def ica(samples: np.ndarray, rate: float, labels: Sequence[str], seed: int = 0) -> SpatialFit:
    """Return a recording's independent components, the strongest one first.

    Extended infomax (Lee, Girolami and Sejnowski 1999) as MNE-Python has it.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        At least some minutes, without large artifacts other than those to be found.
    rate : float
        Samples per second; for the high-pass of 1 Hz that comes first.
    labels : sequence of str
    seed : int
        Of the order in which samples are learned from; the same gives the same components.

    Raises
    ------
    SettingsError
        If the recording cannot be used.
    FileError
        If MNE-Python is not installed.
    """
    try:
        from mne.preprocessing import infomax
    except ImportError:
        raise FileError("method", "ica", 'needs MNE: pip install "psychopy-nfb[files]"') from None
    samples = checked(samples, labels)
    sos = signal.butter(2, BLINK_BAND[0], "highpass", fs=rate, output="sos")
    centred = signal.sosfiltfilt(sos, samples - samples.mean(axis=0), axis=0)
    powers, directions = np.linalg.eigh(np.cov(centred.T))
    kept = powers > SINGULAR * powers[-1]
    whitening = directions[:, kept] / np.sqrt(powers[kept])
    unmixing = infomax(
        centred @ whitening, extended=True, rng=np.random.RandomState(seed), verbose="ERROR"
    )
    weights = whitening @ unmixing.T
    weights /= (centred @ weights).std(axis=0)
    patterns = np.linalg.pinv(weights).T
    strength = np.square(patterns).sum(axis=0)
    order = np.argsort(-strength)
    return SpatialFit(tuple(labels), weights[:, order], patterns[:, order], strength[order])


def reject_blinks(
    samples: np.ndarray, rate: float, labels: Sequence[str], eyes: Sequence[str], seed: int = 0
) -> tuple[SpatialFilter, SpatialFit, list[int]]:
    """Return a step that frees all channels of blinks, the components, and which were the eyes'.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        A recording with blinks.
    rate : float
        Samples per second.
    labels : sequence of str
    eyes : sequence of str
        Channels that show the eyes best: an EOG, or Fp1 and Fp2.
    seed : int
        As of `ica`.

    Raises
    ------
    SettingsError
        If no component is the eyes', or as of `ica`.
    """
    places = check_channels("eyes", eyes, labels)
    fit = ica(samples, rate, labels, seed)
    sos = signal.butter(2, BLINK_BAND, "bandpass", fs=rate, output="sos")
    slow = signal.sosfiltfilt(sos, np.asarray(samples, dtype=float), axis=0)
    n_eyes = len(places)
    alike = np.abs(np.corrcoef(slow[:, places].T, (slow @ fit.weights).T)[:n_eyes, n_eyes:])
    rejected = np.flatnonzero(alike.max(axis=0) >= ALIKE).tolist()
    if not rejected:
        raise SettingsError(
            "eyes",
            list(eyes),
            f"are similar to no component (highest correlation {alike.max():.2f}); name the "
            "channels nearest to the eyes, or record more blinks",
        )
    return without_components(fit, rejected), fit, rejected
