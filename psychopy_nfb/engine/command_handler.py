"""What the worker does at each command of the experiment, and what of it is an event."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.dsp import ChannelQuality
from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.engine.control import ControlLine
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.recorder import Recorder
from psychopy_nfb.engine.trials import tell_trial
from psychopy_nfb.errors import NfbError
from psychopy_nfb.settings import to_dict


class CommandHandler:
    """Carries out commands, each between two samples.

    A command is the method ``_on_`` and its name. It takes the command and returns the event that
    it is in the session, None if it is none.

    Parameters
    ----------
    processor : Processor
        What most commands change.
    recorder : Recorder
        Writes the events.
    control : ControlLine
        Answers go over it.
    block : SharedBlock
        Says when a command takes long.
    source : Acquisition
        The opened streams.
    """

    def __init__(
        self,
        processor: Processor,
        recorder: Recorder,
        control: ControlLine,
        block: SharedBlock,
        source: Acquisition,
    ):
        self._processor = processor
        self._recorder = recorder
        self._control = control
        self._block = block
        self._source = source
        self.running: bool = True
        """Whether no command has ended the worker."""
        self.quality: ChannelQuality | None = None
        """Judges the channels while they are watched."""

    def begin(self) -> None:
        """Write what holds at the first sample: whether points count, whether thresholds follow."""
        self._note_counting()
        if self._processor.follows_blocks:
            self._note_training(None)

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command and say so; what cannot be done is reported and changes nothing.

        An event of the session goes into the files first. The experiment hears of it at once, and
        keeps it until `Recorder.kept` says that it is there.
        """
        name, number = command["command"], command["number"]
        try:
            event = getattr(self, f"_on_{name}")(command)
        except Exception as error:
            if not isinstance(error, NfbError):  # ours: the feedback goes on all the same
                traceback.print_exc()
            self._control.send("refused", command=name, sentence=str(error))
            event = _command_event("refused", {**command, "why": str(error)})
        if name != "keep":
            if event is not None:
                if "source" in command:  # who asked for it, where it was not the experiment
                    detail = {**(event.get("detail") or {}), "source": command["source"]}
                    event = {**event, "detail": detail}
                event = self._recorder.events.of_command(number, event, command["called"])
            sample = self._processor.n_samples
            self._control.send("obeyed", number=number, event=event, sample=sample)

    def _on_keep(self, command: dict[str, Any]) -> None:
        """Keep an event of the worker before this one, whose files may lack it."""
        self._recorder.events.keep_again(command["number"], command["event"])

    def _on_stop(self, _: dict[str, Any]) -> None:
        self.running = False

    def _on_set(self, command: dict[str, Any]) -> dict[str, Any]:
        followed = self._processor.follows_blocks
        self._processor.apply(command["changes"], command["signal"])
        if self._processor.follows_blocks and not followed:
            self._note_training(None, command["called"])
        self._recorder.remember_configuration()
        self._tell_configuration()
        of = {} if command["signal"] is None else {"signal": command["signal"]}
        return _command_event("set", {**command["changes"], **of})

    def _on_pause(self, _: dict[str, Any]) -> dict[str, Any]:
        self._processor.paused = True
        return _command_event("pause")

    def _on_resume(self, _: dict[str, Any]) -> dict[str, Any]:
        self._processor.paused = False
        return _command_event("resume")

    def _on_baseline_begin(self, command: dict[str, Any]) -> dict[str, Any]:
        self._processor.begin_baseline(command["label"])
        return _command_event("baseline_begin", {"label": command["label"]})

    def _on_baseline_end(self, _: dict[str, Any]) -> dict[str, Any]:
        # The whole baseline may pass through the pipeline again: silent, but not stalled.
        self._block["busy"] = 1
        label = self._processor.baseline_label
        try:
            self._processor.end_baseline()
        finally:
            self._block["busy"] = 0
        self._recorder.remember_configuration()
        self._tell_configuration()
        shown = self._processor.shown
        if shown is not None and shown.baseline:  # for a successor
            self._control.send("baseline_signals", signals=packed(shown.baseline))
        self._control.send("calibrated")
        return _command_event("baseline_end", {"label": label})

    def _on_watch_channels(self, command: dict[str, Any]) -> None:
        self.watch_channels(command["on"])

    def watch_channels(self, on: bool) -> None:
        """Judge each channel from now on, or no longer."""
        within = {label: use.within for label, use in self._processor.uses().items()}
        self.quality = ChannelQuality(self._source.info, within) if on else None

    def _on_reset_score(self, _: dict[str, Any]) -> dict[str, Any]:
        self._processor.reset_score()
        return _command_event("reset_score")

    def _on_mark(self, command: dict[str, Any]) -> dict[str, Any]:
        return self._recorder.experiment.mark(command["id"], command["label"], command["t"])

    def _on_operator(self, command: dict[str, Any]) -> dict[str, Any]:
        what = {key: command[key] for key in ("label", "value", "t")}
        return {**what, "kind": "operator"}

    def _on_sound(self, command: dict[str, Any]) -> dict[str, Any]:
        return {
            "label": "sound",
            "t": command["t"],
            "value": command["label"],
            "kind": "experiment",
            "detail": command["detail"],
        }

    def _on_block(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["points"] != self._processor.counting:
            self._processor.counting = command["points"]
            self._note_counting()
        judged = self._processor.block_edge(
            command["edge"] == "begin", command["training"], command["points"]
        )
        if judged is not None:
            tell_trial(self._recorder, self._control, command, *judged)
        self._processor.keep_block(command["kept"])
        if self._processor.follows_blocks:
            self._note_training(command["edge"], command["called"])
        if self._processor.shown is not None and command["show"] is not None:
            source, turn = command["show"]
            self._processor.shown.show(source, turn)
            called = command["called"] if self._processor.n_samples else None
            self._recorder.events.shown(source, turn, called)
        if command["edge"] == "end":
            self.keep_thresholds()
        return self._recorder.experiment.block(command)

    def keep_thresholds(self) -> None:
        """Keep what a later session of the person goes on with."""
        if self._processor.thresholds.any:
            self._recorder.remember(thresholds_reached=self._processor.thresholds.carried())

    def cut_off(self) -> None:
        """Write the ends of a baseline and of blocks that the session's own end cuts off."""
        t = pylsl.local_clock()
        label = self._processor.baseline_label
        if label is not None:
            event = _command_event("baseline_cut_off", {"label": label})
            self._recorder.events.wait(t, event)
        for event in self._recorder.experiment.cut_off(t):
            self._recorder.events.wait(t, event)

    def _note_counting(self) -> None:
        """Write from which sample on points count or not; a block's own event has its time."""
        on = self._processor.counting
        self._recorder.events.write("points_on" if on else "points_off", kind="command")

    def _note_training(self, edge: str | None, called: float | None = None) -> None:
        """Write from which sample on moving thresholds know of a block's begin or end.

        Among the commands that hold from that sample on it is the one that was `called` then.
        """
        training, shown = self._processor.thresholds.training, self._processor.shown
        kept = None if shown is None or shown.kept is None else shown.kept.open
        self._recorder.events.write(
            "adaptation",
            t=called if self._processor.n_samples else None,
            kind="command",
            value="on" if training else "off",
            detail={
                "training": training,
                "edge": edge,
                "points": self._processor.counting,
                **({} if kept is None else {"kept": kept}),
            },
        )

    def _on_facts(self, command: dict[str, Any]) -> None:
        self._recorder.remember(**command["sections"])

    def _tell_configuration(self) -> None:
        """Give the experiment what another worker would need to go on from here."""
        self._control.send("configuration", configuration=to_dict(self._processor.configuration))


def packed(signals: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Return signals, (n,) each, as texts for JSON."""
    return {
        name: base64.b64encode(one.astype("<f8").tobytes()).decode()
        for name, one in signals.items()
    }


def unpacked(signals: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return what `packed` was given."""
    return {name: np.frombuffer(base64.b64decode(one), "<f8") for name, one in signals.items()}


def _command_event(label: str, detail: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the event that a command is in the session."""
    return {"label": label, "kind": "command", "detail": detail}
