"""Trainings on one signal, as most tests need them."""

from __future__ import annotations

from dataclasses import fields

from psychopy_nfb.dsp import CFIR, DCBlock, Pick, Pipeline
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.protocol import Reward, Signal, value_names

NAME = "trained"
VALUE_NAMES = value_names([NAME])
"""What there is for each sample of such a training."""
AT = {name.removeprefix(f"{NAME}_"): place for place, name in enumerate(VALUE_NAMES)}
"""Columns of its values by what they are, without the signal's name."""


def one_signal(*steps, **settings):
    """Return a training on one signal.

    `steps` are its pipeline's; `settings` those of `Signal`, `Reward` and `Configuration` by name.
    """
    if steps:
        settings["pipeline"] = Pipeline(list(steps))
    parts = [_taken(kind, settings) for kind in (Signal, Reward)]
    return Configuration(signals={NAME: Signal(**parts[0])}, reward=Reward(**parts[1]), **settings)


def alpha(source_id=None, **settings):
    """Return a training on alpha at Oz without a baseline; with `settings` as `one_signal`."""
    from psychopy_nfb.lsl.selection import StreamSelection

    usual = {
        "stream": StreamSelection(source_id=source_id, timeout=15.0),
        "pipeline": Pipeline([Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1)]),
        "normalise": "none",
        "threshold": 5.0,
        "display_range": (0.0, 20.0),
    }
    return one_signal(**{**usual, **settings})


def the_signal(configuration):
    """Return the settings of a training's only signal."""
    (signal,) = configuration.signals.values()
    return signal


def _taken(kind, settings):
    """Return what of `settings` belongs to a class of settings, and take it away."""
    return {one.name: settings.pop(one.name) for one in fields(kind) if one.name in settings}
