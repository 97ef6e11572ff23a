"""PsychoPy's speaker, played on with known onsets.

PsychoPy's class `Sound` waits for the sound card when a sound is stopped and prepares a sound anew
for each change. What is here uses PsychoPy's speaker, of the Device Manager or its preferences, and
leaves preparing to the time before a block.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import logging
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from psychopy_nfb.clock import lsl_now, measure_offset
from psychopy_nfb.errors import SettingsError, cause

if TYPE_CHECKING:
    from psychopy.sound import Sound

logger: logging.Logger = logging.getLogger(__name__)

SERVERS = ("pulse", "pipewire", "default")
"""ALSA's names for devices that lead to a sound server."""
OTHER_LIBRARY = "sounddevice"
"""PsychoPy's name for the library where Psychtoolbox is not there …"""
OTHER_RATE = 44_100
"""… and its samples per second."""
TRIALS = 5
"""Silent sounds by which the latency of a speaker is measured."""
GUARD_SECONDS = 0.005
"""Added to it, so that a sound begins when it should."""
REMEDY = (
    "connect one or start the sound server, choose it in PsychoPy's preferences (Hardware, audio "
    "device), or pass required=False to go on without sound"
)


class Voice(Protocol):
    """Plays one sound at a time."""

    def start(self, number: int, when: float) -> None:
        """Play the sound of that number from LSL time `when` on."""

    def onset(self) -> float | None:
        """Return the LSL time at which the sound began; None if it has not."""


class Speaker(Protocol):
    """Where sounds are played."""

    backend: str
    """Name of the library."""
    device: str
    """Name of the device."""
    rate: int
    """Samples per second."""
    latency: float
    """Seconds from the call to the earliest possible onset."""

    def voices(self, sounds: Sequence[np.ndarray], count: int) -> list[Voice]:
        """Return `count` voices that can play each of `sounds`, arrays of shape (n_samples,)."""


class PsychToolboxSpeaker:
    """A speaker on Psychtoolbox's sound engine, which begins a sound at a given time.

    Parameters
    ----------
    name : str, optional
        Name of one in the Device Manager, or of the device as the system calls it.
    """

    backend: str = "psychtoolbox"

    def __init__(self, name: str | None):
        import psychtoolbox
        from psychtoolbox import audio

        self._audio = audio
        self._now = psychtoolbox.GetSecs
        managed = _managed(name)
        if managed is None:
            if _leads_to_server(name):
                # Psychtoolbox halts PulseAudio and PipeWire so that it has the sound card alone.
                # Where the way to the card leads through them nothing would be heard. It must be
                # told before it looks at any device; once one is open it refuses.
                with contextlib.suppress(Exception):
                    psychtoolbox.PsychPortAudio("EngineTunables", [], [], [], 0)
            audio.verbosity(1)  # errors: it talks on standard output, whatever logs say
            from psychopy.hardware.speaker import SpeakerDevice

            managed = SpeakerDevice(name=name)
        self._device = managed
        self.device: str = str(managed.name)
        self.rate: int = int(managed.sampleRateHz)
        self._channels = min(int(managed.channels), 2)
        self.latency: float = self._measured()

    def voices(self, sounds: Sequence[np.ndarray], count: int) -> list[Voice]:
        """Return `count` voices that can play each of `sounds`."""
        columns = [np.repeat(one[:, np.newaxis], self._channels, axis=1) for one in sounds]
        return [_PsychToolboxVoice(self._slave(), columns, self._now) for _ in range(count)]

    def _slave(self) -> Any:
        # The first two channels: a sound server says that it has 32.
        channels = self._channels
        chosen = np.arange(1.0, channels + 1.0)[np.newaxis]
        handle = self._device.stream.handle
        return self._audio.Slave(handle, mode=1, channels=channels, select_channels=chosen)

    def _measured(self) -> float:
        """Return the longest time that silence took from the call to its onset."""
        silence = np.zeros((round(0.005 * self.rate), self._channels), np.float32)
        voice = _PsychToolboxVoice(self._slave(), [silence], self._now)
        longest = 0.0
        for _ in range(TRIALS):
            called = lsl_now()
            voice.start(0, called)
            while (onset := voice.onset()) is None:
                if lsl_now() - called > 1.0:
                    raise RuntimeError("the device is open and plays nothing")
                time.sleep(0.005)
            longest = max(longest, onset - called)
            time.sleep(0.02)
        return longest + GUARD_SECONDS


