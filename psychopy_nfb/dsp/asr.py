"""Artifact subspace reconstruction: bursts go, and what else there is at the time stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy import signal

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_channels, check_number
from psychopy_nfb.dsp.asr_calibration import (
    FEWEST_WINDOWS,
    ASRCalibration,
    calibrated,
    library_is_there,
    without_library,
)
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

LOWEST_RATE = 82.0
"""In Hz: the filter that shapes the spectrum has its last corner above 40 Hz."""


@dataclass
class ASR(Step):
    """Rebuilds channels from each other while a burst many times as large as EEG is in them.

    The last `window` is split into principal components at every `hop`. Components beyond their
    threshold are left out, and what they hid of the EEG is filled in from the others, by the
    covariance that the baseline had. From one hop to the next the old reconstruction is blended
    into the new one. It learns from the baseline (`fit`); before that it gives the samples as they
    are, as late as afterwards.

    Put a HighPass or DCBlock before it, and Reference and Pick after it: an average reference
    leaves a direction empty, and the more channels, the less is lost. Above 300 Hz its filter
    judges low frequencies ever more alike; Decimate first.

    Notes
    -----
    The sample that ends a hop pays for an eigendecomposition, and in a burst for a pseudo-inverse:
    0.15 and 0.4 ms at 32 channels and 250 Hz, 0.5 and 1.1 ms at 64, on one core; all others
    0.03 ms. To learn from a minute takes 1.3 s at 32 channels.

    References
    ----------
    .. [1] T. R. Mullen, C. A. E. Kothe, Y. M. Chi, A. Ojeda, T. Kerth, S. Makeig, T.-P. Jung,
       G. Cauwenberghs, "Real-time neuroimaging and cognitive monitoring using wearable dry EEG",
       IEEE Trans. Biomed. Eng. 62, 2553-2567, 2015.
    .. [2] C.-Y. Chang, S.-H. Hsu, L. Pion-Tonachini, T.-P. Jung, "Evaluation of artifact subspace
       reconstruction for automatic artifact components removal in multi-channel EEG recordings",
       IEEE Trans. Biomed. Eng. 67, 1114-1121, 2020.

    Examples
    --------
    >>> from psychopy_nfb.dsp import ASR, SignalInfo
    >>> step = ASR(cutoff=20.0, lookahead=0.1)
    >>> step.prepare(SignalInfo(rate=250.0, labels=("C3", "Cz", "C4"))).labels
    ('C3', 'Cz', 'C4')
    >>> step.declared_delay
    0.1
    """

    cutoff: float = 20.0
    """Standard deviations of a component's amplitude in clean EEG beyond which it is a burst; 10 is
    strict, 30 spares nearly all EEG (Chang et al. 2020)."""
    window: float = 0.5
    """Seconds over which the covariance is taken."""
    lookahead: float = 0.1
    """Seconds by which samples are given later, so that a burst is known before it comes out: the
    step's delay. Blinks of nine times the EEG's amplitude on 12 channels lose 25 dB with half a
    window, which is usual offline, 24 dB with 0.1 s, 20 dB with 0.06 s and 16 dB with 0.036 s."""
    hop: float = 0.04
    """Seconds between two looks."""
    max_dims: float = 0.66
    """Share of the components that may be left out at once."""
    exclude: list[str] = field(default_factory=list)
    """Labels of bad channels: they pass delayed and are not used. So do those that are no EEG."""
    calibration: ASRCalibration | None = None
    """What was learned; None before."""
    learned: ClassVar[tuple[str, ...]] = ("calibration",)

    def __post_init__(self) -> None:
        check_number("cutoff", self.cutoff, above=0)
        check_number("window", self.window, above=0, unit="s")
        check_number("lookahead", self.lookahead, at_least=0, unit="s")
        check_number("hop", self.hop, above=0, unit="s")
        check_number("max_dims", self.max_dims, above=0, below=1)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        if self.calibration is None and not library_is_there():
            raise without_library()
        rate = info.rate
        if not rate > LOWEST_RATE:
            raise SettingsError(
                "rate", rate, f"must be above {LOWEST_RATE:g} Hz for ASR; decimate after it"
            )
        unused = check_channels("exclude", self.exclude, info.labels)
        self._eeg = [index for index in info.eeg if index not in unused]
        if len(self._eeg) < 2:
            raise SettingsError(
                "exclude",
                self.exclude,
                f"leaves {len(self._eeg)} of {info.n_channels} channels{info.named_not_eeg()}, and "
                "ASR needs 2 or more; put it before the step that picks one",
            )
        self._rate, self._n_channels = rate, info.n_channels
        self._labels = [info.labels[index] for index in self._eeg]
        n = info.n_channels
        self._window = check_length("window", self.window, rate, channels=n)
        self._hop = max(1, check_length("hop", self.hop, rate, channels=n))
        self._late = check_length("lookahead", self.lookahead, rate, channels=n)
        if self._window < max(2, self._hop):
            raise SettingsError("window", self.window, f"must be as long as hop, {self.hop:g} s")
        if not self._hop - 1 <= self._late <= self._window:
            raise SettingsError(
                "lookahead",
                self.lookahead,
                f"must be from {(self._hop - 1) / rate:g} s, a hop less one sample, to "
                f"{self._window / rate:g} s, the window; choose another one, or a shorter hop",
            )
        self._blend = (1 - np.cos(np.pi * np.arange(1, self._hop + 1)[:, None] / self._hop)) / 2
        n_left_out = round(len(self._eeg) * self.max_dims)
        self._n_kept = max(1, len(self._eeg) - n_left_out - 1)  # as all implementations count
        self.declared_delay: float = self._late / rate
        self.settle: float = (self._window + self._late) / rate
        self.shortest_fit: float = FEWEST_WINDOWS * self.window
        self._take_up()
        return info

    def _take_up(self) -> None:
        """Use the calibration, if there is one."""
        kept = self.calibration
        if kept is not None:
            there = (kept.rate, kept.labels, kept.cutoff, kept.window)
            here = (self._rate, self._labels, self.cutoff, self.window)
            for name, one, other in zip(
                ("rate", "channels", "cutoff", "window"), there, here, strict=True
            ):
                if one != other:
                    raise SettingsError(
                        "calibration", f"{name} {one}", f"is not {other}; record a new baseline"
                    )
            self._mixing, self._thresholds = np.array(kept.mixing), np.array(kept.thresholds)
            self._shaping = np.array(kept.shaping)
        self.reset()

    def fit(self, samples: np.ndarray) -> None:
        """Learn from `samples`, (n, n_channels), as they reach this step.

        Windows with artifacts are left out first (meegkit's ``clean_windows``, then its
        ``asr_calibrate``). Half a minute is good, a minute better.

        Raises
        ------
        SettingsError
            If there is too little clean EEG, or the channels do not tell enough apart, or meegkit
            is not installed.
        """
        eeg = np.asarray(samples, dtype=float)[:, self._eeg]
        self.calibration = calibrated(eeg, self._rate, self._labels, self.cutoff, self.window)
        self._take_up()

    def reset(self) -> None:
        self._raw = np.zeros((self._late, self._n_channels))
        if self.calibration is None:
            return
        n = len(self._eeg)
        self._shaped = np.zeros((self._window - 1, n))
        self._state = np.zeros((self._shaping.shape[1] - 1, n))
        self._rebuilding: np.ndarray | None = None
        self._block = np.zeros((self._hop, n))
        self._given = 1  # of the block's samples: the first hop ends with the hop's last sample

    def process(self, samples: np.ndarray) -> np.ndarray:
        n = len(samples)
        raw = np.concatenate((self._raw, samples))
        self._raw = raw[n:]
        if self.calibration is None or n == 0:
            return raw[:n]
        # What is no number would stay in the recursive filter for ever.
        eeg = np.nan_to_num(samples[:, self._eeg], nan=0.0, posinf=0.0, neginf=0.0)
        shaped, self._state = signal.lfilter(*self._shaping, eeg, axis=0, zi=self._state)
        shaped = np.concatenate((self._shaped, shaped))
        self._shaped = shaped[n:]
        out = raw[:n].copy()
        at = 0
        while at < n:
            if self._given == self._hop:
                block = raw[at : at + self._hop, self._eeg]
                self._block = self._cleaned(block, shaped[at : at + self._window])
                self._given = 0
            count = min(n - at, self._hop - self._given)
            part = self._block[self._given : self._given + count]
            out[at : at + count, self._eeg] = part
            self._given, at = self._given + count, at + count
        return out

    def _cleaned(self, block: np.ndarray, shaped: np.ndarray) -> np.ndarray:
        """Return a hop's samples (n_hop, n) as the filtered window (n_window, n) wants them."""
        before, self._rebuilding = self._rebuilding, self._reconstruction(shaped)
        if before is None and self._rebuilding is None:
            return block
        old = block if before is None else block @ before.T
        new = block if self._rebuilding is None else block @ self._rebuilding.T
        return self._blend * new + (1 - self._blend) * old

    def _reconstruction(self, shaped: np.ndarray) -> np.ndarray | None:
        """Return the matrix (n, n) that rebuilds the channels; None where nothing is to be done."""
        powers, directions = np.linalg.eigh(shaped.T @ shaped / len(shaped))
        kept = powers < np.square(self._thresholds @ directions).sum(axis=0)
        kept[: self._n_kept] = True
        if kept.all():
            return None
        seen = directions[:, kept].T
        return self._mixing @ np.linalg.pinv(seen @ self._mixing) @ seen

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        out = inputs.copy()
        out[:, self._eeg] = np.abs(inputs[:, self._eeg]).sum(axis=1, keepdims=True)
        return out
