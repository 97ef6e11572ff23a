"""Which worker an experiment wants, and what it cannot have together with one."""

from __future__ import annotations

import os
from collections.abc import Collection

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.remote.handshake import TOKEN_VARIABLE, check_token


def check_remote(
    name: object,
    token: str | None,
    simulate: str,
    study: object,
    plugins: Collection[object],
    donors: Collection[object],
) -> dict[str, str]:
    """Return the worker for `WorkerProcess`.

    Parameters
    ----------
    name, token, simulate, study
        As for `Neurofeedback`.
    plugins : collection
        Files with parts of a lab's own.
    donors : collection
        Recorded blocks that are to be shown.

    Raises
    ------
    SettingsError
        If there is no token, or something is wanted that stays on one computer.
    """
    if not isinstance(name, str) or not name:
        raise SettingsError("remote", name, "must be the name of a `psychopy-nfb worker`")
    if simulate != "never":
        raise SettingsError(
            "simulate",
            simulate,
            "makes EEG on this computer; with remote start `psychopy-nfb simulate` on the worker's",
        )
    if study is not None:
        raise SettingsError("study", study, "must run on one computer; leave remote out")
    if plugins:
        raise SettingsError(
            "plugins",
            [str(one) for one in plugins],
            "are files, and a worker takes no code over the network; install your parts as a "
            "package on both computers",
        )
    if donors:
        raise SettingsError(
            "shown",
            sorted(map(str, donors)),
            "shows recorded sessions, whose files are on this computer; leave remote out",
        )
    return {
        "name": name,
        "token": check_token("remote_token", token or os.environ.get(TOKEN_VARIABLE)),
    }
