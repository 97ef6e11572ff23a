"""A baseline and the filters fitted on it, kept for the participant's next session."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import Any

from psychopy_nfb.dsp import Pipeline, Step
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import to_dict


def with_calibration(configuration: Configuration, path: str | os.PathLike[str]) -> Configuration:
    """Return `configuration` with the baseline and the fitted filters of an earlier session.

    Parameters
    ----------
    configuration : Configuration
        What shall be trained.
    path : path
        What `Neurofeedback.save_calibration` wrote, or an earlier session's ``_nfb.json``.

    Raises
    ------
    FileError
        If it cannot be read.
    SettingsError
        If it holds no baseline, or one of another signal.
    """
    kept = read_configuration(path)
    signals = {}
    for name, settings in configuration.signals.items():
        other = kept.signals.get(name)
        if other is None and name == configuration.first:  # it may have had another name
            other = kept.signals[kept.first]
        if other is None or other.baseline is None:
            raise SettingsError(
                "calibration", os.fspath(path), f"holds no baseline of {name}; record one"
            )
        _check_same(f"signals.{name}.pipeline", settings.pipeline, other.pipeline, path)
        signals[name] = replace(settings, pipeline=other.pipeline, baseline=other.baseline)
    return replace(configuration, signals=signals)


def _check_same(where: str, wanted: Pipeline, kept: Pipeline, path: str | os.PathLike[str]) -> None:
    """Refuse a calibration whose signal was another one, naming the first difference."""
    ours, theirs = _unlearned(wanted), _unlearned(kept)
    if len(ours) != len(theirs):
        difference = f"{where} has {len(ours)} steps, there {len(theirs)}"
    else:
        places = [place for place in range(len(ours)) if ours[place] != theirs[place]]
        if not places:
            return
        place = places[0]
        one, other = ours[place], theirs[place]
        keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        key = keys[0]
        difference = f"{where}.steps[{place}].{key} is {one.get(key)!r}, there {other.get(key)!r}"
    raise SettingsError(
        "calibration",
        os.fspath(path),
        f"belongs to another signal ({difference}); record a new baseline",
    )


def _unlearned(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return the steps' settings without what they learned from a baseline."""
    return [_without_learned(step) for step in pipeline.steps]


def _without_learned(setting: Any) -> Any:
    """Return a step, or what a step's settings hold, for JSON; steps may hold other steps."""
    if isinstance(setting, Step):
        kept = [field.name for field in fields(setting) if field.name not in setting.learned]
        return {
            "type": type(setting).__name__,
            **{key: _without_learned(getattr(setting, key)) for key in kept},
        }
    if isinstance(setting, dict):
        return {key: _without_learned(value) for key, value in setting.items()}
    if isinstance(setting, list):
        return [_without_learned(value) for value in setting]
    return to_dict(setting)
