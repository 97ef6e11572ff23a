"""The feedback signal: a rhythm of the EEG as a value that other components can show."""

from __future__ import annotations

from typing import Any

from psychopy.experiment.components import BaseComponent

from psychopy_nfb.builder import alerts, experiment_checks
from psychopy_nfb.builder.parameters import (
    CATEGORY,
    ICONS,
    PLUGIN,
    REPEAT,
    Field,
    add_fields,
    code,
    constant,
    sentence_of,
    show_when,
    used,
)
from psychopy_nfb.builder.signal_fields import FEEDBACK, SIGNAL, STREAM

ROLES = {
    "trained": "the trained signal",
    "further": "a further signal, to show",
    "inhibit": "a further signal that withholds reward",
    "same": "the signal of another component",
}
BASIC = (
    Field(
        "role",
        "trained",
        "This is",
        "One signal is trained. Further ones, such as muscle activity, come from the same stream "
        "and the same background process. Choose the last to use a signal in another Routine.",
        control="choice",
        choices=ROLES,
    ),
    Field(
        "sameAs",
        "",
        "Signal of",
        "Name of the other component.",
        type="code",
    ),
    Field(
        "feedback",
        "True",
        "Give feedback",
        "Python code: whether value, reward and score are shown meanwhile. Write False for rest or "
        "transfer, or a column of your conditions file. Everything is recorded all the same.",
        type="code",
        updates=REPEAT,
    ),
    Field(
        "block",
        "",
        "Name of the block",
        "Stands in the recording from start to stop; empty is the Routine's name.",
        updates=REPEAT,
    ),
)
TIMING = (
    Field(
        "lateRead",
        True,
        "Late read",
        "Read the value at the last safe moment before the flip instead of a frame earlier.",
        tab="Timing",
        type="bool",
        control="bool",
    ),
    Field(
        "pace",
        "60",
        "Pace to (Hz)",
        "Frame rate for displays without vertical sync (virtual ones, remote desktops); others are "
        "left alone. Empty: never.",
        tab="Timing",
        type="num",
    ),
)
DATA = (
    Field(
        "lastBaseline",
        False,
        "Use the last baseline",
        "Take over the participant's baseline of an earlier session, if there is one.",
        tab="Data",
        type="bool",
        control="bool",
    ),
    Field(
        "record",
        True,
        "Record EEG and frames",
        "Keep EEG, feedback, frame log, events and settings beside PsychoPy's own data file.",
        tab="Data",
        type="bool",
        control="bool",
    ),
    Field(
        "publish",
        False,
        "Send values over LSL",
        "Send the feedback values out as a stream of type Feedback.",
        tab="Data",
        type="bool",
        control="bool",
    ),
)
_OWN = {  # parameters whose names differ from those of the Coder API
    "referenceChannels": "reference_channels",
    "lineFrequency": "line_frequency",
    "artifact": "artifact_uv",
    "thresholdKind": "threshold_kind",
    "rewardMode": "reward_mode",
    "streamType": "type",
    "streamName": "name",
    "sourceId": "source_id",
}
_STREAM = ("streamType", "streamName", "sourceId", "timeout")
_PIPELINE = (
    "channels",
    "reference",
    "referenceChannels",
    "exclude",
    "envelope",
    "delay",
    "lineFrequency",
    "artifact",
    "smooth",
)
_NONE_MEANS_OFF = ("lineFrequency", "artifact", "smooth")
_SHOWN = ("normalise", "threshold", "thresholdKind", "direction")
_REWARD = ("dwell", "refractory", "rewardMode", "points")


