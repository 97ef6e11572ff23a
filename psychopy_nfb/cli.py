"""The `psychopy-nfb` command."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import textwrap
from typing import NamedTuple

from psychopy_nfb import __version__
from psychopy_nfb.errors import NfbError, cause
from psychopy_nfb.process import replace_unprintable
from psychopy_nfb.terminal import INTERRUPTED, Stopped

HELP_WIDTH = 78
"""Width of a help page's text, in characters."""
DESCRIPTION = "EEG neurofeedback in PsychoPy, with a lag that is known, measured and small."
FIRST_STEPS = """\
First steps:
  psychopy-nfb check      is this computer ready? (with what to do if not)
  psychopy-nfb demo       see a training with simulated EEG, half a minute
  psychopy-nfb simulate   simulated EEG on LSL, to try your own experiment
  psychopy-nfb guide      the manual, in the browser

psychopy-nfb COMMAND --help explains a command. Ctrl-C stops it.
"""


class Command(NamedTuple):
    """A subcommand."""

    module: str
    """Has add_arguments(parser) and main(options) -> exit status; it is imported only when its
    command is the one that was called, so that help and mistakes answer at once."""
    summary: str
    """One line for the list of commands."""
    description: str
    """What it does and gives, for its own help."""
    example: str
    """A call as a user would type it."""


