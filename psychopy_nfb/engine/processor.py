"""From samples to feedback values: the same code live, in a rerun and offline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from psychopy_nfb.dsp import Flags, Repair, SignalInfo
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.dsp.lasting_faults import Use
from psychopy_nfb.engine.block import Block
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.donor_files import Donors
from psychopy_nfb.engine.kept_blocks import Which
from psychopy_nfb.engine.moving_thresholds import MovingThresholds
from psychopy_nfb.engine.shown_feedback import ShownFeedback
from psychopy_nfb.engine.signal_baselines import SignalBaselines
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.engine.trained_signals import TrainedSignals
from psychopy_nfb.protocol import RewardState, Trial
from psychopy_nfb.protocol.shown import Own

_PAUSED, _NO_POINTS, _RATE = int(Flags.PAUSED), int(Flags.NO_POINTS), int(Flags.RATE)
_CALIBRATING, _UNCALIBRATED = int(Flags.CALIBRATING), int(Flags.UNCALIBRATED)
_INHIBITED = int(Flags.INHIBITED)


class Processor:
    """Signals, baselines and reward of one training, driven by samples alone.

    It knows no clock: seconds are counted in samples at the nominal rate, so that a recording gives
    the same feedback at any speed. Commands take effect between two calls of `process`; with the
    number of samples seen so far (`n_samples`) they can be repeated exactly.

    Parameters
    ----------
    configuration : Configuration
        Its pipelines' steps are used as they are: after a baseline they hold what was fitted.
    info : SignalInfo
        Channels and rate of the samples.
    donors : dict, optional
        Recorded blocks that are shown in place of the own feedback.
    folder : Path, optional
        Where blocks of this session are kept that later ones show again.

    Attributes
    ----------
    rate : float
        Of all signals, in Hz.
    reward : RewardState
        Points and hits.
    paused : bool
        Whether the experiment has paused the feedback.
    rate_spoilt : bool
        Whether the stream has left the rate that the filters were made for.
    counting : bool
        Whether points and hits are counted; an experiment counts them in some of its blocks only.
    thresholds : MovingThresholds
        Those that follow the person.
    shown : ShownFeedback or None
        What is shown in place of the own feedback; None where nothing else can be.

    Raises
    ------
    SettingsError
        If a setting does not fit the signal.
    """

    def __init__(
        self,
        configuration: Configuration,
        info: SignalInfo,
        donors: Donors | None = None,
        folder: Path | None = None,
    ):
        self.configuration: Configuration = configuration
        self.info = info
        self.repair: Repair = Repair()
        self.repair.prepare(info)
        self._signals = TrainedSignals(configuration, info)
        self._ways = self._signals.all
        self.rate: float = self._signals.rate
        self.shown: ShownFeedback | None = self._prepare_shown(donors, folder)
        self.thresholds: MovingThresholds = MovingThresholds(
            {
                **self._signals.states(),
                **(self.shown.states() if self.shown is not None else {}),
            }
        )
        self.reward: RewardState = RewardState(configuration.reward, self.rate)
        # Asked once, not with each sample.
        self._inhibiting, self._deciding = self._signals.inhibiting, self._signals.deciding
        self._first = self._signals.first.chain
        self._n_values = len(configuration.value_names)
        self._calibrated = self._signals.ready
        self._baselines = SignalBaselines(self._ways, self.repair, info)
        self.n_samples: int = 0
        self.paused = False
        self.rate_spoilt = False
        self.counting = True
        self.stage_seconds: dict[str, float] = {"repair": 0.0, "signals": 0.0, "protocol": 0.0}
        self.n_blocks: int = 0

    def _prepare_shown(self, donors: Donors | None, folder: Path | None) -> ShownFeedback | None:
        if not self.configuration.shown:
            return None
        first = self._signals.first.state
        shown = ShownFeedback(self.configuration, first, self.rate, donors, folder)
        shown.take_filters(self._signals.pipelines(), self.info)
        return shown

    @property
    def chains(self) -> dict[str, SignalChain]:
        """The ways of the signals through their pipelines, by name."""
        return {way.name: way.chain for way in self._ways}

    def uses(self) -> dict[str, Use]:
        """Return by label the channels that enter a signal together with others, and how."""
        found: dict[str, Use] = {}
        for way in reversed(self._ways):  # the first signal's use is the one that is told
            found.update(way.chain.uses(way.name))
        return found

    @property
    def delay(self) -> float:
        """The first signal's algorithmic delay in seconds."""
        return self._first.delay

    @property
    def delays(self) -> list[tuple[str, float]]:
        """The steps of the first signal that delay it, with their seconds."""
        return self._signals.delays

    @property
    def notes(self) -> list[str]:
        """What of the steps' settings does not apply to the stream, in sentences."""
        return self._signals.notes()

    @property
    def settle(self) -> float:
        """Seconds after a start or a gap until all signals can be trusted."""
        return self._signals.settle

    @property
    def baseline_seconds(self) -> float:
        """Seconds that a baseline must have, even if all of its samples are clean."""
        return self._signals.baseline_seconds

    @property
    def calibrating(self) -> bool:
        """Whether a baseline is being recorded."""
        return self._first.calibrating

    @property
    def baseline_label(self) -> str | None:
        """Name of the baseline that is being recorded, None for none."""
        return self._first.baseline_label

    def process(self, samples: np.ndarray) -> Block:
        """Take the next samples, (n, n_channels) in microvolts, and return what became of them."""
        started = perf_counter()
        clean = self.repair.process(samples)
        repaired = perf_counter()
        if self._first.calibrating:
            self._baselines.note_spoilt()
        signals, flags = [], []
        for way in self._ways:
            chain = way.chain
            signal, own, rows = chain.process(clean, self.repair.flags_of(chain.used_channels))
            signals.append(signal)
            flags.append(own)
        filtered = perf_counter()
        if self.shown is not None:
            self.shown.keep(samples, self.n_samples, rows, signals, flags)
        self.n_samples += len(samples)
        values, bits = self._feedback(signals, flags)
        block = Block(values, bits, rows, self._n_values, self.thresholds.changes(rows))
        self.stage_seconds["repair"] += repaired - started
        self.stage_seconds["signals"] += filtered - repaired
        self.stage_seconds["protocol"] += perf_counter() - filtered
        self.n_blocks += 1
        return block

    def _feedback(
        self, signals: list[list[float]], flags: list[list[int]]
    ) -> tuple[list[tuple[Any, ...]], list[int]]:
        """Return the values, n_values a sample, and the samples' flags, by the signals' own.

        In plain numbers: mostly there is one sample, and what is decided on it is no arithmetic.
        """
        shown: list[list[tuple[Any, ...]]] = [[]] * len(self._ways)
        beyond: list[list[bool]] = [[]] * len(self._ways)
        for place in self._signals.in_turn:
            way, own = self._ways[place], flags[place]
            if self.rate_spoilt:
                own = flags[place] = _with(own, _RATE)
            takes = self._takes(place, own, beyond) if way.state.follows else None
            shown[place], beyond[place] = way.state.process(signals[place], own, takes)
        rows = shown[0]
        for more in shown[1:]:
            rows = [one + other for one, other in zip(rows, more, strict=True)]
        bits = self._common_flags(flags, beyond)
        if self._first.calibrating:
            self._record(signals, flags, bits)
            bits = _with(bits, _CALIBRATING)
        due = self._signals.due(beyond, len(bits))
        rewards = self.reward.process(due, bits)
        rows = [one + more for one, more in zip(rows, rewards, strict=True)]
        if self.shown is not None:
            follows = self._follows(beyond, len(bits))
            own_feedback = Own(signals, flags, shown[0], beyond, due, bits, follows)
            given = self.shown.process(own_feedback)
            rows = [one + more for one, more in zip(rows, given, strict=True)]
        return rows, bits

    def _takes(self, place: int, own: list[int], beyond: list[list[bool]]) -> list[bool] | None:
        """Return which samples a signal's moving threshold goes by, None if it goes by none.

        As in a baseline, what is inhibited is none of those of a signal that decides on reward.
        """
        if self.paused or self.calibrating or not self.thresholds.training:
            return None
        clean = [not bits & HOLDING for bits in own]
        if place in self._deciding and place not in self._inhibiting:
            clean = self._signals.uninhibited(clean, beyond)
        return clean

    def _follows(self, beyond: list[list[bool]], n: int) -> list[bool] | None:
        """Return which samples thresholds of what is shown go by, artifacts aside."""
        if self.paused or self.calibrating or not self.thresholds.training:
            return None
        return self._signals.uninhibited([True] * n, beyond)

    def _common_flags(self, flags: list[list[int]], beyond: list[list[bool]]) -> list[int]:
        """Return the flags that reward goes by: of the run, and of the signals that decide."""
        of_run = 0 if self._calibrated else _UNCALIBRATED
        if self.paused:
            of_run |= _PAUSED
        if not self.counting:
            of_run |= _NO_POINTS
        return self._signals.common_flags(flags, beyond, of_run)

    def _record(self, signals: list[list[float]], flags: list[list[int]], bits: list[int]) -> None:
        """Add to the baselines; what is inhibited is in none of those that decide on reward."""
        for place, way in enumerate(self._ways):
            own = flags[place]
            if place in self._deciding:
                own = [one | all_bits & _INHIBITED for one, all_bits in zip(own, bits, strict=True)]
            way.chain.record(signals[place], own)

    @property
    def follows_blocks(self) -> bool:
        """Whether values depend on where blocks begin and end."""
        kept = self.shown is not None and self.shown.kept is not None
        return self.thresholds.any or self.configuration.reward.loss > 0 or kept

    def block_edge(
        self, begins: bool, training: bool, counts: bool
    ) -> tuple[Trial, Trial | None] | None:
        """Note that a block of the experiment begins or ends before the next sample.

        Parameters
        ----------
        begins : bool
            Whether it begins.
        training : bool
            Whether this is a block with feedback from now on.
        counts : bool
            Whether points are counted in it.

        Returns
        -------
        (Trial, Trial or None) or None
            How the block went that ends: as it was shown, and where something else than the own
            feedback can be, by the own feedback. None if there is nothing to judge.
        """
        self.thresholds.block_edge(begins, training)
        rewards = self._rewards()
        if not begins:
            given, *own = [reward.end_trial() for reward in rewards]
            return None if given is None else (given, own[0] if own else None)
        self._drop_trials()  # a block within a block is judged in its place
        if training or counts:
            self.begin_trial(counts)
        return None

    def begin_trial(self, counts: bool) -> None:
        """Begin a trial with the next sample; `counts` says whether points are counted in it.

        One in which an earlier process ended is begun again: the rest of it is judged.
        """
        for reward in self._rewards():
            reward.begin_trial(counts)

    def keep_block(self, block: Which | None) -> None:
        """Keep the next samples as part of a block that later ones may show again, or of none."""
        if self.shown is not None and self.shown.kept is not None:
            self.shown.kept.begin(block)

    def _rewards(self) -> list[RewardState]:
        """Return what counts points: of what is shown, then of the own feedback beside it."""
        return [self.reward] if self.shown is None else [self.shown.reward, self.reward]

    def _drop_trials(self) -> None:
        for reward in self._rewards():
            reward.trial.open = False

    def gap(self, seconds: float = 0.0) -> None:
        """Start the filters anew, because samples of `seconds` are missing before the next ones."""
        if self.shown is not None:
            self.shown.gap(seconds)
        self.repair.reset()
        for way in self._ways:
            way.chain.restart()

    def begin_baseline(self, label: str = "baseline", broken: str | None = None) -> None:
        """Collect all signals from the next sample on; a baseline under way is dropped.

        Of one that another process had begun, `broken` is why it is begun again.
        """
        self._baselines.begin(label, broken)

    def end_baseline(self) -> None:
        """Finish the baseline, fit the steps that learn from it, and use it from the next sample.

        Raises
        ------
        SettingsError
            If there was too little clean signal of one of them, or what it is compared with is not
            in it; earlier baselines stay in use.
        """
        signals, results = self._baselines.end(self.configuration)
        for way, result in zip(self._ways, results, strict=True):
            way.chain.adopt(result)
            way.state.use(signals[way.name])
        self._calibrated = self._signals.ready
        self.configuration = replace(self.configuration, signals=signals)
        if self.shown is not None:
            self.shown.use(signals, self.configuration.reward)
            self.shown.take_baseline(
                {way.name: one.clean for way, one in zip(self._ways, results, strict=True)}
            )
            if any(result.steps is not None for result in results):
                self.shown.take_filters(self._signals.pipelines(), self.info)

    def apply(self, changes: dict[str, object], signal: str | None = None) -> None:
        """Change live settings of a signal, by default the first, and of the reward.

        They hold from the next sample on.

        Raises
        ------
        SettingsError
            As `Configuration.changed`; nothing is changed then.
        """
        changed = self.configuration.changed(changes, signal)
        if changed.reward.loss > 0 and not self.follows_blocks:
            self._drop_trials()  # nobody has noted when they began
        for way in self._ways:
            if changed.signals[way.name] is not self.configuration.signals[way.name]:
                way.state.use(changed.signals[way.name])
        self.reward.use(changed.reward)
        if self.shown is not None:
            self.shown.use(changed.signals, changed.reward)
        self._calibrated = self._signals.ready
        self.configuration = changed

    def reset_score(self) -> None:
        """Start again at no points, hits and rewards, own ones and those that were given."""
        self.reward.reset_score()
        if self.shown is not None:
            self.shown.reward.reset_score()

    def faults(self) -> list[tuple[str, str]]:
        """Return event and sentence for each step, and each own rule of a lab, that has failed."""
        faults = self._signals.faults()
        if fault := self.reward.fault:
            what = "hits are counted and not rewarded"
            faults.append(("rule_failed", f"reward.schedule {fault}; {what}"))
        if self.shown is not None:
            faults += self.shown.faults()
        return faults

    def stages(self) -> dict[str, float]:
        """Return the seconds spent so far in each stage, by name, in the order of the way."""
        steps = self._signals.step_seconds()
        return {
            "repair": self.stage_seconds["repair"],
            **steps,
            "flags": self.stage_seconds["signals"] - sum(steps.values()),
            "protocol": self.stage_seconds["protocol"],
        }


def _with(bits: list[int], more: int) -> list[int]:
    """Return the flags of samples with those in `more` added to each."""
    return [one | more for one in bits]
