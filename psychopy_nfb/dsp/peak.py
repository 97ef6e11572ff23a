"""The frequency of a person's own rhythm."""

from __future__ import annotations

import numpy as np
from scipy import signal

from psychopy_nfb.checks import check_band
from psychopy_nfb.dsp.whole import calmed
from psychopy_nfb.errors import SettingsError

SEARCHED = (7.0, 13.0)
"""Where an alpha peak is looked for, in Hz."""
WINDOW_SECONDS = 4.0
FITTED = (2.0, 40.0)
"""Hz between which the background's slope is fitted."""
LEAST_PROMINENCE = 1.25
"""Power of the peak over the background below which it may be chance."""


def individual_frequency(
    samples: np.ndarray, rate: float, search: tuple[float, float] = SEARCHED
) -> float:
    """Return the frequency in Hz at which a rhythm stands out most from its background.

    Parameters
    ----------
    samples : ndarray, shape (n,) or (n, n_channels)
        A recording at rest, best with eyes closed; channels are averaged.
    rate : float
        Samples per second.
    search : (float, float)
        In Hz.

    Raises
    ------
    SettingsError
        If the recording is shorter than twelve seconds, or no peak stands out.

    Notes
    -----
    Welch's spectrum of 4 s windows, each without its linear drift, and without jumps and large
    artifacts; divided by a straight line in log-log coordinates that is fitted to what lies outside
    of `search`; its highest point in there, refined by a parabola through the logarithms of its
    neighbours (after Klimesch 1999, with the background removed as by Donoghue et al. 2020).

    References
    ----------
    .. [1] W. Klimesch, "EEG alpha and theta oscillations reflect cognitive and memory performance",
       Brain Research Reviews 29, 169-195, 1999.
    .. [2] T. Donoghue et al., "Parameterizing neural power spectra into periodic and aperiodic
       components", Nature Neuroscience 23, 1655-1665, 2020.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> t = np.arange(60 * 250) / 250
    >>> noisy = 5 * np.sin(2 * np.pi * 9.3 * t) + random.standard_normal(len(t)).cumsum() / 9
    >>> round(individual_frequency(noisy, 250.0), 1)
    9.3
    """
    low, high = check_band("search", search, rate)
    samples = np.asarray(samples, dtype=float)
    if len(samples) < 3 * WINDOW_SECONDS * rate:
        raise SettingsError(
            "recording",
            f"{len(samples) / rate:.1f} s",
            f"is too short for a peak; record {3 * WINDOW_SECONDS:g} s or more at rest",
        )
    window = round(WINDOW_SECONDS * rate)
    # Four times as fine as the window alone would be, so that the parabola has close neighbours.
    frequencies, power = signal.welch(
        calmed(samples.reshape(len(samples), -1), rate).bridged(),
        rate,
        nperseg=window,
        nfft=4 * window,
        detrend="linear",
        axis=0,
    )
    power = power.mean(axis=1)
    inside = (frequencies >= low) & (frequencies <= high)
    around = (frequencies >= FITTED[0]) & (frequencies <= min(FITTED[1], 0.4 * rate)) & ~inside
    if not power[inside].min() > 0:
        raise SettingsError("recording", "flat", "has no spectrum; check the electrode")
    line = np.polyfit(np.log(frequencies[around]), np.log(power[around]), 1)
    above = np.log(power[inside]) - np.polyval(line, np.log(frequencies[inside]))
    at = int(np.argmax(above))
    if not 0 < at < len(above) - 1 or above[at] < np.log(LEAST_PROMINENCE):
        raise SettingsError(
            "search",
            list(search),
            "holds no peak in this recording; record with eyes closed, use another channel, or "
            "keep to a fixed band",
        )
    left, middle, right = above[at - 1 : at + 2]
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    found = frequencies[inside]
    return float(found[at] + shift * (found[1] - found[0]))


def band_around(frequency: float, width: float) -> tuple[float, float]:
    """Return the band of `width` Hz around `frequency`, to a hundredth of a Hz.

    Examples
    --------
    >>> band_around(9.314, 4)
    (7.31, 11.31)
    """
    return round(frequency - width / 2, 2), round(frequency + width / 2, 2)
