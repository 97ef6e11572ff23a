"""The baselines of all signals, recorded together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from psychopy_nfb.dsp import Flags, Repair, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.signal_chain import Calibration, SignalChain
from psychopy_nfb.engine.trained_signals import TrainedSignal
from psychopy_nfb.errors import NfbError, listed
from psychopy_nfb.protocol import Comparison, Signal


class SignalBaselines:
    """Begins and ends the baselines of a training's signals, all of them or none.

    Parameters
    ----------
    ways : sequence of TrainedSignal
        The signals.
    repair : Repair
        Says which channels were spoilt meanwhile.
    info : SignalInfo
        Channels of the samples.
    """

    def __init__(self, ways: Sequence[TrainedSignal], repair: Repair, info: SignalInfo):
        self._ways = ways
        self._repair = repair
        self._info = info
        self._spoilt: dict[Flags, np.ndarray] = {}

    def begin(self, label: str, broken: str | None) -> None:
        """Collect all signals from the next sample on, as `Processor.begin_baseline`."""
        self._spoilt = {}
        for way in self._ways:
            way.chain.begin_baseline(label, broken)

    def note_spoilt(self) -> None:
        """Count the samples that were spoilt, of those that were repaired last."""
        for flag, counts in self._repair.spoilt().items():
            self._spoilt[flag] = self._spoilt.get(flag, 0) + counts

    def end(self, configuration: Configuration) -> tuple[dict[str, Signal], list[Calibration]]:
        """Finish the baselines; return the signals' settings with them, and what each gave.

        Raises
        ------
        SettingsError
            As `Processor.end_baseline`.
        """
        results: list[Calibration] = []
        problem: NfbError | None = None
        signals = dict(configuration.signals)
        for way in self._ways:
            try:
                result = way.chain.end_baseline(self._where_spoilt(way.name, way.chain))
                signals[way.name] = replace(signals[way.name], baseline=result.baseline)
                Comparison(signals[way.name])  # raises if it does not hold what is needed
                results.append(result)
            except NfbError as error:
                problem = problem or error.within(f"signals.{way.name}")
        if problem is not None:
            raise problem
        return signals, results

    def _where_spoilt(self, name: str, chain: SignalChain) -> dict[Flags, str]:
        """Return by flag which channels of a signal had it in the baseline, in words.

        Only where it is of several: one of the reference may be off while the trained one is fine.
        """
        uses, used, found = chain.uses(name), chain.used_channels, {}
        for flag, counts in self._spoilt.items() if uses else ():
            most = int(counts[used].max())
            labels = [self._info.labels[place] for place in used if 2 * counts[place] > most > 0]
            if labels:
                within = {uses[label].within for label in labels}
                found[flag] = f"{listed(labels, most=8)} ({' and '.join(sorted(within))})"
        return found
