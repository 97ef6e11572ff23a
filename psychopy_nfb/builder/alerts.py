"""What is wrong with a component, shown in Builder before the experiment runs."""

from __future__ import annotations

from typing import Any

from psychopy import alerts

CODE = 8951
"""None of PsychoPy's own alerts has it."""

alerts.catalog.alert.setdefault(
    CODE,
    {
        "code": CODE,
        "cat": "EEG neurofeedback",
        "label": "EEG neurofeedback",
        "msg": "{name}: {sentence}",
        "url": "https://labstreaminglayer.org",
    },
)


def tell(component: Any, sentence: str) -> None:
    """Show `sentence` as an alert that belongs to `component`."""
    name = component.params["name"].val
    alerts.alert(CODE, component, strFields={"name": name, "sentence": sentence})
