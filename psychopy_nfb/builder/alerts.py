"""What is wrong with a component, shown in Builder before the experiment runs.

Each alert has a link to the section of the manual that explains its kind. PsychoPy's Runner opens a
link that begins with ``http`` in the browser, and one of the form ``"FILE", line N`` in its own
Coder at that line: the manual is there without a network, and belongs to the installed version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psychopy import alerts

from psychopy_nfb import guide
from psychopy_nfb.builder.parameters import ALERTS

PAGE = Path(guide.__file__).with_name("alerts.md")
KINDS = {
    "setting": (8951, "A field holds what cannot be used"),
    "reach": (8952, "A threshold or a display is out of reach"),
    "name": (8953, "A name that does not exist"),
    "place": (8954, "A component stands in the wrong place"),
    "baseline": (8955, "The baseline is missing or comes too late"),
    "signal": (8956, "No signal is rewarded, or two are the same"),
    "file": (8957, "The settings file cannot be used"),
    "unit": (8958, "A number looks like one in another unit"),
    "time": (8960, "Start or Stop would mean something else"),
    "old": (8961, "A version of PsychoPy that is too old"),
    "version": (8959, "Another version of PsychoPy"),
}
"""Code and heading in the manual of each kind. None of PsychoPy's own alerts has these codes."""


def _link(heading: str) -> str:
    """Return what Runner opens at a heading of the manual."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return f'"{PAGE}", line {lines.index(f"## {heading}") + 1}'


for _code, _heading in KINDS.values():
    alerts.catalog.alert.setdefault(
        _code,
        {
            "code": _code,
            "cat": ALERTS,
            "label": ALERTS,
            "msg": "{place}: {sentence}",
            "url": _link(_heading),
        },
    )


def tell(component: Any, sentence: str, kind: str = "setting", field: str = "") -> None:
    """Show `sentence` as an alert that belongs to `component`.

    Parameters
    ----------
    component : component, Routine or loop
        Whose name the alert begins with.
    sentence : str
        What is wrong and what to do.
    kind : str
        One of `KINDS`.
    field : str
        Label of the field in the dialog; empty if it is about no single one.
    """
    params = component.params
    name = str(getattr(params.get("name"), "val", ""))
    place = f"{name}, {field}" if field else name
    alerts.alert(KINDS[kind][0], component, strFields={"place": place, "sentence": sentence})
