"""The usual training from a handful of parameters: what Builder's dialog asks for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from types import NoneType
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.dsp import (
    ArtifactGate,
    DCBlock,
    MovingAverage,
    Notch,
    Pick,
    Pipeline,
    Reference,
    SpatialFilter,
    Step,
)
from psychopy_nfb.dsp.estimators import ESTIMATORS, Estimator
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.plugins import load_named
from psychopy_nfb.engine.preset_parameters import PipelineParameters, SignalParameters
from psychopy_nfb.errors import NfbError, SettingsError, cause, listed
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import TRAINED, Continuous, Reward, Schedule, Signal, ThresholdRule
from psychopy_nfb.protocol.signal import NORMALISATIONS, THRESHOLD_KINDS

if TYPE_CHECKING:
    from typing_extensions import Unpack  # of typing itself only from Python 3.11 on

REFERENCES = ("as recorded", "average", "linked", "laplacian")
DISPLAY_SMOOTHING = 0.05
"""Time constant of displays, in seconds. Of eight people's alpha a bar without it turned 15.7 times
a second by more than a twentieth of its height, with it 5.6 times; the true amplitude 4.0 times
(medians, `psychopy-nfb bench display`)."""
USUAL_THRESHOLDS = {"zscore": 0.5, "percent": 20.0, "max": 0.6, "none": 10.0}
"""Thresholds where none is chosen, in the unit of each comparison with the baseline: its standard
deviations, percent of its mean, share of its maximum, microvolts without a comparison."""
USUAL_PERCENTILE = 60.0
"""The same as a percentile of the baseline: rewarded 40 % of the time at first."""
USUAL_BURSTS = 20.0
"""The same in bursts a minute."""
UNREWARDED_TIMES = 4.0
"""How many times as far from the mean the usual threshold lies of a signal that is not rewarded."""


def usual_threshold(
    normalise: str, threshold_kind: str = "fixed", direction: str = "up", role: str = "reward"
) -> float:
    """Return the threshold that is taken when none is chosen.

    Parameters
    ----------
    normalise, threshold_kind, direction, role
        As `psychopy_nfb.Signal`.

    Raises
    ------
    SettingsError
        If there is no such comparison or kind.

    Examples
    --------
    >>> usual_threshold("zscore"), usual_threshold("zscore", direction="down")
    (0.5, -0.5)
    """
    check_choice("normalise", normalise, NORMALISATIONS)
    check_choice("threshold_kind", threshold_kind, THRESHOLD_KINDS)
    if threshold_kind == "bursts":
        return USUAL_BURSTS
    up = direction == "up"
    if threshold_kind == "percentile":
        return USUAL_PERCENTILE if up else 100 - USUAL_PERCENTILE
    below_zero = not up and normalise in ("zscore", "percent")
    further = UNREWARDED_TIMES if role != "reward" and normalise == "zscore" else 1.0
    return further * (-USUAL_THRESHOLDS[normalise] if below_zero else USUAL_THRESHOLDS[normalise])


def standard_pipeline(
    channels: Sequence[str] | str = ("Oz",),
    band: Sequence[float] = (8.0, 12.0),
    *,
    reference: str = "average",
    reference_channels: Sequence[str] | str = (),
    exclude: Sequence[str] | str = (),
    envelope: str = "wcFIR",
    delay: float = 0.01,
    line_frequency: float | None = 50.0,
    artifact_uv: float | None = 100.0,
    smooth: float | None = None,
) -> Pipeline:
    """Return the usual way from EEG to the amplitude of one rhythm.

    Reference, mean of the channels, offset removal, notch, artifact gate, envelope, smoothing.

    Parameters
    ----------
    channels : sequence of str or str
        One channel, or several whose mean is taken (after the reference).
    band : (float, float)
        Of the rhythm, in Hz.
    reference : {"as recorded", "average", "linked", "laplacian"}
        See `psychopy_nfb.dsp.Reference`.
    reference_channels : sequence of str
        For ``"linked"``.
    exclude : sequence of str
        Bad channels: they enter no average and no Laplacian. Those that are no EEG, such as
        triggers and EOG, do not either, without being named.
    envelope : str
        How the amplitude is found: "wcFIR", "cFIR", "LS-FIR", "AR-Hilbert", "Kalman", "ecHT",
        "rectify", "demodulate", "FFT" or one of your own. ``psychopy-nfb tune`` says which is best
        on a recording.
    delay : float
        Seconds that the first four may take; the others' delay follows from their band. With the
        default the envelope of an 8 to 12 Hz rhythm is declared to be 24 ms late, and half-way
        after a step of the amplitude within 70 ms.
    line_frequency : float or None
        50 or 60, of the mains in Hz; None for no notch.
    artifact_uv : float or None
        Microvolts beyond which samples are flagged and reward is withheld; None for no limit.
    smooth : float or None
        Seconds of a moving average at the end, None for none.

    Raises
    ------
    SettingsError
        If a parameter cannot be used.

    Examples
    --------
    >>> pipeline = standard_pipeline(["C3", "C4"], (12, 15), reference="laplacian")
    >>> [type(step).__name__ for step in pipeline.steps][:3]
    ['Reference', 'SpatialFilter', 'DCBlock']
    """
    channels = _labels("channels", channels)
    if not channels:
        raise SettingsError("channels", channels, "name at least one channel")
    check_choice("reference", reference, REFERENCES)
    if envelope not in tuple(ESTIMATORS):
        load_named([str(envelope)])
    check_choice("envelope", envelope, tuple(ESTIMATORS))
    steps: list[Step] = []
    of_reference = _labels("reference_channels", reference_channels)
    excluded = _labels("exclude", exclude)
    if reference == "linked" and not of_reference:
        raise SettingsError(
            "reference_channels", reference_channels, "name the channels of the reference"
        )
    if reference != "as recorded":
        named = {"linked": of_reference, "laplacian": channels}.get(reference, [])
        steps.append(Reference(reference, channels=named, exclude=excluded))
    if len(channels) == 1:
        steps.append(Pick(channels))
    else:
        share = dict.fromkeys(channels, 1 / len(channels))
        steps.append(SpatialFilter({"mean": share}))
    steps.append(DCBlock())
    if line_frequency:
        check_choice("line_frequency", line_frequency, (50, 60, None))
        steps.append(Notch(float(line_frequency)))
    if artifact_uv is not None:
        steps.append(ArtifactGate(check_number("artifact_uv", artifact_uv, above=0, unit="µV")))
    edges = _edges(band)
    steps.append(_amplitude(ESTIMATORS[envelope], edges, check_number("delay", delay)))
    if smooth:
        steps.append(MovingAverage(check_number("smooth", smooth)))
    return Pipeline(steps)


def _amplitude(estimator: Estimator, band: tuple[float, float], delay: float) -> Step:
    """Return the step of an estimator with its usual settings."""
    try:
        return estimator.made(band, **estimator.usual(band, delay))
    except NfbError:
        raise
    except Exception as error:
        if not estimator.origin:
            raise
        why = f"{type(error).__name__}: {cause(error)}"
        raise SettingsError(
            "envelope", estimator.name, f"of {estimator.origin} cannot be made ({why})"
        ) from None


def standard_training(
    stream: StreamSelection | None = None,
    *,
    name: str = TRAINED,
    dwell: float = Reward.dwell,
    refractory: float = Reward.refractory,
    reward_mode: str = Reward.mode,
    points: float = Reward.points,
    schedule: Schedule | None = None,
    loss: float = Reward.loss,
    success: float = Reward.success,
    signals: dict[str, Signal] | None = None,
    publish: bool = False,
    **signal: Unpack[SignalParameters],
) -> Configuration:
    """Return the usual training on the amplitude of one rhythm.

    Parameters
    ----------
    stream : StreamSelection, optional
        Default the only EEG stream of the network.
    name : str
        Of the rhythm's signal, in the session's files.
    dwell, refractory, reward_mode, points
        As `psychopy_nfb.Reward`; `reward_mode` is its `mode`.
    schedule : Schedule, optional
        Which of the hits are rewarded; default each.
    loss, success
        Points that a missed trial costs, and the share of its time that makes it a success, as
        `psychopy_nfb.Reward`.
    signals : dict of str: Signal, optional
        Others by name, such as muscle activity that withholds reward; see `band_amplitude`.
    publish : bool
        Send the values out as an LSL stream.
    **signal
        As `band_amplitude`.

    Raises
    ------
    SettingsError
        If a parameter cannot be used.

    Examples
    --------
    >>> training = standard_training(channels="Oz", band=(8, 12), direction="down", name="alpha")
    >>> training.signals["alpha"].direction
    'down'
    """
    _check_names(standard_training, signal, SignalParameters)
    others = signals or {}
    if not isinstance(others, dict):
        raise SettingsError(
            "signals", signals, "must be signals by name: {'emg': band_amplitude(…)}"
        )
    if not isinstance(name, str):
        raise SettingsError("name", name, "must be a text, such as 'alpha'")
    if name in others:
        raise SettingsError("signals", name, "is the name of the rhythm; choose another one")
    return Configuration(
        stream=stream or StreamSelection(),
        signals={name: band_amplitude(**signal), **others},
        reward=Reward(
            dwell=dwell,
            refractory=refractory,
            mode=reward_mode,
            points=points,
            schedule=schedule or Continuous(),
            loss=loss,
            success=success,
        ),
        publish=publish,
    )


def band_amplitude(
    *,
    role: str = "reward",
    normalise: str = "zscore",
    threshold: float | ThresholdRule | None = None,
    threshold_kind: str = "fixed",
    direction: str = "up",
    display_range: Sequence[float] | None = None,
    display_smoothing: float = DISPLAY_SMOOTHING,
    display_hold: float | None = Signal.display_hold,
    **pipeline: Unpack[PipelineParameters],
) -> Signal:
    """Return the amplitude of one band as a signal: a rhythm, or the activity of muscles.

    Parameters
    ----------
    role : {"reward", "inhibit", "watch"}
        Whether it is rewarded beyond its threshold, withholds reward there, or neither.
    threshold : float or ThresholdRule, optional
        Default as `usual_threshold`; of a signal that is not rewarded 2 standard deviations of the
        baseline. A rule, such as `psychopy_nfb.Success`, makes it follow the person.
    normalise, threshold_kind, direction, display_range, display_smoothing, display_hold
        As `psychopy_nfb.Signal`.
    **pipeline
        As `standard_pipeline`.

    Raises
    ------
    SettingsError
        If a parameter cannot be used.

    Examples
    --------
    >>> band_amplitude(channels=["T7", "T8"], band=(30, 45), role="inhibit").threshold
    2.0
    """
    _check_names(band_amplitude, pipeline, PipelineParameters)
    if threshold is None:
        threshold = usual_threshold(normalise, threshold_kind, direction, role)
    return Signal(
        pipeline=standard_pipeline(**pipeline),
        role=role,
        normalise=normalise,
        threshold=threshold,
        threshold_kind=threshold_kind,
        direction=direction,
        display_range=_range(display_range),
        display_smoothing=display_smoothing,
        display_hold=display_hold,
    )


def _range(ends: Sequence[float] | None) -> tuple[float, float] | None:
    if ends is None:
        return None
    try:
        low, high = ends
    except (TypeError, ValueError):
        raise SettingsError(
            "display_range", ends, "must be two numbers, the lower first: (0, 20)"
        ) from None
    return low, high


def _check_names(
    asked: Callable[..., Any], given: Mapping[str, object], passed_on: type[PipelineParameters]
) -> None:
    """Refuse what was given to `asked` and is neither its own parameter nor one it passes on."""
    own = signature(asked).parameters.values()
    known = [
        *passed_on.__annotations__,
        *(one.name for one in own if one.kind is not Parameter.VAR_KEYWORD),
    ]
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsError(name, value, f"is no parameter; {meant}Known: {listed(known)}")


def _edges(band: Sequence[float]) -> tuple[float, float]:
    try:
        low, high = (float(edge) for edge in band)
        if 0 < low < high:
            return low, high
    except (TypeError, ValueError):
        pass
    raise SettingsError(
        "band", band, "must be two frequencies in Hz, both above 0, the lower first: (8, 12)"
    )


def _labels(name: str, channels: Sequence[str] | str | None) -> list[str]:
    """Return labels as a list, also from ``"C3, C4"``; None is none."""
    if not isinstance(channels, (str, Iterable, NoneType)):
        raise SettingsError(name, channels, "must be labels: 'Oz' or ['C3', 'C4']")
    if isinstance(channels, str):
        if ";" in channels:
            remedy = "are separated by commas, not by semicolons: 'C3, C4'"
            raise SettingsError(name, channels, remedy)
        channels = channels.split(",")
    elif channels is None:
        channels = ()
    return [str(label).strip() for label in channels if str(label).strip()]
