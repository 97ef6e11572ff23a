"""What gives the next samples of each source of what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.display_value import DisplayValue
from psychopy_nfb.protocol.reward_state import RewardState
from psychopy_nfb.protocol.shown.series import FeedbackSeries, SignalSeries
from psychopy_nfb.protocol.signal_state import SignalState

_GAP = int(Flags.GAP)
_FROM_BASELINE = ("zscore", "percent")


class Own(NamedTuple):
    """What some samples became in the person's own feedback; signals in their order."""

    signals: list[list[float]]
    """Of each signal its pipeline's output."""
    flags: list[list[int]]
    """Of each signal its own flags."""
    rows: list[tuple[float, float, float, float]]
    """Of the first signal, in the order of `SIGNAL_VALUES`."""
    beyond: list[list[bool]]
    """Of each signal whether z is beyond its threshold."""
    due: list[bool]
    """Whether all rewarded signals are."""
    bits: list[int]
    """The flags that reward goes by."""
    follows: list[bool] | None
    """Which samples moving thresholds go by, artifacts aside; None if by none."""


Row = tuple[float, ...]


class Player(Protocol):
    """What one source shows."""

    length: float
    """Samples until it ends; infinite for what does not."""

    def process(self, own: Own, at: int, reward: RewardState) -> list[Row]:
        """Return `SHOWN_VALUES` but the last, from sample `at` of the source on."""
        ...


class OwnPlayer:
    """The own feedback; its reward is counted beside the own one, as other blocks show others."""

    length: float = float("inf")

    def __init__(self, first: SignalState):
        self._first = first

    def process(self, own: Own, at: int, reward: RewardState) -> list[Row]:
        """Return what is shown; see `Player.process`."""
        rewards = reward.process(own.due, own.bits)
        place = self._first.comparison.shown
        return [
            (*row, place(row[3]), float(beyond), *given[:5])
            for row, beyond, given in zip(own.rows, own.beyond[0], rewards, strict=True)
        ]


class Feed(Protocol):
    """Gives signals in place of a person's own."""

    def __call__(self, place: int, own: Own, at: int) -> tuple[list[float], list[int]]:
        """Return the signal for the place of one, and what its own samples' flags lack."""
        ...


class SignalPlayer:
    """Signals in place of the own ones, with thresholds and reward as in own feedback.

    Parameters
    ----------
    feed : Feed
        Gives the signals.
    states : dict of int: SignalState
        What moves on by them, by the place of the own signals that they stand for.
    rewarded : sequence of int
        Places of the signals that are rewarded.
    """

    length: float = float("inf")

    def __init__(self, feed: Feed, states: dict[int, SignalState], rewarded: Sequence[int]):
        self._feed = feed
        self._states = states
        self._rewarded = rewarded

    def process(self, own: Own, at: int, reward: RewardState) -> list[Row]:
        """Return what is shown; see `Player.process`."""
        bits = own.bits
        beyond: dict[int, list[bool]] = {}
        rows: dict[int, list[tuple[float, float, float, float]]] = {}
        for place, state in self._states.items():
            signal, more = self._feed(place, own, at)
            flags = _joined(own.flags[place], more)
            takes = None
            if own.follows is not None and state.follows:
                takes = [
                    one and not flag & HOLDING for one, flag in zip(own.follows, flags, strict=True)
                ]
            rows[place], beyond[place] = state.process(signal, flags, takes)
            bits = _joined(bits, more)
        rewards = reward.process(self._due(own, beyond), bits)
        place_of = self._states[0].comparison.shown
        return [
            (*row, place_of(row[3]), float(side), *given[:5])
            for row, side, given in zip(rows[0], beyond[0], rewards, strict=True)
        ]

    def _due(self, own: Own, beyond: dict[int, list[bool]]) -> list[bool]:
        """Return for each sample whether all rewarded signals are beyond."""
        sides = [beyond.get(place, own.beyond[place]) for place in self._rewarded]
        return [all(one) for one in zip(*sides, strict=True)] if sides else [False] * len(own.bits)


def _joined(flags: list[int], more: list[int]) -> list[int]:
    return [one | other for one, other in zip(flags, more, strict=True)] if more else flags


class MirroredFeed:
    """The own signals upside down."""

    def __init__(self, states: dict[int, SignalState]):
        self._states = states

    def __call__(self, place: int, own: Own, at: int) -> tuple[list[float], list[int]]:
        """Return the signal; see `Feed`."""
        twice = 2 * mirror(self._states[place].comparison)
        return [twice - x for x in own.signals[place]], []


def mirror(comparison: Comparison) -> float:
    """Return where a signal is mirrored, in its own unit."""
    from_mean = comparison.settings.normalise in _FROM_BASELINE
    z = 0.0 if from_mean else comparison.display_points[1]
    return (z - comparison.shift) / comparison.scale


class OtherFeed:
    """Another one of the own signals in the place of the first."""

    def __init__(self, other: int):
        self._other = other

    def __call__(self, place: int, own: Own, at: int) -> tuple[list[float], list[int]]:
        """Return the signal; see `Feed`."""
        return own.signals[self._other], own.flags[self._other]


class SeriesFeed:
    """Signals that were recorded or made; at their end they begin again."""

    def __init__(self, series: SignalSeries, names: Sequence[str]):
        self._length = len(series)
        self._signals = [
            series.signals[name].tolist() if name in series.signals else [] for name in names
        ]
        self._flags = [
            series.flags[name].tolist() if name in series.flags else [] for name in names
        ]

    def __call__(self, place: int, own: Own, at: int) -> tuple[list[float], list[int]]:
        """Return the signal; see `Feed`."""
        rows = [(at + row) % self._length for row in range(len(own.bits))]
        signal, flags = self._signals[place], self._flags[place]
        return [signal[row] for row in rows], [flags[row] for row in rows]


class FeedbackPlayer:
    """What another person was shown. The own artifacts hold it and withhold its rewards.

    Parameters
    ----------
    series : FeedbackSeries
        At the rate of the training.
    comparison : Comparison
        Of the first signal: says how long the display is held.
    rate : float
        Of the training, in Hz.
    """

    def __init__(self, series: FeedbackSeries, comparison: Comparison, rate: float):
        self._rows: list[list[Any]] = series.values.tolist()
        self.length: float = len(self._rows)
        self._display = DisplayValue(rate)
        self.use(comparison)

    def use(self, comparison: Comparison) -> None:
        """Hold the display as `comparison` says from the next sample on."""
        self._display.use(comparison)

    def process(self, own: Own, at: int, reward: RewardState) -> list[Row]:
        """Return what is shown; see `Player.process`."""
        display, found = self._display, []
        for row, (flags, bits) in enumerate(zip(own.flags[0], own.bits, strict=True)):
            number = min(max(at + row, 0), len(self._rows) - 1)
            given, points, hits, rewards, progress = self._rows[number][6:]
            value, signal, z, threshold, place, side = self._rows[number][:6]
            if flags & HOLDING:
                display.hold(lost=bool(flags & _GAP))
            else:
                display.show(value)
            if bits or not 0 <= at + row < self.length:
                given = 0.0
            else:
                reward.grant(points, hits, rewards)
            if reward.trial.open:
                reward.trial.take(side > 0, bits)
            found.append(
                (
                    *(display.value, signal, z, threshold, place, side, given),
                    *(reward.score, float(reward.hits), float(reward.rewards), progress),
                )
            )
        return found
