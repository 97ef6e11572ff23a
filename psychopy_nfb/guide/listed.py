"""What the manual lists as the package itself has it: commands, and the fields of dialogs."""

from __future__ import annotations

import importlib

FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "component_neuro_feedback": (
        "neurofeedback",
        ("BASIC", "STREAM", "SIGNAL", "FEEDBACK", "TIMING", "DATA"),
    ),
    "component_feedback_display": ("feedback_display", ("BASIC", "LAYOUT", "APPEARANCE")),
    "component_diode_patch": ("diode_patch", ("FIELDS",)),
    "component_neuro_baseline": ("baseline", ("FIELDS",)),
    "component_neuro_block": ("neuro_block", ("FIELDS",)),
    "component_signal_check": ("signal_check", ("FIELDS",)),
}
"""Module in `builder` that describes the dialog of a page's component, and the names there."""


def commands() -> str:
    """Return the page of all commands as Markdown."""
    from psychopy_nfb.cli import COMMANDS

    lines = [
        "# Commands",
        "",
        "`psychopy-nfb COMMAND --help` lists all options of a command. Ctrl-C stops any command; "
        "those that write files then name the files that were kept. Delays are in milliseconds.",
        "",
        "| exit status | |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | ended by a problem |",
        "| 2 | bad input |",
        "| 130 | stopped by Ctrl-C |",
    ]
    for name, command in COMMANDS.items():
        lines += ["", f"## {name}", "", command.description, "", f"```bash\n{command.example}\n```"]
    return "\n".join(lines) + "\n"


def fields(page: str) -> str:
    """Return the fields of a component's dialog as Markdown, a table for each tab.

    Parameters
    ----------
    page : str
        A key of `FIELDS`.
    """
    module, names = FIELDS[page]
    imported = importlib.import_module(f"psychopy_nfb.builder.{module}")
    tabs: dict[str, list[str]] = {}
    for field in (field for name in names for field in getattr(imported, name)):
        plain = {True: "yes", False: "no", "": "empty", "[]": "empty", **field.choices}
        at_first = plain.get(field.value, f"`{field.value}`")
        tabs.setdefault(field.tab, []).append(f"| {field.label} | {at_first} | {field.hint} |")
    parts = ["## All fields"]
    for tab, rows in tabs.items():
        head = ["| field | at first | what it means |", "|---|---|---|"]
        parts += [f"### Tab {tab}", "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"
