"""From samples to feedback values: the same code live, in a rerun and offline."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from psychopy_nfb.dsp import Flags, Repair, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, BaselineRecorder, Feedback


@dataclass(frozen=True)
class Block:
    """What became of one block of samples."""

    values: np.ndarray
    """(n_out, n_values) float64, in the order of `VALUE_NAMES`."""
    flags: np.ndarray
    """(n_out,) uint32 `Flags`."""
    rows: np.ndarray
    """(n_out,) which input row each output row stands for."""


class Processor:
    """Pipeline, baseline and protocol of one training, driven by samples alone.

    It knows no clock: seconds are counted in samples at the nominal rate, so that a recording gives
    the same feedback at any speed. Commands take effect between two calls of `process`; with the
    number of samples seen so far (`n_samples`) they can be repeated exactly.

    Parameters
    ----------
    configuration : Configuration
        Its pipeline's steps are used as they are: after a baseline they hold what was fitted.
    info : SignalInfo
        Channels and rate of the samples.

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
        self.pipeline = configuration.pipeline
        out = self.pipeline.prepare(info)
        if out.n_channels != 1:
            raise SettingsError(
                "pipeline",
                list(out.labels),
                f"gives {out.n_channels} signals but one is trained; pick one channel or add a "
                "SpatialFilter that combines them",
            )
        self.repair.watch(self._used_channels())
        self.rate = out.rate
        self.feedback = Feedback(configuration.protocol, out.rate)
        if configuration.baseline is not None:
            self.feedback.set_baseline(configuration.baseline)
        self.n_samples = 0
        self.paused = False
        self._recorder: BaselineRecorder | None = None
        self._segments: list[list[tuple[np.ndarray, np.ndarray | None]]] = []
        self._settle_left = round(self.pipeline.settle * self.rate)
        self._gap_next = False
        self.stage_seconds = {"repair": 0.0, "protocol": 0.0}
        self.n_blocks = 0

    def _used_channels(self) -> np.ndarray:
        """Return the numbers of the input channels that the trained signal depends on.

        A trigger channel is flat and an unused electrode may be off: that must not withhold reward.
        """
        mixed = np.eye(self.info.n_channels)
        for step in self.pipeline.steps:
            if step.spatial:
                mixed = step.process(mixed)
        return np.flatnonzero(mixed.any(axis=1))

    @property
    def delay(self) -> float:
        """The pipeline's algorithmic delay in seconds."""
        return self.pipeline.delay

    @property
    def calibrating(self) -> bool:
        """Whether a baseline is being recorded."""
        return self._recorder is not None

    def process(self, samples: np.ndarray) -> Block:
        """Take the next samples, (n, n_channels) in microvolts, and return what became of them."""
        started = perf_counter()
        clean = self.repair.process(samples)
        repaired = perf_counter()
        if self._segments:
            self._segments[-1].append((clean.copy(), self.repair.flags))
        signal, flags, rows = self.pipeline.process(clean)
        filtered = perf_counter()
        if self.repair.flags is not None:
            flags = flags | self.repair.flags[rows]
        self.n_samples += len(samples)
        self._flag(flags)
        if self._recorder is not None:
            self._recorder.add(signal[:, 0], flags)
            flags |= np.uint32(Flags.CALIBRATING)
        values = self.feedback.process(signal[:, 0], flags)
        self.stage_seconds["repair"] += repaired - started
        self.stage_seconds["protocol"] += perf_counter() - filtered
        self.n_blocks += 1
        return Block(values, flags, rows)

    def _flag(self, flags: np.ndarray) -> None:
        """Add the flags that come from the course of the run rather than from the samples."""
        if self._gap_next and len(flags):
            flags[0] |= Flags.GAP
            self._gap_next = False
        if self._settle_left > 0:
            n = min(self._settle_left, len(flags))
            flags[:n] |= np.uint32(Flags.SETTLING)
            self._settle_left -= n
        if self.paused:
            flags |= np.uint32(Flags.PAUSED)

    def gap(self) -> None:
        """Start the filters anew, because samples are missing before the next ones."""
        self._restart_filters()
        self._gap_next = True
        if self._segments:
            self._segments.append([])

    def _restart_filters(self) -> None:
        self.repair.reset()
        self.pipeline.reset()
        self._settle_left = round(self.pipeline.settle * self.rate)

    def begin_baseline(self, label: str = "baseline") -> None:
        """Collect the signal from the next sample on; a baseline under way is dropped."""
        self._recorder = BaselineRecorder(self.rate, label=label)
        # What a step learns, it learns from the samples as they reach it: they are kept.
        self._segments = [[]] if any(hasattr(step, "fit") for step in self.pipeline.steps) else []

    def end_baseline(self) -> Baseline:
        """Finish the baseline, fit the steps that learn from it, and use it from the next sample.

        Raises
        ------
        SettingsError
            If there was too little clean signal; an earlier baseline stays in use.
        """
        if self._recorder is None:
            raise SettingsError("baseline", None, "was not begun; call begin_baseline first")
        recorder, self._recorder = self._recorder, None
        segments = [_joined(parts) for parts in self._segments if parts]
        self._segments = []
        if segments:
            baseline = self._fit(segments, recorder.label)
        else:
            baseline = recorder.finish()
        self.feedback.set_baseline(baseline)
        self.configuration = replace(self.configuration, baseline=baseline)
        return baseline

    def _fit(self, segments: list[tuple[np.ndarray, np.ndarray]], label: str) -> Baseline:
        """Fit on the longest stretch without a gap, then pass the whole baseline through again.

        The signal's distribution belongs to the filter: it has to be the fitted filter's own.
        """
        longest = max((samples for samples, _ in segments), key=len)
        pipeline = copy.deepcopy(self.pipeline)
        pipeline.reset()
        settle_left = 0
        for step in pipeline.steps:
            if hasattr(step, "fit"):
                step.fit(longest)
            longest = step.process(longest)
        recorder = BaselineRecorder(self.rate, label=label)
        for segment, repaired in segments:
            pipeline.reset()
            signal, flags, rows = pipeline.process(segment)
            flags |= repaired[rows]
            settle = round(pipeline.settle * self.rate)
            flags[:settle] |= np.uint32(Flags.SETTLING)
            settle_left = max(0, settle - len(flags))
            recorder.add(signal[:, 0], flags)
        baseline = recorder.finish()
        self.pipeline.steps[:] = pipeline.steps
        self._settle_left = settle_left
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

    def stages(self) -> dict[str, float]:
        """Return the seconds spent so far in each stage, by name, in the order of the way."""
        steps = {
            f"{index}:{type(step).__name__}": float(seconds)
            for index, (step, seconds) in enumerate(
                zip(self.pipeline.steps, self.pipeline.stage_seconds, strict=True)
            )
        }
        return {
            "repair": self.stage_seconds["repair"],
            **steps,
            "protocol": self.stage_seconds["protocol"],
        }


def _joined(
    parts: list[tuple[np.ndarray, np.ndarray | None]],
) -> tuple[np.ndarray, np.ndarray]:
    """Return blocks of samples and of their flags as one array each."""
    samples = np.concatenate([block for block, _ in parts])
    flags = np.concatenate(
        [np.zeros(len(block), np.uint32) if bits is None else bits for block, bits in parts]
    )
    return samples, flags
