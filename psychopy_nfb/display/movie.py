"""A movie that goes on as rewards come."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.display.shapes import pixel_box
from psychopy_nfb.display.stimulus import FeedbackStimulus
from psychopy_nfb.errors import FileError, cause

if TYPE_CHECKING:
    from psychopy.visual import MovieStim, Window

DEFAULT_SHARE = 0.6
"""Height and width as a share of the window's height, if none are given."""


class FeedbackMovie(FeedbackStimulus):
    """A movie that is played up to the share that is reached, and waits there.

    The value is that share: ``nfb.rewards / 30`` plays a thirtieth of the movie with each reward,
    and the movie is over with the thirtieth. It is played at its own speed, without sound, by
    PsychoPy's MovieStim; what is reached meanwhile is played on. It never goes back. Without
    feedback (None or NaN) it goes on to what was reached last.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    movie : path
        The file, in any format that MovieStim plays.
    size : (float, float), optional
        Width and height in `units`; default 60 % of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.

    Attributes
    ----------
    seconds : float
        Length of the movie.
    reached : float
        Seconds of it that may be played.

    Raises
    ------
    SettingsError, FileError
        If the size cannot be used, or the movie cannot be played.

    Examples
    --------
    .. code-block:: python

        story = FeedbackMovie(win, "story.mp4", size=(1.0, 0.6))
        for _ in nfb.frames(300):
            story.value = nfb.rewards / 30
            story.draw()
    """

    def __init__(
        self,
        win: Window,
        movie: str | os.PathLike[str],
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
    ):
        super().__init__(win)
        left, bottom, right, top = pixel_box(
            win, size, pos, units, default=(DEFAULT_SHARE, DEFAULT_SHARE)
        )
        self._movie = _opened(win, movie, (left, bottom, right, top))
        self.seconds: float = float(self._movie.duration)
        self.reached: float = 0.0

    @property
    def at(self) -> float:
        """How many seconds of it have been played."""
        return float(self._movie.movieTime)

    def draw(self) -> None:
        """Draw it into the next frame, and play on or wait."""
        movie = self._movie
        if not movie.isFinished:
            behind = movie.movieTime < self.reached
            if behind and not movie.isPlaying:
                movie.play(log=False)
            elif not behind and movie.isPlaying:
                movie.pause(log=False)
        movie.draw()

    def close(self) -> None:
        """Give back the file and its decoder; nothing is drawn afterwards."""
        self._movie.unload(log=False)

    def _value_changed(self) -> None:
        if self._value == self._value:
            self.reached = max(self.reached, self._value * self.seconds)


def _opened(
    win: Window, path: str | os.PathLike[str], box: tuple[float, float, float, float]
) -> MovieStim:
    """Return the movie with its first picture, waiting."""
    from psychopy.visual import MovieStim

    left, bottom, right, top = box
    try:
        movie = MovieStim(
            win,
            os.fspath(path),
            units="pix",
            size=(right - left, top - bottom),
            pos=((left + right) / 2, (bottom + top) / 2),
            noAudio=True,
            volume=0.0,
            autoStart=False,
            autoLog=False,
        )
        movie.play(log=False)
        movie.updateVideoFrame()
        movie._pixelTransfer()  # only what plays is shown, and this waits from its first picture on
        movie.pause(log=False)
    except Exception as error:  # each decoder has exceptions of its own
        raise FileError("movie", os.fspath(path), f"cannot be played ({cause(error)})") from None
    return movie
