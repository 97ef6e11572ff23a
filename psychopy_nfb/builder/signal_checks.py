"""What is wrong with a signal's place among the others, told before the experiment runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.experiment_signals import main_component
from psychopy_nfb.builder.feedback_fields import DATA, FEEDBACK, TIMING
from psychopy_nfb.builder.field_errors import LABELS
from psychopy_nfb.builder.parameters import code, used
from psychopy_nfb.builder.signal_fields import SIGNAL, STREAM
from psychopy_nfb.builder.signal_settings import PIPELINE


def check_role(component: Any, kin: Sequence[Any]) -> None:
    """Tell of a role that does not fit those of all signals of the experiment, `kin`."""
    rewarded = [one for one in kin if one.role == "reward"]
    if component.role == "same":
        names = [str(one.params["name"]) for one in kin if one.role != "same"]
        wanted = str(component.params["sameAs"].val)
        if wanted not in names:
            there = ", ".join(names)
            if wanted:
                sentence = (
                    f"{wanted} is no Neuro Feedback component of this experiment; there are: "
                    f"{there or 'none'}."
                )
            elif there:
                sentence = f"is empty; choose the component whose signal is used: {there}."
            else:
                sentence = "is empty, and there is no other Neuro Feedback component; add one."
            alerts.tell(component, sentence, "name", LABELS["sameAs"])
    elif component in rewarded[1:] and _measures(component) == _measures(rewarded[0]):
        alerts.tell(
            component,
            f"{rewarded[0].params['name']} measures the same; to use that signal here, make "
            "this one the signal of another component.",
            "signal",
        )
    elif component.role != "reward" and not rewarded:
        alerts.tell(
            component, "no signal is rewarded, so that there are no points; choose one.", "signal"
        )


def _measures(component: Any) -> list[str]:
    """Return what it is the amplitude of, and how that is found."""
    return [code(component.params[name]) for name in (*PIPELINE, "bandLow", "bandHigh")]


def check_without_effect(component: Any) -> None:
    """Tell of fields that are filled in although the settings of another component count."""
    if component.leads or main_component(component.exp) is None:
        return
    fields = [*STREAM, *TIMING, *DATA]
    source = main_component(component.exp)
    if component.role == "same":
        fields += [*SIGNAL, *FEEDBACK]
        wanted = str(component.params["sameAs"].val)
        kin = [one for one, _ in used(component.exp, "NeuroFeedbackComponent")]
        source = next((one for one in kin if str(one.params["name"]) == wanted), source)
    labels = []
    for one in fields:
        value = component.params[one.name].val
        # What was copied along with the other component changes nothing.
        if one.name != "plugins" and value not in (one.value, source.params[one.name].val):
            labels.append(one.label)
    if labels:
        alerts.tell(
            component,
            f"{', '.join(labels)}: without effect here, because {source.params['name']} says "
            "it; change it there.",
            "signal",
        )
