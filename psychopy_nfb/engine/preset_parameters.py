"""Names and types of the parameters that the presets pass on, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from psychopy_nfb.protocol import ThresholdRule


class PipelineParameters(TypedDict, total=False):
    """What `standard_pipeline` takes."""

    channels: Sequence[str] | str
    band: Sequence[float]
    reference: str
    reference_channels: Sequence[str] | str
    exclude: Sequence[str] | str
    envelope: str
    delay: float
    line_frequency: float | None
    artifact_uv: float | None
    smooth: float | None


class SignalParameters(PipelineParameters, total=False):
    """What `band_amplitude` takes: its own parameters and those of the pipeline."""

    role: str
    normalise: str
    threshold: float | ThresholdRule | None
    threshold_kind: str
    direction: str
    display_range: Sequence[float] | None
    display_smoothing: float
    display_hold: float | None
