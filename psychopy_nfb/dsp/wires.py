"""Artifacts of movement in a magnet, regressed out with the signals of carbon-wire loops."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import signal
from scipy.linalg import blas

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_channels, check_number
from psychopy_nfb.dsp.filters import HighPass
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

ROWS_AT_ONCE = 8
"""Rows of regressors that are added to the normal equations together: a tenth of the time of one
by one, and still no peak."""
RIDGE = 1e-8
"""Ridge of the normal equations, as a share of their mean diagonal."""
MOST_REGRESSORS = 2000
"""Wires times lags: the matrix of their products has as many rows and columns."""


@dataclass
class CarbonWireLoops(Step):
    """Subtracts what wires on the cap see of pulse and movement, through lags in both directions.

    Each EEG channel, delayed by `lag`, is regressed on all wires from `lag` before to `lag` after;
    in Hann windows, two at a time that overlap by half. The coefficients of a window are used two
    half windows later, in the window that starts then.

    Notes
    -----
    The normal equations are solved by a Cholesky factorisation of which each sample pays one
    column. So no sample ever waits for a solver, and the same samples give the same output on any
    machine.

    References
    ----------
    .. [1] J. N. van der Meer, A. Pampel, E. J. W. Van Someren, J. R. Ramautar, Y. D. van der Werf,
       G. Gomez-Herrero, J. Lepsien, L. Hellrung, H. Hinrichs, H. E. Moeller, M. Walter,
       "Carbon-wire loop based artifact correction outperforms post-processing EEG/fMRI
       corrections", NeuroImage 125, 880-894, 2016.
    """

    wires: list[str] = field(default_factory=list)
    """Labels of the wires' channels; they pass delayed and are not changed."""
    exclude: list[str] = field(default_factory=list)
    """Labels of other channels that nothing is subtracted from; triggers and others that are no
    voltage need not be named."""
    lag: float = 0.05
    """Seconds by which a wire may lead or follow an electrode; also the step's delay."""
    window: float = 6.0
    """Length of the Hann windows in seconds."""
    cutoff: float | None = None
    """In Hz: fit, and subtract, what is above it; None for all."""

    def __post_init__(self) -> None:
        check_number("lag", self.lag, above=0, unit="s")
        check_number("window", self.window, above=0, unit="s")
        if self.cutoff is not None:
            check_number("cutoff", self.cutoff, above=0, unit="Hz")
        if not self.wires:
            raise SettingsError("wires", self.wires, "name the channels of the wire loops")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._wires = check_channels("wires", self.wires, info.labels)
        kept = {*self._wires, *check_channels("exclude", self.exclude, info.labels)}
        self._eeg = [index for index in info.voltages if index not in kept]
        if not self._eeg:
            raise SettingsError("wires", self.wires, "leaves no channel to subtract from")
        self._n_channels = info.n_channels
        self._half_lag = check_length("lag", self.lag, info.rate, channels=info.n_channels)
        self._n_lags = 2 * self._half_lag + 1
        self._n_regressors = len(self._wires) * self._n_lags
        n = info.n_channels
        self._half_window = check_length("window", self.window, info.rate, channels=n) // 2
        if self._n_regressors > MOST_REGRESSORS:
            raise SettingsError(
                "lag",
                self.lag,
                f"gives {self._n_regressors} regressors at {info.rate:g} Hz, and at most "
                f"{MOST_REGRESSORS} can be fitted; use a shorter lag or fewer wires",
            )
        if self._half_window < 2 * self._n_regressors:
            needed = 4 * self._n_regressors / info.rate
            raise SettingsError(
                "window",
                self.window,
                f"is too short for {self._n_regressors} regressors at {info.rate:g} Hz; use "
                f"{needed:.1f} s or more, a shorter lag or fewer wires",
            )
        # An odd window's last weight is 0: it is left to the next one.
        self._weights = signal.windows.hann(2 * self._half_window + 1)[:-1]
        self._highpass = None if self.cutoff is None else HighPass(self.cutoff, order=1)
        if self._highpass is not None:
            self._highpass.prepare(info)
        self.declared_delay: float = self._half_lag / info.rate
        # Until a window is over, its coefficients are found and the next but one has begun.
        self.settle: float = 4 * self._half_window / info.rate
        self.reset()
        return info

    def reset(self) -> None:
        self._raw = np.zeros((self._half_lag, self._n_channels))
        self._lagged = np.zeros((self._n_lags - 1, self._n_channels))
        if self._highpass is not None:
            self._highpass.reset()
        self._solver: _Cholesky | None = None
        self._newest = np.zeros((self._n_regressors, len(self._eeg)))
        self._tracks = [self._track(0), self._track(-self._half_window)]

    def _track(self, start: int) -> _Track:
        return _Track(start, self._n_regressors, len(self._eeg))

    def process(self, samples: np.ndarray) -> np.ndarray:
        n = len(samples)
        if n == 0:
            return samples
        raw = np.concatenate((self._raw, samples))
        self._raw = raw[n:]
        smooth = samples if self._highpass is None else self._highpass.process(samples)
        lagged = np.concatenate((self._lagged, smooth))
        self._lagged = lagged[n:]
        out = raw[:n].copy()
        for row in range(n):
            past = lagged[row : row + self._n_lags]
            regressors = past[:, self._wires].T.ravel()
            out[row, self._eeg] -= self._fitted(regressors, past[self._half_lag, self._eeg])
        return out

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        out = inputs.copy()
        wires = np.abs(inputs[:, self._wires]).sum(axis=1, keepdims=True)
        out[:, self._eeg] = np.abs(inputs[:, self._eeg]) + wires
        return out

    def _fitted(self, regressors: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Take in one sample; return what of it is the wires'."""
        if self._solver is not None and self._solver.advance():
            self._newest, self._solver = self._solver.solution, None
        fitted = np.zeros(len(wanted))
        for track in self._tracks:
            track.at += 1
            if track.at <= 0:
                continue
            if track.at == 1:
                track.coefficients = self._newest
            weight = self._weights[track.at - 1]
            fitted += weight * (regressors @ track.coefficients)
            track.add(weight, regressors, wanted)
            if track.at == len(self._weights):
                self._solver = _Cholesky(*track.equations())
                track.at = 0
        return fitted


class _Track:
    """Windows, one after the other, and the normal equations of the present one."""

    def __init__(self, start: int, n_regressors: int, n_channels: int):
        self.at = start
        """Samples of the window that have been seen; below 0 before the first one."""
        self.coefficients = np.zeros((n_regressors, n_channels))
        self._shape = n_regressors, n_channels
        self._rows = np.zeros((ROWS_AT_ONCE, n_regressors))
        self._targets = np.zeros((ROWS_AT_ONCE, n_channels))
        self._n = 0
        self._begin()

    def _begin(self) -> None:
        n_regressors, n_channels = self._shape
        self._gram = np.zeros((n_regressors, n_regressors), order="F")
        self._crossed = np.zeros((n_regressors, n_channels))

    def add(self, weight: float, regressors: np.ndarray, wanted: np.ndarray) -> None:
        """Add one weighted row."""
        np.multiply(regressors, weight, out=self._rows[self._n])
        np.multiply(wanted, weight, out=self._targets[self._n])
        self._n += 1
        if self._n == ROWS_AT_ONCE:
            self._add_rows()

    def _add_rows(self) -> None:
        rows, targets = self._rows[: self._n], self._targets[: self._n]
        self._gram = blas.dsyrk(1.0, rows.T, 1.0, self._gram, lower=1, overwrite_c=1)
        self._crossed += rows.T @ targets
        self._n = 0

    def equations(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the window's normal equations, the lower triangle of the first, and begin anew."""
        self._add_rows()
        found = self._gram, self._crossed
        self._begin()
        return found


class _Cholesky:
    """Solves positive definite equations, one column at a time.

    Parameters
    ----------
    gram : ndarray, shape (m, m)
        Its lower triangle.
    crossed : ndarray, shape (m, n)
        Right-hand sides.
    """

    def __init__(self, gram: np.ndarray, crossed: np.ndarray):
        ridge = RIDGE * float(np.trace(gram)) / len(gram)
        self._empty = not ridge > 0  # wires that are not connected
        self._gram, self._ridge = gram, ridge
        self._lower = np.zeros(gram.shape)
        self._between = crossed.copy()
        self.solution = np.zeros(crossed.shape)
        self._at = 0

    def advance(self) -> bool:
        """Do one column more; return whether `solution` is complete."""
        size, lower = len(self._gram), self._lower
        if self._empty:
            return True
        if self._at < size:
            at = self._at
            column = self._gram[at:, at] - lower[at:, :at] @ lower[at, :at]
            pivot = np.sqrt(max(column[0] + self._ridge, self._ridge))
            lower[at + 1 :, at] = column[1:] / pivot
            lower[at, at] = pivot
            self._between[at] -= lower[at, :at] @ self._between[:at]
            self._between[at] /= pivot
        else:
            at = 2 * size - 1 - self._at
            rest = self._between[at] - lower[at + 1 :, at] @ self.solution[at + 1 :]
            self.solution[at] = rest / lower[at, at]
        self._at += 1
        return self._at == 2 * size
