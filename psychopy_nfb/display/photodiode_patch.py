"""A small patch in a corner of the screen whose level changes with the flip, for a light sensor.

The sensor's recording, laid over the levels in the frame log, says when each frame was light.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.display.auto_draw import AutoDraw
from psychopy_nfb.display.window import check_window
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window

Mode = Literal["code", "pairs", "toggle", "value", "event"]

CODE_ORDER = 16
CODE_TAPS = (16, 15, 13, 4)
"""Exponents of x^16 + x^15 + x^13 + x^4 + 1, a primitive polynomial over GF(2)."""
CODE_LENGTH = 2**CODE_ORDER - 1
"""Frames until the code repeats: 18 minutes at 60 Hz."""
CORNERS = {
    "top-left": (0, 1),
    "top-right": (1, 1),
    "bottom-left": (0, 0),
    "bottom-right": (1, 0),
}
DEFAULT_SHARE = 1 / 16
"""Side of the patch as a share of the window's height, if no size is given."""


@functools.cache
def sequence() -> np.ndarray:
    """Return the code: one period of a maximal-length sequence.

    Each bit is the exclusive or of those 4, 13, 15 and 16 before it; the first 16 are ones. Any 16
    bits in a row occur at one place only, so any stretch of 16 frames (0.27 s at 60 Hz) tells which
    frames they are. No level lasts longer than 16 frames.

    Returns
    -------
    ndarray of uint8, shape (65535,), read-only
        Zeros and ones; frame `n` shows ``sequence()[n % 65535]``.

    References
    ----------
    .. [1] S. W. Golomb, "Shift Register Sequences", Holden-Day, 1967.
    .. [2] P. Alfke, "Efficient Shift Registers, LFSR Counters, and Long Pseudo-Random Sequence
       Generators", Xilinx application note XAPP 052, 1996 (the table of taps).

    Examples
    --------
    >>> bits = sequence()
    >>> len(bits), int(bits.sum())  # one more 1 than 0, as in every such sequence
    (65535, 32768)
    """
    bits = np.ones(CODE_LENGTH, dtype=np.uint8)
    recent = [1] * CODE_ORDER
    for number in range(CODE_ORDER, CODE_LENGTH):
        bit = 0
        for tap in CODE_TAPS:
            bit ^= recent[-tap]
        recent.append(bit)
        del recent[0]
        bits[number] = bit
    bits.flags.writeable = False
    return bits


@functools.cache
def paired_sequence() -> np.ndarray:
    """Return the code in pairs: each bit of `sequence` is followed by its opposite.

    No level lasts longer than two frames, and three quarters of the frames differ from the one
    before, so that three quarters of the missed frames can be seen; with `sequence` it is half.

    Returns
    -------
    ndarray of uint8, shape (131070,), read-only
        Zeros and ones; frame `n` shows ``paired_sequence()[n % 131070]``.

    References
    ----------
    .. [1] Manchester code, after F. C. Williams and T. Kilburn: IEEE 802.3, section 7.3.1.1.

    Examples
    --------
    >>> bits = paired_sequence()
    >>> bool((bits[::2] != bits[1::2]).all()), round(float((bits[1:] != bits[:-1]).mean()), 2)
    (True, 0.75)
    """
    bits = np.repeat(sequence(), 2)
    bits[1::2] ^= 1
    bits.flags.writeable = False
    return bits


def code_bit(frame: int) -> int:
    """Return the code's bit of `frame`, counted from 0."""
    return int(sequence()[frame % CODE_LENGTH])


CODES = {"code": sequence, "pairs": paired_sequence}
"""Modes whose levels tell which frame it is."""


