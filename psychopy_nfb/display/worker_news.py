"""What the worker says while it runs: reported in the log and kept for the script."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from psychopy_nfb.dsp import ChannelVerdict
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.protocol import Trial

logger: logging.Logger = logging.getLogger(__name__)

STREAM_NEWS = {
    "stream_lost": "The EEG stream '%s' was lost; it is looked for until it is back.",
    "stream_back": "The EEG stream '%s' is back.",
    "aux_lost": "The second stream '%s' was lost.",
}
GIVEN_UP = "Feedback and recording have ended; what was recorded until then is kept."


class WorkerNews:
    """Takes the worker's messages, in the thread that reads them.

    Parameters
    ----------
    configure : callable
        Called with the settings whenever a baseline or a command has changed them.
    know_chunks : callable
        Called with the seconds from one chunk of the stream to the next when they change.
    """

    def __init__(
        self, configure: Callable[[Configuration], None], know_chunks: Callable[[float], None]
    ):
        self._configure = configure
        self._know_chunks = know_chunks
        self._told_assumptions: set[str] = set()
        self.refusal: str | None = None
        """Why the last command was refused, in a sentence."""
        self.calibrated: bool = False
        """Set to true when a baseline has succeeded; to false by who asks for one."""
        self.calibrated_here: bool = False
        """Whether one has succeeded in this session."""
        self.trials: dict[int, Trial] = {}
        """How blocks with feedback or points went, by their number."""
        self.recording_error: str | None = None
        """Why the files can no longer be written, in a sentence."""
        self.channels: list[ChannelVerdict] = []
        """Which channels are good, in the stream's order, while they are watched."""
        self.channel_traces: np.ndarray = np.empty((0, 0))
        """The last 2 s of each in microvolts."""

    def take(self, message: dict[str, Any]) -> None:
        """Take one message."""
        kind = message["kind"]
        if kind == "ready":
            self._tell_assumptions(message["stream"]["assumptions"])
        elif kind == "configuration":
            self._configure(read_configuration(message["configuration"]))
        elif kind == "channels":
            self.channel_traces = np.array(message["traces"]) / 10  # sent as tenths of microvolts
            self.channels = [ChannelVerdict(**one) for one in message["channels"]]
        elif kind == "calibrated":
            self.calibrated_here = True
            if self.refusal is not None:  # such as that there was no answer yet
                logger.warning("The baseline is in use now.")
                self.refusal = None
            self.calibrated = True
        elif kind == "trial":
            self.trials[message["block"]] = Trial(**message["trial"])
        elif kind == "refused":
            self.refusal = message["sentence"]
            logger.warning("%s", message["sentence"])
        elif kind == "fault":
            logger.error("%s.", message["why"])
        elif kind == "stream":
            self._take_stream_event(message["what"], message["detail"])
        elif kind == "chunks":
            self._know_chunks(message["seconds"])
        elif kind == "recording_moved":
            rest = f"What comes is written to {message['stem']}_*, and the feedback goes on"
            self.recording_error = f"{message['why'].rstrip('.')}. {rest}."
            logger.error("The recording stopped: %s", self.recording_error)
        elif kind == "recording_stopped":
            self.recording_error = message["why"]
            logger.error("The recording stopped, the feedback goes on: %s", message["why"])
        elif kind == "given_up":
            self.recording_error = f"{message['why']} {GIVEN_UP}"
            logger.error("%s", self.recording_error)
        elif kind in ("recording", "stopped") and message["error"]:
            logger.error("Recording: %s", message["error"])

    def forget_channels(self) -> None:
        """Keep nothing of what was watched before."""
        self.channels, self.channel_traces = [], np.empty((0, 0))

    def _tell_assumptions(self, sentences: list[str]) -> None:
        """Report once what was assumed of the stream; another worker of the run says it again."""
        for sentence in sentences:
            if sentence not in self._told_assumptions:
                self._told_assumptions.add(sentence)
                logger.warning("EEG stream: %s", sentence)

    def _take_stream_event(self, what: str, detail: dict[str, Any]) -> None:
        """Report what happened to the stream; what comes again is in the events only."""
        if "sentence" in detail:
            logger.warning("%s", detail["sentence"])
        elif what in STREAM_NEWS:
            logger.warning(STREAM_NEWS[what], detail.get("name", ""))
        elif what == "reconnect_failed":
            logger.warning(
                "The search for the EEG stream failed (%s); it is continued.", detail["why"]
            )
