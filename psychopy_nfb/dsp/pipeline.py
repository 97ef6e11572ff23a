"""A list of steps that reads from and writes to JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import NfbError


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

    def prepare(self, info: SignalInfo) -> SignalInfo:
        """Prepare every step for `info` and return what comes out of the last.

        Raises
        ------
        SettingsError
            Naming the step by its place, e.g. ``pipeline.steps[2].band``.
        """
        info = replace(info, frequency=info.frequency or self._frequency())
        for index, step in enumerate(self.steps):
            try:
                info = step.prepare(info)
            except NfbError as error:
                raise error.within(f"pipeline.steps[{index}]") from None
        self.stage_seconds = np.zeros(len(self.steps))
        return info

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

        Notes
        -----
        The seconds that each step took are added to `stage_seconds`, shape (n_steps,).
        """
        rows = np.arange(len(samples))
        flags = np.zeros(len(samples), dtype=np.uint32)
        before = perf_counter()
        for index, step in enumerate(self.steps):
            samples = step.process(samples)
            if step.kept is not None:
                rows = rows[step.kept]
                flags = flags[step.kept]
            if step.flags is not None:
                flags |= step.flags
            after = perf_counter()
            self.stage_seconds[index] += after - before
            before = after
        return samples, flags, rows

    def reset(self) -> None:
        """Forget all samples seen."""
        for step in self.steps:
            step.reset()

    @property
    def delay(self) -> float:
        """Sum of the steps' declared delays in seconds."""
        return sum(step.declared_delay for step in self.steps)

    @property
    def settle(self) -> float:
        """Seconds after a reset until the output can be trusted: the sum over the steps."""
        return sum(step.settle for step in self.steps)
