"""The EEG's spectrum in each block, and the power of the trained band over the head."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.report.session_data import Block, SessionData
from psychopy_nfb.report.session_eeg import FEWEST_WINDOWS, SessionEEG, windows


def spectrum(
    data: SessionData, eeg: SessionEEG, block: Block, labels: list[str]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the power spectrum of a block: mean over its clean windows, by Welch's method.

    Returns
    -------
    frequencies, power : ndarray
        (n,) in Hz, and (n, n_labels) in µV²/Hz. None if there are too few clean windows.
    """
    begins = windows(data, eeg, block, clean=True)
    if len(begins) < FEWEST_WINDOWS:
        return None
    taper = np.hanning(eeg.window)[:, None]
    total = 0.0
    for begin in begins:
        part = eeg.microvolts(begin, labels) * taper
        total = total + np.abs(np.fft.rfft(part, axis=0)) ** 2
    power = 2 * total / (len(begins) * eeg.rate * (taper**2).sum())
    return np.fft.rfftfreq(eeg.window, 1 / eeg.rate), power


def band_power(frequencies: np.ndarray, power: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """Return the power within a band, (n_labels,) in µV²."""
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    return power[inside].sum(axis=0) * (frequencies[1] - frequencies[0])


def rests(blocks: list[Block]) -> tuple[Block | None, Block | None]:
    """Return the last block without feedback before the training, and the first one after it."""
    trained = [place for place, one in enumerate(blocks) if one.feedback and not one.baseline]
    if not trained:
        return None, None
    before, after = blocks[: trained[0]], blocks[trained[-1] + 1 :]
    return (before[-1] if before else None), (after[0] if after else None)
