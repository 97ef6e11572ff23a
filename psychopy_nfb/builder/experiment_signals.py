"""The signals of an experiment, and which of them leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.parameters import used

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseComponent
else:
    from psychopy.experiment.components import BaseComponent


def signal_classes(experiment: Any) -> dict[str, type]:
    """Return the names of an experiment's signals, and of what class they are when it runs."""
    from psychopy_nfb.display.neurofeedback import Neurofeedback
    from psychopy_nfb.display.signal_view import SignalView

    kin = {
        str(component.params["name"]): component
        for component, _ in used(experiment, "NeuroFeedbackComponent")
    }
    main = main_component(experiment)
    classes = {}
    for name, component in kin.items():
        same = component.role == "same"
        other = kin.get(str(component.params["sameAs"].val), main) if same else component
        classes[name] = Neurofeedback if other is main else SignalView
    return classes


def main_component(experiment: Any) -> BaseComponent | None:
    """Return the first rewarded signal's component; without one the first signal's."""
    kin = [component for component, _ in used(experiment, "NeuroFeedbackComponent")]
    signals = [component for component in kin if component.role != "same"]
    rewarded = [component for component in signals if component.role == "reward"]
    return next(iter(rewarded or signals), None)


def main_name(experiment: Any) -> str | None:
    """Return the name of the script's `Neurofeedback`, None if no signal is there."""
    main = main_component(experiment)
    return None if main is None else str(main.params["name"])


def tell_without_signal(element: Any) -> None:
    """Tell when an experiment has no signal for `element` to work with."""
    if main_name(element.exp) is None:
        alerts.tell(
            element,
            "there is no signal; add a Neuro Feedback component to a Routine.",
            "signal",
        )
