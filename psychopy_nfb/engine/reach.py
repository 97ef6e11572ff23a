"""Thresholds that nobody can learn from, because they are never reached or always."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any

from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.presets import usual_threshold
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Running, Signal, Staircase, ThresholdRule, Trend

logger: logging.Logger = logging.getLogger(__name__)

UNITS = {"zscore": " SD", "percent": " %", "max": " of the maximum", "none": " µV"}
"""Unit of threshold and display, by what they are compared with."""
_REACH = {
    "zscore": (-5.0, 5.0),
    "percent": (-100.0, 300.0),
    "max": (0.0, 1.0),
    "none": (0.0, math.inf),
}
"""Between which values an amplitude changes: it is not negative, five standard deviations or four
times the mean of a rhythm hardly happen, and the maximum is the largest there was."""
_UNREWARDED_FURTHER = 4.0
"""How many times as far a signal goes that is not rewarded: tense muscles go far beyond those of a
baseline."""
_MOST_SD = 5.0
"""Running standard deviations from the running mean."""
_FROM_BASELINE = {
    "percentile": "{:g} as a percentile (0 to 100) is nearly always exceeded",
    "bursts": "{:g} bursts per minute are less than one a minute",
}


def out_of_reach(
    signal: Signal, limit_uv: float | None = None, least_uv: float = 0.0
) -> Iterator[tuple[str, str]]:
    """Yield why nobody could learn from a signal's threshold.

    Parameters
    ----------
    signal : Signal
        Its threshold, or the rule that moves it.
    limit_uv : float, optional
        Artifact limit, beyond which there is no reward: what a signal in microvolts reaches.
    least_uv : float
        Amplitude below which a signal in microvolts hardly ever is.

    Yields
    ------
    place : str
        ``"threshold"``, or the setting of the rule, such as ``"threshold.start"``.
    sentence : str
        What is wrong, without a full stop.

    Examples
    --------
    >>> dict(out_of_reach(Signal(threshold=70.0)))
    {'threshold': '70 SD is out of reach, so there would be no reward; usual is 0.5 SD'}
    """
    usual = usual_threshold(signal.normalise, signal.threshold_kind, signal.direction, signal.role)
    threshold, unit = signal.threshold, UNITS[signal.normalise]
    if isinstance(threshold, ThresholdRule):
        if threshold.start is not None and (why := _why(signal, threshold.start, limit_uv)):
            yield "threshold.start", why
        yield from _moves_too_far(threshold, signal)
    elif signal.threshold_kind in _FROM_BASELINE:
        if threshold < 1:
            beyond = (signal.threshold_kind == "percentile") == (signal.direction == "up")
            what = _FROM_BASELINE[signal.threshold_kind].format(threshold)
            yield (
                "threshold",
                f"{what}, {_outcome(signal, beyond, nearly=True)}; usual is {usual:g}",
            )
    elif why := _why(signal, threshold, limit_uv):
        yield "threshold", f"{why}; usual is {usual:g}{unit}"
    elif signal.normalise == "none" and threshold < least_uv:
        outcome = _outcome(signal, signal.direction == "up", nearly=True)
        yield (
            "threshold",
            f"the signal is hardly ever below {threshold:g}{unit}, {outcome}; usual is "
            f"{usual:g}{unit}",
        )


def warn_of_reach(configuration: Configuration) -> None:
    """Report in the log each threshold that nobody could learn from.

    Signals without a baseline may be anything, not microvolts only, and are left out.
    """
    for name, signal in configuration.signals.items():
        if signal.normalise != "none":
            for place, sentence in out_of_reach(signal):
                logger.warning("signals.%s.%s: %s.", name, place, sentence)


def check_reach(configuration: Configuration, changes: Mapping[str, Any], name: str | None) -> None:
    """Refuse a threshold that nobody could learn from, asked for while a training runs.

    Signals without a baseline may be anything, not microvolts only, and are not judged.

    Parameters
    ----------
    configuration : Configuration
        As it is now.
    changes : mapping
        Of settings, by name.
    name : str or None
        The signal's; None is the first.

    Raises
    ------
    SettingsError
        Why it cannot be learned from.
    """
    if "threshold" not in changes:
        return
    signals = configuration.changed(changes, name).signals
    signal = signals[name] if name is not None else next(iter(signals.values()))
    if signal.normalise != "none":
        for place, sentence in out_of_reach(signal):
            raise SettingsError(place, changes["threshold"], sentence)


def _why(signal: Signal, threshold: float, limit_uv: float | None) -> str | None:
    """Return why a threshold in the signal's unit is reached never or always."""
    low, high = _REACH[signal.normalise]
    if signal.role != "reward":
        high *= _UNREWARDED_FURTHER
    if signal.normalise == "none" and limit_uv is not None:
        high = limit_uv
    given, up = f"{threshold:g}{UNITS[signal.normalise]}", signal.direction == "up"
    if threshold > high or (threshold == high and signal.normalise == "none"):
        return f"{given} is out of reach, {_outcome(signal, not up)}"
    if threshold <= low:
        return f"the signal is never below {given}, {_outcome(signal, up)}"
    return None


def _moves_too_far(rule: ThresholdRule, signal: Signal) -> Iterator[tuple[str, str]]:
    """Yield what of a rule moves its threshold beyond all values at once."""
    unit, most = UNITS[signal.normalise], _REACH[signal.normalise][1]
    if isinstance(rule, Running) and abs(rule.k) > _MOST_SD:
        yield (
            "threshold.k",
            f"{rule.k:g} SD from the running mean is out of reach, "
            f"{_outcome(signal, (rule.k > 0) != (signal.direction == 'up'))}; usual is 0.5 SD",
        )
    elif isinstance(rule, Trend) and abs(rule.slope) > most:
        yield "threshold.slope", f"{rule.slope:g}{unit} a minute is out of reach within a minute"
    elif isinstance(rule, Staircase) and abs(rule.step) > most:
        yield "threshold.step", f"a step of {rule.step:g}{unit} is out of reach after one block"


def _outcome(signal: Signal, beyond: bool, nearly: bool = False) -> str:
    """Return what would happen with a signal that is always beyond its threshold, or never."""
    if signal.role == "watch":
        often = "always" if beyond else "never"
        return f"so it would {often} be beyond its threshold"
    if beyond:
        often = "nearly all the time" if nearly else "all the time"
        return (
            f"so there would be reward {often}"
            if signal.role == "reward"
            else (f"so reward would be withheld {often}")
        )
    few = "hardly any" if nearly else "no"
    return (
        f"so there would be {few} reward"
        if signal.role == "reward"
        else (f"so reward would {'hardly ever' if nearly else 'never'} be withheld")
    )
