"""The process of the operator's page: ``python -m psychopy_nfb.console.program``.

It is started by the experiment or by `psychopy-nfb console`, serves until the session has ended,
and nobody notices when it is killed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import socket
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from psychopy_nfb.engine.running_sessions import read_announcement, withdraw, write_private
from psychopy_nfb.errors import FileError, SettingsError, WorkerError

logger: logging.Logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
LINGER_SECONDS = 5.0
"""For so long after the session's end pages show its last state."""
LEFT_SECONDS = 1.0
"""After a page's browser has gone, how long until its control is free."""
MESSAGE_BYTES = 1 << 20
"""Most bytes of one message of a browser."""
NICE = 5
"""The frame loop and the background process go first."""


def page_file(announcement: Path) -> Path:
    """Return the file in which a running page of a session says where it is."""
    return announcement.with_name(announcement.name.replace("session_", "page_", 1))


def running_page(announcement: Path) -> str | None:
    """Return the address of a session's page, None if none is served."""
    about = read_announcement(page_file(announcement))
    return None if about is None else about["address"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the page is served."""
    add = parser.add_argument
    add(
        "--host",
        default=LOOPBACK,
        metavar="ADDRESS",
        help="serve at this address of the computer, so that others of the lab can open the page "
        "(default: this computer only)",
    )
    add("--port", type=int, default=0, metavar="N", help="port (default: any that is free)")
    add(
        "--certificate",
        metavar="FILE",
        help="TLS certificate (PEM), for an address other than this computer's own",
    )
    add("--key", metavar="FILE", help="its private key (PEM)")


def serve(options: argparse.Namespace, announcement: Path) -> None:
    """Serve the page until its session has ended.

    Raises
    ------
    WorkerError
        If the session is gone.
    SettingsError, FileError
        If it cannot be served at that address, or a certificate is missing.
    """
    about = read_announcement(announcement)
    if about is None:
        raise WorkerError("session", announcement.name, "does not run any more")
    secure = _check_certificate(options)
    os.environ["BOKEH_RESOURCES"] = "server"  # its JavaScript comes from here, not from a network
    from psychopy_nfb.console.desk import Desk

    let_others_first(psutil.Process())
    desk = Desk(about)
    token = secrets.token_urlsafe(24)
    server, port = _server(options, desk, about, token, secure)
    shown = LOOPBACK if options.host in (LOOPBACK, "localhost") else options.host
    if shown in ("0.0.0.0", "::"):
        shown = socket.gethostname()
    address = f"{'https' if secure else 'http'}://{shown}:{port}/?token={token}"
    place = page_file(announcement)
    me = psutil.Process()
    write_private(place, {"pid": me.pid, "begun": me.create_time(), "address": address})
    try:
        server.start()
        sys.stdout.write(f"Operator's page: {address}\n")
        sys.stdout.flush()
        if options.browser:
            webbrowser.open(address)
        server.io_loop.add_callback(_follow, server, desk)
        server.io_loop.start()
    finally:
        withdraw(place)
        server.stop()
        desk.close()


def _check_certificate(options: argparse.Namespace) -> bool:
    """Return whether the page is served with TLS.

    Raises
    ------
    SettingsError, FileError
        If one of the two files is missing.
    """
    if bool(options.certificate) != bool(options.key):
        missing = "key" if options.certificate else "certificate"
        raise SettingsError(missing, None, "is missing; give both --certificate and --key")
    for name in ("certificate", "key"):
        path = getattr(options, name)
        if path and not Path(path).is_file():
            raise FileError(name, path, "is no file; give the path of one in PEM format")
    return bool(options.certificate)


def _server(
    options: argparse.Namespace, desk: Any, about: dict[str, Any], token: str, secure: bool
) -> tuple[Any, int]:
    """Return the server and its port."""
    from bokeh.application import Application
    from bokeh.application.handlers.function import FunctionHandler
    from bokeh.server.server import Server

    from psychopy_nfb.console.access import PageAccess, Tokens
    from psychopy_nfb.console.page import page_for
    from psychopy_nfb.console.session_line import SessionLine
    from psychopy_nfb.console.socket_api import Socket
    from psychopy_nfb.engine.operator_commands import LONGEST_REQUEST

    try:
        with socket.create_server((options.host, options.port)) as free:
            port = free.getsockname()[1]
    except (OSError, OverflowError):
        raise SettingsError(
            "host",
            f"{options.host}:{options.port}",
            "cannot be served here; choose an address of this computer and a free port",
        ) from None
    tokens = Tokens(token)
    wiring = {"desk": desk, "line": SessionLine(about, "remote"), "tokens": tokens}
    tls = {"ssl_certfile": options.certificate, "ssl_keyfile": options.key} if secure else {}
    server = Server(
        {"/": Application(FunctionHandler(page_for(desk, _told)))},
        address=options.host,
        port=port,
        allow_websocket_origin=_origins(options.host, port),
        auth_provider=PageAccess(tokens, secure),
        extra_patterns=[("/api", Socket, wiring)],
        unused_session_lifetime_milliseconds=round(1e3 * LEFT_SECONDS),
        check_unused_sessions_milliseconds=500,
        websocket_max_message_size=max(MESSAGE_BYTES, LONGEST_REQUEST),
        keep_alive_milliseconds=5000,
        generate_session_ids=True,
        **tls,
    )
    return server, port


def _origins(host: str, port: int) -> list[str]:
    """Return what may stand before the path in the address of a page: this computer's names."""
    if host in (LOOPBACK, "localhost"):
        return [f"{LOOPBACK}:{port}", f"localhost:{port}"]
    names = {host, socket.gethostname(), LOOPBACK, "localhost"}
    for addresses in psutil.net_if_addrs().values():
        names |= {one.address for one in addresses if one.family == socket.AF_INET}
    return [f"{name}:{port}" for name in sorted(names)]


async def _follow(server: Any, desk: Any) -> None:
    """Look at the session until it has ended, then end the server."""
    from psychopy_nfb.console.watch import LOOK_SECONDS

    while not desk.line.ended.is_set():
        desk.look()
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(LINGER_SECONDS)
    server.io_loop.stop()


def let_others_first(process: psutil.Process, nice: int = NICE) -> None:
    """Lower a process's priority, and leave a real-time class that the experiment has given."""
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            if sys.platform == "linux":
                scheduled = os.sched_getscheduler(process.pid)
                if scheduled in (os.SCHED_RR, os.SCHED_FIFO):
                    os.sched_setscheduler(process.pid, os.SCHED_OTHER, os.sched_param(0))
            process.nice(max(nice, process.nice()))


def _told(number: int) -> None:
    sys.stdout.write(f"Page {number} is open.\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Serve the page of the session that an announcement describes."""
    parser = argparse.ArgumentParser(prog="psychopy_nfb.console.program")
    parser.add_argument("--announcement", required=True, type=Path)
    parser.add_argument("--browser", action="store_true")
    add_options(parser)
    options = parser.parse_args(arguments)
    serve(options, options.announcement)
    return 0


if __name__ == "__main__":
    sys.exit(main())
