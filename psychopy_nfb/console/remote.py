"""`psychopy-nfb remote`: one command for a running session, from a script or a terminal."""

from __future__ import annotations

import argparse
import sys

from psychopy_nfb.console.session_line import ANSWER_SECONDS, SessionLine
from psychopy_nfb.engine.operator_commands import (
    COMMANDS,
    NUMBERS,
    Request,
    check_request,
    read_number,
)
from psychopy_nfb.engine.running_sessions import find_session
from psychopy_nfb.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb remote``."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="COMMAND",
        help="part of the session's name (needed only if several sessions run), then settings such "
        f"as threshold=0.7 ({', '.join(NUMBERS)}), or one of: "
        f"{', '.join(name for name in COMMANDS if name != 'set')}; note and mark are followed by "
        "their text",
    )
    parser.add_argument("--signal", metavar="NAME", help="of which signal (default: the first)")


def main(options: argparse.Namespace) -> int:
    """Send it, and say what came of it; exit status 1 if it was not done."""
    session, request = read_words(options.words, options.signal)
    _, about = find_session(session)
    line = SessionLine(about, "remote")
    try:
        answer = line.ask(request.do, **request.arguments).result(2 * ANSWER_SECONDS)
    finally:
        line.close()
    if not answer.done:
        sys.stderr.write(f"psychopy-nfb remote: {answer.sentence}\n")
    return 0 if answer.done else 1


def read_words(words: list[str], signal: str | None = None) -> tuple[str | None, Request]:
    """Return the session that is meant, if one is named, and the command.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> read_words(["sub-01", "threshold=0.7"])
    ('sub-01', Request(do='set', arguments={'changes': {'threshold': 0.7}, 'signal': None}))
    >>> read_words(["note", "eyes", "closed"])
    (None, Request(do='note', arguments={'text': 'eyes closed'}))
    """
    first = words[0]
    named = first not in COMMANDS and "=" not in first
    session, rest = (first, words[1:]) if named else (None, words)
    if not rest:
        raise SettingsError(
            "command", first, "is missing; give one after the session, such as threshold=0.7"
        )
    about = {} if signal is None else {"signal": signal}
    if "=" in rest[0]:
        return session, check_request({"do": "set", "changes": _changes(rest), **about})
    do, text = rest[0], " ".join(rest[1:])
    if do in ("note", "mark"):
        return session, check_request({"do": do, {"note": "text", "mark": "label"}[do]: text})
    if text:
        raise SettingsError("command", text, f"is not understood after {do}; leave it out")
    return session, check_request({"do": do, **about})


def _changes(words: list[str]) -> dict[str, float]:
    changes = {}
    for word in words:
        name, _, value = word.partition("=")
        changes[name] = read_number(name, value)
    return changes
