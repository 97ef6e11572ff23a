"""What an operator's page must know of a session beside what shared memory holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psychopy_nfb.engine.blinding import may_be_sent, may_be_told
from psychopy_nfb.protocol import ThresholdRule
from psychopy_nfb.protocol.units import compared_unit, signal_unit
from psychopy_nfb.settings import to_dict

if TYPE_CHECKING:
    from psychopy_nfb.protocol import Signal


def operator_state(nfb: Any) -> dict[str, Any]:
    """Return it as plain values; runs in the link's thread, changes nothing and never waits."""
    ready = nfb._link.handle.ready
    blinded = nfb.blinded
    window = nfb._frames
    state: dict[str, Any] = {
        "blinded": blinded,
        "lag_sealed": nfb._blocks.lag_sealed,
        "simulated": nfb.simulated,
        "files": None if nfb.files is None else str(nfb.files.stem),
        "recording_error": nfb.recording_error,
        "restarts": nfb.restarts,
        "calibrated": nfb.calibrated,
        "aborted": nfb.aborted,
        "stream": ready["streams"],
        "selection": to_dict(nfb.configuration.stream),
        "rate": ready["rate"],
        "delay": ready["delay"],
        "stale_after": nfb.stale_after,
        "frame_period": None if window is None else window.period,
        "late_read": bool(nfb.late_read and nfb.late_read.active),
        "signals": {name: _signal(signal) for name, signal in nfb.configuration.signals.items()},
        "reward": {"dwell": nfb.configuration.reward.dwell},
        "blocks": [_block(nfb, one) for one in nfb._blocks.open_blocks],
        "frames_end": nfb._frames_end,
    }
    if may_be_sent("shown_source", blinded):
        state["shown_source"] = nfb._blocks.source
    return state


def _block(nfb: Any, block: Any) -> dict[str, Any]:
    told = may_be_told(block.label, nfb.configuration.shown, nfb.blinded)
    return {
        "number": block.number,
        "label": block.label if told else f"block {block.number}",
        "feedback": block.feedback,
        "begun": block.begun,
    }


def _signal(signal: Signal) -> dict[str, Any]:
    rule = isinstance(signal.threshold, ThresholdRule)
    unit = signal_unit(type(step).__name__ for step in signal.pipeline.steps)
    return {
        "role": signal.role,
        "normalise": signal.normalise,
        "unit": unit,
        "compared_unit": compared_unit(signal.normalise, unit),
        "direction": signal.direction,
        "threshold_kind": signal.threshold_kind,
        "rule": type(signal.threshold).__name__ if rule else None,
        "frozen": signal.frozen,
        "baseline": None
        if signal.baseline is None
        else {"mean": signal.baseline.mean, "sd": signal.baseline.sd},
    }
