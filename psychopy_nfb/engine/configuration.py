"""All settings of a training, which are one JSON file."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, replace
from typing import Any

from psychopy_nfb.budget import LONGEST_NAME, MOST_SIGNALS, check_count
from psychopy_nfb.checks import check_number
from psychopy_nfb.engine.plugins import load_needed
from psychopy_nfb.engine.quest import Quest as _Quest  # noqa: F401 (settings know the rule then)
from psychopy_nfb.errors import FileError, SettingsError, listed
from psychopy_nfb.lsl.selection import SecondStream, StreamSelection
from psychopy_nfb.protocol import (
    NONE,
    OWN,
    SHOWN,
    TRAINED,
    Continuous,
    Reward,
    ShownSource,
    Signal,
    value_name,
    value_names,
)
from psychopy_nfb.protocol.signal import check_live
from psychopy_nfb.protocol.version_0_1 import (
    SETTINGS_NOTICE,
    converted_settings,
    is_older,
)
from psychopy_nfb.settings import from_dict, read_plain_json, write_json

logger: logging.Logger = logging.getLogger(__name__)


@dataclass
class Configuration:
    """From the stream to the reward.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, Pick, Pipeline
    >>> alpha = Signal(Pipeline([Pick(["Oz"]), CFIR(band=(8, 12))]))
    >>> training = Configuration(signals={"alpha": alpha})
    >>> training.stream.type, training.first
    ('EEG', 'alpha')
    """

    stream: StreamSelection = field(default_factory=StreamSelection)
    """Where the EEG comes from."""
    signals: dict[str, Signal] = field(default_factory=lambda: {TRAINED: Signal()})
    """What is computed of it, by name: signals that are rewarded, that withhold reward, or that are
    only watched. The first is the one that ``nfb.value`` means."""
    reward: Reward = field(default_factory=Reward)
    """When the rewarded signals together bring a hit, and what it is worth."""
    shown: dict[str, ShownSource] = field(default_factory=dict)
    """What may be shown in place of the own feedback, by name; each block chooses one. Without any,
    nothing more is computed."""
    aux: SecondStream | None = None
    """A second stream whose channels are laid beside the EEG's, under their own labels."""
    markers: bool = True
    """Keep the markers of every marker stream on the network."""
    publish: bool = False
    """Send the feedback values out as an LSL stream of type ``Feedback``."""
    gap_seconds: float = 0.1
    """A jump of the stamps beyond this counts as lost samples: marked, and the filters restart."""

    def __post_init__(self) -> None:
        check_number("gap_seconds", self.gap_seconds, above=0, unit="s")
        if not self.signals:
            raise SettingsError("signals", self.signals, "has none; name at least one signal")
        check_count("signals", self.signals, MOST_SIGNALS, "signals")
        for name in self.signals:
            if not (isinstance(name, str) and name.isidentifier()):
                raise SettingsError(
                    "signals", name, "must be a name of letters, digits and underscores"
                )
            check_count("signals", name, LONGEST_NAME, "characters")
        self._check_shown()
        schedule = self.reward.schedule
        rewarded = any(signal.role == "reward" for signal in self.signals.values())
        if not (rewarded or isinstance(schedule, Continuous)):
            raise SettingsError(
                "reward.schedule",
                type(schedule).__name__,
                'has nothing to reward; give a signal the role "reward"',
            )

    def _check_shown(self) -> None:
        check_count("shown", self.shown, MOST_SIGNALS, "sources")
        if self.shown and SHOWN in self.signals:
            raise SettingsError(
                "signals",
                SHOWN,
                "is what the columns of all that is shown are called; choose another name",
            )
        for name, source in self.shown.items():
            if not isinstance(source, ShownSource):
                raise SettingsError(
                    f"shown.{name}", source, "must be a source, such as Inverse() or Yoked(…)"
                )
            if not str(name).isidentifier() or name in (OWN, NONE):
                raise SettingsError(
                    "shown",
                    name,
                    "must be a name of letters, digits and underscores, other than own and none",
                )
            check_count("shown", name, LONGEST_NAME, "characters")
            try:
                source.check(self.signals)
            except SettingsError as error:
                raise error.within(f"shown.{name}") from None

    @property
    def first(self) -> str:
        """Name of the first signal."""
        return next(iter(self.signals))

    @property
    def value_names(self) -> tuple[str, ...]:
        """What there is for each sample: ``alpha_value, alpha_signal, …, reward, score, …``."""
        return value_names(self.signals, bool(self.shown))

    @property
    def displayed(self) -> str:
        """Which of the values displays show: ``alpha_value``, or ``shown_value``."""
        return value_name(SHOWN if self.shown else self.first, "value")

    def changed(self, changes: dict[str, Any], signal: str | None = None) -> Configuration:
        """Return a copy with live settings changed.

        Parameters
        ----------
        changes : dict
            Settings of the signal; without a `signal` also of the reward.
        signal : str, optional
            Name of the signal; default the first.

        Raises
        ------
        SettingsError
            If there is no such signal, or a setting does not exist, must stay as it is during a
            run, or cannot have this value.
        """
        name = self.first if signal is None else signal
        if name not in self.signals:
            raise SettingsError("signal", name, f"is no signal; there are: {listed(self.signals)}")
        of_reward = Reward.live if signal is None else ()
        check_live(changes, (*Signal.live, *of_reward))
        for_reward = {key: value for key, value in changes.items() if key in of_reward}
        for_signal = {key: value for key, value in changes.items() if key not in of_reward}
        signals = {**self.signals, name: self.signals[name].changed(**for_signal)}
        return replace(self, signals=signals, reward=self.reward.changed(**for_reward))


