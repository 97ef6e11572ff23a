"""A light sensor on an LSL stream, as a PsychoPy device.

A photodiode on an auxiliary channel of the amplifier is recorded by the same clock as the EEG.
PsychoPy's Visual Validator and its `findSensor` take it from here as they take any light sensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from psychopy import core, logging
from psychopy.hardware.lightsensor import LightSensorResponse
from psychopy.layout import Position

from psychopy_nfb.hardware.crossings import Crossings

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.untyped import PsychoPyClass as BaseLightSensorGroup
else:
    from psychopy.hardware.lightsensor import BaseLightSensorGroup


WHOLE_WINDOW = 2.0
"""Its side, in the units of `findSensor`."""


class LSLLightSensor(BaseLightSensorGroup):
    """One or more light sensors on channels of an LSL stream.

    The stream is found and opened here, before the frame loop; `dispatchMessages` takes what has
    arrived and never waits. Times are those of the crossing between two samples, on the clock that
    `resetTimer` was given. A stream that ends is reported in PsychoPy's log, and no more responses
    come.

    Parameters
    ----------
    stream_name, stream_type, source_id : str, optional
        Which stream, as `psychopy-nfb streams` lists it; all that is given must match.
    channels : int, str or sequence of these
        Labels or numbers, counted from 1; a text may hold several, separated by commas. PsychoPy
        counts those chosen here from 0.
    threshold : float, optional
        Level between dark and light in the stream's own unit; default is 0.5. `findThreshold`
        finds it.
    hysteresis : float
        Distance from the threshold at which a change counts, in the stream's own unit.
        `findThreshold` sets a tenth of the difference between light and dark.
    inverted : bool
        Light lowers the level. `findThreshold` finds out.
    pos, size, units : optional
        Where on the window the sensors are.
    timeout : float
        Seconds to look for the stream.
    hostname : str, optional
        The machine that sends it, where two send equal streams.

    Raises
    ------
    SettingsError
        If the stream has no such channel, or a number cannot be used.
    StreamError
        If there is no such stream, or more than one.

    Examples
    --------
    .. code-block:: python

        sensor = LSLLightSensor(stream_name="Amp", channels="Aux1")
        sensor.findThreshold(win)
        sensor.findSensor(win)
    """

    def __init__(
        self,
        stream_name: str | None = None,
        stream_type: str | None = "EEG",
        source_id: str | None = None,
        channels: int | str | Sequence[int | str] = 1,
        threshold: float | None = None,
        hysteresis: float = 0.0,
        inverted: bool = False,
        pos: Sequence[float] | None = None,
        size: Sequence[float] | None = None,
        units: str | None = None,
        timeout: float = 5.0,
        hostname: str | None = None,
    ):
        # Not at the top: PsychoPy imports this module at the start of every experiment.
        from psychopy_nfb.clock import PsychoPyClock
        from psychopy_nfb.hardware.profiles import stream_profile
        from psychopy_nfb.lsl.describe import describe
        from psychopy_nfb.lsl.find import chosen_channels
        from psychopy_nfb.lsl.inlet import Inlet
        from psychopy_nfb.lsl.selection import StreamSelection

        self._psychopy_clock = PsychoPyClock()
        self.clock: core.Clock = core.Clock()
        # Named so that nothing is scaled: the unit of a light sensor is its own.
        selection = StreamSelection(
            stream_name, stream_type, source_id, None, timeout, units="uV", hostname=hostname
        )
        self._inlet: Inlet | None = Inlet(selection, rest=0.0)
        # Set here, because PsychoPy would look for it on the network at the first response.
        found = self._inlet.description
        self._profile = stream_profile(found, describe(found), hostname or "")
        self._profile["deviceClass"] = f"{__name__}.{type(self).__name__}"
        self._columns = chosen_channels(channels, self._inlet.info.labels)
        self.labels: list[str] = [self._inlet.info.labels[column] for column in self._columns]
        self._crossings = [Crossings(0.0, hysteresis, inverted) for _ in self._columns]
        super().__init__(len(self._columns), threshold, pos, size, units)

    def dispatchMessages(self) -> bool:
        """Turn what has arrived into responses; returns whether the stream is still there."""
        crossed = [message for *_, found in self.arrived() for message in found]
        for message in sorted(crossed):
            self.receiveMessage(self.parseMessage(message))
        for channel, crossings in enumerate(self._crossings):
            # Not by responses alone: PsychoPy's findSensor forgets the states of steady light.
            self.state[channel] = crossings.on
        return self._inlet is not None

    def parseMessage(self, message: tuple[float, int, bool]) -> LightSensorResponse:
        """Turn an LSL time, a channel's number and a state into a response."""
        t, channel, on = message
        t_psychopy = self._psychopy_clock.from_lsl(t) - self.clock.getLastResetTime()
        return LightSensorResponse(t_psychopy, on, channel, self, self.threshold[channel])

    def resetTimer(self, clock: core.Clock = logging.defaultClock) -> None:
        """Tell times on `clock` from here on; responses timed by the one before are forgotten.

        A Visual Validator calls it as a Routine starts, when there is time to go through samples
        that have piled up.
        """
        self.clearResponses()
        self._psychopy_clock.measure()
        self.clock._timeAtLastReset = clock._timeAtLastReset
        self.clock._epochTimeAtLastReset = clock._epochTimeAtLastReset

    def findThreshold(
        self, win: Window, channel: int | None = None
    ) -> float | None | list[float | None]:
        """Show black and white on the whole window for a second; set the threshold halfway between.

        Parameters
        ----------
        win : psychopy.visual.Window
            Where the sensor is.
        channel : int, optional
            Counted from 0 among those chosen; default is all.

        Returns
        -------
        float, None or list of these
            The threshold in the stream's own unit, a list of them for all channels. None where
            light cannot be distinguished from dark: the log says so, and that channel is silent
            until it is given a threshold.
        """
        from psychopy_nfb.hardware.light_levels import levels, rectangle

        win.stashAutoDraw()
        try:
            dark, light = (levels(self, win, rectangle(win, c)) for c in ("black", "white"))
        finally:
            win.retrieveAutoDraw()
            win.flip()
        wanted = range(self.channels) if channel is None else [channel]
        found = [self._halfway(number, dark[:, number], light[:, number]) for number in wanted]
        self.clearResponses()
        return found if channel is None else found[0]

    def findSensor(
        self, win: Window, channel: int | None = None, retryLimit: int = 5
    ) -> tuple[Position, Position] | None:
        """Find where on the window a sensor is, and set `pos` and `size` to what covers it.

        PsychoPy's search shrinks a rectangle until the sensor misses it. The last one seen covers
        as little as half of the sensor and is told a quarter of its width off its place. So it is
        enlarged here, twofold at least, until the sensor sees it.

        Parameters
        ----------
        win : psychopy.visual.Window
            Where the sensor is.
        channel : int, optional
            Counted from 0 among those chosen; default is the first that sees the window.
        retryLimit : int
            How often to begin again before giving up.

        Returns
        -------
        (Position, Position) or None
            Centre and size; None if it was not found.
        """
        from psychopy_nfb.hardware.light_levels import levels, rectangle

        if channel is None:
            channel = next(iter(self.findChannels(win)), 0)
        found = super().findSensor(win, channel, retryLimit)
        if found is None or self.size is None:
            return found
        size = np.array(self.size, dtype=float)
        win.stashAutoDraw()
        try:
            seen = False
            while not seen and size.max() < WHOLE_WINDOW:
                size *= 2
                patch = rectangle(win, "white", self.pos, size)
                samples = levels(self, win, rectangle(win, "black"), patch)[:, channel]
                seen = len(samples) and self._crossings[channel].sees(np.median(samples))
        finally:
            win.retrieveAutoDraw()
            win.flip()
        if seen:  # else it stays where it was found, or where the person has put it
            self.size = size
        self.clearResponses()
        return found[0], Position(self.size, units="norm", win=win)

    def isSameDevice(self, other: object) -> bool:
        """Return whether `other` has the same stream, and if it is a sensor the same channels."""
        if isinstance(other, LSLLightSensor):
            return self.isSameDevice(other._profile) and other.labels == self.labels
        return isinstance(other, dict) and all(
            # A sensor that was set up with an earlier version knows of no machine.
            other.get(key, "" if key == "hostname" else None) == self._profile[key]
            for key in ("stream_name", "stream_type", "source_id", "hostname")
        )

    @staticmethod
    def getAvailableDevices() -> list[dict[str, Any]]:
        """Return a profile of each stream that may hold a sensor, and one to fill in by hand."""
        from psychopy_nfb.hardware.profiles import scan

        return scan()

    def arrived(self) -> Iterator[tuple[np.ndarray, np.ndarray, list[tuple[float, int, bool]]]]:
        """Take what has arrived, block by block, without waiting.

        Yields
        ------
        samples : ndarray, shape (n, n_channels)
            Of the chosen channels, in the stream's own unit.
        stamps : ndarray, shape (n,)
            Their LSL times in seconds.
        crossed : list of (float, int, bool)
            LSL time and channel of each crossing, and whether it went to light.
        """
        from psychopy_nfb.lsl.inlet import StreamLost

        try:
            while self._inlet is not None and (pulled := self._inlet.pull(0.0)) is not None:
                samples, stamps = pulled[0][:, self._columns], pulled[1]
                crossed = [
                    (t, channel, on)
                    for channel, crossings in enumerate(self._crossings)
                    for t, on in crossings.find(samples[:, channel], stamps)
                ]
                yield samples, stamps, crossed
        except StreamLost:
            logging.error(
                f"The stream of the light sensor, {self._profile['deviceName']}, has ended: "
                "no more responses will come from it."
            )
            self.close()

    def close(self) -> None:
        """Leave the stream; harmless when it was left before."""
        if self._inlet is not None:
            self._inlet.close()
            self._inlet = None

    def _setThreshold(self, threshold: float, channel: int) -> bool:
        """Set one channel's threshold; returns whether its last sample counts as light by it."""
        crossings = self._crossings[channel]
        crossings.set(threshold, crossings.hysteresis, crossings.inverted)
        self.state[channel] = crossings.on
        return crossings.on

    def _halfway(self, channel: int, dark: np.ndarray, light: np.ndarray) -> float | None:
        """Set one channel's threshold from its samples in the dark and in the light."""
        crossings = self._crossings[channel]
        if not crossings.learn(dark, light):
            logging.error(
                f"Light sensor channel {self.labels[channel]!r} does not tell a white screen from "
                "a black one: is it plugged in, does it face the screen, and is it this channel?"
            )
            return None
        self.setThreshold(crossings.threshold, channel)
        return crossings.threshold
