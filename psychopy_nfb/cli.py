"""The `psychopy-nfb` command."""

from __future__ import annotations

import argparse
import importlib
import sys

from psychopy_nfb import __version__
from psychopy_nfb.errors import NfbError
from psychopy_nfb.process import replace_unprintable

# Each module has add_arguments(parser) and main(options) -> exit status; it is imported only when
# its command is the one that was called, so that help and mistakes answer at once.
COMMANDS = {
    "demo": ("psychopy_nfb.demo", "a whole training with a simulated amplifier or a recording"),
    "streams": ("psychopy_nfb.lsl.streams", "list the LSL streams that are there"),
    "simulate": ("psychopy_nfb.lsl.simulator", "be an amplifier: EEG worth training on, over LSL"),
    "replay": ("psychopy_nfb.lsl.replay", "send a recording as a live LSL stream"),
    "compile": ("psychopy_nfb.builder.compile", "a Builder experiment as a Python script"),
    "tune": ("psychopy_nfb.tune.command", "which filter is best on a recording, at which delay"),
    "spatial": ("psychopy_nfb.tune.spatial_command", "a weighted sum of channels, by a recording"),
    "check": ("psychopy_nfb.bench.check", "what about this machine matters for timing"),
    "report": ("psychopy_nfb.report.command", "how a session went: problems, outcome, lag; a page"),
    "photodiode": ("psychopy_nfb.light.command", "when each frame was light, by a light sensor"),
    "selftest": ("psychopy_nfb.light.selftest", "brain to light, measured beside what is logged"),
    "bench": ("psychopy_nfb.bench.command", "measure lag and load on this machine"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status: 0 done, 1 ended by a problem, 2 bad input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    replace_unprintable()
    parser = argparse.ArgumentParser(
        prog="psychopy-nfb", description="EEG neurofeedback for PsychoPy, with a known lag."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, (module, help_text) in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        if name == chosen:
            imported = importlib.import_module(module)
            imported.add_arguments(command)
            command.set_defaults(run=imported.main)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except NfbError as error:
        sys.stderr.write(f"psychopy-nfb {options.command}: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nEnded by Ctrl-C.\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