COMMANDS = {
    "guide": Command(
        "psychopy_nfb.guide.command",
        "open the manual in the browser",
        "Open the manual in the browser. It belongs to the installed version and needs no network.",
        "psychopy-nfb guide troubleshooting",
    ),
    "experiments": Command(
        "psychopy_nfb.ready_experiments",
        "copy the ready experiments into a folder",
        "Copy the ready experiments, for Builder and in Python, with their settings into a folder. "
        "Files that are there already are not replaced.",
        "psychopy-nfb experiments my_experiments",
    ),
    "demo": Command(
        "psychopy_nfb.demo",
        "show a whole training with simulated EEG or a recording",
        "Show a training: baseline, then a bar that follows alpha, with points. Writes a session's "
        "files and a picture of the screen, and prints how old the shown brain signal was. Escape "
        "ends it.",
        "psychopy-nfb demo --channel Oz --band 8 12 --seconds 60",
    ),
    "streams": Command(
        "psychopy_nfb.lsl.streams",
        "list the LSL streams on the network",
        "List the LSL streams that answer: name, type, channels, rate, format, source_id, machine.",
        "psychopy-nfb streams --timeout 3",
    ),
    "signal-check": Command(
        "psychopy_nfb.display.signal_check_command",
        "show live which channels of an amplifier are good",
        "Show each channel of an amplifier live, in a window: good or bad, why, and what to do "
        "about it. Space or Escape ends it.",
        "psychopy-nfb signal-check MyAmp",
    ),
    "inspect": Command(
        "psychopy_nfb.inspection.command",
        "show what is understood of a stream or a recording",
        "Show what is understood of a stream or of a recording, and everything that is assumed: "
        "channels with kind and unit, rate, clock, chunks, gaps, markers. Run it first when "
        "something is odd.",
        "psychopy-nfb inspect my_recording.edf",
    ),
    "simulate": Command(
        "psychopy_nfb.simulate.simulator",
        "stream simulated EEG over LSL, as an amplifier does",
        "Stream simulated EEG over LSL, as an amplifier does: alpha in bursts, eyes open and "
        "closed, blinks, muscles, mains noise. A second stream holds the true alpha envelope, a "
        "third the markers.",
        "psychopy-nfb simulate --rate 500 --channels Fz,Cz,Pz,Oz",
    ),
    "replay": Command(
        "psychopy_nfb.simulate.replay",
        "stream a recording over LSL",
        "Stream a recording over LSL as if it were recorded now, with its markers.",
        "psychopy-nfb replay my_recording.set --loop",
    ),
    "study": Command(
        "psychopy_nfb.study.command",
        "run a study: sessions that are due, sealed allocation, unblinding",
        "Run a study of several sessions and arms: which session is due, who is in which arm "
        "without anybody seeing it, and what is opened in the end. The manual's page A study has "
        "it from the beginning.",
        "psychopy-nfb study new my_study --name Alpha --sessions 10",
    ),
    "console": Command(
        "psychopy_nfb.console.command",
        "open the operator's page of a running session",
        "Open the operator's page of a running session in the browser: EEG, channels, signals, "
        "lag, messages, and controls. It is served by this command until the session ends.",
        "psychopy-nfb console",
    ),
    "remote": Command(
        "psychopy_nfb.console.remote",
        "change a running session from a script",
        "Send one command to a running session: a setting, a pause, a note, the end of a block. It "
        "is an event of the session, with the source remote.",
        "psychopy-nfb remote threshold=0.7",
    ),
    "worker": Command(
        "psychopy_nfb.remote.command",
        "process the EEG on this computer for an experiment on another one",
        "Wait for experiments on other computers and process their EEG here, where the amplifier "
        "is: the experiment says Neurofeedback(remote=NAME), or names it in Builder. EEG, signals "
        "and events are recorded here, frames on both computers.",
        "psychopy-nfb worker --name EEG-room --data data",
    ),
    "join": Command(
        "psychopy_nfb.remote.join_command",
        "complete a session of two computers whose connection was lost",
        "Add the frames that only the screen's computer has to the session's files of the "
        "amplifier's computer. Needed only if the log says so: usually they are complete by "
        "themselves.",
        "psychopy-nfb join screen/sub-01_ses-01_task-alpha_run-01 "
        "eeg/sub-01_ses-01_task-alpha_run-01",
    ),
    "compile": Command(
        "psychopy_nfb.builder.compile",
        "make a Python script of a Builder experiment",
        "Make a Python script of a Builder experiment, with the components of plugins, which "
        "PsychoPy's own command leaves out.",
        "psychopy-nfb compile alpha_training.psyexp -o alpha_training.py",
    ),
    "plan": Command(
        "psychopy_nfb.tune.plan_command",
        "check the plan of a session, and show its course",
        "Check a plan of a session, and with --settings whether it fits a training; then show its "
        "blocks in their order, with their times. Writes them as a conditions file for a loop of "
        "Builder, too.",
        "psychopy-nfb plan my_plan.json --settings alpha_up.json --conditions trials.csv",
    ),
    "rehearse": Command(
        "psychopy_nfb.tune.rehearse_command",
        "show what a training would have done on recordings",
        "Pass recordings through a training as if they were live: thresholds over time, share "
        "beyond them, rewards a minute, artifacts, what would have been shown. Do it before the "
        "first participant comes.",
        "psychopy-nfb rehearse rest.edf --settings alpha_up.json --set reward.dwell=0.5",
    ),
    "tune": Command(
        "psychopy_nfb.tune.command",
        "find the best filter for a rhythm and its delay, on a recording",
        "Compare estimators of a rhythm at several delays on a recording of the participant. "
        "Writes a page with the comparison, and a settings file with the recommended filter.",
        "psychopy-nfb tune my_recording.set --channel Oz --band 8 12 --delay 50",
    ),
    "spatial": Command(
        "psychopy_nfb.tune.spatial_command",
        "find a spatial filter (weighted sum of channels) on a recording",
        "Find a spatial filter, a weighted sum of channels, on a recording. Writes a page with "
        "scalp maps, and a file with the weights for the pipeline step SpatialFilter.",
        "psychopy-nfb spatial my_recording.set --method ssd --band 8 12",
    ),
    "check": Command(
        "psychopy_nfb.doctor.check",
        "check whether this computer is ready, and what to do if not",
        "Check what matters for neurofeedback on this computer: Python, LSL, clocks, processor, "
        "display. Each line that begins with !! is followed by what to do.",
        "psychopy-nfb check",
    ),
    "certify": Command(
        "psychopy_nfb.doctor.certify",
        "write a timing certificate of this computer",
        "Run check, bench loop and selftest, and write what was found on one page with the date, "
        "the computer and the versions: a timing certificate. Reports of later sessions in the "
        "same folder name it. Takes ten minutes.",
        "psychopy-nfb certify --sensor MyLightSensor --channel Light",
    ),
    "report": Command(
        "psychopy_nfb.report.command",
        "report on a recorded session: problems, outcome, lag",
        "Report on a recorded session, as a page with figures: what to put right, the outcome of "
        "each block, the lag, and a paragraph for a methods section.",
        "psychopy-nfb report data/sub-01_ses-01_task-alpha_run-01",
    ),
    "learning": Command(
        "psychopy_nfb.report.learning_command",
        "show the course within and between the sessions of a study",
        "Show what the blocks of a study's sessions came to, and how that changed within and "
        "between sessions, with 95 % intervals. Writes a page, and a table in long form for R, "
        "JASP or pandas.",
        "psychopy-nfb learning data/*_nfb.json",
    ),
    "crednf": Command(
        "psychopy_nfb.report.cred_nf.command",
        "fill the CRED-nf checklist of a study from its files",
        "Fill the CRED-nf checklist, which journals ask for, from the files of a study's sessions, "
        "as a page and as Markdown. What files cannot tell is taken from your answers, or stands "
        "as a question.",
        "psychopy-nfb crednf data/*_nfb.json --answers answers.json",
    ),
    "bids": Command(
        "psychopy_nfb.report.bids.command",
        "export sessions as a dataset after BIDS",
        "Export sessions into one folder as a dataset after BIDS: EEG (BrainVision), channels, "
        "events, and all that the training computed and showed. Sessions and texts that are in the "
        "folder stay as they are.",
        "psychopy-nfb bids data/sub-01_ses-01_task-alpha_run-01 my_dataset",
    ),
    "photodiode": Command(
        "psychopy_nfb.photodiode.command",
        "measure when each frame was lit, with a light sensor",
        "Measure when each frame of a session was lit, with the recording of a light sensor on the "
        "PhotodiodePatch. Writes a table, a figure and a page.",
        "psychopy-nfb photodiode data/sub-01_ses-01_task-alpha_run-01 --channel Light",
    ),
    "selftest": Command(
        "psychopy_nfb.photodiode.selftest",
        "measure the lag from brain to light and compare it with the log",
        "Measure the lag from a change in (simulated) EEG to the change of light on the screen, "
        "and compare it with the sum of the stages in the log. Escape ends it.",
        "psychopy-nfb selftest --seconds 60 --inject pipeline=50",
    ),
    "bench": Command(
        "psychopy_nfb.bench.command",
        "measure lag and processor load of this package on this computer",
        "Measure what this package costs on this computer: lag, dropped frames, processor load.",
        "psychopy-nfb bench loop --json loop.json",
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        Exit status: 0 done, 1 ended by a problem, 2 bad input, 130 stopped by Ctrl-C.
    """
    script = arguments is None
    arguments = sys.argv[1:] if script else arguments
    replace_unprintable()
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # of `psychopy-nfb report … | head`: enough has been read
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's own flush
        return 0
    except KeyboardInterrupt as stop:
        said = stop if isinstance(stop, Stopped) else Stopped()
        sys.stderr.write(f"\n{said}\n")
        return INTERRUPTED
    finally:
        if script:  # a second Ctrl-C while Python ends would print a traceback
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(arguments: list[str]) -> int:
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    try:
        parser = _parser(chosen)
        options = parser.parse_args(arguments)
        if chosen is None:
            parser.description = None  # the first line says it
            sys.stdout.write(f"psychopy-nfb {__version__}: {DESCRIPTION}\n\n{parser.format_help()}")
            return 0
        return options.run(options)
    except NfbError as error:
        said, status = str(error), 2
    except ModuleNotFoundError as error:
        if error.name.startswith("psychopy_nfb"):
            raise
        said, status = f"needs the package {error.name}: pip install {error.name}", 2
    except OSError as error:
        if error.filename is None:
            raise
        said, status = f"{error.filename}: {cause(error)}.", 1
    sys.stderr.write(f"psychopy-nfb {chosen}: {said}\n")
    return status


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser, with the options of the command `chosen`."""
    parser = argparse.ArgumentParser(
        prog="psychopy-nfb",
        description=DESCRIPTION,
        epilog=FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, about in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=about.summary,
            description=textwrap.fill(about.description, HELP_WIDTH),
            epilog=f"example:\n  {about.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == chosen:
            imported = importlib.import_module(about.module)
            imported.add_arguments(command)
            command.set_defaults(run=imported.main)
    return parser


if __name__ == "__main__":
    sys.exit(main())
