"""Commands and values for other programs, over a web socket."""

from __future__ import annotations

import asyncio
import json
import random
import string

import pytest

pytest.importorskip("bokeh")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

FEW, MANY = 300, 100_000


@pytest.fixture
def api(nfb, serve):
    """Return the address of a session's socket."""
    _, address = serve()
    return address.replace("http", "ws", 1).replace("/?", "/api?")


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


def hostile(count):
    """Return messages that no program should send, with the very few that are right left out."""
    chance = random.Random(1)
    letters = string.printable + "µ\0\u2028"
    right = {"do": "set", "changes": {"threshold": 5.0}}
    for _ in range(count):
        kind = chance.randrange(6)
        if kind == 0:
            yield "".join(chance.choices(letters, k=chance.randrange(200)))
        elif kind == 1:
            yield json.dumps(right)[: chance.randrange(len(json.dumps(right)))]
        elif kind == 2:
            name = "".join(chance.choices(string.ascii_letters, k=8))
            yield json.dumps({"do": name, "code": "__import__('os')._exit(1)"})
        elif kind == 3:
            yield json.dumps(
                {**right, "number": chance.choice([1.5, "x", [], 10**30, None]), "x": 1}
            )
        elif kind == 4:
            yield "[" * chance.randrange(1, 3000)
        else:
            yield json.dumps({"values": chance.choice([-1, 1e9, "NaN", {}, True])})


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


def check_bombarded(nfb, api, count):
    before = nfb.threshold
    assert asyncio.run(bombard(api, count)) == count
    nfb.update()
    assert nfb.restarts == 0
    assert nfb.threshold == before or before != before

    async def still():
        socket = await websocket_connect(api)
        await asyncio.sleep(0)
        await socket.write_message(json.dumps({"do": "pause"}))
        return (await answer(socket))["done"]

    assert asyncio.run(still())


def test_hostile_messages_change_nothing(nfb, api):
    check_bombarded(nfb, api, FEW)


@pytest.mark.campaign
def test_row_128_campaign_of_hostile_messages(nfb, api):
    check_bombarded(nfb, api, MANY)