class _PsychToolboxVoice:
    """A track of the sound engine, refilled before each sound."""

    def __init__(self, track: Any, sounds: list[np.ndarray], now: Any):
        self._track, self._sounds, self._now = track, sounds, now
        self._filled = -1
        self._when = 0.0

    def start(self, number: int, when: float) -> None:
        track = self._track
        track.stop(block_until_stopped=0)
        if number != self._filled:
            track.fill_buffer(self._sounds[number])
            self._filled = number
        self._when = when
        track.start(repetitions=1, when=when + self._ahead())

    def onset(self) -> float | None:
        started = self._track.status["StartTime"]
        # Until it begins it is 0, or that of the sound before.
        onset = started - self._ahead()
        return onset if started > 0 and onset > self._when - 0.001 else None

    def _ahead(self) -> float:
        """Return how far the engine's clock is ahead of LSL's, in seconds."""
        return measure_offset(self._now, lsl_now, 3).offset


class SoundSpeaker:
    """The system's speaker on PsychoPy's second sound library; onsets are those asked for.

    It knows neither the Device Manager nor when a sound really began.
    """

    def __init__(self) -> None:
        from psychopy import sound
        from psychopy.hardware.speaker import SpeakerDevice

        sound.Sound.backend = SpeakerDevice.backend = OTHER_LIBRARY
        self.backend: str = OTHER_LIBRARY
        self.rate: int = OTHER_RATE
        self._device = SpeakerDevice()  # one for all: each is announced in the log
        silent = self._sound(np.zeros(64, np.float32))
        streams = sys.modules[type(silent).__module__].streams
        stream = streams[silent.streamLabel]
        self.device: str = f"{stream.device}, the system's default"
        self.latency: float = float(stream.latency) + GUARD_SECONDS

    def voices(self, sounds: Sequence[np.ndarray], count: int) -> list[Voice]:
        """Return `count` voices that can play each of `sounds`."""
        return [_SoundVoice([self._sound(one) for one in sounds]) for _ in range(count)]

    def _sound(self, samples: np.ndarray) -> Sound:
        from psychopy import sound

        both = np.repeat(samples[:, np.newaxis], 2, axis=1)
        return sound.Sound(
            both,
            sampleRate=self.rate,
            stereo=True,
            hamming=False,
            speaker=self._device,
            autoLog=False,
        )


class _SoundVoice:
    """Sounds of PsychoPy, one of which is played at a time."""

    def __init__(self, sounds: list[Sound]):
        self._sounds = sounds
        self._when = 0.0

    def start(self, number: int, when: float) -> None:
        sound = self._sounds[number]
        sound.stop()
        self._when = when
        sound.play(when=max(when - lsl_now(), 0.0))

    def onset(self) -> float | None:
        return self._when if lsl_now() >= self._when else None


def open_speaker(name: str | None = None) -> Speaker:
    """Return a speaker, the same for all who ask for it.

    Parameters
    ----------
    name : str, optional
        Name of one in the Device Manager, or of the device as the system calls it. Default the
        first of the Device Manager, else that of PsychoPy's preferences.

    Raises
    ------
    SettingsError
        If there is no sound device, or it cannot be opened.
    """
    try:
        return _opened(name)
    except Exception as error:  # sound libraries have no exception in common
        why = cause(error).removeprefix("PTB-ERROR: ")
        raise SettingsError(
            "speaker", name, f"no sound device could be opened ({why}); {REMEDY}"
        ) from None


@functools.cache
def _opened(name: str | None) -> Speaker:
    try:
        import psychtoolbox.audio  # noqa: F401
    except Exception:  # no such library for this system, or without a sound library beneath
        return SoundSpeaker()
    return PsychToolboxSpeaker(name)


def _managed(name: str | None) -> Any:
    """Return the Device Manager's speaker of that name, or its first; None if there is none.

    Speakers of this library are known by the handle that their stream has.
    """
    from psychopy.hardware import DeviceManager

    for known, device in DeviceManager.devices.items():
        if name in (None, known) and hasattr(getattr(device, "stream", None), "handle"):
            return device
    return None


def _leads_to_server(name: str | None) -> bool:
    """Whether sound reaches the card through a sound server, if there is a card at all."""
    if not sys.platform.startswith("linux"):
        return False
    if name is None:
        from psychopy import prefs

        chosen = prefs.hardware["audioDevice"]
        name = chosen[0] if isinstance(chosen, (list, tuple)) else chosen
        if name == "default":  # PsychoPy takes the first: a card if there is one
            return not glob.glob("/dev/snd/pcm*p")
    return name in SERVERS
