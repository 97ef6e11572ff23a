"""Commands to a running training: settings, pauses, baselines, which channels are good."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.worker_link import WorkerLink
from psychopy_nfb.display.worker_news import WorkerNews
from psychopy_nfb.settings import to_dict, write_json

if TYPE_CHECKING:
    from pathlib import Path
logger: logging.Logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.01
"""How often is looked for an answer."""
NO_ANSWER = (
    "The background process did not answer within {:g} s: whether the baseline is in use is told "
    "once it answers. If it does not, record the baseline again."
)


class SessionCommands:
    """Sends commands to the worker and waits for its answer where there is one.

    Parameters
    ----------
    link : WorkerLink
        To the worker.
    news : WorkerNews
        What it answers.
    calibration_path : path, optional
        Where the participant's calibration is kept.
    """

    def __init__(self, link: WorkerLink, news: WorkerNews, calibration_path: Path | None):
        self._link = link
        self._news = news
        self._calibration_path = calibration_path

    def send(self, name: str, /, **fields: object) -> None:
        """Send a command that the worker may refuse."""
        self._link.started()
        self._news.refusal = None
        self._link.command(name, **fields)

    def change(self, changes: dict[str, Any], signal: str | None) -> None:
        """Change settings of `signal`, of the first one where it is None, and of the reward."""
        self._link.started()
        changed = self._link.configuration.changed(changes, signal)
        if "schedule" in changes:  # with its seed, which may have been drawn just now
            changes = {**changes, "schedule": changed.reward.schedule}
        self.send("set", changes=to_dict(changes), signal=signal)

    def watch_channels(self, on: bool) -> None:
        """Let each channel be judged from now on, or no longer."""
        self._link.started()
        if on:
            self._news.forget_channels()
        self._link.command("watch_channels", on=on)

    def end_baseline(self, wait: float) -> bool:
        """End the baseline; return whether it has succeeded within `wait` seconds."""
        self._link.started()
        wait = check_number("wait", wait, at_least=0, unit="s")
        self._news.calibrated = False
        self.send("baseline_end")
        if wait:
            ends = time.monotonic() + wait
            while not self._news.calibrated and time.monotonic() < ends:
                if self._news.refusal is not None:
                    return False
                time.sleep(LOOK_SECONDS)
            if not self._news.calibrated:
                self._news.refusal = NO_ANSWER.format(wait)
                logger.warning("%s", self._news.refusal)
        return self._news.calibrated

    def save_calibration(self, path: str | os.PathLike[str] | None) -> None:
        """Keep the baseline and the fitted filters; without a path where the participant's are."""
        path = self._calibration_path if path is None else path
        if path is None:
            return
        kept = self._link.configuration
        if all(signal.baseline is None for signal in kept.signals.values()):
            logger.warning(
                "save_calibration(): there is no baseline to keep, and '%s' stays as it is; record "
                "a baseline first.",
                path,
            )
            return
        # What is shown is no part of it, and in a study nobody's to see.
        write_json(replace(kept, shown={}) if self._link.blinded else kept, path)
