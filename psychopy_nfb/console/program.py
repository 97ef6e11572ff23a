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
import ssl
import sys
import webbrowser
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from psychopy_nfb.checks import check_number
from psychopy_nfb.engine.running_sessions import read_announcement, withdraw, write_private
from psychopy_nfb.errors import FileError, SettingsError, WorkerError

logger: logging.Logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MOST_OSC_HZ = 60.0
LINGER_SECONDS = 5.0
"""For so long after the session's end pages show its last state."""
LEFT_SECONDS = 10.0
"""After a page's browser has gone, how long until its control is free. As long a browser may take
from the page's address to its socket: on a computer that does much else 1 s was too short, and the
page stayed without life."""
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
    add(
        "--osc-out",
        metavar="[HOST:]PORT",
        help="send the values there as OSC messages (a port alone is one of this computer)",
    )
    add(
        "--osc-rate",
        type=float,
        default=20.0,
        metavar="HZ",
        help=f"how often, at most {MOST_OSC_HZ:g} times a second (default 20)",
    )
    add(
        "--osc-in",
        metavar="[HOST:]PORT",
        help="take commands as OSC messages at this address of the computer, with the token of the "
        "page's address as their first argument (a port alone: from this computer only)",
    )


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
        raise WorkerError("session", announcement.name, "is no longer running")
    secure = _check_certificate(options)
    _check_osc(options)
    os.environ["BOKEH_RESOURCES"] = "server"  # its JavaScript comes from here, not from a network
    from psychopy_nfb.console.access import Tokens
    from psychopy_nfb.console.desk import Desk
    from psychopy_nfb.console.session_line import SessionLine

    let_others_first(psutil.Process())
    # A line for each request that is refused would be a flood, and hold the token that was sent.
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    desk = Desk(about)
    token = secrets.token_urlsafe(24)
    tokens, line = Tokens(token, desk.line.note), SessionLine(about, "remote")
    server, port = _server(options, desk, line, tokens, secure)
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
        if options.osc_out or options.osc_in:
            server.io_loop.run_sync(partial(_open_osc, options, desk, line, tokens))
        server.io_loop.start()
    finally:
        line.close()
        withdraw(place)
        server.stop()
        desk.close()


def _check_certificate(options: argparse.Namespace) -> bool:
    """Return whether the page is served with TLS.

    Raises
    ------
    SettingsError, FileError
        If one of the two files is missing, or they do not belong together.
    """
    if bool(options.certificate) != bool(options.key):
        missing = "key" if options.certificate else "certificate"
        raise SettingsError(missing, None, "is missing; give both --certificate and --key")
    for name in ("certificate", "key"):
        path = getattr(options, name)
        if path and not Path(path).is_file():
            raise FileError(name, path, "is not a file; give the path of a file in PEM format")
    if not options.certificate:
        return False
    try:  # with a password nobody is there to type it
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key, password="")
    except (OSError, ValueError):
        raise FileError(
            "certificate",
            options.certificate,
            f"and the key {options.key} cannot be used together; give a certificate and its own "
            "key, both in PEM format, the key without a password",
        ) from None
    return True


def _check_osc(options: argparse.Namespace) -> None:
    """Check what is asked for of OSC, before the session is looked for.

    Raises
    ------
    SettingsError
        If an address is none, the rate is out of range, or python-osc is missing.
    """
    check_number("osc-rate", options.osc_rate, above=0, at_most=MOST_OSC_HZ, unit="Hz")
    for name, text in (("osc-out", options.osc_out), ("osc-in", options.osc_in)):
        if text is not None:
            host_and_port(name, text)
            if find_spec("pythonosc") is None:
                raise SettingsError(
                    name, text, "needs the package python-osc: pip install psychopy-nfb[osc]"
                )


def host_and_port(name: str, text: str) -> tuple[str, int]:
    """Return an address for OSC; a port alone is one of this computer.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> host_and_port("osc-out", "9000"), host_and_port("osc-out", "192.168.1.5:9000")
    (('127.0.0.1', 9000), ('192.168.1.5', 9000))
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingsError(name, text, "must be a port, or HOST:PORT such as 192.168.1.5:9000")
    return host.strip("[]") or LOOPBACK, int(port)


async def _open_osc(options: argparse.Namespace, desk: Any, line: Any, tokens: Any) -> None:
    """Send values, and take commands, as OSC messages from now on.

    Raises
    ------
    SettingsError
        If an address is not of this computer, or not known.
    """
    from tornado.ioloop import PeriodicCallback

    from psychopy_nfb.console.osc import OscCommands, OscValues

    if options.osc_out:
        values = OscValues(desk, host_and_port("osc-out", options.osc_out))
        PeriodicCallback(values.send, 1e3 / options.osc_rate).start()
    if options.osc_in:
        address = host_and_port("osc-in", options.osc_in)
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: OscCommands(line, tokens), local_addr=address
            )
        except OSError:
            raise SettingsError(
                "osc-in",
                options.osc_in,
                "cannot be opened; choose an address of this computer and a free port",
            ) from None


def _server(
    options: argparse.Namespace, desk: Any, line: Any, tokens: Any, secure: bool
) -> tuple[Any, int]:
    """Return the server and its port."""
    from bokeh.application import Application
    from bokeh.application.handlers.function import FunctionHandler
    from bokeh.server.server import Server

    from psychopy_nfb.console.access import PageAccess
    from psychopy_nfb.console.page import page_for
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
    wiring = {"desk": desk, "line": line, "tokens": tokens}
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
