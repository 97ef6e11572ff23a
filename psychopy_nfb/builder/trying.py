"""A signal check of the amplifier that a dialog names, in a process and a window of its own."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

from psychopy_nfb.builder.offers import chosen_device, wanted_stream
from psychopy_nfb.errors import NfbError
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

COMMAND = "signal-check"


def signal_check_arguments(texts: dict[str, str]) -> list[str]:
    """Return the command line of a signal check of the stream that a dialog names.

    Parameters
    ----------
    texts : dict of str: str
        What the fields of the dialog hold.

    Raises
    ------
    SettingsError
        If they mean no stream.

    Examples
    --------
    >>> signal_check_arguments({"stream_type": "EEG", "stream_name": "Amp", "units": "V"})
    ['signal-check', '--name', 'Amp', '--type', 'EEG', '--units', 'V']
    """
    if device := chosen_device(texts):
        return [COMMAND, "--device", device]
    stream = wanted_stream(texts)
    options = {
        "--name": stream.name,
        "--type": stream.type or "",  # any, which the command does not take by itself
        "--source-id": stream.source_id,
        "--hostname": stream.hostname,
        "--units": stream.units,
        "--rate": None if stream.rate is None else f"{stream.rate:g}",
    }
    given = [(option, text) for option, text in options.items() if text is not None]
    return [COMMAND, *(part for pair in given for part in pair)]


def start_signal_check(texts: dict[str, str], ended: Callable[[str], None]) -> None:
    """Start a signal check of the stream that a dialog names; the dialog goes on.

    Parameters
    ----------
    texts : dict of str: str
        What the fields of the dialog hold.
    ended : callable
        Called from another thread when it has ended, with the sentence why it could not be shown,
        empty if it was.
    """
    try:
        command = python_command("cli", *signal_check_arguments(texts))
        process = subprocess.Popen(
            command,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            creationflags=CREATION_FLAGS,
        )
    except (NfbError, OSError) as error:
        ended(str(error))
        return

    def wait() -> None:
        said = process.communicate()[1].decode("utf-8", errors="replace").strip()
        last = said.splitlines()[-1] if said else "it ended without a word."
        sentence = last.removeprefix(f"psychopy-nfb {COMMAND}: ")
        # Good or bad channels were shown, in a window.
        ended("" if process.returncode in (0, 1) and "Traceback" not in said else sentence)

    threading.Thread(target=wait, name=COMMAND, daemon=True).start()
