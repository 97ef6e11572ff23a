"""Linear filters one after the other, for blocks of one sample as for long ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import signal

SHORT = 40
"""Up to so many products a block is filtered in plain numbers: for a section of second order and
one channel up to 20 samples. There `scipy.signal.lfilter`, 6 us a call in a loop and 15 to 40 after
a pause, costs more than that."""

State = Sequence[Sequence[float]] | np.ndarray
"""What is left of the samples before, (n_channels, order)."""


class Cascade:
    """Sections of numerator and denominator, each with a state of its own.

    They run as transposed direct form II, as in scipy, with the same outcome to the last digit.

    Parameters
    ----------
    sections : sequence of (ndarray, ndarray)
        Numerator and denominator of each, in falling powers of z; the denominator begins with 1.

    Examples
    --------
    >>> mean_of_two = Cascade([(np.array([0.5, 0.5]), np.array([1.0, 0.0]))])
    >>> mean_of_two.begin(n_channels=1)
    >>> mean_of_two.process(np.array([[2.0], [4.0], [6.0]])).tolist()
    [[1.0], [3.0], [5.0]]
    """

    def __init__(self, sections: Sequence[tuple[np.ndarray, np.ndarray]]):
        self._sections = list(sections)
        self._plain = [_plain(*section) for section in sections]
        self._products = sum(section.order for section in self._plain)  # a sample and channel
        self._states: list[State] = []

    @classmethod
    def of_sections(cls, sos: np.ndarray) -> Cascade:
        """Return the cascade of second-order sections, (n_sections, 6), as scipy designs them.

        `scipy.signal.sosfilt` takes 35 us a call for a block of one sample.
        """
        return cls([(section[:3], section[3:]) for section in sos])

    @property
    def begun(self) -> bool:
        """Whether there is a state to go on from."""
        return bool(self._states)

    def begin(self, n_channels: int) -> None:
        """Begin after zeros."""
        self._states = [np.zeros((n_channels, section.order)) for section in self._plain]

    def begin_settled(self, first: np.ndarray, settled: Sequence[np.ndarray]) -> None:
        """Begin as if `first`, (n_channels,), had always been there.

        `settled` are the states of the sections after a signal that was 1 for ever, (order,) each.
        """
        self._states = [np.outer(first, state) for state in settled]

    def reset(self) -> None:
        """Forget all samples seen."""
        self._states = []

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Filter the next samples, (n, n_channels)."""
        if samples.size * self._products <= SHORT:
            return self._filter_short(samples)
        for index, (numerator, denominator) in enumerate(self._sections):
            state = np.asarray(self._states[index])
            samples, left = signal.lfilter(numerator, denominator, samples, axis=0, zi=state.T)
            self._states[index] = left.T
        return samples

    def process_one(self, value: float) -> float:
        """Filter the next sample of the one channel there is."""
        if self._products > SHORT:
            return float(self.process(np.array([[value]]))[0, 0])
        rows = [[value]]
        self._run(rows)
        return rows[0][0]

    def _filter_short(self, samples: np.ndarray) -> np.ndarray:
        rows = samples.tolist()
        self._run(rows)
        return np.array(rows)

    def _run(self, rows: list[list[float]]) -> None:
        """Filter rows of plain numbers in place."""
        for index, section in enumerate(self._plain):
            state = self._states[index]
            if isinstance(state, np.ndarray):
                state = self._states[index] = state.tolist()
            for channel, left in enumerate(state):
                state[channel] = section.run(section, rows, channel, left)


class _Plain(NamedTuple):
    """A section in plain numbers."""

    b0: float
    b: list[float]
    """What follows it in the numerator, as many as in the denominator."""
    a: list[float]
    order: int
    run: Callable[[_Plain, list[list[float]], int, Sequence[float]], Sequence[float]]
    """Filters one channel of rows in place, from a state; returns the state that is left."""


def _plain(numerator: np.ndarray, denominator: np.ndarray) -> _Plain:
    order = max(len(numerator), len(denominator)) - 1
    b = np.pad(numerator, (0, order + 1 - len(numerator))).tolist()
    a = np.pad(denominator, (0, order + 1 - len(denominator))).tolist()
    if order == 2:
        run = _run_second_order
    elif any(a[1:]):
        run = _run
    else:
        run = _run_equal_taps if len(set(b)) == 1 else _run_taps
    return _Plain(b[0], b[1:], a[1:], order, run)


def _run(
    section: _Plain, rows: list[list[float]], channel: int, state: Sequence[float]
) -> Sequence[float]:
    for row in rows:
        x = row[channel]
        y = row[channel] = section.b0 * x + state[0]
        parts = zip([*state[1:], 0.0], section.b, section.a, strict=True)
        state = [z + b * x - a * y for z, b, a in parts]
    return state


def _run_taps(
    section: _Plain, rows: list[list[float]], channel: int, state: Sequence[float]
) -> Sequence[float]:
    for row in rows:
        x = row[channel]
        row[channel] = section.b0 * x + state[0]
        state = [z + b * x for z, b in zip([*state[1:], 0.0], section.b, strict=True)]
    return state


def _run_equal_taps(
    section: _Plain, rows: list[list[float]], channel: int, state: Sequence[float]
) -> Sequence[float]:
    for row in rows:
        share = section.b0 * row[channel]  # of a mean: half the time that other taps take
        row[channel] = share + state[0]
        state = [z + share for z in state[1:]]
        state.append(share)
    return state


def _run_second_order(
    section: _Plain, rows: list[list[float]], channel: int, state: Sequence[float]
) -> Sequence[float]:
    b0, (b1, b2), (a1, a2) = section.b0, section.b, section.a  # 0.3 us a sample, not 1.6
    z1, z2 = state
    for row in rows:
        x = row[channel]
        y = row[channel] = b0 * x + z1
        z1 = z2 + b1 * x - a1 * y
        z2 = b2 * x - a2 * y
    return z1, z2
