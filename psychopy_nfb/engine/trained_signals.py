"""The signals of a training, each on its way, and what their roles decide."""

from __future__ import annotations

from dataclasses import dataclass

from psychopy_nfb.dsp import Flags, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.protocol import Signal, SignalState

_INHIBITED = int(Flags.INHIBITED)


@dataclass(frozen=True, eq=False)
class TrainedSignal:
    """One signal on its way from samples to what displays show of it."""

    name: str
    chain: SignalChain
    state: SignalState
    role: str


class TrainedSignals:
    """All signals of a configuration, in its order.

    Parameters
    ----------
    configuration : Configuration
        Their settings; the pipelines' steps are used as they are.
    info : SignalInfo
        Channels and rate of the samples.

    Attributes
    ----------
    all : list of TrainedSignal
        In the order of the configuration.
    first : TrainedSignal
        The one that `nfb.value` means.
    rate : float
        Of all of them, in Hz.
    inhibiting, rewarded : list of int
        Places of the signals with these roles.
    deciding : list of int
        Places of those whose faults are those of the sample: the rewarded ones, without any the
        first.
    in_turn : tuple of int
        All places, those that inhibit first: what they withhold, no threshold of another one
        follows.

    Raises
    ------
    SettingsError
        If a setting does not fit the samples, or the signals have different rates.
    """

    def __init__(self, configuration: Configuration, info: SignalInfo):
        self.all: list[TrainedSignal] = [
            _prepared(name, settings, info) for name, settings in configuration.signals.items()
        ]
        self.first: TrainedSignal = self.all[0]
        self.rate: float = self.first.chain.rate
        for one in self.all:
            if one.chain.rate != self.rate:
                raise SettingsError(
                    f"signals.{one.name}.pipeline",
                    one.chain.rate,
                    f"gives {one.chain.rate:g} values a second but {self.first.name} "
                    f"{self.rate:g}; decimate both by the same factor",
                )
        self.inhibiting: list[int] = self._places("inhibit")
        self.rewarded: list[int] = self._places("reward")
        self.deciding: list[int] = self.rewarded or [0]
        others = (place for place in range(len(self.all)) if place not in self.inhibiting)
        self.in_turn: tuple[int, ...] = (*self.inhibiting, *others)

    def _places(self, role: str) -> list[int]:
        return [place for place, one in enumerate(self.all) if one.role == role]

    @property
    def ready(self) -> bool:
        """Whether all that reward depends on has what it is compared with."""
        return all(self.all[place].state.ready for place in self.deciding)

    @property
    def delays(self) -> list[tuple[str, float]]:
        """The steps of the first signal that delay it, with their seconds."""
        steps = self.first.chain.pipeline.steps
        return [(type(step).__name__, step.declared_delay) for step in steps if step.declared_delay]

    @property
    def settle(self) -> float:
        """Seconds after a start or a gap until all signals can be trusted."""
        return max(one.chain.pipeline.settle for one in self.all)

    @property
    def baseline_seconds(self) -> float:
        """Seconds that a baseline of all signals must have, even if all samples are clean."""
        return max(one.chain.baseline_seconds for one in self.all)

    def states(self) -> dict[str, SignalState]:
        """Return the signals' states by name."""
        return {one.name: one.state for one in self.all}

    def pipelines(self) -> dict[str, Pipeline]:
        """Return the signals' pipelines by name."""
        return {one.name: one.chain.pipeline for one in self.all}

    def notes(self) -> list[str]:
        """Return what steps say of settings that do not apply to the stream, each once."""
        steps = [step for one in self.all for step in one.chain.pipeline.steps]
        return list(dict.fromkeys(step.note for step in steps if step.note is not None))

    def due(self, beyond: list[list[bool]], n: int) -> list[bool]:
        """Return for each of `n` samples whether all of the rewarded signals are `beyond`."""
        if not self.rewarded:
            return [False] * n
        due = beyond[self.rewarded[0]]
        for place in self.rewarded[1:]:
            due = [one and other for one, other in zip(due, beyond[place], strict=True)]
        return due

    def uninhibited(self, free: list[bool], beyond: list[list[bool]]) -> list[bool]:
        """Return `free` without the samples in which a signal that inhibits is beyond."""
        for place in self.inhibiting:
            free = [one and not side for one, side in zip(free, beyond[place], strict=True)]
        return free

    def common_flags(
        self, flags: list[list[int]], beyond: list[list[bool]], of_run: int
    ) -> list[int]:
        """Return the flags `of_run`, and of the signals that decide, for each sample."""
        bits = flags[self.deciding[0]]
        if of_run:
            bits = [one | of_run for one in bits]
        for place in self.deciding[1:]:
            bits = [one | more for one, more in zip(bits, flags[place], strict=True)]
        for place in self.inhibiting:
            bits = [
                one | _INHIBITED if side else one
                for one, side in zip(bits, beyond[place], strict=True)
            ]
        return bits

    def faults(self) -> list[tuple[str, str]]:
        """Return event and sentence for each step, and each own rule of a lab, that has failed."""
        faults = []
        for one in self.all:
            if fault := one.chain.pipeline.fault:
                what = "Its samples are flagged INVALID and bring no reward"
                faults.append(("step_failed", f"signals.{one.name}.pipeline.{fault}. {what}"))
            if fault := one.state.fault:
                what = "the threshold stays where it is"
                faults.append(("rule_failed", f"signals.{one.name}.threshold {fault}; {what}"))
        return faults

    def step_seconds(self) -> dict[str, float]:
        """Return the seconds spent so far in each step, by signal, place and name."""
        return {
            f"{one.name}.{index}:{type(step).__name__}": one.chain.pipeline.stage_seconds[index]
            for one in self.all
            for index, step in enumerate(one.chain.pipeline.steps)
        }


def _prepared(name: str, settings: Signal, info: SignalInfo) -> TrainedSignal:
    try:
        chain = SignalChain(settings.pipeline, info)
        return TrainedSignal(name, chain, SignalState(settings, chain.rate), settings.role)
    except NfbError as error:
        raise error.within(f"signals.{name}") from None
