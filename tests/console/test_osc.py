"""Values and commands over OSC, with python-osc as the third program."""

from __future__ import annotations

import random
import socket
import time

import psutil
import pytest

pytest.importorskip("bokeh")
pytest.importorskip("pythonosc")

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket
from pythonosc.udp_client import SimpleUDPClient

from psychopy_nfb.console.osc import read_message
from psychopy_nfb.console.program import host_and_port
from psychopy_nfb.errors import SettingsError


@pytest.fixture
def heard():
    """Return a socket of this computer that waits for packets, and its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listens:
        listens.bind(("127.0.0.1", 0))
        listens.settimeout(30)
        yield listens, listens.getsockname()[1]


@pytest.fixture
def free_port():
    """Return a port that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def values_of(listens):
    """Return the next packet's messages by address."""
    packet = OscPacket(listens.recv(65536))
    return {one.message.address: one.message.params for one in packet.messages}


def ask(port, token, name, *arguments, seconds=10.0):
    """Send a command; return whether it was done and what was said, None without an answer."""
    with SimpleUDPClient("127.0.0.1", port) as client:
        client.send_message(f"/nfb/{name}", [token, *arguments])
        answer = client.receive(seconds)
    if not answer:
        return None
    told = OscMessage(answer)
    assert (told.address, told.params[0]) == ("/nfb/answer", f"/nfb/{name}")
    return bool(told.params[1]), told.params[2]


def test_row_088_a_third_program_gets_values_and_row_048_sets_one(
    nfb, serve, heard, free_port, until
):
    listens, port = heard
    options = ("--osc-out", str(port), "--osc-rate", "50", "--osc-in", str(free_port))
    server, address = serve(*options)
    token = address.split("token=")[1]
    first = values_of(listens)
    assert {"/nfb/sample", "/nfb/stale", "/nfb/flags", "/nfb/value/trained_z"} <= set(first)
    seen = [values_of(listens) for _ in range(20)]
    samples = [one["/nfb/sample"][0] for one in seen]
    assert samples == sorted(samples)
    assert samples[-1] > samples[0]

    assert ask(free_port, token, "set", "threshold", 0.7) == (True, "")
    until(lambda: abs(values_of(listens)["/nfb/value/trained_threshold"][0] - 0.7) < 1e-6, 20, "it")
    assert ask(free_port, token, "note", "eyes closed") == (True, "")
    done, said = ask(free_port, token, "set", "pipeline", 1)
    assert not done
    assert "pipeline" in said
    done, said = ask(free_port, token, "end_block")
    assert (done, "no block is open" in said) == (False, True)
    assert ask(free_port, token, "eval", "1+1")[0] is False

    begun = time.monotonic()
    assert ask(free_port, token[:-1] + "?", "pause", seconds=0.3) is None
    assert ask(free_port, token, "pause", seconds=0.3) is None  # too soon after a wrong token
    time.sleep(max(0.0, begun + 1.5 - time.monotonic()))
    assert ask(free_port, token, "pause") == (True, "")

    memory = psutil.Process(server.pid).memory_info().rss
    chance = random.Random(5)
    message = OscMessageBuilder("/nfb/set")
    for argument in (token, "threshold", 9.0):
        message.add_arg(argument)
    right = message.build().dgram
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
        for _ in range(3000):
            packet = bytearray(right)
            kind = chance.randrange(3)
            if kind == 0:  # cut off, as within a number
                del packet[chance.randrange(8, len(packet)) :]
            elif kind == 1:
                packet = bytearray(chance.randbytes(chance.randrange(200)))
            else:
                packet = bytearray(b"#bundle\0" + chance.randbytes(chance.randrange(100)))
            hostile.sendto(packet, ("127.0.0.1", free_port))
    time.sleep(1.5)
    assert ask(free_port, token, "resume") == (True, "")
    assert server.poll() is None
    assert psutil.Process(server.pid).memory_info().rss - memory < 30e6
    nfb.close()
    from psychopy_nfb import read_session

    events = read_session(nfb.files.stem).events
    asked = events[events.detail.fillna("").str.contains('"remote"')]
    assert list(asked.trial_type) == ["set", "note", "pause", "resume"]
    assert '"threshold": 0.7,' in asked.detail.iloc[0]  # as it was sent, not 0.699999988


@pytest.mark.parametrize(
    ("address", "arguments", "named"),
    [
        ("/nfb/set", ["threshold", "high"], "threshold"),
        ("/nfb/set", ["threshold"], "changes"),
        ("/nfb/set", ["threshold", True], "threshold"),
        ("/nfb/set", ["threshold", 1.0, "alpha", 3.0], "alpha"),
        ("/nfb/pause", [1], "pause"),
        ("/nfb/note", [], "text"),
        ("/nfb/note", [b"blob"], "text"),
        ("/other/pause", [], "address"),
        ("/nfb/", [], "address"),
        ("pause", [], "address"),
    ],
)
def test_what_is_no_command_is_named(address, arguments, named):
    with pytest.raises(SettingsError) as caught:
        read_message(address, arguments)
    assert caught.value.parameter == named


@pytest.mark.parametrize("text", ["", "host", "host:", ":", "1:0", "70000", "-1", "9000x", "½"])
def test_what_is_no_address_is_told(text):
    with pytest.raises(SettingsError, match="must be a port, or HOST:PORT"):
        host_and_port("osc-in", text)
