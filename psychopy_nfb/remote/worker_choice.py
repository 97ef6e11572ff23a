"""Which worker an experiment wants, and what it cannot have together with one."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.remote.handshake import TOKEN_VARIABLE, check_token
from psychopy_nfb.remote.host import STREAM_TYPE
from psychopy_nfb.simulate.simulated_amplifier import is_there

logger: logging.Logger = logging.getLogger(__name__)


def check_remote(name: object, token: str | None) -> dict[str, str]:
    """Return the worker for `WorkerProcess`.

    Parameters
    ----------
    name, token
        As `remote` and `remote_token` of `Neurofeedback`.

    Raises
    ------
    SettingsError
        If there is no name or no token.
    """
    if not isinstance(name, str) or not name:
        raise SettingsError("remote", name, "must be the name of a `psychopy-nfb worker`")
    return {
        "name": name,
        "token": check_token("remote_token", token or os.environ.get(TOKEN_VARIABLE)),
    }


def check_alone(study: object, plugins: Collection[object]) -> None:
    """Refuse what cannot be had together with a worker, before any of it is opened or locked.

    Parameters
    ----------
    study : path or None
        As for `Neurofeedback`.
    plugins : collection
        Files with parts of a lab's own.

    Raises
    ------
    SettingsError
        If something is wanted that stays on one computer.
    """
    if study is not None:
        raise SettingsError("study", study, "must run on one computer; leave remote out")
    if plugins:
        raise SettingsError(
            "plugins",
            [str(one) for one in plugins],
            "are files, and a worker takes no code over the network; install your parts as a "
            "package on both computers",
        )


def check_shown(recorded: Collection[str]) -> None:
    """Refuse sources that show recorded sessions, together with a worker, before any is read.

    Parameters
    ----------
    recorded : collection of str
        Names of such sources.

    Raises
    ------
    SettingsError
        If there are any.
    """
    if recorded:
        raise SettingsError(
            "shown",
            sorted(recorded),
            "shows recorded sessions, whose files are on this computer; leave remote out",
        )


def is_used(remote: dict[str, str], simulate: str) -> bool:
    """Return whether the worker does the work, or simulated EEG takes its place on this computer.

    Parameters
    ----------
    remote : dict
        What `check_remote` returns.
    simulate : {"never", "missing", "always"}
        As for `Neurofeedback`: with ``"missing"`` if no such worker answers.
    """
    name = remote["name"]
    if simulate == "never":
        return True
    if simulate == "missing" and is_there(StreamSelection(name=name, type=STREAM_TYPE)):
        return True
    logger.warning("The worker '%s' is not used: this run stays on this computer.", name)
    return False
