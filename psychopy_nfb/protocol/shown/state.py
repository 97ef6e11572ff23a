"""The state that each sample moves on towards what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol.comparison import Comparison
from psychopy_nfb.protocol.reward import Reward
from psychopy_nfb.protocol.reward_state import REACHED, RewardState
from psychopy_nfb.protocol.shown.live import Inverse, OtherSignal
from psychopy_nfb.protocol.shown.players import (
    Feed,
    FeedbackPlayer,
    MirroredFeed,
    OtherFeed,
    Own,
    OwnPlayer,
    Player,
    SeriesFeed,
    SignalPlayer,
)
from psychopy_nfb.protocol.shown.recorded import Replay, Surrogate, Yoked
from psychopy_nfb.protocol.shown.series import FeedbackSeries, SignalSeries
from psychopy_nfb.protocol.shown.source import OWN, ShownSource
from psychopy_nfb.protocol.signal import Signal
from psychopy_nfb.protocol.signal_state import SignalState
from psychopy_nfb.protocol.value_names import SHOWN, value_name


class ShownState:
    """Turns the own feedback into `SHOWN_VALUES`, by the source that a block has chosen.

    Parameters
    ----------
    sources : mapping of str to ShownSource
        Which there are beside `OWN`, by name.
    signals : mapping of str to Signal
        The training's signals.
    reward : Reward
        Its reward.
    first : SignalState
        Of the first signal.

    Attributes
    ----------
    source : str
        Name of what is shown.
    turn : int
        How often it had been shown before, block by block.
    reward : RewardState
        Points, hits and rewards that the person was given.
    """

    def __init__(
        self,
        sources: Mapping[str, ShownSource],
        signals: Mapping[str, Signal],
        reward: Reward,
        first: SignalState,
        rate: float,
    ):
        self._sources = dict(sources)
        self._rate = rate
        self._names = list(signals)
        self._rewarded = [
            place for place, one in enumerate(signals.values()) if one.role == "reward"
        ]
        self._own = OwnPlayer(first)
        self._series: dict[str, Sequence[FeedbackSeries | SignalSeries]] = {}
        self.reward: RewardState = RewardState(reward, rate)
        self._states: dict[str, dict[int, SignalState]] = {}
        for name, settings in self._settings_of_states(signals).items():
            self._states[name] = {place: SignalState(one, rate) for place, one in settings.items()}
        self.source: str = OWN
        self.turn: int = 0
        self._player: Player = self._own
        self._at = 0
        self._resumed = False
        self._first = Comparison(signals[self._names[0]])

    def _settings_of_states(self, signals: Mapping[str, Signal]) -> dict[str, dict[int, Signal]]:
        """Return by source the settings of what stands in the place of own signals."""
        settings: dict[str, dict[int, Signal]] = {}
        for name, source in self._sources.items():
            if isinstance(source, OtherSignal):
                settings[name] = {0: replace(signals[source.signal], role="reward")}
            elif not isinstance(source, Yoked):
                settings[name] = {
                    self._names.index(replaced): signals[replaced] for replaced in self.replaced
                }
        return settings

    @property
    def replaced(self) -> list[str]:
        """Names of the signals in whose place others are shown: the first, and the rewarded."""
        return [self._names[place] for place in self.replaced_places]

    @property
    def replaced_places(self) -> list[int]:
        """Their places among the signals."""
        return sorted({0, *self._rewarded})

    def states(self) -> dict[str, SignalState]:
        """Return what stands in the place of own signals, by source and signal."""
        return {
            f"{name}.{self._names[place]}": state
            for name, states in self._states.items()
            for place, state in states.items()
        }

    def use(self, signals: Mapping[str, Signal], reward: Reward) -> None:
        """Go by these settings, and the baselines in them, from the next sample on."""
        for name, settings in self._settings_of_states(signals).items():
            for place, one in settings.items():
                self._states[name][place].use(one)
        self.reward.use(reward)
        self._first = Comparison(signals[self._names[0]])
        if isinstance(self._player, FeedbackPlayer):
            self._player.use(self._first)

    def give(self, source: str, series: Sequence[FeedbackSeries | SignalSeries]) -> None:
        """Take what a source shows, block by block; used when it is shown next."""
        self._series[source] = [
            one.at(self._rate) if isinstance(one, FeedbackSeries) else one for one in series
        ]

    def show(self, source: str, turn: int = 0) -> None:
        """Show `source` from the next sample on.

        Parameters
        ----------
        source : str
            Its name, or `OWN`.
        turn : int
            How often it was shown before, block by block.

        Raises
        ------
        SettingsError
            If there is no such source, or nothing that it could show.
        """
        self._player = self._player_of(source, turn)
        if source != self.source:
            self.reward.begin_anew()
        self.source, self.turn, self._at, self._resumed = source, turn, 0, False

    def _player_of(self, name: str, turn: int) -> Player:
        if name == OWN:
            return self._own
        source = self._sources.get(name)
        if source is None:
            raise SettingsError(
                "shown", name, f"is not among the settings; there are {listed(self._sources)}"
            )
        if isinstance(source, Inverse):
            states = self._states[name]
            return SignalPlayer(MirroredFeed(states), states, self._rewarded)
        if isinstance(source, OtherSignal):
            feed: Feed = OtherFeed(self._names.index(source.signal))
            return SignalPlayer(feed, self._states[name], self._rewarded)
        series = self._series.get(name)
        if not series:
            raise SettingsError(
                "shown", name, "has nothing to show; record a baseline in this session before"
            )
        one = series[turn % len(series)]
        if isinstance(one, FeedbackSeries):
            return FeedbackPlayer(one, self._first, self._rate)
        if (
            isinstance(source, Surrogate)
            or isinstance(source, Replay)
            and source.order != "reversed"
        ):
            one = one.turned(float(source.lots(turn).random()))
        else:
            one = one.reversed()
        return SignalPlayer(SeriesFeed(one, self._names), self._states[name], self._rewarded)

    def gap(self, seconds: float) -> None:
        """Note that samples of so many seconds are missing: what was recorded went on meanwhile."""
        if self._at > 0 or self._resumed:  # or the block begins after the gap
            self._at += round(seconds * self._rate)
        self._resumed = False

    def process(self, own: Own) -> list[tuple[float, ...]]:
        """Take the next samples' own feedback; return their `SHOWN_VALUES`."""
        at = self._at
        rows = self._player.process(own, at, self.reward)
        if self.source == OWN:
            return [(*row, 0.0) for row in rows]
        self._at += len(rows)
        return [(*row, (at + n) / self._rate) for n, row in enumerate(rows)]

    def faults(self) -> list[tuple[str, str]]:
        """Return event and sentence for what has ended early, and each rule that has failed."""
        faults = [
            (
                "rule_failed",
                f"shown.{name}: threshold {state.fault}; the threshold stays where it is",
            )
            for name, state in self.states().items()
            if state.fault
        ]
        if self.reward.fault:
            what = "hits of what is shown are counted and not rewarded"
            faults.append(("rule_failed", f"reward.schedule {self.reward.fault}; {what}"))
        if self._at > self._player.length:
            seconds = self._player.length / self._rate
            what = "its last value stays, and no reward comes"
            told = (
                f"shown.{self.source} has ended after {seconds:g} s and the block goes on: {what}"
            )
            faults.append(("shown_ended", told))
        return faults

    def restore(self, reached: Mapping[str, Any]) -> None:
        """Go on from what an earlier process had reached.

        Parameters
        ----------
        reached : mapping
            ``shown_score`` and the like, and as ``shown`` the ``source``, its ``turn`` and how
            many samples of it were shown, ``at``.
        """
        own = {
            what: reached[name] for what in REACHED if (name := value_name(SHOWN, what)) in reached
        }
        self.reward.restore(own)
        shown = reached.get("shown")
        if shown is not None:
            self.show(shown["source"], shown["turn"])
            self._at = shown["at"] if self.source != OWN else 0
            self._resumed = self.source != OWN