class NeuroFeedbackComponent(BaseComponent):
    """EEG neurofeedback: stream, signal, feedback."""

    categories = [CATEGORY]
    targets = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile = ICONS / "neurofeedback.png"
    iconSVG = ICONS / "neurofeedback.svg"
    tooltip = "Neuro Feedback: a rhythm of the EEG, as a value for other components, with its lag"
    beta = False

    def __init__(
        self,
        exp: Any,
        parentName: str,
        name: str = "nfb",
        startType: str = "time (s)",
        startVal: Any = 0.0,
        stopType: str = "duration (s)",
        stopVal: Any = "",
        startEstim: Any = "",
        durationEstim: Any = "",
        saveStartStop: bool = True,
        syncScreenRefresh: bool = True,
        disabled: bool = False,
    ):
        super().__init__(
            exp,
            parentName,
            name=name,
            startType=startType,
            startVal=startVal,
            stopType=stopType,
            stopVal=stopVal,
            startEstim=startEstim,
            durationEstim=durationEstim,
            saveStartStop=saveStartStop,
            syncScreenRefresh=syncScreenRefresh,
            disabled=disabled,
        )
        self.type = "NeuroFeedback"
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, (*BASIC, *STREAM, *SIGNAL, *FEEDBACK, *TIMING, *DATA))
        show_when(self, "sameAs", "role", "== 'same'")

    @property
    def role(self) -> str:
        """One of `ROLES`."""
        return self.params["role"].val

    def _first_in_routine(self) -> bool:
        """Whether no other component of this kind stands above it in its Routine."""
        routine = self.exp.routines[self.parentName]
        kin = [one for one in routine if isinstance(one, NeuroFeedbackComponent)]
        enabled = [one for one in kin if not one.params["disabled"].val]
        return bool(enabled) and enabled[0] is self

    def _keywords(self, *names: str) -> str:
        """Return keyword arguments in a row; what is empty is left to its default."""
        given = {
            name: code(self.params[name])
            for name in names
            if self.params[name].updates in (None, "constant")  # others come with the Routine
        }
        return ", ".join(
            f"{_OWN.get(name, name)}={value}"
            for name, value in given.items()
            if value != "None" or name in _NONE_MEANS_OFF
        )

    def _signal_arguments(self, reward: bool) -> list[str]:
        """Return lines of keyword arguments, as for `standard_training` or `standard_signal`."""
        params = self.params
        band = f"band=({code(params['bandLow'])}, {code(params['bandHigh'])})"
        shown = f"display_range=({code(params['displayLow'])}, {code(params['displayHigh'])})"
        lines = [
            f"{self._keywords('channels')}, {band}",
            self._keywords(*_PIPELINE[1:4]),
            self._keywords(*_PIPELINE[4:]),
            self._keywords(*_SHOWN),
        ]
        if reward:
            lines.append(self._keywords(*_REWARD))
        return [f"{line},\n" for line in (*lines, shown)]

    def getStartAndDuration(self, *arguments: Any, **keywords: Any) -> tuple:
        """Return when it starts, how long it lasts, and that its end is not known beforehand.

        PsychoPy ends a Routine of known length by a clock that began before its first frame, and
        makes up there for the Routine before: the block would be some frames too short or too long.
        """
        start, duration, _ = super().getStartAndDuration(*arguments, **keywords)
        return start, duration, False

    def writeStartCode(self, buff: Any) -> None:
        """Write what starts the background process, once for the experiment."""
        if self.role != "trained":
            return
        params = self.params
        write = buff.writeOnceIndentedLines
        lines = [
            "# --- EEG neurofeedback: one background process for the whole experiment ---\n",
            f"{params['name']} = psychopy_nfb.Neurofeedback(\n",
            *(f"    {line}" for line in self._settings_lines()),
            *(f"    {line}" for line in self._session_lines()),
            ")\n",
            f"runAtExit.append({params['name']}.close)\n",
            f"{params['name']}.start()\n",
            f"{params['name']}.attach(win, pace={code(params['pace'])})\n",
        ]
        for component, _ in used(self.exp, NeuroFeedbackComponent):
            name = component.params["name"]
            if component.role in ("further", "inhibit"):
                lines.append(f"{name} = {params['name']}.further['{name}']\n")
            elif component.role == "same":
                lines.append(f"{name} = {code(component.params['sameAs'])}\n")
        write("".join(lines))

    def _settings_lines(self) -> list[str]:
        """Return the lines of the settings, the first argument."""
        params = self.params
        if params["settingsFile"].val:
            return [f"{code(params['settingsFile'])},\n"]
        lines = [
            "psychopy_nfb.standard_training(\n",
            f"    psychopy_nfb.StreamSelection({self._keywords(*_STREAM)}),\n",
            *(f"    {line}" for line in self._signal_arguments(reward=True)),
        ]
        further = [
            component
            for component, _ in used(self.exp, NeuroFeedbackComponent)
            if component.role in ("further", "inhibit")
        ]
        if further:
            lines.append("    further={\n")
            for component in further:
                inhibits = component.role == "inhibit"
                lines += [
                    f"        '{component.params['name']}': psychopy_nfb.standard_signal(\n",
                    *(f"            {line}" for line in component._signal_arguments(reward=False)),
                    f"            inhibits={inhibits},\n",
                    "        ),\n",
                ]
            lines.append("    },\n")
        lines += [f"    publish={code(params['publish'])},\n", "),\n"]
        return lines

    def _session_lines(self) -> list[str]:
        """Return the lines of the other arguments."""
        params = self.params
        simulate = params["simulate"].val
        value = "'missing' if PILOTING else 'never'" if simulate == "pilot" else repr(simulate)
        folder = "os.path.dirname(thisExp.dataFileName)" if params["record"].val else "None"
        return [
            f"data={folder},\n",
            "participant=expInfo.get('participant', '01'),\n",
            "session=expInfo.get('session', '01'),\n",
            "task=expName,\n",
            f"late_read={code(params['lateRead'])},\n",
            f"simulate={value},\n",
            "between_blocks=False,\n",
            *(["calibration='last',\n"] if params["lastBaseline"].val else []),
            f"name='{params['name']}',\n",
        ]

    def writeRoutineStartCode(self, buff: Any) -> None:
        """Write what changes with each repeat of the Routine."""
        if self.role == "trained" and self.params["threshold"].updates == "set every repeat":
            buff.writeIndentedLines(
                f"{self.params['name']}.set(threshold={code(self.params['threshold'])})\n"
            )

    def writeFrameCode(self, buff: Any) -> None:
        """Write the update, once a frame however many signals there are, then start and stop."""
        if self._first_in_routine():
            buff.writeIndentedLines(
                "# read the newest EEG feedback, at the last safe moment before the flip\n"
                f"{trained_name(self.exp) or self.params['name']}.update()\n"
            )
        shows = self.role in ("trained", "same")
        indented = self.writeStartTestCode(buff)
        if indented:
            if shows:
                block = self.params["block"]
                label = code(block) if block.val else repr(self.parentName)
                buff.writeIndentedLines(
                    f"{self.params['name']}.begin_block({label}, "
                    f"feedback=bool({code(self.params['feedback'])}))\n"
                )
            buff.setIndentLevel(-indented, relative=True)
        indented = self.writeStopTestCode(buff)
        if indented:
            if shows:
                buff.writeIndentedLines(f"{self.params['name']}.end_block()\n")
            buff.setIndentLevel(-indented, relative=True)

    def writeRoutineEndCode(self, buff: Any) -> None:
        """Write what ends the block, and the score, into PsychoPy's data file."""
        if self.role not in ("trained", "same"):
            return
        name = self.params["name"]
        buff.writeIndentedLines(
            f"{name}.end_block()\n"
            f"thisExp.addData('{name}.score', {name}.score)\n"
            f"thisExp.addData('{name}.hits', {name}.hits)\n"
        )
        super().writeRoutineEndCode(buff)

    def writeExperimentEndCode(self, buff: Any) -> None:
        """Write what ends the background process."""
        if self.role == "trained":
            buff.writeOnceIndentedLines(f"{self.params['name']}.close()\n")

    def integrityCheck(self) -> None:
        """Tell what can be known to be wrong before the experiment runs."""
        super().integrityCheck()
        kin = list(used(self.exp, NeuroFeedbackComponent))
        trained = [one for one, _ in kin if one.role == "trained"]
        if self.role == "same":
            names = [str(one.params["name"]) for one, _ in kin if one.role != "same"]
            if self.params["sameAs"].val not in names:
                alerts.tell(
                    self,
                    f"Signal of={self.params['sameAs'].val!r} is no Neuro Feedback component of "
                    f"this experiment; there are: {', '.join(names) or 'none'}.",
                )
        elif self.role == "trained" and len(trained) > 1 and trained[0] is not self:
            alerts.tell(
                self,
                f"{trained[0].params['name']} already is the trained signal; make this one a "
                "further signal or the signal of another component.",
            )
        elif self.role != "trained" and not trained:
            alerts.tell(self, "no component is the trained signal; choose one that is.")
        if trained and trained[0] is self:
            experiment_checks.check_version(self)
            experiment_checks.check_times(self.exp)
        experiment_checks.check_order(self)
        if self.role != "same":
            experiment_checks.check_baseline(self)
        if self.role != "same" and not self.params["settingsFile"].val:
            sentence = sentence_of(self._build)
            if sentence:
                alerts.tell(self, sentence)

    def _build(self) -> None:
        """Make the settings as far as they are known, which raises what is wrong with them."""
        from psychopy_nfb.engine.recipe import standard_signal, standard_training

        known: dict[str, Any] = {}
        names = [*_PIPELINE, *_SHOWN, *(_REWARD if self.role == "trained" else ())]
        for name in names:
            is_known, value = constant(self.params[name])
            if name == "channels" and value is None:
                value = ""
            if is_known and (value is not None or name in _NONE_MEANS_OFF):
                known[_OWN.get(name, name)] = value
        if "line_frequency" in known:
            text = known["line_frequency"]
            known["line_frequency"] = None if text == "None" else float(text)
        for pair, low, high in (
            ("band", "bandLow", "bandHigh"),
            ("display_range", "displayLow", "displayHigh"),
        ):
            edges = [constant(self.params[edge]) for edge in (low, high)]
            if all(is_known and value is not None for is_known, value in edges):
                known[pair] = tuple(value for _, value in edges)
        (standard_training if self.role == "trained" else standard_signal)(**known)


def trained_name(experiment: Any) -> str | None:
    """Return the name of the trained signal's component, which the script calls by it."""
    for component, _ in used(experiment, NeuroFeedbackComponent):
        if component.role == "trained":
            return str(component.params["name"])
    return None


def tell_without_signal(element: Any) -> None:
    """Tell when an experiment has no trained signal for `element` to work with."""
    if trained_name(element.exp) is None:
        alerts.tell(
            element, "there is no trained signal; add a Neuro Feedback component to a Routine."
        )
