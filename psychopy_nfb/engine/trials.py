"""How a trial went, for the session's files and for the experiment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from psychopy_nfb.protocol import Trial

if TYPE_CHECKING:
    from psychopy_nfb.engine.control import ControlLine
    from psychopy_nfb.engine.recorder import Recorder


def tell_trial(
    recorder: Recorder,
    control: ControlLine,
    command: dict[str, Any],
    given: Trial,
    own: Trial | None,
) -> None:
    """Write the event of a trial that has ended, and tell the experiment.

    Parameters
    ----------
    recorder, control
        Of the worker.
    command : dict
        That ended the block: its ``id`` and ``label``.
    given : Trial
        As it was shown.
    own : Trial or None
        By the own feedback, where something else can be shown.
    """
    detail = {"block": command["id"], "label": command["label"], **asdict(given)}
    if own is not None:
        detail["own_share"] = own.share
    recorder.events.write(
        "trial", kind="reward", value="success" if given.success else "missed", detail=detail
    )
    control.send("trial", block=command["id"], trial=asdict(given))