class PhotodiodePatch(AutoDraw):
    """A square whose grey level is known exactly for every frame.

    It is drawn by clearing whole pixels of the frame buffer: blending, apertures and the window's
    mirroring do not touch it, and it costs about 20 us a frame. Draw it last.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window.
    mode : {"code", "pairs", "toggle", "value", "event"}
        ``code``: a pseudo-random bit each frame, see `sequence`; recordings and log align
        unambiguously even with missed frames. ``pairs``: each of these bits and its opposite, see
        `paired_sequence`; more of the missed frames can be seen. ``toggle``: low and high in turn.
        ``value``: the grey level follows the feedback. ``event``: high for some frames after
        `trigger`.
    size : float, optional
        Side, in `units`; default a sixteenth of the window's height.
    position : str or (float, float)
        A corner of the screen (``"top-left"``, ``"top-right"``, ``"bottom-left"``,
        ``"bottom-right"``), or the centre in `units`.
    levels : (float, float)
        The low and the high level, 0 is black and 1 is white.
    units : str, optional
        Units of `size` and `position`; default the window's.
    event_frames : int
        Frames that an event lasts in mode ``event``.

    Attributes
    ----------
    level : float
        What this frame shows, a multiple of 1/255; NaN if the patch was not drawn in it.
    frame : int
        How often it was drawn; in modes ``code`` and ``pairs`` the place in the code.
    value : float or None
        What `draw` shows in mode ``value`` when it is given nothing, as when the window draws.

    Raises
    ------
    SettingsError
        If a parameter cannot be used.

    Examples
    --------
    .. code-block:: python

        patch = PhotodiodePatch(win)
        nfb.attach(win, patch)
        for _ in nfb.frames(60):
            ...  # your drawing
            patch.draw(nfb.value)
    """

    depth: float = -1e6  # on top of all else

    def __init__(
        self,
        win: Window,
        mode: Mode = "code",
        size: float | None = None,
        position: str | Sequence[float] = "bottom-right",
        levels: tuple[float, float] = (0.0, 1.0),
        units: str | None = None,
        event_frames: int = 3,
    ):
        from pyglet import gl

        check_window(win)
        check_choice("mode", mode, get_args(Mode))
        if len(levels) != 2:
            raise SettingsError("levels", levels, "must be two numbers, low and high")
        low, high = (
            check_number(f"levels[{place}]", level, at_least=0, at_most=1)
            for place, level in enumerate(levels)
        )
        if low == high:
            raise SettingsError("levels", list(levels), "the two levels must differ")
        check_number("event_frames", event_frames, at_least=1)
        self.win = win
        self.mode = mode
        self.levels: tuple[float, float] = (low, high)
        self.event_frames: int = int(event_frames)
        self.position = position
        self.level: float = math.nan
        self.value: float | None = None
        self.frame: int = 0
        self._event_left = 0
        self._code = CODES[mode]() if mode in CODES else None
        self._box = _box(win, size, position, units)
        self._gl = gl
        self._background = (gl.GLfloat * 4)()

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, bottom, width and height in pixels of the frame buffer, from its lower left."""
        return self._box

    def settings(self) -> dict[str, Any]:
        """Return what an analysis must know about the patch, ready for JSON."""
        facts: dict[str, Any] = {
            "mode": self.mode,
            "box": list(self._box),
            "levels": list(self.levels),
        }
        if self._code is not None:
            facts["polynomial"] = [*CODE_TAPS, 0]
        if self.mode == "event":
            facts["event_frames"] = self.event_frames
        return facts

    def trigger(self) -> None:
        """Mode ``event``: be high for the next `event_frames` frames."""
        self._event_left = self.event_frames

    def draw(self, value: float | None = None) -> None:
        """Draw the next level; once a frame, after all else.

        Parameters
        ----------
        value : float, optional
            The feedback, 0 to 1, for mode ``value``; default `value`. None and NaN show the low
            level.
        """
        low, high = self.levels
        share = self._share(self.value if value is None else value)
        grey = round((low + share * (high - low)) * 255) / 255
        gl, win = self._gl, self.win
        if win.backend is not None:
            win.backend.setCurrent()
        gl.glGetFloatv(gl.GL_COLOR_CLEAR_VALUE, self._background)
        gl.glEnable(gl.GL_SCISSOR_TEST)
        gl.glScissor(*self._box)
        gl.glClearColor(grey, grey, grey, 1.0)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT)
        gl.glClearColor(*self._background)
        win.scissor = win.scissor  # as it was
        win.scissorTest = win.scissorTest
        if self.level != self.level:
            win.callOnFlip(self._flipped)
        self.level = grey
        self.frame += 1

    def _share(self, value: float | None) -> float:
        """Return where between the low and the high level this frame lies, 0 to 1."""
        if self._code is not None:
            return float(self._code[self.frame % len(self._code)])
        if self.mode == "toggle":
            return float(self.frame % 2)
        if self.mode == "event":
            self._event_left -= 1
            return float(self._event_left >= 0)
        if value is None or value != value:
            return 0.0
        return min(max(value, 0.0), 1.0)

    def _flipped(self) -> None:
        """Forget the level once the frame is shown: the next may come without the patch."""
        self.level = math.nan


def _box(
    win: Window, size: float | None, position: str | Sequence[float], units: str | None
) -> tuple[int, int, int, int]:
    """Return left, bottom, width and height in pixels of the frame buffer."""
    from psychopy_nfb.display.shapes import buffer_pixels, to_pixels

    width, height = (int(side) for side in win.frameBufferSize)
    if size is None:
        side = max(1, round(height * DEFAULT_SHARE))
    else:
        check_number("size", size, above=0)
        side = round(to_pixels(win, (size, size), units)[1] * buffer_pixels(win))
        if not 1 <= side <= min(width, height):
            raise SettingsError("size", size, f"makes {side} pixels; they must fit into the window")
    if isinstance(position, str):
        check_choice("position", position, tuple(CORNERS))
        right, top = CORNERS[position]
        left, bottom = right * (width - side), top * (height - side)
    else:
        x, y = to_pixels(win, position, units) * buffer_pixels(win)
        left, bottom = round(width / 2 + x - side / 2), round(height / 2 + y - side / 2)
        if left < 0 or bottom < 0 or left + side > width or bottom + side > height:
            raise SettingsError("position", tuple(position), "lies outside the window")
    return int(left), int(bottom), side, side
