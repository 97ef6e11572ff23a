"""The way of one signal: its pipeline, and the baseline that is being recorded of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from psychopy_nfb.dsp import Flags, Pipeline, SignalInfo, Step
from psychopy_nfb.dsp.lasting_faults import Use
from psychopy_nfb.dsp.pipeline import FEW
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import own_faults
from psychopy_nfb.protocol import Baseline, BaselineRecorder
from psychopy_nfb.protocol.baseline import SHORTEST_SECONDS

OTHER_REFERENCE = (
    "If it stays so, leave it out of the reference (exclude; in Builder: Left out of the "
    "reference) or choose another reference."
)
OTHER_CHANNELS = "If it stays so, make the signal of other channels."
"""What to do with a channel that stays bad."""

_INVALID, _GAP, _SETTLING = int(Flags.INVALID), int(Flags.GAP), int(Flags.SETTLING)
_FEW_ROWS = [np.arange(n) for n in range(FEW + 1)]
for _rows in _FEW_ROWS:
    _rows.flags.writeable = False  # all blocks of so many samples have these


@dataclass(frozen=True)
class Calibration:
    """What a recorded baseline gives; nothing of it is in use before `SignalChain.adopt`."""

    baseline: Baseline
    steps: list[Step] | None
    """The pipeline's steps as fitted, None if none of them learns."""
    settle_left: int
    """Samples that the fitted filters have still to see."""
    clean: np.ndarray
    """Clean samples of the signal, (n,), one after the other."""


