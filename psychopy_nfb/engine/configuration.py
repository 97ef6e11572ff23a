"""All settings of a training, which are one JSON file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from psychopy_nfb.budget import LONGEST_NAME, MOST_FURTHER, check_count
from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp import Pipeline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import (
    FURTHER_NAMES,
    VALUE_NAMES,
    Baseline,
    FurtherSignal,
    Protocol,
)
from psychopy_nfb.settings import from_dict, read_plain_json


@dataclass
class Configuration:
    """From the stream to the reward.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, Pick, Pipeline
    >>> training = Configuration(pipeline=Pipeline([Pick(["Oz"]), CFIR(band=(8, 12))]))
    >>> training.stream.type
    'EEG'
    """

    stream: StreamSelection = field(default_factory=StreamSelection)
    """Where the EEG comes from."""
    pipeline: Pipeline = field(default_factory=Pipeline)
    """From EEG samples to the one trained signal."""
    protocol: Protocol = field(default_factory=Protocol)
    """From the signal to feedback and reward."""
    baseline: Baseline | None = None
    """A baseline recorded earlier; None until one is recorded in this session."""
    aux: StreamSelection | None = None
    """A second stream whose channels are laid beside the EEG's, under their own labels."""
    further: dict[str, FurtherSignal] = field(default_factory=dict)
    """Further signals of the same stream, by name: to show, or to withhold reward."""
    markers: bool = True
    """Keep the markers of every marker stream on the network."""
    publish: bool = False
    """Send the feedback values out as an LSL stream of type ``Feedback``."""
    gap_seconds: float = 0.1
    """A jump of the stamps beyond this counts as lost samples: marked, and the filters restart."""

    def __post_init__(self) -> None:
        check_number("gap_seconds", self.gap_seconds, above=0, unit="s")
        check_count("further", self.further, MOST_FURTHER, "signals")
        for name in self.further:
            if not name.isidentifier():
                raise SettingsError(
                    "further", name, "must be a name of letters, digits and underscores"
                )
            check_count("further", name, LONGEST_NAME, "characters")

    @property
    def value_names(self) -> tuple[str, ...]:
        """What there is for each sample: `VALUE_NAMES`, then ``emg_value, emg_signal, …``."""
        return (
            *VALUE_NAMES,
            *(f"{name}_{what}" for name in self.further for what in FURTHER_NAMES),
        )


def read_configuration(source: str | os.PathLike | dict | Configuration) -> Configuration:
    """Return the configuration that `source` names.

    Parameters
    ----------
    source : path, dict or Configuration
        A settings file, an earlier session's ``_nfb.json`` (whose filters and baseline are taken
        over), or the settings themselves.

    Raises
    ------
    FileError
        If the file cannot be read.
    SettingsError
        If a setting in it cannot be used; the message names it.
    """
    if isinstance(source, Configuration):
        return source
    if isinstance(source, (str, os.PathLike)):
        source = read_plain_json(source)
    if isinstance(source, dict) and "configuration" in source:
        source = source["configuration"]
    return from_dict(Configuration, source)
