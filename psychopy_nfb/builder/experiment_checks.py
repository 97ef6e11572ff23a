"""What about the rest of an experiment does not suit a feedback signal, told before it runs."""

from __future__ import annotations

import psychopy
from psychopy.experiment.components import BaseComponent
from psychopy.experiment.exports import IndentingBuffer

from psychopy_nfb.builder import alerts


def check_version(component: BaseComponent) -> None:
    """Tell if Builder compiles by a command of another version, which activates no plugins."""
    wanted = component.exp.settings.params["Use version"].val
    script = IndentingBuffer()
    # Which words mean the installed version PsychoPy itself knows; it differs between versions.
    component.exp.settings.writeUseVersion(script)
    if script.getvalue() and wanted != psychopy.__version__:
        alerts.tell(
            component,
            f"Use PsychoPy version={wanted!r} is not the installed one, "
            f"{psychopy.__version__}, and for any other Builder compiles without plugins: this "
            "component is left out. Empty that setting, or use `psychopy-nfb compile`.",
        )


def check_order(component: BaseComponent) -> None:
    """Tell if another component above it shows a signal: it would be a frame late."""
    name = str(component.params["name"])
    for other in component.exp.routines[component.parentName]:
        if other is component:
            return
        values = [str(param.val) for key, param in other.params.items() if key != "name"]
        if any(f"{name}." in value for value in values):
            alerts.tell(
                component,
                f"{other.params['name']} uses it but stands above it and so shows the frame "
                "before; move this component to the top of the Routine.",
            )


def check_baseline(component: BaseComponent) -> None:
    """Tell if a signal compares with a baseline that nothing records."""
    params = component.params
    needs = params["normalise"].val != "none" or params["thresholdKind"].val != "fixed"
    recorded = any("Baseline" in type(entry).__name__ for entry in component.exp.flow)
    if needs and not recorded and not params["lastBaseline"].val:
        alerts.tell(
            component,
            "it is compared with a baseline, but nothing records one; add a Neuro Baseline "
            "Routine, or choose not to compare.",
        )
