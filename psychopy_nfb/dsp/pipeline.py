"""A list of steps that reads from and writes to JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from time import perf_counter

import numpy as np

from psychopy_nfb.budget import MOST_STEPS, check_count
from psychopy_nfb.checks import check_rate
from psychopy_nfb.dsp.artifact import held
from psychopy_nfb.dsp.own_step import StepGuard, check_prepared
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import NfbError, SettingsError, cause
from psychopy_nfb.families import is_own, own_faults

FEW = 3
"""Up to so many samples at once pass the steps of one channel faster one by one, as plain numbers:
an amplifier that sends single samples gives 1 or 2 at 1 kHz."""


@dataclass
class Pipeline:
    """Steps in the order in which a sample passes them.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, Pick, Pipeline, SignalInfo
    >>> pipeline = Pipeline([Pick(["Oz"]), CFIR(band=(8, 12), delay=0.1)])
    >>> info = pipeline.prepare(SignalInfo(rate=250.0, labels=("Cz", "Oz")))
    >>> info.labels, round(pipeline.delay, 2)
    (('Oz',), 0.11)
    """

    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_count("steps", self.steps, MOST_STEPS, "steps")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        """Prepare every step for `info` and return what comes out of the last.

        Raises
        ------
        SettingsError
            Naming the step by its place, e.g. ``pipeline.steps[2].band``.
        """
        check_rate("rate", info.rate)
        info = replace(info, frequency=info.frequency or self._frequency())
        # Only what a lab has written is watched over at each block.
        self._guards: list[StepGuard | None] = []
        n_channels, rate = info.n_channels, info.rate
        # From which step on there is one channel and nothing of a lab's own.
        self._first_plain = 0
        for index, step in enumerate(self.steps):
            n_in = info.n_channels
            try:
                info = _prepared(step, info)
            except NfbError as error:
                raise error.within(f"pipeline.steps[{index}]") from None
            self._guards.append(StepGuard(info.n_channels) if is_own(type(step)) else None)
            if n_in != 1 or info.n_channels != 1 or self._guards[index] is not None:
                self._first_plain = index + 1
        self.gives_each: bool = info.n_channels == 1 and info.rate == rate
        """Whether it gives one number for each sample: `process_few` can be used."""
        self.stage_seconds: list[float] = [0.0] * len(self.steps)
        self._at_fault: str | None = None
        self._outputs: list[np.ndarray | list[float] | None] = [None] * len(self.steps)
        self._n_mixing, weights = self._mixing(n_channels)
        # What does not enter must not spoil it either: 0 times NaN is NaN.
        enters = np.flatnonzero(weights)
        self._weights = weights[enters]
        self._mixed_channels = None if len(enters) == n_channels else enters
        self._last = np.zeros(info.n_channels)
        return info

    def _mixing(self, n_channels: int) -> tuple[int, np.ndarray]:
        """Return how many steps make one channel out of all at the beginning, and its weights.

        Such as a reference and the channel that is picked. None of them has a state or learns
        anything, so that two or more are one weighted sum: of 64 channels 3 us a sample, not 11.
        """
        weights, n_mixing = np.eye(n_channels), 0
        for step, guard in zip(self.steps, self._guards, strict=True):
            if weights.shape[1] == 1 or not step.spatial or step.learned or guard is not None:
                break
            weights = step.process(weights)
            n_mixing += 1
        if n_mixing < 2 or weights.shape[1] > 1:
            return 0, np.empty(0)
        return n_mixing, weights[:, 0]

    def _frequency(self) -> float | None:
        """Return the centre in Hz of the last band that a step names, if any does."""
        for step in reversed(self.steps):
            band = getattr(step, "band", None)
            if band is not None and len(band) == 2:
                return (band[0] + band[1]) / 2
        return None

    def process(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pass one block through all steps.

        Parameters
        ----------
        samples : ndarray, shape (n, n_channels)
            float64.

        Returns
        -------
        signal : ndarray, shape (n_out, n_signals)
        flags : ndarray of uint32, shape (n_out,)
            The `Flags` of each output sample.
        rows : ndarray of int, shape (n_out,)
            Which row of `samples` each output row stands for (all, unless a step decimates).

        Where the outcome is no finite number the last one that was stays, flagged INVALID, and
        `fault` says which step it came from. The same holds where a lab's own step fails.

        Notes
        -----
        The seconds that each step took are added to `stage_seconds`, one number a step; those of
        steps that only mix channels, at the beginning, to the last of them.
        """
        rows = np.arange(len(samples))
        flags = np.zeros(len(samples), dtype=np.uint32)
        before = perf_counter()
        if self._n_mixing:
            samples, before = self._mix(samples, before)
        for index in range(self._n_mixing, len(self.steps)):
            step = self.steps[index]
            samples, own = self._passed(index, samples)
            if step.kept is not None and self._guards[index] is None:
                rows = rows[step.kept]
                flags = flags[step.kept]
            if own is not None:
                flags |= own
            after = perf_counter()
            self.stage_seconds[index] += after - before
            before = after
        if len(samples):
            if not isfinite(np.add.reduce(samples, axis=None)):
                samples = self._held(samples, flags)
            self._last[:] = samples[-1]
        return samples, flags, rows

    def process_few(self, samples: np.ndarray) -> tuple[list[float], list[int]]:
        """Pass `FEW` samples or less through all steps, where the pipeline `gives_each`.

        The same as `process`, and the same state, but from where there is one channel on without
        arrays: of 110 us that a sample took in the steps of a usual training, at 1 kHz and alone,
        arrays were the larger part.

        Parameters
        ----------
        samples : ndarray, shape (n, n_channels)
            float64.

        Returns
        -------
        signal : list of float, length n
        bits : list of int, length n
            The `Flags` of each sample.
        """
        steps, outputs, seconds = self.steps, self._outputs, self.stage_seconds
        bits = [0] * len(samples)
        before = perf_counter()
        if self._n_mixing:
            samples, before = self._mix(samples, before)
        for index in range(self._n_mixing, self._first_plain):
            samples, own = self._passed(index, samples)
            if own is not None:
                bits = [one | more for one, more in zip(bits, own.tolist(), strict=True)]
            after = perf_counter()
            seconds[index] += after - before
            before = after
        values: list[float] = samples[:, 0].tolist()
        for index in range(self._first_plain, len(steps)):
            step = steps[index]
            passed = []
            for row, value in enumerate(values):
                passed.append(step.process_one(value))
                bits[row] |= step.bits
            values = outputs[index] = passed
            after = perf_counter()
            seconds[index] += after - before
            before = after
        if not isfinite(sum(values)):
            flags = np.array(bits, np.uint32)
            values = self._held(np.array(values)[:, None], flags)[:, 0].tolist()
            bits = flags.tolist()
        self._last[0] = values[-1]
        return values, bits

    def _mix(self, samples: np.ndarray, before: float) -> tuple[np.ndarray, float]:
        """Return the one channel (n, 1) that the first steps make out of samples, and the time."""
        if self._mixed_channels is not None:
            samples = samples.take(self._mixed_channels, axis=1)
        # BLAS keeps to this thread up to some hundred samples of 64 channels.
        out = self._outputs[self._n_mixing - 1] = samples.dot(self._weights)[:, None]
        after = perf_counter()
        self.stage_seconds[self._n_mixing - 1] += after - before
        return out, after

    def _passed(self, index: int, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Pass samples through one step; return what comes out and what it is flagged with."""
        step, guard = self.steps[index], self._guards[index]
        if guard is None:
            out, flags = step.process(samples), step.flags
        else:
            out = guard.process(step, samples)
            flags = guard.flags
        self._outputs[index] = out
        return out, flags

    def _held(self, samples: np.ndarray, flags: np.ndarray) -> np.ndarray:
        """Return `samples` with the last finite ones in place of others, which are flagged."""
        samples = np.array(samples, dtype=float)
        for column, last in zip(samples.T, self._last, strict=True):
            found = held(column, last)
            if found is not None:
                flags |= found
                self._at_fault = self._at_fault or self._first_not_finite()
        return samples

    def _first_not_finite(self) -> str:
        """Return which step the last block's numbers that are not finite came from."""
        for index, (step, output) in enumerate(zip(self.steps, self._outputs, strict=True)):
            if output is not None and not np.isfinite(output).all():
                what = "gave no finite number; check its settings"
                return f"steps[{index}] ({type(step).__name__}) {what}"
        return "steps gave no finite number; check their settings"

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        """Return on which inputs the outputs depend, as `Step.mixed`.

        Raises
        ------
        SettingsError
            If a lab's own step cannot say.
        """
        for index in range(len(self.steps)):
            inputs = self._mixed_by(index, inputs)
        return inputs

    def _mixed_by(self, index: int, inputs: np.ndarray) -> np.ndarray:
        step, guard = self.steps[index], self._guards[index]
        try:
            return step.mixed(inputs) if guard is None else guard.mixed(step, inputs)
        except NfbError as error:
            raise error.within(f"pipeline.steps[{index}]") from None

    def references(self, inputs: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Return what channels are measured against on the way.

        Parameters
        ----------
        inputs : ndarray, shape (n_inputs, n_channels)
            As of `mixed`.

        Returns
        -------
        list of (str, ndarray of bool, shape (n_inputs,))
            Kind of each reference, such as ``"average"``, and which inputs enter it.
        """
        found = []
        for index, step in enumerate(self.steps):
            if step.entering:
                kind = getattr(step, "kind", "own")
                found.append((kind, inputs[:, list(step.entering)].any(axis=1)))
            inputs = self._mixed_by(index, inputs)
        return found

    @property
    def fault(self) -> str | None:
        """Which step has failed since `prepare`, how, and what to do; None if none has."""
        for index, guard in enumerate(self._guards):
            if guard is not None and guard.fault is not None:
                return f"steps[{index}] {guard.fault}"
        if self._at_fault is not None:
            return self._at_fault
        inner = ((index, step.fault) for index, step in enumerate(self.steps))
        return next((f"steps[{index}].{place}" for index, place in inner if place), None)

    def reset(self) -> None:
        """Forget all samples seen."""
        for step, guard in zip(self.steps, self._guards, strict=True):
            if guard is None:
                step.reset()
            else:
                guard.reset(step)

    @property
    def delay(self) -> float:
        """Sum of the steps' declared delays in seconds."""
        return sum(step.declared_delay for step in self.steps)

    @property
    def settle(self) -> float:
        """Seconds after a reset until the output can be trusted: the sum over the steps."""
        return sum(step.settle for step in self.steps)


def _prepared(step: Step, info: SignalInfo) -> SignalInfo:
    """Prepare a step; what its design cannot be computed with is a sentence, too."""
    try:
        with own_faults(step, "step", "cannot be prepared"):
            out = step.prepare(info)
            if is_own(type(step)):
                check_prepared(step, info, out)
            finite = isfinite(step.declared_delay + step.settle)
        if not finite:
            raise SettingsError(
                "settings", type(step).__name__, "give no filter with a finite delay; change them"
            )
    except NfbError:
        raise
    except (ValueError, ArithmeticError, LookupError, MemoryError) as error:
        raise SettingsError(
            "settings",
            type(step).__name__,
            f"cannot be used with {info.n_channels} channels at {info.rate:g} Hz ({cause(error)}); "
            "change them",
        ) from None
    return out