class SignalChain:
    """One signal on its way through its pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        Its steps are used as they are: after a baseline they hold what was fitted.
    info : SignalInfo
        Channels and rate of the samples.

    Raises
    ------
    SettingsError
        If a setting does not fit the signal.
    """

    def __init__(self, pipeline: Pipeline, info: SignalInfo):
        self.pipeline = pipeline
        out = pipeline.prepare(info)
        if out.n_channels != 1:
            raise SettingsError(
                "pipeline",
                list(out.labels),
                f"gives {out.n_channels} channels but a signal is one; pick one channel or add a "
                "SpatialFilter that combines them",
            )
        self.rate: float = out.rate
        self.used_channels: np.ndarray = self._used_channels(info)
        self.delay: float = pipeline.delay
        """Algorithmic delay in seconds, summed here and not with each record that tells it."""
        self._labels = info.labels
        self._recorder: BaselineRecorder | None = None
        self._segments: list[list[tuple[np.ndarray, np.ndarray | None]]] = []
        self._settle_left = round(pipeline.settle * self.rate)
        self._gap_next = False
        self._n_failed = 0

    def _used_channels(self, info: SignalInfo) -> np.ndarray:
        """Return the numbers of the input channels whose faults make the signal bad.

        It depends on all of them. A trigger channel is flat and an unused electrode may be off:
        that must not withhold reward. A channel that is no voltage counts only where the signal is
        of such channels alone: an accelerometer at rest beside EEG is no fault.
        """
        mixed = self.pipeline.mixed(np.eye(info.n_channels))
        used = np.flatnonzero(mixed.any(axis=1))
        voltages = np.intersect1d(used, info.voltages)
        return voltages if len(voltages) else used

    def uses(self, name: str) -> dict[str, Use]:
        """Return by label the channels that enter the signal together with others, and how.

        Parameters
        ----------
        name : str
            Of the signal.
        """
        used = self.used_channels.tolist()
        if len(used) < 2:
            return {}
        found = {
            self._labels[place]: Use(f"the {len(used)} channels of '{name}'", OTHER_CHANNELS)
            for place in used
        }
        for kind, enters in self.pipeline.references(np.eye(len(self._labels))):
            for place in used:
                if enters[place]:
                    within = f"the {kind} reference of '{name}'"
                    found[self._labels[place]] = Use(within, OTHER_REFERENCE)
        return found

    @property
    def calibrating(self) -> bool:
        """Whether a baseline is being recorded."""
        return self._recorder is not None

    @property
    def baseline_label(self) -> str | None:
        """Name of the baseline that is being recorded, None for none."""
        return None if self._recorder is None else self._recorder.label

    def process(
        self, clean: np.ndarray, repaired: np.ndarray | None
    ) -> tuple[list[float], list[int], np.ndarray]:
        """Take the next samples (n, n_channels), and what was repaired in them (n,) or None.

        Returns
        -------
        signal : list of float, length n_out
        bits : list of int, length n_out
            The `Flags` of each.
        rows : ndarray of int, shape (n_out,)
            Which input row each output row stands for.
        """
        if self._segments:
            self._segments[-1].append((clean.copy(), repaired))
        if 0 < len(clean) <= FEW and self.pipeline.gives_each:
            signal, bits = self.pipeline.process_few(clean)
            rows = _FEW_ROWS[len(clean)]
        else:
            samples, flags, rows = self.pipeline.process(clean)
            signal, bits = samples[:, 0].tolist(), flags.tolist()
        if self._recorder is not None:  # before those of the amplifier join them
            self._n_failed = _n_invalid(bits)
        if repaired is not None:
            bits = [one | more for one, more in zip(bits, repaired[rows].tolist(), strict=True)]
        if self._gap_next and bits:
            bits[0] |= _GAP
            self._gap_next = False
        if self._settle_left > 0:
            n = min(self._settle_left, len(bits))
            bits[:n] = [one | _SETTLING for one in bits[:n]]
            self._settle_left -= n
        return signal, bits, rows

    def record(self, signal: Sequence[float], bits: Sequence[int]) -> None:
        """Add to the baseline that is being recorded, if one is."""
        if self._recorder is not None:
            self._recorder.add(np.array(signal), np.array(bits, np.uint32), self._n_failed)

    def restart(self) -> None:
        """Start the filters anew, because samples are missing before the next ones."""
        self.pipeline.reset()
        self._settle_left = round(self.pipeline.settle * self.rate)
        self._gap_next = True
        if self._segments:
            self._segments.append([])

    @property
    def baseline_seconds(self) -> float:
        """Seconds that a baseline must have to succeed, even if all of its samples are clean."""
        learning = [step for step in self.pipeline.steps if hasattr(step, "fit")]
        if not learning:
            return SHORTEST_SECONDS
        # `_fit` passes the baseline through once more, with filters that settle anew.
        most = max(step.shortest_fit for step in learning)
        return max(SHORTEST_SECONDS + self.pipeline.settle, most)

    def begin_baseline(self, label: str, broken: str | None = None) -> None:
        """Collect the signal from the next sample on; a baseline under way is dropped."""
        self._recorder = BaselineRecorder(self.rate, label, broken)
        # What a step learns, it learns from the samples as they reach it: they are kept.
        self._segments = [[]] if any(hasattr(step, "fit") for step in self.pipeline.steps) else []

    def end_baseline(self, where: Mapping[Flags, str] | None = None) -> Calibration:
        """Finish the baseline; the steps that learn from it are fitted in a copy.

        Parameters
        ----------
        where : mapping of Flags: str, optional
            Names of the channels that had a flag, where the signal is of several.

        Raises
        ------
        SettingsError
            If none was begun or there was too little clean signal.
        """
        if self._recorder is None:
            raise SettingsError("baseline", None, "has not begun; call begin_baseline first")
        recorder, self._recorder = self._recorder, None
        segments = [_joined(parts) for parts in self._segments if parts]
        self._segments = []
        if segments:
            return self._fit(
                segments, BaselineRecorder(self.rate, recorder.label, recorder.broken), where
            )
        baseline = recorder.finish(_told_fault(self.pipeline), where)
        return Calibration(baseline, None, self._settle_left, recorder.clean())

    def adopt(self, calibration: Calibration) -> None:
        """Use what a baseline gave from the next sample on."""
        if calibration.steps is not None:
            self.pipeline.steps[:] = calibration.steps
            self.delay = self.pipeline.delay
        self._settle_left = calibration.settle_left

    def _fit(
        self,
        segments: list[tuple[np.ndarray, np.ndarray]],
        recorder: BaselineRecorder,
        where: Mapping[Flags, str] | None,
    ) -> Calibration:
        """Fit on the longest stretch without a gap, then pass the whole baseline through again.

        The signal's distribution belongs to the filter: it has to be the fitted filter's own.
        """
        longest = max((samples for samples, _ in segments), key=len)
        pipeline = copy.deepcopy(self.pipeline)
        pipeline.reset()
        settle_left = 0
        for step in pipeline.steps:
            with own_faults(step, "step", "cannot be fitted to the baseline"):
                if hasattr(step, "fit"):
                    step.fit(longest)
                longest = step.process(longest)
        for segment, repaired in segments:
            pipeline.reset()
            signal, flags, rows = pipeline.process(segment)
            n_failed = _n_invalid(flags.tolist())
            flags |= repaired[rows]
            settle = round(pipeline.settle * self.rate)
            flags[:settle] |= np.uint32(_SETTLING)
            settle_left = max(0, settle - len(flags))
            recorder.add(signal[:, 0], flags, n_failed)
        baseline = recorder.finish(_told_fault(pipeline), where)
        return Calibration(baseline, pipeline.steps, settle_left, recorder.clean())


def _told_fault(pipeline: Pipeline) -> str | None:
    """Return which step has failed, how, and what to do; None if none has."""
    return None if pipeline.fault is None else f"pipeline.{pipeline.fault}"


def _n_invalid(bits: Sequence[int]) -> int:
    """Return how many of the samples that a pipeline gave are flagged INVALID."""
    return sum(1 for one in bits if one & _INVALID)


def _joined(
    parts: list[tuple[np.ndarray, np.ndarray | None]],
) -> tuple[np.ndarray, np.ndarray]:
    """Return blocks of samples and of their flags as one array each."""
    samples = np.concatenate([block for block, _ in parts])
    flags = np.concatenate(
        [np.zeros(len(block), np.uint32) if bits is None else bits for block, bits in parts]
    )
    return samples, flags
