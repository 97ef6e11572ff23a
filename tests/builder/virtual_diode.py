"""A photodiode made of software: one pixel of the X screen, read by another process, over LSL.

``python virtual_diode.py NAME`` streams the brightness of the pixel in the middle of the screen,
where PsychoPy puts its windows, from 0 to 1 and a thousand times a second, as channel
``Photodiode`` beside an idle channel ``Cz``, until its stdin ends.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import threading

import pylsl

RATE = 1000.0
Z_PIXMAP = 2


class XImage(ctypes.Structure):
    _fields_ = [  # as far as the pixels; the rest is not needed
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_ubyte)),
    ]


def main(name: str) -> None:
    x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XGetImage.restype = ctypes.POINTER(XImage)
    x11.XGetImage.argtypes = [
        ctypes.c_void_p,
        ctypes.c_ulong,
        *[ctypes.c_int] * 2,
        *[ctypes.c_uint] * 2,
        ctypes.c_ulong,
        ctypes.c_int,
    ]
    for size in (x11.XDisplayWidth, x11.XDisplayHeight):
        size.argtypes = [ctypes.c_void_p, ctypes.c_int]
    x11.XFree.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    x, y = (size(display, 0) // 2 for size in (x11.XDisplayWidth, x11.XDisplayHeight))
    root = x11.XDefaultRootWindow(display)
    info = pylsl.StreamInfo(name, "EEG", 2, RATE, "float32", name)
    channels = info.desc().append_child("channels")
    for label in ("Cz", "Photodiode"):
        channels.append_child("channel").append_child_value("label", label)
    outlet = pylsl.StreamOutlet(info)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print("ready", flush=True)
    due = pylsl.local_clock()
    while not ended.is_set():
        image = x11.XGetImage(display, root, x, y, 1, 1, 0xFFFFFF, Z_PIXMAP)
        now = pylsl.local_clock()
        data = image.contents.data
        outlet.push_sample([0.0, (data[0] + data[1] + data[2]) / 765], now)
        x11.XFree(ctypes.cast(data, ctypes.c_void_p))
        x11.XFree(ctypes.cast(image, ctypes.c_void_p))
        due = max(due + 1 / RATE, now)
        ended.wait(max(0.0, due - pylsl.local_clock()))


if __name__ == "__main__":
    main(sys.argv[1])
