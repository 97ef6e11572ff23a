"""Whether each channel can be used, judged from its last seconds, before a run begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from psychopy_nfb.channels import EEG, VOLTAGES
from psychopy_nfb.dsp.artifact import INPUT_UV
from psychopy_nfb.dsp.channel_verdict import ChannelVerdict
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.dsp.step import SignalInfo

WINDOW_SECONDS = 2.0
FLAT_UV = 0.05
"""A smaller standard deviation is no electrode on a head: amplifier noise alone is larger."""
LARGE_UV = 75.0
"""EEG at rest stays within this for three quarters of the time; a blink lasts much shorter."""
SLOW_HZ, SLOW_SHARE = 4.0, 0.5
"""What is large and mostly below this is movement, sweat or a loose electrode."""
LINE_UV, LINE_SHARE = 5.0, 0.5
"""Mains noise is reported when it is both large and most of the signal."""
MUSCLE_UV = 15.0
MUSCLE_BAND = (65.0, 95.0)
MAINS_HZ = (50.0, 60.0)
NEIGHBOURS = 4
LARGER, WEAKER = 5.0, 0.125
"""Times the middle amplitude of the nearest channels."""
TRACE_BINS = 50
"""Stretches of the window of which a trace shows the smallest and the largest value."""
TRACE_UV = 3000
"""A trace goes no further, so that its numbers stay short."""


class ChannelQuality:
    """Judges channels by their last two seconds.

    A channel is good when none of these is found, the first that is found names the fault:

    - no valid values: not a number, or beyond 1 V;
    - flat: standard deviation below 0.05 µV;
    - mains hum: at 50 or 60 Hz more than 5 µV, and more than half of the power above 1 Hz;
    - muscles or noise: more than 15 µV between 65 and 95 Hz;
    - large slow swings: beyond ±75 µV in more than a quarter of the time, without linear drift, and
      most of it below 4 Hz, as by movement, sweat and loose electrodes;
    - larger than EEG: the same, but faster;
    - larger or weaker than its neighbours: the value that three quarters of the time stay within
      is more than 5 times, or less than an eighth of, the median of the four nearest channels.

    All levels but those of neighbours are root mean squares. Amplifiers that sample at 128 Hz or
    less have no muscle band, and at 100 Hz or less no mains. Electrodes of eyes, heart and muscles
    are judged by the first three only; channels that are no electrode are not judged at all. In
    three minutes of rest of each of eight people (19 channels, cleaned by their authors) at most
    0.08 % of the verdicts were faults; in four minutes of an uncleaned task recording (32 channels)
    0.2 %, most of them mains hum of an eye electrode.

    Parameters
    ----------
    info : SignalInfo
        Channels with their kinds, and rate.
    within : mapping of str: str, optional
        By label, what channels enter together with others; see `ChannelVerdict.within`.

    References
    ----------
    The kinds of fault (invalid or flat, amplitude that deviates, noise above the EEG, each by
    robust measures) are those of the PREP pipeline: Bigdely-Shamlo et al. 2015,
    https://doi.org/10.3389/fninf.2015.00016. It judges whole recordings by comparison with the
    other channels; the limits in microvolts here are this package's own.

    Examples
    --------
    >>> quality = ChannelQuality(SignalInfo(rate=250.0, labels=("Cz", "Oz")))
    >>> noise = np.random.default_rng(0).standard_normal((500, 2)) * 8
    >>> noise[:, 1] = 3.0
    >>> quality.add(noise)
    >>> [(verdict.label, verdict.reason) for verdict in quality.verdicts()]
    [('Cz', ''), ('Oz', 'flat')]
    """

    def __init__(self, info: SignalInfo, within: Mapping[str, str] | None = None):
        self._info = info
        self._within = within or {}
        self._kinds = [info.kinds.get(label, EEG) for label in info.labels]
        self._ring = np.zeros((round(WINDOW_SECONDS * info.rate), info.n_channels))
        self._frequencies = np.fft.rfftfreq(len(self._ring), 1 / info.rate)
        self._n_seen = 0
        self._neighbours = _neighbours(info)

    def add(self, samples: np.ndarray) -> None:
        """Take the next samples, (n, n_channels) in microvolts, as the amplifier sent them."""
        length = len(self._ring)
        self._n_seen += max(0, len(samples) - length)
        samples = samples[-length:]
        at = self._n_seen % length
        first = min(len(samples), length - at)
        self._ring[at : at + first] = samples[:first]
        self._ring[: len(samples) - first] = samples[first:]
        self._n_seen += len(samples)

    def verdicts(self) -> list[ChannelVerdict]:
        """Return one verdict a channel, in the stream's order; none in the first two seconds."""
        if self._n_seen < len(self._ring):
            return []
        clean, valid = self._clean()
        power = self._power(clean)
        amplitude = clean.std(axis=0)
        middle = np.percentile(np.abs(clean), 75, axis=0)
        usable = valid & (amplitude >= FLAT_UV)
        verdicts = []
        for channel, (label, kind) in enumerate(zip(self._info.labels, self._kinds, strict=True)):
            said = {"label": label, "amplitude": round(float(amplitude[channel]), 2)}
            said["within"] = self._within.get(label, "")
            if kind not in VOLTAGES:
                said["judged"] = False
            elif not valid[channel]:
                said["fault"] = "no valid values"
            elif not usable[channel]:
                said["fault"] = "flat"
            elif hum := self._hum(power[:, channel]):
                said.update(fault="mains hum", **hum)
            elif kind == EEG:
                said.update(self._eeg_fault(channel, power[:, channel], amplitude, middle, usable))
            verdicts.append(ChannelVerdict(**said))
        return verdicts

    def traces(self) -> list[list[int]]:
        """Return the last two seconds of each channel in tenths of a microvolt, few points each.

        Each fiftieth of the two seconds gives its smallest and its largest value in the order in
        which they came, so that no hum or spike is lost between points; slow drift is removed.
        Empty in the first two seconds.
        """
        if self._n_seen < len(self._ring):
            return []
        clean, _ = self._clean()
        n_bins = min(TRACE_BINS, len(clean) // 2)
        edges = np.linspace(0, len(clean), n_bins + 1).astype(int)
        points = np.empty((2 * n_bins, clean.shape[1]))
        for number, (first, last) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            part = clean[first:last]
            rising = part.argmin(axis=0) < part.argmax(axis=0)
            low, high = part.min(axis=0), part.max(axis=0)
            points[2 * number] = np.where(rising, low, high)
            points[2 * number + 1] = np.where(rising, high, low)
        np.clip(points, -TRACE_UV, TRACE_UV, out=points)
        return np.rint(10 * points.T).astype(int).tolist()

    def _clean(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the window in order of time without linear drift, and which channels are valid."""
        window = np.roll(self._ring, -(self._n_seen % len(self._ring)), axis=0)
        valid = np.abs(window) <= INPUT_UV  # False also for what is not a number
        clean = np.where(valid, window, 0.0)
        steps = np.linspace(-1, 1, len(clean))[:, None]
        clean -= clean.mean(axis=0)
        clean -= steps * (steps * clean).sum(axis=0) / (steps**2).sum()
        return clean, valid.all(axis=0)

    def _power(self, clean: np.ndarray) -> np.ndarray:
        """Return the power of each frequency and channel, whose sum is the variance."""
        taper = np.hanning(len(clean))[:, None]
        spectrum = np.abs(np.fft.rfft(clean * taper, axis=0)) ** 2
        spectrum[1:] *= 2
        return spectrum / (len(clean) * (taper**2).sum())

    def _hum(self, power: np.ndarray) -> dict[str, Any]:
        """Return which mains drown the channel and how strong they are; empty if none do."""
        frequencies = self._frequencies
        total = power[frequencies >= 1.0].sum()
        for mains in MAINS_HZ:
            line = power[np.abs(frequencies - mains) <= 1.0].sum()
            above = mains >= self._info.rate / 2
            if not above and line > LINE_UV**2 and line > LINE_SHARE * total:
                return {"detail": f"{mains:.0f} Hz", "level": round(float(np.sqrt(line)), 2)}
        return {}

    def _eeg_fault(
        self,
        channel: int,
        power: np.ndarray,
        amplitude: np.ndarray,
        middle: np.ndarray,
        usable: np.ndarray,
    ) -> dict[str, Any]:
        """Return what makes an electrode on the head bad, with its level; empty if nothing does."""
        frequencies = self._frequencies
        muscle = power[(frequencies >= MUSCLE_BAND[0]) & (frequencies <= MUSCLE_BAND[1])].sum()
        if muscle > MUSCLE_UV**2:
            return {"fault": "muscles or noise", "level": round(float(np.sqrt(muscle)), 2)}
        level = round(float(amplitude[channel]), 2)
        if middle[channel] > LARGE_UV:
            slow = power[frequencies < SLOW_HZ].sum() > SLOW_SHARE * power.sum()
            return {"fault": "large slow swings" if slow else "larger than EEG", "level": level}
        near = [one for one in self._neighbours[channel] if usable[one]]
        if len(near) == NEIGHBOURS:
            usual = np.median(middle[near])
            if middle[channel] > LARGER * usual:
                return {"fault": "larger than its neighbours", "level": level}
            if middle[channel] < WEAKER * usual:
                return {"fault": "weaker than its neighbours", "level": level}
        return {}


def _neighbours(info: SignalInfo) -> list[list[int]]:
    """Return for each channel the nearest EEG channels whose places are known, if there are 4."""
    places = {**standard_positions(info.labels), **info.positions}
    known = [number for number in info.eeg if info.labels[number] in places]
    found = []
    for number, label in enumerate(info.labels):
        others = [one for one in known if one != number] if number in known else []
        here = np.array(places.get(label, (0, 0, 0)))
        others.sort(key=lambda one: np.linalg.norm(np.array(places[info.labels[one]]) - here))
        found.append(others[:NEIGHBOURS])
    return found
