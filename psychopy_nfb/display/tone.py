"""Feedback that is heard."""

from __future__ import annotations

import logging
import math
import os
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.run_state import RunState
from psychopy_nfb.display.speaker import Speaker, Voice, open_speaker
from psychopy_nfb.display.waveforms import (
    FADE_SECONDS,
    SEGMENT_SECONDS,
    at_rate,
    from_file,
    loudnesses,
    pitches,
    tone,
)
from psychopy_nfb.errors import SettingsError, cause

if TYPE_CHECKING:
    from psychopy_nfb.display.neurofeedback import Neurofeedback

logger: logging.Logger = logging.getLogger(__name__)

FREQUENCIES = {"loudness": 440.0, "criterion": 440.0, "reward": 880.0, "error": 165.0}
"""Usual pitches in Hz: the reward an octave above the criterion, the error low."""
PITCHES = (220.0, 880.0)
"""The usual lowest and highest pitch of a tone that follows the value, in Hz."""
GOES_ON = ("pitch", "loudness", "criterion")
"""What is heard as long as it holds; the others are heard once."""
KINDS = (*GOES_ON, "reward", "error")
AHEAD_SECONDS = 0.04
"""A piece is ordered so long before it must be: two frames at 60 Hz."""
LOST_SECONDS = 1.0
"""A sound that has not begun so long after its time is not waited for."""
LARGEST_BACKLOG = 10
"""Rewards that wait to be heard, at most: no more are heard later."""