def read_configuration(
    source: str | os.PathLike[str] | dict[str, Any] | Configuration,
) -> Configuration:
    """Return the configuration that `source` names.

    Settings of version 0.1 are read as well; that they were is reported in the log.

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
    where = ""
    if isinstance(source, (str, os.PathLike)):
        where = f"{os.fspath(source)}: "
        path, source = source, read_plain_json(source)
        if not source:
            raise FileError(
                "settings",
                os.fspath(path),
                "holds no settings; name a settings file, or an earlier session's _nfb.json",
            )
    _refuse_plugins(source)
    if isinstance(source, dict) and "configuration" in source:
        source = source["configuration"]
    configuration = build_configuration(source)
    if is_older(source):
        logger.warning("%s%s.", where, SETTINGS_NOTICE % configuration.first)
    return configuration


def write_configuration(configuration: Configuration, path: str | os.PathLike[str]) -> None:
    """Write a training to a settings file, as `read_configuration` and the commands read it.

    Parameters
    ----------
    configuration : Configuration
        The training, e.g. of `standard_training`, or ``nfb.configuration`` of a session with what
        was changed in it.
    path : path
        The file, a ``.json``. One that is there is replaced.

    Raises
    ------
    SettingsError
        If it is no training.
    FileError
        If the file cannot be written.

    Examples
    --------
    .. code-block:: python

        write_configuration(standard_training(channels="Oz", band=(8, 12)), "alpha_up.json")
    """
    if not isinstance(configuration, Configuration):
        raise SettingsError(
            "configuration",
            configuration,
            "must be a Configuration, such as standard_training(…) or nfb.configuration",
        )
    write_json(configuration, path)


def build_configuration(settings: Any) -> Configuration:
    """Return the configuration of plain settings, also of version 0.1.

    Steps of installed packages are loaded where the settings name them.

    Raises
    ------
    SettingsError
        If a setting cannot be used; the message names it.
    """
    _refuse_plugins(settings)
    load_needed(settings)
    if is_older(settings):
        settings = converted_settings(settings)
    return from_dict(Configuration, settings)


def _refuse_plugins(settings: Any) -> None:
    """Refuse settings that name code to run: they come from others, and run none."""
    if isinstance(settings, dict) and "plugins" in settings:
        raise SettingsError(
            "plugins",
            settings["plugins"],
            "cannot stand in settings, which run no code; name the files in the experiment, "
            'Neurofeedback(..., plugins=["my_lab.py"])',
        )
