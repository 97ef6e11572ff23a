"""A photodiode on an amplifier's spare channel, as a light sensor of PsychoPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
from psychopy import core, logging
from psychopy.hardware.lightsensor import BaseLightSensorGroup, LightSensorResponse

from psychopy_nfb.checks import check_channels
from psychopy_nfb.clock import PsychoPyClock

SETTLE_SECONDS = 0.3
"""How long a screen is shown for a level to be taken: display delay, rise, amplifier, network."""
HYSTERESIS = 0.1
"""Share of the way between dark and light that a signal must go back to count as a change."""
NOISE_FACTOR = 4.0
"""Light must be above dark by so many times their spread."""


class LSLLightSensor(BaseLightSensorGroup):
    """Light and dark on one or more channels of an LSL stream.

    The stream is looked for once, when this is made. Times of responses are those at which the
    signal crosses the threshold, between two samples where need be, on PsychoPy's clock.

    Parameters
    ----------
    stream : str
        Name of the stream; empty for the only one of `streamType`.
    streamType : str
        Content type of the stream.
    sensors : str or sequence of str
        Labels of the channels, as ``"Photodiode"`` or ``"AUX1, AUX2"``; empty for all.
    threshold : float, optional
        In the stream's unit; `findThreshold` finds it.
    pos, size, units
        Where on the screen the sensor is, as PsychoPy's light sensors take it.
    timeout : float
        Seconds to look for the stream.

    Raises
    ------
    StreamError, SettingsError
        If there is no such stream, or it has no such channel.
    """

    def __init__(
        self,
        stream: str = "",
        streamType: str = "EEG",
        sensors: str | list[str] = "",
        threshold: float | None = None,
        pos: Any = None,
        size: Any = None,
        units: str | None = None,
        timeout: float = 10.0,
    ):
        import pylsl

        from psychopy_nfb.lsl.find import channel_labels, find_stream
        from psychopy_nfb.lsl.selection import StreamSelection

        # PsychoPy asks for the profile when it logs the first response, within the frame loop, and
        # would look for streams there.
        self._profile = {"deviceName": "LSL light sensor", "stream": stream, "sensors": sensors}
        found = find_stream(
            StreamSelection(name=stream or None, type=streamType or None, timeout=timeout)
        )
        self._inlet = pylsl.StreamInlet(found, max_buflen=60, processing_flags=pylsl.proc_clocksync)
        labels = channel_labels(self._inlet.info(timeout))
        if isinstance(sensors, str):
            sensors = [label.strip() for label in sensors.split(",") if label.strip()]
        self._columns = check_channels("sensors", sensors or labels, labels)
        self._inlet.open_stream(timeout)
        self._inlet.time_correction(timeout)  # otherwise the first pull waits for it
        n = len(self._columns)
        self._last = np.full(n, np.nan)
        self._last_stamp = np.nan
        self._levels: list[tuple[float, float] | None] = [None] * n
        self._lsl_clock = PsychoPyClock()
        self.clock = core.Clock()
        super().__init__(channels=n, threshold=threshold, pos=pos, size=size, units=units)

    def dispatchMessages(self) -> None:
        """Turn what has arrived since the last call into responses."""
        samples, stamps = self._inlet.pull_chunk(timeout=0.0, max_samples=65536)
        if not stamps:
            return
        block = np.array(samples, float)[:, self._columns]
        self._lsl_clock.measure()
        for channel in range(self.channels):
            for t, light in self._crossings(channel, block[:, channel], stamps):
                self.receiveMessage(self.parseMessage((t, light, channel)))
        self._last, self._last_stamp = block[-1], stamps[-1]

    def _crossings(
        self, channel: int, values: np.ndarray, stamps: list[float]
    ) -> list[tuple[float, bool]]:
        """Return LSL time and direction of each change between dark and light."""
        threshold = self.threshold[channel]
        levels = self._levels[channel]
        back = HYSTERESIS * (levels[1] - levels[0]) if levels else 0.0
        light, found = self.state[channel], []
        before, t_before = self._last[channel], self._last_stamp
        for value, t in zip(values.tolist(), stamps, strict=True):
            # Once light, it is so until the signal is clearly below, and the other way round.
            now = value > (threshold - back if light else threshold)
            if light is None:
                light = now
                self.state[channel] = now
            elif now != light:
                light = now
                share = (threshold - before) / (value - before) if value != before else 1.0
                share = min(max(share, 0.0), 1.0) if share == share else 1.0
                found.append((t - (1 - share) * (t - t_before) if t_before == t_before else t, now))
            before, t_before = value, t
        return found

    def parseMessage(self, message: tuple[float, bool, int]) -> LightSensorResponse:
        """Return the response for (LSL time, whether it is light, channel)."""
        t, light, channel = message
        return LightSensorResponse(
            t=self._lsl_clock.from_lsl(t) - self.clock.getLastResetTime(),
            value=light,
            channel=channel,
            device=self,
            threshold=self.threshold[channel],
        )

    def _setThreshold(self, threshold: float, channel: int) -> bool:
        self.threshold[channel] = threshold
        return bool(self._last[channel] > threshold)

    def findThreshold(self, win: Any, channel: int | None = None) -> float | list | None:
        """Show black and white and put the threshold half-way between what the sensor sees.

        Parameters
        ----------
        win : psychopy.visual.Window
            Is filled with black and white.
        channel : int, optional
            Which sensor; None for all, whose thresholds are returned as a list.

        Returns
        -------
        float or None
            None if the sensor does not tell them apart.
        """
        if channel is None:
            return [self.findThreshold(win, one) for one in range(self.channels)]
        from psychopy import visual

        win.stashAutoDraw()
        cover = visual.Rect(win, size=(2, 2), pos=(0, 0), units="norm", lineWidth=0, autoLog=False)
        levels = []
        for color in ("black", "white"):
            cover.fillColor = color
            cover.draw()
            win.flip()
            core.wait(SETTLE_SECONDS, hogCPUperiod=0)
            self._inlet.flush()
            core.wait(SETTLE_SECONDS, hogCPUperiod=0)
            samples, _ = self._inlet.pull_chunk(timeout=0.0, max_samples=65536)
            values = np.array(samples, float).reshape(-1, self._inlet.channel_count)
            levels.append(values[:, self._columns[channel]])
        win.retrieveAutoDraw()
        win.flip()
        self.state = [None] * self.channels
        self.clearResponses()
        dark, light = (float(np.median(one)) if len(one) else np.nan for one in levels)
        spread = max((float(one.std()) if len(one) else np.nan) for one in levels)
        if not light - dark > NOISE_FACTOR * spread:
            logging.error(
                f"The light sensor on channel {channel} sees {dark:g} for black and {light:g} for "
                "white and cannot tell them apart: is it plugged in, and over the screen?"
            )
            return None
        self._levels[channel] = (dark, light)
        self.setThreshold((dark + light) / 2, channel)
        return self.threshold[channel]

    def resetTimer(self, clock: Any = logging.defaultClock) -> None:
        """Count the times of responses from when `clock` was reset."""
        self.clock._timeAtLastReset = clock._timeAtLastReset
        self.clock._epochTimeAtLastReset = clock._epochTimeAtLastReset

    def isSameDevice(self, other: Any) -> bool:
        """Return whether `other`, a sensor or a profile, is on the same channels."""
        profile = other._profile if isinstance(other, LSLLightSensor) else other
        if not isinstance(profile, dict):
            return False
        return all(profile.get(key, "") == self._profile[key] for key in ("stream", "sensors"))

    @staticmethod
    def getAvailableDevices() -> list[dict[str, str]]:
        """Return a profile that fits any stream: which one is said in the device's settings."""
        return [
            {
                "deviceName": "LSL light sensor",
                "deviceClass": "psychopy_nfb.display.light_sensor.LSLLightSensor",
                "stream": "",
                "sensors": "",
            }
        ]

    def close(self) -> None:
        """End the connection."""
        self._inlet.close_stream()
