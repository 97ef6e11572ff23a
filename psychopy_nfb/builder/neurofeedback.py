"""The feedback signal: a rhythm of the EEG as a value that other components can show."""

from __future__ import annotations

from typing import Any

from psychopy.experiment.components import BaseComponent

from psychopy_nfb.builder import alerts, experiment_checks
from psychopy_nfb.builder.amplifier import LSLAmplifierBackend
from psychopy_nfb.builder.feedback_fields import BASIC, DATA, FEEDBACK, TIMING
from psychopy_nfb.builder.field_errors import API_NAMES, IN_MILLISECONDS, LABELS
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.number_fields import check_numbers
from psychopy_nfb.builder.older_files import DelayInSeconds
from psychopy_nfb.builder.parameters import (
    CATEGORY,
    ICONS,
    PLUGIN,
    add_fields,
    code,
    used,
)
from psychopy_nfb.builder.pickers import device_control
from psychopy_nfb.builder.signal_fields import SIGNAL, STREAM
from psychopy_nfb.builder.signal_settings import (
    NONE_MEANS_OFF,
    PIPELINE,
    REWARD,
    SHOWN,
    check_settings,
)

_STREAM = ("streamType", "streamName", "sourceId", "hostname", "units", "rate", "timeout")


class NeuroFeedbackComponent(BaseComponent):
    """EEG neurofeedback: stream, signal, feedback."""

    categories = [CATEGORY]
    targets = ["PsychoPy"]
    backends = {LSLAmplifierBackend}  # noqa: RUF012 - devices it takes, as PsychoPy reads them
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile = ICONS / "neurofeedback.png"
    iconSVG = ICONS / "neurofeedback.svg"
    tooltip = "Neuro Feedback: a rhythm of the EEG, as a value for other components, with its lag"
    beta = False
    url = HelpPage("component_neuro_feedback")

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
        self.params["delay"] = DelayInSeconds(self.params["delayMs"])
        self.hideParam("delay")
        device_control(self.params["deviceLabel"], self.backends)

    @property
    def role(self) -> str:
        """One of `feedback_fields.ROLES`."""
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
        for name in set(given) & set(IN_MILLISECONDS):
            given[name] = _in_seconds(given[name])
        return ", ".join(
            f"{API_NAMES.get(name, name)}={value}"
            for name, value in given.items()
            if value != "None" or name in NONE_MEANS_OFF
        )

    def _signal_arguments(self, reward: bool) -> list[str]:
        """Return lines of keyword arguments, as for `standard_training` or `standard_signal`."""
        params = self.params
        band = f"band=({code(params['bandLow'])}, {code(params['bandHigh'])})"
        lines = [
            f"{self._keywords('channels')}, {band}",
            self._keywords(*PIPELINE[1:4]),
            self._keywords(*PIPELINE[4:]),
            self._keywords(*SHOWN),
        ]
        if reward:
            lines.append(self._keywords(*REWARD))
        ends = [code(params[name]) for name in ("displayLow", "displayHigh")]
        if ends != ["None", "None"]:
            lines.append(f"display_range=({', '.join(ends)})")
        return [f"{line},\n" for line in lines]

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
            f"with psychopy_nfb.errors_name_fields({self._naming()}):\n",
            f"    {params['name']} = psychopy_nfb.Neurofeedback(\n",
            *(f"        {line}" for line in self._settings_lines()),
            *(f"        {line}" for line in self._session_lines()),
            "    )\n",
            f"    runAtExit.append({params['name']}.close)\n",
            f"    {params['name']}.start()\n",
            f"{params['name']}.attach(win, pace={code(params['pace'])})\n",
        ]
        for component, _ in used(self.exp, NeuroFeedbackComponent):
            name = component.params["name"]
            if component.role in ("further", "inhibit"):
                lines.append(f"{name} = {params['name']}.further['{name}']\n")
            elif component.role == "same":
                lines.append(f"{name} = {code(component.params['sameAs'])}\n")
        write("".join(lines))

    def _naming(self) -> str:
        """Return the arguments with which errors name the fields of this component."""
        from_file = ", settings_file=True" if self.params["settingsFile"].val else ""
        return f"'{self.params['name']}'{from_file}"

    def _settings_lines(self) -> list[str]:
        """Return the lines of the settings, the first argument."""
        params = self.params
        if params["settingsFile"].val:
            return [f"{code(params['settingsFile'])},\n"]
        lines = [
            "psychopy_nfb.standard_training(\n",
            f"    {self._stream()},\n",
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
                name = component.params["name"]
                lines += [
                    f"        '{name}': psychopy_nfb.errors_name_fields('{name}')(\n",
                    "            psychopy_nfb.standard_signal\n",
                    "        )(\n",
                    *(f"            {line}" for line in component._signal_arguments(reward=False)),
                    f"            inhibits={inhibits},\n",
                    "        ),\n",
                ]
            lines.append("    },\n")
        lines += [f"    publish={code(params['publish'])},\n", "),\n"]
        return lines

    def _stream(self) -> str:
        """Return the call that says which stream it is."""
        if code(self.params["deviceLabel"]) == "None":
            return f"psychopy_nfb.StreamSelection({self._keywords(*_STREAM)})"
        device = code(self.params["deviceLabel"])
        return f"psychopy_nfb.device_stream({device}, {self._keywords('timeout')})"

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
        threshold = self.params["threshold"]
        if self.role == "trained" and threshold.updates == "set every repeat" and threshold.val:
            buff.writeIndentedLines(f"{self.params['name']}.set(threshold={code(threshold)})\n")

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
                points = code(self.params["countPoints"])
                counted = "" if points == "None" else f", points=bool({points})"
                buff.writeIndentedLines(
                    f"{self.params['name']}.begin_block({label}, "
                    f"feedback=bool({code(self.params['feedback'])}){counted})\n"
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
        kin = [one for one, _ in used(self.exp, NeuroFeedbackComponent)]
        trained = [one for one in kin if one.role == "trained"]
        if self.role == "same":
            names = [str(one.params["name"]) for one in kin if one.role != "same"]
            wanted = str(self.params["sameAs"].val)
            if wanted not in names:
                alerts.tell(
                    self,
                    f"{wanted or 'it'} is no Neuro Feedback component of this experiment; there "
                    f"are: {', '.join(names) or 'none'}.",
                    "name",
                    LABELS["sameAs"],
                )
        elif self.role == "trained" and len(trained) > 1 and trained[0] is not self:
            alerts.tell(
                self,
                f"{trained[0].params['name']} already is the trained signal; make this one a "
                "further signal or the signal of another component.",
                "trained",
            )
        elif self.role != "trained" and not trained:
            alerts.tell(self, "no component is the trained signal; choose one that is.", "trained")
        if kin and kin[0] is self:
            experiment_checks.check_version(self)
            experiment_checks.check_times(self.exp)
            experiment_checks.check_names(self.exp, signal_classes(self.exp))
        experiment_checks.check_order(self)
        if self.role != "same":
            if not self.params["settingsFile"].val:
                experiment_checks.check_baseline(self, kin)
            check_settings(self)
        else:
            check_numbers(self)


def _in_seconds(milliseconds: str) -> str:
    """Return Python code for a time in seconds, of code for one in milliseconds."""
    try:
        return f"{float(milliseconds) / 1e3:g}"
    except ValueError:
        return milliseconds if milliseconds == "None" else f"({milliseconds}) / 1000"


def signal_classes(experiment: Any) -> dict[str, type]:
    """Return the names of an experiment's signals, and of what class they are when it runs."""
    from psychopy_nfb.display.neurofeedback import Neurofeedback
    from psychopy_nfb.display.newest import NewestFurther

    kin = {
        str(component.params["name"]): component
        for component, _ in used(experiment, NeuroFeedbackComponent)
    }
    classes = {}
    for name, component in kin.items():
        other = kin.get(str(component.params["sameAs"].val), component)
        own = other.role if component.role == "same" else component.role
        classes[name] = NewestFurther if own in ("further", "inhibit") else Neurofeedback
    return classes


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
            element,
            "there is no trained signal; add a Neuro Feedback component to a Routine.",
            "trained",
        )
