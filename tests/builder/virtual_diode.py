"""A photodiode on the screen; a process of its own for the tests.

``python virtual_diode.py RIGHT UP SOURCE_ID``: sees the square of 16 pixels so far right of and
above the middle of the X screen. A thousand times a second it sends over LSL how green that is, 0
to 255. Four channels: ``Noise``, which sees nothing, ``Diode``, ``Inverse``, which falls in light,
and ``Dead``.
"""

import ctypes
import ctypes.util
import random
import sys
import time

import pylsl

from psychopy_nfb.lsl.outlet import make_outlet

RATE = 1000
SIDE = 16
ALL_PLANES = ctypes.c_ulong(-1)
Z_PIXMAP = 2


class XImage(ctypes.Structure):
    """The beginning of what Xlib.h calls so."""

    _fields_ = [
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_ubyte)),
    ]


class Diode:
    """Reads a square of the X screen, four bytes a pixel, placed from the screen's middle."""

    def __init__(self, right, up):
        x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        x11.XGetImage.restype = ctypes.POINTER(XImage)
        self._display = ctypes.c_void_p(x11.XOpenDisplay(None))
        self._root = ctypes.c_ulong(x11.XDefaultRootWindow(self._display))
        self._left = x11.XDisplayWidth(self._display, 0) // 2 + right - SIDE // 2
        self._top = x11.XDisplayHeight(self._display, 0) // 2 - up - SIDE // 2
        self._x11 = x11

    def green(self):
        image = self._x11.XGetImage(
            self._display, self._root, self._left, self._top, SIDE, SIDE, ALL_PLANES, Z_PIXMAP
        )
        pixels = bytes(image.contents.data[: 4 * SIDE * SIDE])
        self._x11.XDestroyImage(image)
        return sum(pixels[1::4]) / SIDE**2


def main(right, up, source_id):
    diode = Diode(int(right), int(up))
    labels = ["Noise", "Diode", "Inverse", "Dead"]
    outlet = make_outlet("Virtual diode", "EEG", labels, RATE, units="lux", source_id=source_id)
    begin = pylsl.local_clock()
    for number in range(300 * RATE):
        time.sleep(max(0.0, begin + number / RATE - pylsl.local_clock()))
        before = pylsl.local_clock()
        green = diode.green()
        t = (before + pylsl.local_clock()) / 2
        noise = random.gauss(0, 2)
        outlet.push_sample([10 * noise, green + noise, 100 - green + noise, 0.0], t)


if __name__ == "__main__":
    main(*sys.argv[1:])