class FeedbackTone(RunState):
    """A sound that follows the feedback: its value, the criterion, or each reward.

    Set `value` and call `update` once a frame, as with what is seen. Each sound is ordered some
    milliseconds ahead for a moment that is known; when it really began is an event of the session,
    ``sound``, with its name. Nothing is heard in blocks without feedback. PsychoPy's speaker is
    used, on Psychtoolbox's sound engine where it is installed.

    A tone that goes on consists of pieces of 0.1 s that fade into each other, so it follows the
    value ten times a second and ends by itself when `update` is not called any more.

    Parameters
    ----------
    nfb : Neurofeedback
        The session. Its clock and its events are used.
    kind : {"pitch", "loudness", "criterion", "reward", "error"}
        What is heard, and what `value` means.

        - ``"pitch"``: a tone from the lowest to the highest pitch as the value goes from 0 to 1;
        - ``"loudness"``: a tone from quiet to loud, 30 dB, as the value goes from 0 to 1; none at
          0;
        - ``"criterion"``: a tone while the value is true, as ``nfb.beyond``;
        - ``"reward"``: a short tone each time the value grows, as ``nfb.rewards``;
        - ``"error"``: a short low tone each time the value becomes true, as ``emg.beyond``.
    name : str, optional
        Of the sound in the session's events and settings file; default the kind.
    frequency : float, optional
        Pitch in Hz, of all kinds but ``"pitch"``; default 440 for loudness and criterion, 880 for a
        reward, 165 for an error.
    frequencies : (float, float), optional
        For ``"pitch"`` only: the lowest and the highest in Hz, which become multiples of 10 Hz;
        default 220 and 880. Equal steps of the value are equal musical steps.
    seconds : float
        Length of a short tone.
    volume : float
        0 to 1. Several sounds at once add up.
    sound : path, optional
        For ``"reward"`` and ``"error"`` a sound file in place of the tone.
    speaker : str, optional
        Name of a speaker in PsychoPy's Device Manager or in the system. Default the first of the
        Device Manager, else that of PsychoPy's preferences.
    required : bool
        Whether it is an error if there is no sound device. If not, it is reported once in the log
        and in the session's files, and nothing is heard.

    Attributes
    ----------
    speaker : Speaker or None
        Where it is heard: its `backend`, `device`, `rate` and `latency`. None without a device.
    played : int
        How many sounds were ordered; of a tone that goes on how often it began.

    Raises
    ------
    SettingsError, FileError
        If a setting cannot be used, a file cannot be read, or there is no sound device.

    Examples
    --------
    .. code-block:: python

        tone = FeedbackTone(nfb, "pitch", frequencies=(220, 880))
        chime = FeedbackTone(nfb, "reward", frequency=1320)
        with nfb.block("training"):
            for _ in nfb.frames(60):
                tone.value = nfb.value
                tone.update()
                chime.value = nfb.rewards
                chime.update()
    """

    def __init__(
        self,
        nfb: Neurofeedback,
        kind: Literal["pitch", "loudness", "criterion", "reward", "error"] = "pitch",
        *,
        name: str | None = None,
        frequency: float | None = None,
        frequencies: Sequence[float] | None = None,
        seconds: float = 0.15,
        volume: float = 0.3,
        sound: str | os.PathLike[str] | None = None,
        speaker: str | None = None,
        required: bool = True,
    ):
        self._nfb = nfb
        self.kind: str = str(check_choice("kind", kind, KINDS))
        self.name: str = self.kind if name is None else str(name)
        if self.kind == "pitch":
            if frequency is not None:
                raise SettingsError(
                    "frequency", frequency, "is not for kind pitch; give frequencies, two in Hz"
                )
            low, high = _check_frequencies(PITCHES if frequencies is None else frequencies)
        elif frequencies is not None:
            raise SettingsError(
                "frequencies", frequencies, "is for kind pitch only; give frequency, one in Hz"
            )
        else:
            frequency = FREQUENCIES[self.kind] if frequency is None else frequency
            frequency = check_number("frequency", frequency, at_least=20, at_most=15000, unit="Hz")
        seconds = check_number("seconds", seconds, at_least=0.02, at_most=10, unit="s")
        volume = check_number("volume", volume, at_least=0, at_most=1)
        if sound is not None and self.kind in GOES_ON:
            raise SettingsError("sound", os.fspath(sound), "is for kind reward or error only")
        # Read also where nothing can be heard: a missing file is found on the desk, not in the lab.
        recorded = None if sound is None else from_file(sound)
        self.played: int = 0
        self.value: float | bool | None = math.nan
        self.speaker: Speaker | None = self._open(speaker, required)
        self._facts: dict[str, Any] = {"kind": self.kind, "volume": volume}
        self._told = False
        self._before = math.nan  # rewards or error as they were
        self._owed = 0
        self._next = 0.0  # when the next sound may begin
        self._goes_on = False
        self._pending: deque[tuple[Voice, float]] = deque()
        self._turn = 0
        self._voices: list[Voice] = []
        self._shares: np.ndarray | None = None  # the value that each of several sounds is for
        if self.speaker is None:
            self._facts["silent"] = "there is no sound device"
            return
        rate = self.speaker.rate
        if self.kind == "pitch":
            steps = pitches(low, high)
            self._shares = np.log(np.array(steps) / steps[0]) / math.log(steps[-1] / steps[0])
            sounds = [tone(one, SEGMENT_SECONDS, volume, rate) for one in steps]
            self._facts["frequencies"] = [steps[0], steps[-1]]
        elif self.kind == "loudness":
            steps = loudnesses(volume)
            self._shares = np.linspace(0.0, 1.0, len(steps))
            frequency = max(1, round(frequency * SEGMENT_SECONDS)) / SEGMENT_SECONDS
            sounds = [tone(frequency, SEGMENT_SECONDS, one, rate) for one in steps]
        elif self.kind == "criterion":
            frequency = max(1, round(frequency * SEGMENT_SECONDS)) / SEGMENT_SECONDS
            sounds = [tone(frequency, SEGMENT_SECONDS, volume, rate)]
        elif recorded is not None:
            sounds = [at_rate(*recorded, volume, rate)]
            self._facts["file"] = os.fspath(sound)
        else:
            sounds = [tone(frequency, seconds, volume, rate)]
        if "frequencies" not in self._facts and sound is None:
            self._facts["frequency"] = frequency
        if sound is None:
            self._facts["swell"] = FADE_SECONDS
        self._lasts = SEGMENT_SECONDS if self.kind in GOES_ON else len(sounds[0]) / rate
        # So many that none is needed again before it is silent.
        busy = FADE_SECONDS + self.speaker.latency + AHEAD_SECONDS
        self._voices = self.speaker.voices(sounds, 1 + math.ceil(busy / self._lasts))
        self._facts |= {
            "backend": self.speaker.backend,
            "device": self.speaker.device,
            "rate": rate,
            "latency": self.speaker.latency,
        }

    def _open(self, speaker: str | None, required: bool) -> Speaker | None:
        try:
            return open_speaker(speaker)
        except SettingsError as error:
            if required:
                raise
            logger.warning("The sound %r is silent: %s", self.name, error)
            return None

    def update(self) -> None:
        """Order what is to be heard now; call it once a frame. It never raises and never waits."""
        try:
            self._update()
        except Exception as error:  # of the sound library: the participant's frames go on
            self._voices = []
            self._pending.clear()
            logger.exception("The sound %r failed and is silent from here on.", self.name)
            self._facts["failed"] = cause(error)
            self._told = False

    def stop(self) -> None:
        """Order nothing more until the next `update`; what has been ordered is heard."""
        self._owed, self._goes_on = 0, False

    def _update(self) -> None:
        if not self._told:
            self._told = self._nfb._marks.tell_sound(self.name, self._facts)
        if self._pending:
            self._tell_begun()
        value = math.nan if self.value is None else float(self.value)
        if self.kind in GOES_ON:
            self._update_going_on(value if self._nfb.showing else math.nan)
        else:
            self._update_once(value)

    def _update_going_on(self, value: float) -> None:
        """Order the next piece of a tone shortly before the end of the one that is heard."""
        if not (value > 0 or (value == 0 and self.kind == "pitch")):  # NaN is silence, too
            self._goes_on = False
            return
        if not self._voices:
            return
        earliest = lsl_now() + self.speaker.latency
        if self._goes_on and self._next > earliest + AHEAD_SECONDS:
            return
        number = 0 if self._shares is None else int(np.argmin(np.abs(self._shares - value)))
        begins = not self._goes_on or self._next < earliest
        self._goes_on = True
        self._play(number, max(earliest, self._next), begins)

    def _update_once(self, value: float) -> None:
        """Order a sound for each reward or error since the last frame, one after the other."""
        if value == value:
            value = value if self.kind == "reward" else float(value > 0)
            grown, self._before = value - self._before, value
            if grown > 0 and self._nfb.showing:
                self._owed = min(self._owed + round(grown), LARGEST_BACKLOG)
        if self._owed and self._voices:
            earliest = lsl_now() + self.speaker.latency
            if self._next <= earliest:
                self._owed -= 1
                self._play(0, earliest, begins=True)

    def _play(self, number: int, when: float, begins: bool) -> None:
        voice = self._voices[self._turn]
        self._turn = (self._turn + 1) % len(self._voices)
        voice.start(number, when)
        self._next = when + self._lasts
        if begins:
            self.played += 1
            self._pending.append((voice, when))

    def _tell_begun(self) -> None:
        """Write the event of a sound that has begun, or that did not though it was ordered."""
        voice, when = self._pending[0]
        now = lsl_now()
        if now < when:
            return
        onset = voice.onset()
        if onset is None and now < when + LOST_SECONDS:
            return
        self._pending.popleft()
        detail = {"kind": self.kind, "ordered": when, "heard": onset is not None}
        self._nfb._marks.sound(self.name, when if onset is None else onset, detail)


def _check_frequencies(frequencies: Sequence[float]) -> tuple[float, float]:
    try:
        low, high = frequencies
    except (TypeError, ValueError):
        raise SettingsError(
            "frequencies", frequencies, "must be the lowest and the highest pitch in Hz"
        ) from None
    low = check_number("frequencies[0]", low, at_least=20, at_most=15000, unit="Hz")
    high = check_number("frequencies[1]", high, at_least=20, at_most=15000, unit="Hz")
    if high - low < 2 / SEGMENT_SECONDS:
        raise SettingsError(
            "frequencies",
            [low, high],
            f"the highest must be at least {2 / SEGMENT_SECONDS:g} Hz above the lowest",
        )
    return low, high
