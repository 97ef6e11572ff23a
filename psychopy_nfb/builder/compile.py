"""`psychopy-nfb compile`: a Builder experiment as a Python script, plugins included.

PsychoPy's own command does not activate plugins: it leaves their components out without a word.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.builder.parameters import ALERTS
from psychopy_nfb.builder.unattended import SUMMARY, make_unattended
from psychopy_nfb.checks import check_writable
from psychopy_nfb.errors import FieldError, FileError, cause, listed
from psychopy_nfb.terminal import doing, naming_kept_files

if TYPE_CHECKING:
    from psychopy.alerts._alerts import AlertEntry
    from psychopy.experiment import Experiment

WITH_DISPLAY = ("FeedbackDisplay", "NeuroBlock")
"""Types of the elements that have the field Display."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb compile``."""
    parser.add_argument("file", metavar="FILE", help="the experiment, a .psyexp file")
    parser.add_argument(
        "-o", "--out", metavar="FILE", help="the script (default: in the experiment's folder)"
    )
    parser.add_argument(
        "--unattended",
        action="store_true",
        help=SUMMARY,
    )


def main(options: argparse.Namespace) -> int:
    """Compile and say where the script is; alerts go to stderr. Return 1 if any is ours."""
    source = Path(options.file)
    target = Path(options.out) if options.out else source.with_suffix(".py")
    if not source.is_file():
        raise FileError("file", str(source), "does not exist; name a .psyexp file")
    check_writable("out", target)
    with doing("Compiling"), naming_kept_files(target), heard_alerts() as heard:
        compile_experiment(source, target, unattended=options.unattended)
    from psychopy_nfb.builder.alerts import KINDS

    # Another version makes Builder leave plugins out, and this command not.
    heard = [alert for alert in heard if alert.code != KINDS["version"][0]]
    for alert in heard:
        sys.stderr.write(f"Alert {alert.code}: {alert.msg}\n  See {alert.url}\n")
    sys.stdout.write(f"{target}\n")
    return int(any(alert.cat == ALERTS for alert in heard))


@contextmanager
def heard_alerts() -> Iterator[list[AlertEntry]]:
    """Yield the list of alerts that PsychoPy raises meanwhile."""
    from psychopy import alerts

    class Handler:
        receiveAlert = staticmethod(lambda alert: heard.append(alert))

    heard: list[AlertEntry] = []
    handler = Handler()
    alerts.addAlertHandler(handler)
    try:
        yield heard
    finally:
        alerts.removeAlertHandler(handler)


def compile_experiment(source: Path, target: Path, unattended: bool = False) -> None:
    """Write the Python script of a Builder experiment.

    Parameters
    ----------
    source, target : path
        The ``.psyexp`` file and the script.
    unattended : bool
        Make it short and ask nothing; see `unattended.make_unattended`.

    Raises
    ------
    FileError
        If the file is no Builder experiment, or holds a component that this PsychoPy does not know.
    FieldError
        If a feedback display is of a kind that there is not.
    """
    from psychopy import plugins

    plugins.activatePlugins()
    from psychopy.experiment import Experiment

    experiment = Experiment()
    try:
        experiment.loadFromXML(str(source))
    except Exception as error:
        raise FileError("file", str(source), f"is no Builder experiment ({cause(error)})") from None
    unknown = [
        f"{component.params['name']} ({component.type})"
        for routine in experiment.routines.values()
        for component in routine
        if "Unknown" in type(component).__name__
    ]
    if unknown:
        raise FileError(
            "file",
            str(source),
            f"holds components that are not installed: {', '.join(unknown)}; install their plugin",
        )
    _check_displays(experiment)
    experiment.filename = str(source.resolve())  # from where the paths in it begin
    experiment.integrityCheck()
    if unattended:
        make_unattended(experiment)
    script = experiment.writeScript(expPath=str(target), target="PsychoPy")
    target.write_text(script, encoding="utf-8")


def _check_displays(experiment: Experiment) -> None:
    """Refuse a display of which no code can be written: Builder keeps what a file holds.

    Raises
    ------
    FieldError
        If there is no such display.
    """
    for routine in experiment.routines.values():
        for element in (routine, *routine):
            if element.type in WITH_DISPLAY:
                param = element.params["display"]
                if param.val not in param.allowedVals:
                    raise FieldError(
                        str(element.params["name"]),
                        param.label,
                        param.val,
                        f"there is no such display; choose one of {listed(param.allowedVals)}",
                    )
