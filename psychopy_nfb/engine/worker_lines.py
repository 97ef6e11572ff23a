"""The JSON lines between the experiment and its worker, on the experiment's side."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from psychopy_nfb.engine.outbox import Outbox

logger: logging.Logger = logging.getLogger(__name__)


def write_line(process: subprocess.Popen[bytes], content: dict[str, Any]) -> None:
    """Write `content` to a process; nothing happens where that has died."""
    line = json.dumps(content).encode() + b"\n"
    with suppress(OSError, ValueError):
        process.stdin.write(line)
        process.stdin.flush()


def send_commands(outbox: Outbox) -> None:
    """Write what comes into the outbox to the process that it is for, until that is closed."""
    while (letter := outbox.next()) is not None:
        process, command = letter
        try:
            write_line(process, command)  # where it has died, its successor gets the command
        except Exception as error:  # such as a value that JSON does not know
            logger.error("The command %s was not sent: %s", command["command"], error)
            outbox.kept([command["number"]])


def receive_messages(
    process: subprocess.Popen[bytes],
    take: Callable[[subprocess.Popen[bytes], dict[str, Any]], None],
) -> None:
    """Call ``take(process, message)`` with each message of a process, until it ends."""
    with suppress(ValueError):  # closed: its successor has not waited for more
        for line in process.stdout:
            try:
                take(process, json.loads(line))
            except Exception:  # half a line of a process that was killed, or a mistake of ours
                logger.exception("The background process said what is not understood: %s", line)
