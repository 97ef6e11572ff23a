"""Whether each channel can be used, judged from its last seconds, before a run begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychopy_nfb.dsp.step import SignalInfo

WINDOW_SECONDS = 2.0
FLAT_UV = 0.05
"""A smaller standard deviation is no electrode on a head: amplifier noise alone is larger."""
LARGE_UV = 75.0
"""EEG at rest stays within this for three quarters of the time; a blink lasts much shorter."""
LINE_UV, LINE_SHARE = 5.0, 0.5
"""The mains are told when they are both large and most of what there is."""
MUSCLE_UV = 15.0
MUSCLE_BAND = (65.0, 95.0)
MAINS_HZ = (50.0, 60.0)
VALID_UV = 1e6


@dataclass(frozen=True)
class ChannelVerdict:
    """One channel's state."""

    label: str
    """Of the channel."""
    good: bool
    """Whether it can be used."""
    reason: str
    """Why not, in a few words with the number; empty for a good one."""


class ChannelQuality:
    """Judges channels by their last two seconds.

    Parameters
    ----------
    info : SignalInfo
        Channels and rate.

    Examples
    --------
    >>> quality = ChannelQuality(SignalInfo(rate=250.0, labels=("Cz", "Oz")))
    >>> noise = np.random.default_rng(0).standard_normal((500, 2)) * 8
    >>> noise[:, 1] = 3.0
    >>> quality.add(noise)
    >>> [(verdict.label, verdict.reason) for verdict in quality.verdicts()]
    [('Cz', ''), ('Oz', 'flat')]
    """

    def __init__(self, info: SignalInfo):
        self._info = info
        self._window = np.zeros((round(WINDOW_SECONDS * info.rate), info.n_channels))
        self._n_seen = 0

    def add(self, samples: np.ndarray) -> None:
        """Take the next samples, (n, n_channels) in microvolts, as the amplifier sent them."""
        length = len(self._window)
        samples = samples[-length:]
        self._window = np.concatenate((self._window[len(samples) :], samples))
        self._n_seen += len(samples)

    def verdicts(self) -> list[ChannelVerdict]:
        """Return one verdict a channel, in the stream's order; none in the first two seconds."""
        if self._n_seen < len(self._window):
            return []
        window = self._window
        valid = np.abs(window) <= VALID_UV  # False also for what is not a number
        clean = np.where(valid, window, 0.0)
        steps = np.linspace(-1, 1, len(clean))[:, None]
        clean = clean - clean.mean(axis=0)
        clean = clean - steps * (steps * clean).sum(axis=0) / (steps**2).sum()  # slow drift
        power = self._power(clean)
        middle = np.percentile(np.abs(clean), 75, axis=0)
        reasons = []
        for channel in range(self._info.n_channels):
            reasons.append(
                "no valid samples"
                if not valid[:, channel].all()
                else "flat"
                if window[:, channel].std() < FLAT_UV
                else self._noise(power[:, channel])
                or (f"large, ±{middle[channel]:.0f} uV" if middle[channel] > LARGE_UV else "")
            )
        return [
            ChannelVerdict(label, not reason, reason)
            for label, reason in zip(self._info.labels, reasons, strict=True)
        ]

    def _power(self, clean: np.ndarray) -> np.ndarray:
        """Return the power of each frequency and channel, whose sum is the variance."""
        taper = np.hanning(len(clean))[:, None]
        spectrum = np.abs(np.fft.rfft(clean * taper, axis=0)) ** 2
        spectrum[1:] *= 2
        return spectrum / (len(clean) * (taper**2).sum())

    def _noise(self, power: np.ndarray) -> str:
        """Return which noise drowns the channel, in words; empty if none does."""
        rate = self._info.rate
        frequencies = np.fft.rfftfreq(len(self._window), 1 / rate)
        total = power[frequencies >= 1.0].sum()
        for mains in MAINS_HZ:
            line = power[np.abs(frequencies - mains) <= 1.0].sum()
            if mains < rate / 2 and line > LINE_UV**2 and line > LINE_SHARE * total:
                return f"{mains:.0f} Hz noise, {100 * line / total:.0f} %"
        low, high = MUSCLE_BAND
        muscle = power[(frequencies >= low) & (frequencies <= min(high, rate / 2))].sum()
        if muscle > MUSCLE_UV**2:
            return f"muscles or noise, {np.sqrt(muscle):.0f} uV"
        return ""
