"""A session with sounds whose speaker is PulseAudio's null sink, recorded from its monitor.

``heard_tones.py SCENE SOURCE_ID FOLDER LIBRARY`` writes the session and ``heard.npz`` into the
folder. Psychtoolbox is hidden if another LIBRARY of PsychoPy shall play.
PULSE_SERVER names the server; a sound is what a person at the loudspeaker would hear.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from pathlib import Path

import numpy as np
from trainings import alpha

from psychopy_nfb import FeedbackTone, Neurofeedback
from psychopy_nfb.clock import lsl_now

RATE = 48_000
BLOCK = 96
"""Samples of the monitor at once. The sink is heard when it makes a block, not when it plays it: of
10 ms the onsets would be earlier by some of them."""
PITCH_SECONDS = 1.0
"""How long each value of the pitch is held."""
VALUES = (0.0, 0.5, 1.0)


class Spec(ctypes.Structure):
    """PulseAudio's pa_sample_spec."""

    _fields_ = [("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8)]


class Attributes(ctypes.Structure):
    """PulseAudio's pa_buffer_attr."""

    _fields_ = [
        (name, ctypes.c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")
    ]


class Microphone(threading.Thread):
    """Records what the null sink plays, with the LSL time of each block's last sample."""

    S16LE, RECORD, UNSET = 3, 2, 0xFFFFFFFF

    def __init__(self):
        super().__init__(daemon=True)
        self._pulse = ctypes.CDLL("libpulse-simple.so.0")
        self._pulse.pa_simple_new.restype = ctypes.c_void_p
        self._pulse.pa_simple_get_latency.restype = ctypes.c_uint64
        self._error = ctypes.c_int()
        spec = Spec(self.S16LE, RATE, 1)
        attributes = Attributes(*[self.UNSET] * 4, 2 * BLOCK)
        self._stream = ctypes.c_void_p(
            self._pulse.pa_simple_new(
                *(None, b"microphone", self.RECORD, b"nfb.monitor", b"microphone"),
                *(ctypes.byref(spec), None, ctypes.byref(attributes), ctypes.byref(self._error)),
            )
        )
        assert self._stream, f"PulseAudio's error {self._error.value}"
        self._hears = True
        self._blocks, self._stamps = [], []

    def run(self):
        block = (ctypes.c_int16 * BLOCK)()
        while self._hears:
            failed = self._pulse.pa_simple_read(
                self._stream, block, ctypes.c_size_t(2 * BLOCK), ctypes.byref(self._error)
            )
            assert not failed
            now = lsl_now()
            latency = self._pulse.pa_simple_get_latency(self._stream, ctypes.byref(self._error))
            self._blocks.append(np.frombuffer(block, np.int16).copy())
            self._stamps.append(now - 1e-6 * latency)

    def heard(self) -> tuple[np.ndarray, np.ndarray]:
        """Return samples, -1 to 1, and the LSL time of each.

        A block that was read late counts less: what is taken is the median of a second around it.
        """
        self._hears = False
        self.join()
        samples = np.concatenate(self._blocks) / 32768.0
        ends = BLOCK * (1.0 + np.arange(len(self._stamps)))
        begins = np.array(self._stamps) - ends / RATE
        half = RATE // BLOCK // 2
        around = [
            np.median(begins[max(0, one - half) : one + half + 1]) for one in range(len(begins))
        ]
        at = np.arange(len(samples))
        return samples, np.interp(at, ends, around) + at / RATE


def frames(nfb, seconds):
    """Yield once in about a frame of 60 Hz, with a new record."""
    ends = lsl_now() + seconds
    while lsl_now() < ends:
        nfb.update()
        yield
        time.sleep(1 / 60)


def session(nfb):
    """Hear rewards and a scripted pitch, then a block without feedback."""
    chime = FeedbackTone(nfb, "reward", frequency=3000, seconds=0.05)
    pitch = FeedbackTone(nfb, "pitch", frequencies=(220, 880))
    holds = FeedbackTone(nfb, "criterion", frequency=1500)
    mistake = FeedbackTone(nfb, "error", name="oops", frequency=5000, seconds=0.05)
    loudness = FeedbackTone(nfb, "loudness", frequency=2000)
    sounds = (chime, pitch, holds, mistake, loudness)

    def run(seconds, value, beyond=False, wrong=False, loud=None):
        for _ in frames(nfb, seconds):
            chime.value, pitch.value, holds.value = nfb.rewards, value, beyond
            mistake.value, loudness.value = wrong, loud
            for one in sounds:
                one.update()

    times = {}
    with nfb.block("training"):
        for value in VALUES:
            times[f"pitch {value}"] = lsl_now()
            run(PITCH_SECONDS, value)
        times["holds"] = lsl_now()
        for wrong in (True, False, True, False):
            run(0.2, None, beyond=True, wrong=wrong)
        for loud in (0.5, 1.0):
            times[f"loud {loud}"] = lsl_now()
            run(0.5, None, loud=loud)
        run(0.3, None)
        rewarded = nfb.rewards
    with nfb.block("rest", feedback=False, points=True):
        times["rest"] = lsl_now()
        run(1.5, 1.0, beyond=True, loud=1.0)
    times["rewarded"], times["in all"] = rewarded, nfb.rewards
    times["chimes"], times["mistakes"] = chime.played, mistake.played
    return times


def many(nfb):
    """Hear many sounds while pieces of a tone are ordered too."""
    chime = FeedbackTone(nfb, "reward", frequency=3000, seconds=0.05)
    pitch = FeedbackTone(nfb, "pitch", frequencies=(220, 880))
    begins = lsl_now()
    for _ in frames(nfb, 15):
        passed = lsl_now() - begins
        pitch.value = 0.5 + 0.5 * np.sin(passed)
        chime.value = int(passed / 0.25)
        pitch.update()
        chime.update()
    return {"chimes": chime.played}


def main(scene, source_id, folder, library):
    """Run a scene and keep what was heard."""
    if library != "psychtoolbox":
        sys.modules["psychtoolbox.audio"] = None
    microphone = Microphone()  # first: its small blocks make the sink's small, too
    microphone.start()
    training = alpha(source_id, dwell=0.1, refractory=0.4)
    with Neurofeedback(training, data=Path(folder, "data")) as nfb:
        times = {"session": session, "many": many}[scene](nfb)
    samples, at = microphone.heard()
    np.savez(Path(folder, "heard.npz"), samples=samples, at=at, **times)


if __name__ == "__main__":
    main(*sys.argv[1:])
