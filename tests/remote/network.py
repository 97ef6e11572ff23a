"""A network between two network namespaces, with delay, jitter, loss and cuts, made of packets.

Each namespace has a TUN device; this process carries the packets from one to the other, each after
its delay, in order. Linux and root only. On standard input it takes ``cut`` and ``join``.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import deque

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
ADDRESSES = ("10.91.0.1", "10.91.0.2")
"""Of the EEG's computer and of the screen's, within the namespaces only."""
MTU = 1500


def possible() -> bool:
    """Whether this machine lets us make such a network."""
    return sys.platform == "linux" and os.geteuid() == 0 and os.path.exists("/dev/net/tun")


def make_namespaces(prefix: str) -> tuple[str, str]:
    """Make two network namespaces with their loopback up; return their names."""
    names = f"{prefix}_eeg", f"{prefix}_screen"
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
        _within(name, "ip", "link", "set", "lo", "up")
    return names


def remove_namespaces(names: tuple[str, str]) -> None:
    """Remove them."""
    for name in names:
        subprocess.run(["ip", "netns", "del", name], check=False)


def _within(name: str, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", name, *command], check=True)


def _enter(path: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {path}")


def _open_device(name: str, device: str) -> int:
    """Make a TUN device within a namespace; return its file descriptor."""
    _enter(f"/var/run/netns/{name}")
    try:
        handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    finally:
        _enter(f"/proc/{os.getppid()}/ns/net")
    return handle


def carry(names: tuple[str, str], delay: float, jitter: float, loss: float) -> None:
    """Carry packets until standard input is closed."""
    devices = [_open_device(name, "nfb0") for name in names]
    for place, name in enumerate(names):
        own, other = ADDRESSES[place], ADDRESSES[1 - place]
        _within(name, "ip", "address", "add", own, "peer", other, "dev", "nfb0")
        _within(name, "ip", "link", "set", "nfb0", "mtu", str(MTU), "up")
    print("up", flush=True)
    waiting = [deque(), deque()]
    is_cut = False
    by_chance = random.Random(1)
    while True:
        dues = [queue[0][0] for queue in waiting if queue]
        patience = max(0.0, min(dues) - time.monotonic()) if dues else 1.0
        readable, _, _ = select.select([*devices, sys.stdin], [], [], patience)
        if sys.stdin in readable:
            word = sys.stdin.readline().strip()
            if not word:
                return
            is_cut = word == "cut"
            print(word, flush=True)
        now = time.monotonic()
        for place, device in enumerate(devices):
            while True:
                try:
                    packet = os.read(device, MTU)
                except BlockingIOError:
                    break
                if is_cut or by_chance.random() < loss:
                    continue
                due = now + by_chance.uniform(delay - jitter, delay + jitter)
                if waiting[place]:
                    due = max(due, waiting[place][-1][0])
                waiting[place].append((due, packet))
        for place, queue in enumerate(waiting):
            while queue and queue[0][0] <= time.monotonic():
                os.write(devices[1 - place], queue.popleft()[1])


class Network:
    """The process that carries the packets."""

    def __init__(self, names: tuple[str, str], delay: float, jitter: float, loss: float):
        command = [sys.executable, __file__, *names, *map(str, (delay, jitter, loss))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "up\n"

    def say(self, word: str) -> None:
        """Cut the network, or join it again."""
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == f"{word}\n"

    def end(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


if __name__ == "__main__":
    carry((sys.argv[1], sys.argv[2]), *map(float, sys.argv[3:6]))
