"""The page at an address of the lab: token, origin and TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import time
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("bokeh")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect


@pytest.mark.slow
def test_the_page_at_an_address_of_the_lab_needs_token_origin_and_tls(
    nfb, serve, host, certificate, tmp_path, until
):
    pem, key = map(str, certificate)
    _, address = serve("--host", host, "--certificate", pem, "--key", key)
    place, token = address.split("/?token=")
    port = int(place.rsplit(":", 1)[1])
    assert place == f"https://{host}:{port}"
    known = ssl.create_default_context(cafile=pem)

    answer = urlopen(address, timeout=60, context=known)
    assert b"bokeh" in answer.read()
    cookie = answer.headers["Set-Cookie"].lower()
    assert all(part in cookie for part in ("httponly", "secure", "samesite=strict"))
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urlopen(address, timeout=60)
    with pytest.raises(OSError):  # noqa: PT011  its words are the system's
        urlopen(address.replace("https", "http"), timeout=60)
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), 5):  # noqa: PT011
        pass  # it is at the address that was given, and no other

    begun = time.monotonic()
    guess = Request(f"{place}/", headers={"Authorization": f"Bearer {token[:-1]}?"})
    with pytest.raises(HTTPError) as caught:
        urlopen(guess, timeout=60, context=known)
    assert caught.value.code == 403
    assert time.monotonic() - begun >= 1.0
    until(lambda: f"wrong token came from {host}" in (tmp_path / "page.log").read_text(), 10, "it")

    async def opened(path, **headers):
        where = f"{place.replace('https', 'wss')}/{path}?token={token}"
        request = HTTPRequest(where, headers=headers, ca_certs=pem)
        protocols = None if path == "api" else ["bokeh", "none"]
        try:
            (await websocket_connect(request, subprotocols=protocols)).close()
        except HTTPClientError as error:
            return error.code
        return 101

    for path in ("api", "ws"):
        assert asyncio.run(opened(path, Origin="https://evil.example")) == 403
        assert asyncio.run(opened(path, Origin=f"https://{host}.evil.example:{port}")) == 403
    assert asyncio.run(opened("api", Origin=place)) == 101
    assert asyncio.run(opened("api")) == 101


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--certificate", "CERT"], "key=None: is missing; give both"),
        (["--certificate", "CERT", "--key", "nowhere.key"], "key='nowhere.key': is not a file"),
        (["--certificate", "CERT", "--key", "CERT"], "cannot be used together"),
        (["--host", "192.0.2.1"], "host='192.0.2.1:0': cannot be served here"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_sentence(nfb, certificate, options, said):
    given = [str(certificate[0]) if one == "CERT" else one for one in options]
    # In a process of its own, since it lowers the priority of the one that it runs in.
    command = [sys.executable, "-m", "psychopy_nfb.cli", "console", "--no-browser", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert said in done.stderr
