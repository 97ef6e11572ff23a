"""From samples to feedback values: the same code live, in a rerun and offline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from psychopy_nfb.dsp import Flags, Repair, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.track import Track
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.protocol import Baseline, Comparison, Feedback, FurtherFeedback


@dataclass(frozen=True)
class Block:
    """What became of one block of samples."""

    values: np.ndarray
    """(n_out, n_values) float64, in the order of `Configuration.value_names`."""
    flags: np.ndarray
    """(n_out,) uint32 `Flags`."""
    rows: np.ndarray
    """(n_out,) which input row each output row stands for."""


class Processor:
    """Pipelines, baselines and protocol of one training, driven by samples alone.

    It knows no clock: seconds are counted in samples at the nominal rate, so that a recording gives
    the same feedback at any speed. Commands take effect between two calls of `process`; with the
    number of samples seen so far (`n_samples`) they can be repeated exactly.

    Parameters
    ----------
    configuration : Configuration
        Its pipelines' steps are used as they are: after a baseline they hold what was fitted.
    info : SignalInfo
        Channels and rate of the samples.

    Attributes
    ----------
    paused : bool
        Whether the experiment has paused the feedback.
    rate_spoilt : bool
        Whether the stream has left the rate that the filters were made for.
    counting : bool
        Whether points and hits are counted; an experiment counts them in some of its blocks only.

    Raises
    ------
    SettingsError
        If a setting does not fit the signal.
    """

    def __init__(self, configuration: Configuration, info: SignalInfo):
        self.configuration = configuration
        self.info = info
        self.repair = Repair()
        self.repair.prepare(info)
        self.track = Track(configuration.pipeline, info)
        self.pipeline = configuration.pipeline
        self.rate = self.track.rate
        self.feedback = Feedback(configuration.protocol, self.rate)
        if configuration.baseline is not None:
            self.feedback.set_baseline(configuration.baseline)
        self._further = {name: self._prepare_further(name) for name in configuration.further}
        self.n_samples = 0
        self.paused = False
        self.rate_spoilt = False
        self.counting = True
        self.stage_seconds = {"repair": 0.0, "signals": 0.0, "protocol": 0.0}
        self.n_blocks = 0

    def _prepare_further(self, name: str) -> tuple[Track, FurtherFeedback, bool]:
        """Return a further signal's way, what it shows, and whether it inhibits."""
        settings = self.configuration.further[name]
        try:
            track = Track(settings.pipeline, self.info)
        except NfbError as error:
            raise error.within(f"further.{name}") from None
        if track.rate != self.rate:
            raise SettingsError(
                f"further.{name}.pipeline",
                track.rate,
                f"gives {track.rate:g} values a second but the trained signal {self.rate:g}; "
                "decimate both by the same factor",
            )
        feedback = FurtherFeedback(settings.protocol, self.rate)
        if settings.baseline is not None:
            feedback.set_baseline(settings.baseline)
        return track, feedback, settings.inhibits

    def _tracks(self) -> list[Track]:
        return [self.track, *(track for track, _, _ in self._further.values())]

    def _repaired(self, track: Track) -> np.ndarray | None:
        return self.repair.flags_of(track.used_channels)

    @property
    def delay(self) -> float:
        """The trained signal's algorithmic delay in seconds."""
        return self.pipeline.delay

    @property
    def settle(self) -> float:
        """Seconds after a start or a gap until all signals can be trusted."""
        return max(track.pipeline.settle for track in self._tracks())

    @property
    def calibrating(self) -> bool:
        """Whether a baseline is being recorded."""
        return self.track.calibrating

    def process(self, samples: np.ndarray) -> Block:
        """Take the next samples, (n, n_channels) in microvolts, and return what became of them."""
        started = perf_counter()
        clean = self.repair.process(samples)
        repaired = perf_counter()
        signal, flags, rows = self.track.process(clean, self._repaired(self.track))
        further = [self._process_further(name, clean, flags) for name in self._further]
        filtered = perf_counter()
        self.n_samples += len(samples)
        if self.paused:
            flags |= np.uint32(Flags.PAUSED)
        if self.rate_spoilt:
            flags |= np.uint32(Flags.RATE)
        if not self.counting:
            flags |= np.uint32(Flags.NO_POINTS)
        self.track.record(signal, flags)
        if self.track.calibrating:
            flags |= np.uint32(Flags.CALIBRATING)
        values = self.feedback.process(signal, flags)
        if further:
            values = np.hstack([values, *further])
        self.stage_seconds["repair"] += repaired - started
        self.stage_seconds["signals"] += filtered - repaired
        self.stage_seconds["protocol"] += perf_counter() - filtered
        self.n_blocks += 1
        return Block(values, flags, rows)

    def _process_further(self, name: str, clean: np.ndarray, flags: np.ndarray) -> np.ndarray:
        """Return a further signal's values; where it inhibits, add to the trained one's `flags`."""
        track, feedback, inhibits = self._further[name]
        signal, own_flags, _ = track.process(clean, self._repaired(track))
        track.record(signal, own_flags)
        values, beyond = feedback.process(signal, own_flags)
        if inhibits:
            flags[beyond] |= np.uint32(Flags.INHIBITED)
        return values

    def gap(self) -> None:
        """Start the filters anew, because samples are missing before the next ones."""
        self.repair.reset()
        for track in self._tracks():
            track.restart()

    def begin_baseline(self, label: str = "baseline") -> None:
        """Collect all signals from the next sample on; a baseline under way is dropped."""
        for track in self._tracks():
            track.begin_baseline(label)

    def end_baseline(self) -> Baseline:
        """Finish the baseline, fit the steps that learn from it, and use it from the next sample.

        Raises
        ------
        SettingsError
            If there was too little clean signal of one of them, or what its protocol compares with
            is not in it; earlier baselines stay in use.
        """
        results, problem = [], None
        others = (feedback.comparison.protocol for _, feedback, _ in self._further.values())
        protocols = [self.feedback.protocol, *others]
        names = ["", *self._further]
        for name, track, protocol in zip(names, self._tracks(), protocols, strict=True):
            try:
                result = track.end_baseline()
                Comparison(protocol, result.baseline)  # raises if it does not hold what is needed
                results.append(result)
            except NfbError as error:
                problem = problem or (error.within(f"further.{name}") if name else error)
        if problem is not None:
            raise problem
        for track, result in zip(self._tracks(), results, strict=True):
            track.adopt(result)
        baseline, *others = (result.baseline for result in results)
        self.feedback.set_baseline(baseline)
        further = dict(self.configuration.further)
        for (name, (_, feedback, _)), other in zip(self._further.items(), others, strict=True):
            feedback.set_baseline(other)
            further[name] = replace(further[name], baseline=other)
        self.configuration = replace(self.configuration, baseline=baseline, further=further)
        return baseline

    def apply(self, changes: dict[str, object]) -> None:
        """Change protocol settings from the next sample on.

        Raises
        ------
        SettingsError
            If a setting does not exist, cannot change during a run, or has an impossible value.
        """
        self.feedback.apply(changes)
        self.configuration = replace(self.configuration, protocol=self.feedback.protocol)

    def faults(self) -> list[str]:
        """Return for each signal one of whose steps gave no finite number, a sentence."""
        names = ["", *(f"further.{name}." for name in self._further)]
        places = (track.pipeline.fault for track in self._tracks())
        return [
            f"{name}pipeline.{place} gave no finite number; its samples are flagged INVALID and "
            "bring no reward; check its settings"
            for name, place in zip(names, places, strict=True)
            if place
        ]

    def stages(self) -> dict[str, float]:
        """Return the seconds spent so far in each stage, by name, in the order of the way."""
        steps = {}
        names = ["", *(f"{name}." for name in self._further)]
        for prefix, track in zip(names, self._tracks(), strict=True):
            pipeline = track.pipeline
            for index, step in enumerate(pipeline.steps):
                stage = f"{prefix}{index}:{type(step).__name__}"
                steps[stage] = float(pipeline.stage_seconds[index])
        return {
            "repair": self.stage_seconds["repair"],
            **steps,
            "flags": self.stage_seconds["signals"] - sum(steps.values()),
            "protocol": self.stage_seconds["protocol"],
        }
