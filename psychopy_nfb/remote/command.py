"""`psychopy-nfb worker`: process the EEG on this computer for an experiment on another one."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys

from psychopy_nfb.remote.handshake import ALL_ADDRESSES, TOKEN_VARIABLE, check_token
from psychopy_nfb.simulate.program import stop_on_signals

TOKEN_BYTES = 6
"""Of a token that nobody has chosen, 12 characters."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb worker``."""
    add = parser.add_argument
    add(
        "--name",
        default=socket.gethostname(),
        help="by which experiments find it, Neurofeedback(remote=NAME) (default: this computer's)",
    )
    add(
        "--settings",
        metavar="FILE",
        help="settings of the training, for experiments that name none (default: the experiment's)",
    )
    add("--data", default="data", metavar="FOLDER", help="for the sessions' files (default: data)")
    add(
        "--token",
        help=f"secret that the experiment must know (default: that of {TOKEN_VARIABLE}, else one "
        "is made and shown)",
    )
    add(
        "--host",
        default=ALL_ADDRESSES,
        metavar="ADDRESS",
        help="address of this computer at which it waits (default: all that it has)",
    )
    add("--port", type=int, default=0, help="TCP port at which it waits (default: any free one)")


def main(options: argparse.Namespace) -> int:
    """Serve experiments until Ctrl-C; return the exit status."""
    from psychopy_nfb.engine.configuration import read_configuration
    from psychopy_nfb.remote.host import WorkerHost

    token = options.token or os.environ.get(TOKEN_VARIABLE) or secrets.token_hex(TOKEN_BYTES)
    check_token("token", token)
    with stop_on_signals() as stop:
        host = WorkerHost(
            options.name,
            token,
            options.data,
            read_configuration(options.settings) if options.settings else None,
            options.host,
            options.port,
            tell=_print,
        )
        _print(
            f"Worker {options.name!r} waits for experiments at TCP port {host.port}. In the "
            f'experiment: Neurofeedback(..., remote="{options.name}", remote_token="{token}"). '
            "Ctrl-C ends it."
        )
        host.run(stop)
    return 0


def _print(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
