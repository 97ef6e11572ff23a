"""Blocks of samples in, blocks of samples out; without streams, files or clocks.

- `step`, `pipeline`, `flags`, `montage`: what a step is, steps in a row, what may be wrong, where
  electrodes sit; `own_step`: steps that a lab has written, watched over;
- `channels`, `reference`: which channels, against what;
- `artifact`: samples that cannot be used, and how the filters are kept from them;
- `asr`, `asr_calibration`: bursts, taken out of all channels at once;
- `gradient`, `wires`: what an MR scanner adds, taken away;
- `channel_quality`, `channel_verdict`: which channels can be used at all, why not, what helps;
  `lasting_faults`: those that stay bad where others are measured with them;
- `filters`, `smooth`, `delay`, `decimate`: a band, a smoother signal, a later one, a slower one;
  `cascade`: how linear filters run;
- `rhythm`, `complex_fir`, `fir`, `kalman`, `ar_hilbert`, `envelope`: estimators of a rhythm's
  envelope and phase; `estimators`: the table of them; `group_delay`: how late they are;
- `whole`: a whole recording without jumps of its level, and where its artifacts are;
- `spatial`, `ica`: weighted sums of channels that are found on a recording; `peak`: the frequency
  of a person's own rhythm;
- `in_windows`, `connectivity`: the shape of signals and spectra, and coupling between rhythms;
- `combine`: several signals at once, and formulas over them; `classify`: which of two states;
- `blocks`: blocks of fixed size;
- `load`: artificial processor load, for tests.

Names are imported when they are first used: the stimulus process needs the flags alone, and scipy
takes a second.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "SignalInfo": "step",
    "Step": "step",
    "Estimator": "estimators",
    "Pipeline": "pipeline",
    "Flags": "flags",
    "flag_names": "flags",
    "standard_positions": "montage",
    "BlockBuffer": "blocks",
    "ChannelQuality": "channel_quality",
    "ChannelVerdict": "channel_verdict",
    "SpatialFit": "spatial",
    "ssd": "spatial",
    "csp": "spatial",
    "spoc": "spatial",
    "regress_out": "spatial",
    "lda": "classify",
    "without_components": "spatial",
    "reject_blinks": "ica",
    "individual_frequency": "peak",
    "band_around": "peak",
    # steps
    "Pick": "channels",
    "BadChannels": "channels",
    "SpatialFilter": "channels",
    "Reference": "reference",
    "Repair": "artifact",
    "ArtifactGate": "artifact",
    "ASR": "asr",
    "DCBlock": "filters",
    "Notch": "filters",
    "BandPass": "filters",
    "HighPass": "filters",
    "LowPass": "filters",
    "CFIR": "fir",
    "WCFIR": "fir",
    "LSFIR": "fir",
    "ECHT": "fir",
    "KalmanOscillator": "kalman",
    "ARHilbert": "ar_hilbert",
    "acausal_analytic": "rhythm",
    "Rectify": "envelope",
    "SlidingFFT": "envelope",
    "ComplexDemodulation": "envelope",
    "ExponentialAverage": "smooth",
    "MovingAverage": "smooth",
    "SavitzkyGolay": "smooth",
    "GradientTemplate": "gradient",
    "CarbonWireLoops": "wires",
    "Delay": "delay",
    "Decimate": "decimate",
    "Hjorth": "in_windows",
    "SpectralShape": "in_windows",
    "Connectivity": "connectivity",
    "PhaseAmplitudeCoupling": "connectivity",
    "Parallel": "combine",
    "Expression": "combine",
    "LDA": "classify",
    "Burn": "load",
}
_STEP_MODULES = (
    "channels",
    "reference",
    "artifact",
    "asr",
    "filters",
    "gradient",
    "wires",
    "fir",
    "kalman",
    "ar_hilbert",
    "envelope",
    "smooth",
    "delay",
    "decimate",
    "in_windows",
    "connectivity",
    "combine",
    "classify",
    "load",
)

__all__ = [*_HOME, "load_steps"]


def load_steps() -> None:
    """Import every step, so that a settings file can name any of them."""
    for module in _STEP_MODULES:
        importlib.import_module(f"{__name__}.{module}")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("Pipeline", "Step"):
        load_steps()
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
