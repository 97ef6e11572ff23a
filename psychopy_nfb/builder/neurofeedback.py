"""A signal of the EEG, such as a rhythm, as a value that other components can show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import alerts, experiment_checks
from psychopy_nfb.builder.amplifier import LSLAmplifierBackend
from psychopy_nfb.builder.block_end import check_ends, end_with_block
from psychopy_nfb.builder.control_conditions import check_shown
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.experiment_signals import main_component, main_name, signal_classes
from psychopy_nfb.builder.feedback_fields import BASIC, DATA, FEEDBACK, TIMING
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.number_fields import check_numbers
from psychopy_nfb.builder.older_files import Converted, DelayInSeconds, newer_role
from psychopy_nfb.builder.own_parts import loading_lines, offer_estimators, plugins_code
from psychopy_nfb.builder.parameters import (
    CATEGORY,
    ICONS,
    PLUGIN,
    code,
    used,
)
from psychopy_nfb.builder.participant import participant_field, session_field
from psychopy_nfb.builder.pickers import device_control
from psychopy_nfb.builder.settings_code import settings_lines
from psychopy_nfb.builder.signal_checks import check_role, check_without_effect
from psychopy_nfb.builder.signal_fields import SIGNAL, STREAM
from psychopy_nfb.builder.signal_settings import check_settings

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseComponent
else:
    from psychopy.experiment.components import BaseComponent

BLOCK_SECONDS = "120"
"""Length of the block that a new component makes, in seconds: without one nothing would end it."""


class NeuroFeedbackComponent(BaseComponent):
    """EEG neurofeedback: stream, signal, feedback."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    # Devices it takes, as PsychoPy reads them.
    backends: set[type[LSLAmplifierBackend]] = {LSLAmplifierBackend}
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "neurofeedback.png"
    iconSVG: Path = ICONS / "neurofeedback.svg"
    tooltip = "Neuro Feedback: a rhythm of the EEG, as a value for other components, with its lag"
    beta = False
    url: HelpPage = HelpPage("component_neuro_feedback")

    def __init__(
        self,
        exp: Any,
        parentName: str,
        name: str = "nfb",
        startType: str = "time (s)",
        startVal: Any = 0.0,
        stopType: str = "duration (s)",
        stopVal: Any = None,
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
            stopVal=_usual_stop(exp, parentName) if stopVal is None else stopVal,
            startEstim=startEstim,
            durationEstim=durationEstim,
            saveStartStop=saveStartStop,
            syncScreenRefresh=syncScreenRefresh,
            disabled=disabled,
        )
        self.type = "NeuroFeedback"
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, (*BASIC, *STREAM, *SIGNAL, *FEEDBACK, *TIMING, *DATA))
        self.params["role"] = Converted(self.params["role"], newer_role)
        self.params["delay"] = DelayInSeconds(self.params["delayMs"])
        self.hideParam("delay")
        device_control(self.params["deviceLabel"], self.backends)
        offer_estimators(self.params["envelope"])

    @property
    def role(self) -> str:
        """One of `feedback_fields.ROLES`."""
        return self.params["role"].val

    @property
    def leads(self) -> bool:
        """Whether the script's `Neurofeedback` has its name, and stream and reward its settings."""
        return main_component(self.exp) is self

    def _first_in_routine(self, *roles: str) -> bool:
        """Whether no other component with one of these roles stands above it in its Routine."""
        routine = self.exp.routines[self.parentName]
        kin = [one for one in routine if isinstance(one, NeuroFeedbackComponent)]
        enabled = [
            one
            for one in kin
            if not one.params["disabled"].val and (not roles or one.role in roles)
        ]
        return bool(enabled) and enabled[0] is self

    @property
    def _makes_block(self) -> bool:
        """Whether its start and stop are those of a block; of several in a Routine the first's."""
        return self._first_in_routine("reward", "same")

    def getStartAndDuration(self, *arguments: Any, **keywords: Any) -> tuple[Any, ...]:
        """Return when it starts, how long it lasts, and that its end is not known beforehand.

        PsychoPy ends a Routine of known length by a clock that began before its first frame, and
        makes up there for the Routine before: the block would be some frames too short or too long.
        """
        start, duration, _ = super().getStartAndDuration(*arguments, **keywords)
        return start, duration, False

    def writeStartCode(self, buff: Any) -> None:
        """Write what starts the background process, once for the experiment."""
        if not self.leads:
            return
        params = self.params
        write = buff.writeOnceIndentedLines
        kin = [component for component, _ in used(self.exp, "NeuroFeedbackComponent")]
        others = [one for one in kin if one is not self and one.role != "same"]
        lines = [
            "# --- EEG neurofeedback: one background process for the whole experiment ---\n",
            *loading_lines(self),
            f"with psychopy_nfb.errors_name_fields({self._naming()}):\n",
            f"    {params['name']} = psychopy_nfb.Neurofeedback(\n",
            *(f"        {line}" for line in settings_lines(self, others)),
            *(f"        {line}" for line in self._session_lines()),
            "    )\n",
            f"    runAtExit.append({params['name']}.close)\n",
            f"    {params['name']}.start()\n",
            f"with psychopy_nfb.errors_name_fields('{params['name']}'):\n",
            f"    {params['name']}.attach(win, pace={code(params['pace'])})\n",
        ]
        for component in others:
            name = component.params["name"]
            lines.append(f"{name} = {params['name']}.signals['{name}']\n")
        for component in kin:
            if component.role == "same":
                lines.append(f"{component.params['name']} = {code(component.params['sameAs'])}\n")
        write("".join(lines))

    def _naming(self) -> str:
        """Return the arguments with which errors name the fields of this component."""
        from_file = ", settings_file=True" if self.params["settingsFile"].val else ""
        return f"'{self.params['name']}'{from_file}"

    @property
    def _run(self) -> str:
        """Name of the script's `Neurofeedback`."""
        return main_name(self.exp) or str(self.params["name"])

    def _session_lines(self) -> list[str]:
        """Return the lines of the other arguments."""
        params = self.params
        simulate = params["simulate"].val
        value = "'missing' if PILOTING else 'never'" if simulate == "pilot" else repr(simulate)
        return [
            f"participant={self._participant()},\n",
            *self._place_lines(),
            f"late_read={code(params['lateRead'])},\n",
            f"simulate={value},\n",
            *self._remote_lines(),
            "between_blocks=False,\n",
            *(["console=True,\n"] if params["console"].val else []),
            *([f"plugins={own},\n"] if (own := plugins_code(self.exp)) else []),
            f"name='{params['name']}',\n",
        ]

    def _remote_lines(self) -> list[str]:
        """Return the lines that name a worker on another computer."""
        remote, token = self.params["remote"], self.params["remoteToken"]
        if not remote.val:
            return []
        return [
            f"remote={code(remote)},\n",
            *([f"remote_token={code(token)},\n"] if token.val else []),
        ]

    def _participant(self) -> str:
        """Return the code for whose session it is."""
        takes_over = any(self.params[one].val for one in ("study", "lastBaseline", "carryOver"))
        given = f"expInfo, {self._participant_field()!r}"
        return f"psychopy_nfb.participant_of({given}{', takes_over=True' if takes_over else ''})"

    def _participant_field(self) -> str | None:
        """Return which field of the experiment's information names the participant."""
        settings = self.exp.settings
        return participant_field(settings.getInfo(), str(settings.params["Data filename"].val))

    def _place_lines(self) -> list[str]:
        """Return the lines of what a study says itself, or of that study."""
        params = self.params
        if params["study"].val:
            return [f"study={code(params['study'])},\n"]
        folder = "os.path.dirname(thisExp.dataFileName)" if params["record"].val else "None"
        return [
            f"data={folder},\n",
            f"session=expInfo.get({session_field(self.exp.settings.getInfo())!r}, '01'),\n",
            "task=expName,\n",
            *(["calibration='last',\n"] if params["lastBaseline"].val else []),
            *(["carry_over='last',\n"] if params["carryOver"].val else []),
            *([f"shown={shown},\n"] if (shown := code(params["controls"])) != "None" else []),
        ]

    def writeRoutineStartCode(self, buff: Any) -> None:
        """Write what changes with each repeat of the Routine."""
        threshold = self.params["threshold"]
        if self.role != "same" and threshold.updates == "set every repeat" and threshold.val:
            buff.writeIndentedLines(f"{self.params['name']}.set(threshold={code(threshold)})\n")

    def writeFrameCode(self, buff: Any) -> None:
        """Write the update, once a frame however many signals there are, then start and stop."""
        if self._first_in_routine():
            buff.writeIndentedLines(
                "# read the newest EEG feedback, at the last safe moment before the flip\n"
                f"{self._run}.update()\n"
                # Asked for at the operator's page, or by another program.
                f"if {self._run}.asked_to_end:\n"
                "    continueRoutine = False\n"
                f"if {self._run}.aborted:\n"
                "    thisExp.status = FINISHED\n"
            )
        indented = self.writeStartTestCode(buff)
        if indented:
            if self._makes_block:
                block = self.params["block"]
                label = code(block) if block.val else repr(self.parentName)
                points = code(self.params["countPoints"])
                counted = "" if points == "None" else f", points={points}"
                shown = code(self.params["shown"])
                counted += "" if shown == "None" else f", shown={shown}"
                lag = code(self.params["lagMs"])
                late = "" if lag == "None" else f", lag=float({lag} or 0) / 1000 or None"
                buff.writeIndentedLines(
                    f"with psychopy_nfb.errors_name_fields('{self.params['name']}', block=True):\n"
                    f"    {self._run}.begin_block({label}, "
                    f"feedback={code(self.params['feedback'])}{counted}{late})\n"
                )
            buff.setIndentLevel(-indented, relative=True)
        indented = self.writeStopTestCode(buff, end_with_block(self, NeuroFeedbackComponent))
        if indented:
            if self._makes_block:
                buff.writeIndentedLines(f"{self._run}.end_block()\n")
            buff.setIndentLevel(-indented, relative=True)

    def writeRoutineEndCode(self, buff: Any) -> None:
        """Write what ends the block, and the score, into PsychoPy's data file."""
        if not self._makes_block:
            return
        name, run = self.params["name"], self._run
        buff.writeIndentedLines(f"{run}.end_block()\n")
        main = main_component(self.exp)
        if main is None or not main.params["study"].val:  # they would tell the arm
            buff.writeIndentedLines(
                f"thisExp.addData('{name}.score', {run}.score)\n"
                f"thisExp.addData('{name}.hits', {run}.hits)\n"
                f"thisExp.addData('{name}.rewards', {run}.rewards)\n"
            )
        super().writeRoutineEndCode(buff)

    def writeExperimentEndCode(self, buff: Any) -> None:
        """Write what ends the background process."""
        if self.leads:
            buff.writeOnceIndentedLines(f"{self.params['name']}.close()\n")

    def integrityCheck(self) -> None:
        """Tell what can be known to be wrong before the experiment runs."""
        super().integrityCheck()
        kin = [one for one, _ in used(self.exp, "NeuroFeedbackComponent")]
        check_role(self, kin)
        if kin and kin[0] is self:
            experiment_checks.check_version(self)
            experiment_checks.check_times(self.exp)
            experiment_checks.check_names(self.exp, signal_classes(self.exp))
        experiment_checks.check_order(self)
        if self.leads and self._participant_field() is None:
            alerts.tell(
                self,
                "whose session it is cannot be known: the experiment info has no field such as "
                "participant or subject; add participant to it, in the experiment's settings.",
                "name",
            )
        if self.role != "same":
            if not self.params["settingsFile"].val:
                experiment_checks.check_baseline(self, kin)
            check_settings(self)
        else:
            check_numbers(self)
        if (main := main_component(self.exp)) is not None:
            check_shown(self, main)
        if self._makes_block:
            check_ends(self, NeuroFeedbackComponent)
        check_without_effect(self)


def _usual_stop(experiment: Any, routine: str) -> str:
    """Return the Stop of a new component; a further signal of a Routine ends with its block."""
    kin = [
        one
        for one in experiment.routines.get(routine, ())
        if isinstance(one, NeuroFeedbackComponent)
    ]
    return "" if kin else BLOCK_SECONDS
