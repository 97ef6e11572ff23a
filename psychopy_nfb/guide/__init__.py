"""The manual: pages in Markdown, shipped with the package, shown by ``psychopy-nfb guide``.

- the ``.md`` files: its pages, in the order of `PAGES`; `pictures/` has theirs. `alerts.md` holds
  what Builder's alerts of this plugin mean, ``component_….md`` what a *Help* button opens;
- `pages`: Markdown to HTML, with a list of all pages beside each; `page.html` is their frame;
- `reference`, `listed`: what is made from the package itself: classes and functions; commands, and
  the fields of dialogs;
- `command`: ``psychopy-nfb guide``.
"""

from __future__ import annotations

PAGES = {
    "Begin": {
        "index": "What it is",
        "install": "Install",
        "first_training_builder": "First training in Builder",
        "first_training_coder": "First training in Python",
    },
    "Prepare": {
        "amplifiers": "Amplifiers",
        "filter_and_channels": "Choose filter and channels",
        "two_computers": "Two computers",
        "artifacts": "Artifacts",
        "session_course": "The course of a session",
        "what_is_shown": "What is shown: controls",
        "study": "A study, blinded",
        "settings": "Settings files",
        "own_parts": "Your own parts",
    },
    "Measure": {
        "operator": "The operator's page",
        "timing": "Timing and the photodiode",
        "files": "Files and their analysis",
    },
    "When in doubt": {
        "troubleshooting": "Troubleshooting",
        "what_happens_when": "What happens when …",
        "alerts": "Alerts in Builder",
        "how_it_works": "How it works",
    },
    "Components": {
        "component_neuro_feedback": "Neuro Feedback",
        "component_feedback_display": "Feedback Display",
        "component_diode_patch": "Diode Patch",
        "component_neuro_baseline": "Neuro Baseline",
        "component_neuro_block": "Neuro Block",
        "component_signal_check": "Signal Check",
    },
    "Reference": {
        "commands": "Commands",
        "api": "Python: the package",
        "api_dsp": "Python: signal processing",
        "api_data": "Python: recorded data",
    },
}
"""Headings of the list of pages, and under each the pages: file name and what the list calls it."""


def all_pages() -> dict[str, str]:
    """Return file name and title in the list of each page, in their order."""
    return {name: title for group in PAGES.values() for name, title in group.items()}
