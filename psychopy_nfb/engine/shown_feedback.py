"""What is shown in a training: its sources, with what recorded blocks and baselines give them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psychopy_nfb.dsp import Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.donor_files import Donors
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

    Attributes
    ----------
    donors : dict
        The recorded blocks.
    baseline : dict of str: ndarray
        Clean samples of this session's baseline, if signals to be shown were made of it.
    """

    def __init__(
        self,
        configuration: Configuration,
        first: SignalState,
        rate: float,
        donors: Donors | None = None,
    ):
        super().__init__(
            configuration.shown, configuration.signals, configuration.reward, first, rate
        )
        self.donors: Donors = donors or {}
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
