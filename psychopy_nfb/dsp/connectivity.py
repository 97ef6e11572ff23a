"""Coupling between rhythms: of two sites, and of a slow and a fast rhythm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from psychopy_nfb.budget import MOST_CHANNELS, check_count
from psychopy_nfb.checks import check_band, check_channels, check_choice, check_number
from psychopy_nfb.dsp.fir import CFIR
from psychopy_nfb.dsp.smooth import ExponentialAverage
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

MEASURES = ("coherence", "imaginary", "plv", "wpli")


@dataclass
class Connectivity(Step):
    """Coupling between the rhythms of pairs of channels, 0 to 1, by running averages.

    With z and w the analytic signals of a pair and E the average over `memory`: ``"coherence"`` is
    |E[z w*]| / sqrt(E[z z*] E[w w*]), ``"imaginary"`` has the absolute imaginary part of that in
    place of its modulus, ``"plv"`` is |E[z w* / |z w|]|, and ``"wpli"`` is
    |E[Im z w*]| / E[|Im z w*|]. The second and the last one see nothing of what two sites share
    without delay, as by volume conduction or a common reference.

    References
    ----------
    .. [1] G. Nolte, O. Bai, L. Wheaton, Z. Mari, S. Vorbach, M. Hallett, "Identifying true brain
       interaction from EEG data using the imaginary part of coherency", Clinical Neurophysiology
       115, 2292-2307, 2004.
    .. [2] J.-P. Lachaux, E. Rodriguez, J. Martinerie, F. J. Varela, "Measuring phase synchrony in
       brain signals", Human Brain Mapping 8, 194-208, 1999.
    .. [3] M. Vinck, R. Oostenveld, M. van Wingerden, F. Battaglia, C. M. A. Pennartz, "An improved
       index of phase-synchronization for electrophysiological data in the presence of
       volume-conduction, noise and sample-size bias", NeuroImage 55, 1548-1565, 2011.

    Examples
    --------
    >>> step = Connectivity(pairs=[["C3", "C4"]])
    >>> step.prepare(SignalInfo(rate=250.0, labels=("C3", "Cz", "C4"))).labels
    ('C3-C4',)
    """

    pairs: list[list[str]] = field(default_factory=list)
    """Pairs of labels; one column each."""
    measure: str = "imaginary"
    """``"coherence"``, ``"imaginary"``, ``"plv"`` or ``"wpli"``."""
    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    delay: float = 0.1
    """Delay of the complex FIR filters that extract the rhythms, in seconds."""
    taps: float = 0.5
    """Their length in seconds."""
    memory: float = 1.0
    """Time constant of the averages in seconds; with a short one, sites that have nothing in common
    look alike too."""

    def __post_init__(self) -> None:
        check_choice("measure", self.measure, MEASURES)
        check_number("memory", self.memory, above=0, unit="s")
        check_count("pairs", self.pairs, MOST_CHANNELS, "pairs")
        self._rhythms = CFIR(self.band, self.delay, self.taps)
        self._average = ExponentialAverage(self.memory)
        if not self.pairs or any(len(pair) != 2 for pair in self.pairs):
            raise SettingsError("pairs", self.pairs, "name pairs of channels, [['C3', 'C4'], …]")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        found = [
            check_channels(f"pairs[{n}]", pair, info.labels) for n, pair in enumerate(self.pairs)
        ]
        self._first, self._second = np.array(found).T
        self._used = sorted({*self._first, *self._second})
        self._rhythms.prepare(info)
        n_sums = {"coherence": 4, "imaginary": 3, "plv": 2, "wpli": 2}[self.measure]
        self._average.prepare(replace(info, labels=("",) * (n_sums * len(found))))
        self.declared_delay: float = self._rhythms.declared_delay + self._average.declared_delay
        self.settle: float = self._rhythms.settle + self._average.settle
        return replace(info, labels=tuple("-".join(pair) for pair in self.pairs), units="")

    def reset(self) -> None:
        self._rhythms.reset()
        self._average.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        analytic = self._rhythms.analytic(samples)
        z, w = analytic[:, self._first], analytic[:, self._second]
        cross = z * w.conj()
        size = np.abs(cross)
        if self.measure == "plv":
            unit = np.divide(cross, size, out=np.zeros_like(cross), where=size > 0)
            real, imaginary = self._averaged(unit.real, unit.imag)
            return np.hypot(real, imaginary)
        if self.measure == "wpli":
            mean, largest = self._averaged(cross.imag, np.abs(cross.imag))
            return _share(np.abs(mean), largest)
        powers = np.abs(z) ** 2, np.abs(w) ** 2
        if self.measure == "imaginary":
            imaginary, *averaged = self._averaged(cross.imag, *powers)
            return _share(np.abs(imaginary), np.sqrt(averaged[0] * averaged[1]))
        real, imaginary, *averaged = self._averaged(cross.real, cross.imag, *powers)
        return _share(np.hypot(real, imaginary), np.sqrt(averaged[0] * averaged[1]))

    def _averaged(self, *parts: np.ndarray) -> list[np.ndarray]:
        return np.split(self._average.process(np.hstack(parts)), len(parts), axis=1)

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        return np.abs(inputs[:, self._first]) + np.abs(inputs[:, self._second])


@dataclass
class PhaseAmplitudeCoupling(Step):
    """How much a fast rhythm's amplitude depends on a slow one's phase, 0 to 1, of each channel.

    |E[A exp(i phi)]| / E[A], with the amplitude A of the fast one, the phase phi of the slow one,
    and E the average over `memory`.

    References
    ----------
    .. [1] R. T. Canolty et al., "High gamma power is phase-locked to theta oscillations in human
       neocortex", Science 313, 1626-1628, 2006.
    """

    phase_band: tuple[float, float] = (4.0, 8.0)
    """Band of the slow rhythm, in Hz."""
    amplitude_band: tuple[float, float] = (30.0, 60.0)
    """Band of the fast rhythm, in Hz; wide enough for its amplitude to follow the slow one."""
    delay: float = 0.1
    """Delay of the complex FIR filters that extract the rhythms, in seconds."""
    taps: float = 0.5
    """Their length in seconds."""
    memory: float = 2.0
    """Time constant of the averages in seconds."""

    def __post_init__(self) -> None:
        check_number("memory", self.memory, above=0, unit="s")
        self._slow = CFIR(self.phase_band, self.delay, self.taps)
        self._fast = CFIR(self.amplitude_band, self.delay, self.taps)
        self._average = ExponentialAverage(self.memory)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        low, high = check_band("amplitude_band", self.amplitude_band, info.rate)
        check_band("phase_band", self.phase_band, info.rate)
        if high - low < 2 * self.phase_band[0] or low <= self.phase_band[1]:
            raise SettingsError(
                "amplitude_band",
                list(self.amplitude_band),
                f"must lie above {self.phase_band[1]:g} Hz and be {2 * self.phase_band[0]:g} Hz "
                "wide, twice the slow rhythm's frequency",
            )
        self._slow.prepare(info)
        self._fast.prepare(info)
        self._average.prepare(replace(info, labels=("",) * (3 * info.n_channels)))
        # The phase is as late as was chosen, a swelling amplitude as late as is declared.
        self.declared_delay: float = self._slow.declared_delay + self._average.declared_delay
        self.settle: float = self._slow.settle + self._average.settle
        return replace(info, units="")

    def reset(self) -> None:
        for part in (self._slow, self._fast, self._average):
            part.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        slow = self._slow.analytic(samples)
        size = np.abs(slow)
        amplitude = np.abs(self._fast.analytic(samples))
        unit = np.divide(slow, size, out=np.zeros_like(slow), where=size > 0)
        parts = np.hstack((amplitude * unit.real, amplitude * unit.imag, amplitude))
        real, imaginary, mean = np.split(self._average.process(parts), 3, axis=1)
        return _share(np.hypot(real, imaginary), mean)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
