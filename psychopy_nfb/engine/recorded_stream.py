"""What the session's files say of the stream that is recorded."""

from __future__ import annotations

from typing import Any

from psychopy_nfb.channels import EEG
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.engine.acquisition import Acquisition

UNITS = {1e6: "volts", 1e3: "millivolts", 1.0: "microvolts", 1e-3: "nanovolts"}
"""Names of units by how many microvolts they are: samples are kept as the stream sent them."""


def recorded_stream(source: Acquisition) -> dict[str, Any]:
    """Return the description that `SessionWriter` takes of the stream."""
    info, facts = source.info, source.facts()
    return {
        "name": facts["name"],
        "labels": info.labels,
        "rate": info.rate,
        "format": str(source.format),
        "units": _units(info, facts),
        "kinds": [info.kinds.get(label, EEG) for label in info.labels],
        "source_id": facts["source_id"],
        "positions": info.positions,
    }


def _units(info: SignalInfo, facts: dict[str, Any]) -> list[str]:
    """Return the units of samples as they are kept; none for those of a second stream."""
    voltages = info.voltages
    units = [
        UNITS.get(scale, f"{scale:g} microvolts") if place in voltages else unit
        for place, (scale, unit) in enumerate(
            zip(facts["microvolts_per_unit"], facts["units"], strict=True)
        )
    ]
    return units + [""] * (info.n_channels - len(units))
