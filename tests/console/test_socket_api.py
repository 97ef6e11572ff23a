"""Commands and values for other programs, over a web socket."""

from __future__ import annotations

import asyncio
import json

import psutil
import pytest
from hostile import ALMOST, ANYTHING, hostile
from hypothesis import given, settings
from hypothesis import strategies as st

from psychopy_nfb.engine.operator_commands import check_request, read_json
from psychopy_nfb.errors import SettingsError

pytest.importorskip("bokeh")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

FEW, MANY = 300, 100_000
MOST_BYTES = 20 * 2**20
"""Memory that the page's process may take more after hostile messages: none is kept for them."""


@pytest.fixture
def served(nfb, serve):
    """Return the page's process, and the address of its socket."""
    process, address = serve()
    return psutil.Process(process.pid), address.replace("http", "ws", 1).replace("/?", "/api?")


@pytest.fixture
def api(served):
    """Return the address of a session's socket."""
    return served[1]


async def answer(socket, kind="answer"):
    """Return the next message of a kind."""
    while True:
        said = json.loads(await asyncio.wait_for(socket.read_message(), 30))
        assert said["version"] == 1
        if said["kind"] == kind:
            return said


def test_row_128_a_program_gets_values_and_gives_commands(nfb, api):
    async def talk():
        socket = await websocket_connect(api)
        assert (await answer(socket, "hello"))["session"] == nfb.files.stem.name
        await socket.write_message(json.dumps({"values": 20, "number": 1}))
        assert await answer(socket) == {
            "version": 1,
            "kind": "answer",
            "number": 1,
            "done": True,
            "sentence": "",
        }
        samples = [(await answer(socket, "values"))["sample"] for _ in range(10)]
        assert samples == sorted(samples)
        assert samples[-1] > samples[0]
        command = {"do": "set", "changes": {"threshold": 4.5}, "number": 2}
        await socket.write_message(json.dumps(command))
        assert (await answer(socket))["done"]
        for _ in range(100):
            told = await answer(socket, "values")
            if told["values"]["trained_threshold"] == 4.5:
                break
        assert told["values"]["trained_threshold"] == 4.5
        await socket.write_message(json.dumps({"do": "end_block", "number": 3}))
        wrong = await answer(socket)
        assert (wrong["number"], wrong["done"]) == (3, False)
        assert "no block is open" in wrong["sentence"]
        socket.close()

    asyncio.run(talk())


def test_a_wrong_token_or_a_page_of_another_origin_is_refused(nfb, api):
    async def refused(address, headers):
        with pytest.raises(HTTPClientError) as caught:
            await websocket_connect(HTTPRequest(address, headers=headers))
        return caught.value.code

    assert asyncio.run(refused(api[:-1] + "x", {})) == 403
    assert asyncio.run(refused(api, {"Origin": "http://evil.example"})) == 403


def test_a_flood_of_wrong_messages_and_tokens_is_a_few_lines_in_the_log(api, tmp_path):
    async def refused():
        with pytest.raises(HTTPClientError):
            await websocket_connect(api[:-1] + "x")

    async def flood():
        await asyncio.gather(*(refused() for _ in range(FEW)))
        await bombard(api, FEW)

    asyncio.run(flood())
    told = (tmp_path / "page.log").read_text().splitlines()
    told = [line for line in told if "cpp:" not in line]  # but for LSL's own greetings
    assert [line for line in told if "A wrong token came from" in line] != []
    assert len(told) < 10, told[:20]


async def bombard(address, count):
    """Send hostile messages, on new connections where one is ended; return how many were sent."""
    socket, sent = None, 0
    for message in hostile(count):
        if socket is None or socket.close_code is not None:
            socket = await websocket_connect(address)
        try:
            await socket.write_message(message)
            reply = "hello"
            while reply == "hello":
                text = await asyncio.wait_for(socket.read_message(), 60)
                if text is None:
                    socket = None
                    break
                told = json.loads(text)
                reply = told["kind"]
                assert reply == "hello" or not told["done"], message
        except Exception as error:
            if type(error).__name__ != "WebSocketClosedError":
                raise
            socket = None
        sent += 1
    return sent


def check_bombarded(nfb, served, count):
    process, api = served
    asyncio.run(bombard(api, FEW))  # what is made once
    before, memory = nfb.threshold, process.memory_info().rss
    assert asyncio.run(bombard(api, count)) == count
    assert process.memory_info().rss - memory < MOST_BYTES
    nfb.update()
    assert nfb.restarts == 0
    assert nfb.threshold == before or before != before

    async def still():
        socket = await websocket_connect(api)
        await asyncio.sleep(0)
        await socket.write_message(json.dumps({"do": "pause"}))
        return (await answer(socket))["done"]

    assert asyncio.run(still())


def test_hostile_messages_change_nothing(nfb, served):
    check_bombarded(nfb, served, FEW)


@pytest.mark.campaign
def test_row_128_campaign_of_hostile_messages(nfb, served):
    check_bombarded(nfb, served, MANY)


def check_anything(nfb, api, examples):
    """Send what hypothesis thinks of, other than commands; each is answered with a sentence."""
    before = nfb.configuration

    async def send(messages):
        socket = await websocket_connect(api)
        for message in messages:
            await socket.write_message(message)
            told = await answer(socket)
            assert (told["done"], told["sentence"][-1:] in (".", "?")) == (False, True), message
        socket.close()

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(MESSAGES, min_size=1, max_size=20))
    def check(messages):
        asyncio.run(send(messages))

    check()
    assert nfb.configuration == before
    assert nfb.restarts == 0


def is_command(text):
    """Return whether a text is a command, or asks for values."""
    try:
        content = read_json(text)
        return "values" in content or check_request(content) is not None
    except (SettingsError, TypeError):
        return False


MESSAGES = (st.text() | (ANYTHING | ALMOST).map(json.dumps)).filter(lambda one: not is_command(one))


def test_anything_that_is_no_command_is_answered_with_a_sentence(nfb, api):
    check_anything(nfb, api, 30)


@pytest.mark.campaign
def test_row_128_campaign_of_anything(nfb, api):
    check_anything(nfb, api, 3000)
