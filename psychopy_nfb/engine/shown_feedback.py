"""What is shown in a training: its sources, with what recorded blocks and baselines give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from psychopy_nfb.dsp import Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.donor_files import Donors, of_this_session
from psychopy_nfb.engine.kept_blocks import KeptBlocks
from psychopy_nfb.engine.replayed_signals import replayed
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import SignalState
from psychopy_nfb.protocol.shown import Extract, ShownState, Surrogate, surrogate


class ShownFeedback(ShownState):
    """What is shown in place of the own feedback, with all that it is made of.

    Parameters
    ----------
    configuration : Configuration
        The training's settings.
    first : SignalState
        Of the first signal.
    rate : float
        Of all signals, in Hz.
    donors : dict, optional
        Recorded blocks that are shown.
    folder : Path, optional
        Where blocks of this session are kept that may be shown; None for files without a name.

    Attributes
    ----------
    donors : dict
        The recorded blocks.
    kept : KeptBlocks or None
        Those of this session, if such may be shown.
    baseline : dict of str: ndarray
        Clean samples of this session's baseline, if signals to be shown were made of it.
    """

    def __init__(
        self,
        configuration: Configuration,
        first: SignalState,
        rate: float,
        donors: Donors | None = None,
        folder: Path | None = None,
    ):
        super().__init__(
            configuration.shown, configuration.signals, configuration.reward, first, rate
        )
        self.donors: Donors = donors or {}
        self.kept: KeptBlocks | None = None
        self._folder = folder
        self._again = of_this_session(configuration.shown)
        self.baseline: dict[str, np.ndarray] = {}
        self._made = {
            name: int(source.seed or 0)
            for name, source in configuration.shown.items()
            if isinstance(source, Surrogate)
        }

    def take_filters(self, pipelines: Mapping[str, Pipeline], info: SignalInfo) -> None:
        """Pass recorded blocks through the filters as they are now, for when they are shown next.

        Parameters
        ----------
        pipelines : mapping of str to Pipeline
            Of all signals.
        info : SignalInfo
            Of the samples that the filters are for.

        Raises
        ------
        SettingsError
            If a block does not fit the stream.
        """
        replaced = {name: pipelines[name] for name in self.replaced}
        for name, blocks in self.donors.items():
            try:
                series = [
                    replayed(one, replaced, info) if isinstance(one, Extract) else one
                    for one in blocks
                ]
            except NfbError as error:
                raise error.within(f"shown.{name}") from None
            self.give(name, series)
        if self.kept is not None:
            self.kept.take_filters(replaced)
        elif self._again:
            learns = any(hasattr(step, "fit") for one in replaced.values() for step in one.steps)
            self.kept = KeptBlocks(
                list(self._again.values()), self.replaced, info, learns, self._folder
            )

    def keep(
        self,
        samples: np.ndarray,
        first: int,
        rows: np.ndarray,
        signals: Sequence[Sequence[float]],
        flags: Sequence[Sequence[int]],
    ) -> None:
        """Keep the next samples for later blocks; see `KeptBlocks.take`. `signals` are all."""
        if self.kept is not None:
            places = self.replaced_places
            own = [np.array(signals[place]) for place in places]
            bits = [np.array(flags[place], np.uint32) for place in places]
            self.kept.take(samples, first, rows, own, bits)

    def take_over(self, kept: KeptBlocks | None, sample: int) -> None:
        """Go on with the blocks that an earlier process kept, of samples before `sample`."""
        if self.kept is not None and kept is not None:
            self.kept.close()
            self.kept = kept
            kept.go_on(sample)

    def close(self) -> None:
        """Close the files of blocks that were kept."""
        if self.kept is not None:
            self.kept.close()

    def show(self, source: str, turn: int = 0) -> None:
        """Show `source` from the next sample on; see `ShownState.show`."""
        if self.kept is not None and source in self._again:
            try:
                self.give(source, [self.kept.series(self._again[source], turn)])
            except NfbError as error:
                raise error.within(f"shown.{source}") from None
        super().show(source, turn)

    def gap(self, seconds: float) -> None:
        """Note that samples of so many seconds are missing; see `ShownState.gap`."""
        super().gap(seconds)
        if self.kept is not None:
            self.kept.gap()

    def faults(self) -> list[tuple[str, str]]:
        """Return event and sentence for what has failed; see `ShownState.faults`."""
        faults = super().faults()
        if self.kept is not None and self.kept.fault is not None:
            faults.append(("not_kept", self.kept.fault))
        return faults

    def take_baseline(self, clean: Mapping[str, np.ndarray]) -> None:
        """Make signals like those of a baseline, if such may be shown.

        Parameters
        ----------
        clean : mapping of str to ndarray
            Clean samples by signal; none where no baseline was recorded.
        """
        if not (self._made and clean):
            return
        self.baseline = {name: clean[name] for name in self.replaced}
        for name, seed in self._made.items():
            self.give(name, [surrogate(self.baseline, seed)])
