"""Points, counters and short messages."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

from psychopy_nfb.display.auto_draw import AutoDraw
from psychopy_nfb.display.shapes import to_pixels
from psychopy_nfb.display.window import check_window
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window

DEFAULT_SHARE = 0.05
"""Height of a letter as a share of the window's height, if none is given."""
TEXT = "#E6EBF0"


def rounded(number: float) -> str:
    """Return a number as a person reads it at a glance.

    Whole from 10 on, otherwise with one decimal from 1 on and with two below; without zeros at its
    end.

    Examples
    --------
    >>> [rounded(number) for number in (0.4837261, 3.0, 7.25, 12.345, -0.001, 1234567.8)]
    ['0.48', '3', '7.2', '12', '0', '1234568']
    """
    size = abs(number)
    text = f"{number:.{0 if size >= 10 else 1 if size >= 1 else 2}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def check_template(template: object) -> str:
    """Return how a value is written if ``str.format`` can write any number or a text by it.

    Raises
    ------
    SettingsError
        If it can write neither, or whole numbers only: few values are whole in every frame.

    Examples
    --------
    >>> check_template("{:.1f} points")
    '{:.1f} points'
    """
    if isinstance(template, str):
        if writes(template, 0.5) or writes(template, "text"):
            return template
        if writes(template, 1):
            raise SettingsError(
                "template",
                template,
                "writes whole numbers only, and most values have decimals; write {:.0f} for a "
                "number without decimals",
            )
    raise SettingsError(
        "template",
        template,
        "is not a template; {} stands for the value, {:.1f} for a number with one decimal, and "
        "a brace itself is written twice: {{ or }}",
    )


def writes(template: str, value: str | float) -> bool:
    """Return whether ``str.format`` can write a value by a template.

    Examples
    --------
    >>> writes("{:d}", 3), writes("{:d}", 0.5), writes("{:s}", 0.5)
    (True, False, False)
    """
    try:
        template.format(value)
    except (ValueError, LookupError, AttributeError, TypeError):
        return False
    return True


class FeedbackText(AutoDraw):
    """A text that is typeset again only when it changes.

    Typesetting takes more than a millisecond, drawing what is typeset 0.15 ms: a score that changes
    now and then is cheap, a value with many digits that changes in every frame is not.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    template : str
        How a value is written, as in ``str.format``: ``"{:g} points"``, ``"{:.1f}"``. A plain
        ``"{}"`` writes a number rounded as by `rounded`. A value that it does not suit, such as a
        text where it is made for numbers, is written as it is.
    pos : (float, float)
        Centre in `units`.
    height : float, optional
        Of a letter, in `units`; default 5 % of the window's height.
    units : str, optional
        Default the window's.
    color : color
        Of the letters.

    Attributes
    ----------
    typeset : int
        How often it was typeset.

    Raises
    ------
    SettingsError
        If nothing can be written by `template`, or whole numbers only.

    Examples
    --------
    .. code-block:: python

        points = FeedbackText(win, "{:g} points", pos=(0, 0.42))
        for _ in nfb.frames(60):
            points.value = nfb.score
            points.draw()
    """

    def __init__(
        self,
        win: Window,
        template: str = "{}",
        pos: Sequence[float] = (0.0, 0.0),
        height: float | None = None,
        units: str | None = None,
        *,
        color: object = TEXT,
    ):
        from psychopy.visual import TextStim

        letter = (0.0, DEFAULT_SHARE) if height is None else (0.0, height)
        letter_units = "height" if height is None else units
        check_window(win)
        self.win = win
        self.template: str = check_template(template)
        self.typeset: int = 0
        self._value: str | float | None = None
        self._text = ""
        self._letters = TextStim(
            win,
            text="",
            units="pix",
            pos=to_pixels(win, pos, units),
            height=float(to_pixels(win, letter, letter_units)[1]),
            wrapWidth=float(win.size[0]),
            color=color,
            autoLog=False,
        )

    @property
    def value(self) -> str | float | None:
        """What is written: a number or a text; None and NaN write nothing."""
        return self._value

    @value.setter
    def value(self, value: str | float | None) -> None:
        if value == self._value:
            return
        self._value = value
        text = "" if value is None or value != value else self._written(value)
        if text != self._text:
            self._text = text
            self._letters.text = text
            self.typeset += 1

    def _written(self, value: str | float) -> str:
        if "{}" in self.template and isinstance(value, Real):
            value = rounded(value)
        try:
            return self.template.format(value)
        except (ValueError, LookupError, AttributeError, TypeError):  # made for other values
            return str(value)

    @property
    def text(self) -> str:
        """The text as it is on the screen."""
        return self._text

    def draw(self) -> None:
        """Draw it into the next frame."""
        if self._text:
            self._letters.draw()
