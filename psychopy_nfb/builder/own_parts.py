"""A lab's own parts, such as steps, in Builder: the files that components name, what they offer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psychopy_nfb.builder.parameters import code, used
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.errors import NfbError

logger: logging.Logger = logging.getLogger(__name__)


def offer_estimators(param: Any) -> None:
    """Let the field of `param` list every estimator, a lab's own among them.

    Those of installed packages are there at once, those of a file once Builder has checked the
    experiment that names it.
    """
    param.allowedVals, param.allowedLabels = estimator_names, estimator_labels


def estimator_names() -> list[str]:
    """Return the names of all estimators."""
    from psychopy_nfb.engine.plugins import load_installed

    try:
        load_installed()
    except NfbError as error:  # Builder goes on; running the experiment says the same
        logger.warning("%s", error)
    return list(ESTIMATORS)


def estimator_labels() -> list[str]:
    """Return what the dialog shows for them."""
    return [ESTIMATORS[name].label for name in estimator_names()]


def plugins_code(experiment: Any) -> str:
    """Return the list of the files with own parts, as Python code; empty if there is none."""
    lists = [code(one.params["plugins"]) for one, _ in used(experiment, "NeuroFeedbackComponent")]
    return " + ".join(dict.fromkeys(text for text in lists if text != "None"))


def loading_lines(component: Any) -> list[str]:
    """Return the lines that load those files: settings may be made with what is in them."""
    own = plugins_code(component.exp)
    if not own:
        return []
    return [
        f"with psychopy_nfb.errors_name_fields('{component.params['name']}'):\n",
        f"    psychopy_nfb.load_plugins({own})\n",
    ]


def plugin_problems(component: Any) -> Iterator[str]:
    """Load the files that the components of an experiment name; yield what is wrong, a sentence."""
    from psychopy.data.utils import listFromString

    from psychopy_nfb.engine.plugins import load_plugins

    home = component.exp.filename
    for one, _ in used(component.exp, "NeuroFeedbackComponent"):
        for name in map(str, listFromString(one.params["plugins"].val, excludeEmpties=True)):
            path = Path(home or ".").resolve().parent / name
            if "$" in name or not (home or Path(name).is_absolute()):
                continue  # known when it runs
            try:
                load_plugins([path])
            except NfbError as error:
                yield str(error)
