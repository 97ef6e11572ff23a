"""Sounds as they are heard: from the monitor of a virtual sound card, in another process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfiltfilt

from psychopy_nfb.display.tone import FeedbackTone
from psychopy_nfb.errors import NfbError
from psychopy_nfb.recording import read_session

HERE = Path(__file__).parent
RATE = 48_000
CHIME, CRITERION, LOUDNESS, ERROR = 3000, 1500, 2000, 5000
"""Pitches of `heard_tones`, in Hz."""
BUFFER = {"PULSE_LATENCY_MSEC": "60"}
"""So long the card plays on when a busy machine does not serve it."""


@pytest.fixture
def null_sink():
    """Start PulseAudio with a sound card that nobody hears; return the environment to reach it."""
    if not shutil.which("pulseaudio"):
        pytest.skip("no PulseAudio, which the virtual sound card is of")
    folder = Path(tempfile.mkdtemp(prefix="nfb_"))  # short, as the path of a socket must be
    socket = folder / "door"
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "DISPLAY": ""}
    # Without rewinds it plays 50 ms ahead at most, as a card does, and not two seconds.
    sink = "module-null-sink sink_name=nfb rate=48000 norewinds=1"
    door = f"module-native-protocol-unix socket={socket} auth-anonymous=1"
    command = ["pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no"]
    command += ["--high-priority=no", "--realtime=no", "-L", sink, "-L", door]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **home}, stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    while not socket.exists() and time.monotonic() < deadline and server.poll() is None:
        time.sleep(0.02)
    if not socket.exists():
        server.kill()
        server.wait()
        pytest.skip(f"PulseAudio did not start: {(folder / 'log').read_text('utf-8')}")
    yield {**os.environ, "HOME": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    server.terminate()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def hear(null_sink, unique_id, tmp_path):
    """Run a scene of `heard_tones`; return what was heard, its folder and its events of sounds."""

    def run(scene, library="psychtoolbox", buffer=BUFFER):
        # The stand-in of an amplifier whose alpha is always beyond the threshold.
        planted = [sys.executable, str(HERE / "planted_amplifier.py"), unique_id, "250", "Oz:20:10"]
        source = subprocess.Popen(planted)
        program = [sys.executable, str(HERE / "heard_tones.py")]
        paths = [str(HERE.parent / "protocol"), str(HERE.parent / "engine")]
        paths += [str(HERE.parent / "inputs"), os.environ.get("PYTHONPATH", "")]
        try:
            subprocess.run(
                [*program, scene, unique_id, str(tmp_path), library],
                env={**null_sink, **buffer, "PYTHONPATH": os.pathsep.join(paths)},
                check=True,
                timeout=120,
            )
        finally:
            source.kill()
            source.wait()
        (events_file,) = (tmp_path / "data").rglob("*_events.tsv")
        stem = str(events_file).removesuffix("_events.tsv")
        events = read_session(stem).events
        heard = dict(np.load(tmp_path / "heard.npz"))
        return heard, stem, events[events["trial_type"] == "sound"]

    return run


def band(heard, frequency, width=200):
    """Return the envelope of what is heard around `frequency`."""
    edges = (frequency - width / 2, frequency + width / 2)
    around = sosfiltfilt(butter(2, edges, "bandpass", fs=RATE, output="sos"), heard["samples"])
    window = RATE // 200
    return np.sqrt(np.convolve(around**2, np.ones(window) / window, mode="same"))


def onsets(heard, frequency):
    """Return the LSL times at which something begins to be heard around `frequency`."""
    envelope = band(heard, frequency)
    loud = envelope > 0.3 * envelope.max()
    begins = heard["at"][1:][loud[1:] & ~loud[:-1]]
    # A sound card that was not served in time is silent for some milliseconds.
    return begins[np.diff(begins, prepend=-np.inf) > 0.1]


def pitch_heard(heard, begins, seconds):
    """Return the frequency in Hz, below 1200, that is loudest in a stretch of time."""
    within = (heard["at"] >= begins) & (heard["at"] < begins + seconds)
    samples = heard["samples"][within]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return frequencies[np.argmax(np.where(frequencies < 1200, spectrum, 0))]


@pytest.mark.row(38)
@pytest.mark.slow
@pytest.mark.parametrize("library", ["psychtoolbox", "sounddevice"])
def test_row_119_the_pitch_follows_the_value_and_each_reward_is_heard(hear, library):
    heard, stem, events = hear("session", library)

    for value, frequency in [(0.0, 220), (0.5, 440), (1.0, 880)]:
        pitch = pitch_heard(heard, heard[f"pitch {value}"] + 0.4, 0.5)
        assert abs(12 * np.log2(pitch / frequency)) < 0.5, f"{pitch} Hz is another note"

    chimes = onsets(heard, CHIME)
    assert heard["rewarded"] >= 5
    assert len(chimes) == heard["chimes"] == heard["rewarded"]
    assert heard["in all"] > heard["rewarded"], "points were counted at rest, and not heard"
    told = events[events["value"] == "reward"]["t"].to_numpy()
    assert len(told) == len(chimes)
    between = np.abs(chimes[:, None] - told)
    assert (between.argmin(axis=1) == np.arange(len(told))).all(), "each next to its own event"

    assert len(onsets(heard, ERROR)) == heard["mistakes"] == 2
    assert (events["value"] == "oops").sum() == 2
    holds = heard["at"][band(heard, CRITERION) > 0.3 * band(heard, CRITERION).max()]
    assert heard["holds"] < holds[0] < holds[-1] < heard["loud 0.5"] + 0.3
    assert holds[-1] - holds[0] > 0.7, "the tone lasts as long as the criterion holds"

    quiet, loud = (
        np.median(band(heard, LOUDNESS)[_within(heard, heard[f"loud {one}"] + 0.25, 0.2)])
        for one in (0.5, 1.0)
    )
    assert 14 < 20 * np.log10(loud / quiet) < 16

    rest = heard["samples"][_within(heard, heard["rest"] + 0.2, 1.2)]
    assert np.abs(rest).max() < 1e-3, "nothing is heard in a block without feedback"

    microphone = Path(stem).parent / "microphone.csv"
    pd.DataFrame({"t": heard["at"], "mic": heard["samples"]}).to_csv(microphone, index=False)
    command = [sys.executable, "-m", "psychopy_nfb.cli", "photodiode", stem, "--sound"]
    done = subprocess.run(
        [*command, "--signal", str(microphone)], capture_output=True, text=True, timeout=120
    )
    assert "Sounds: mic" in done.stdout, done.stderr
    found = pd.read_csv(f"{stem}_sound.csv")
    found = found[found.name == "reward"].t_heard.to_numpy()
    assert found == pytest.approx(chimes - _swell_seconds(), abs=0.002), "by another measure"

    settings = json.loads(Path(f"{stem}_nfb.json").read_text("utf-8"))
    assert set(settings["sounds"]) == {"reward", "pitch", "criterion", "oops", "loudness"}
    assert settings["sounds"]["reward"]["backend"] == library
    assert settings["sounds"]["reward"]["latency"] > 0


@pytest.mark.campaign
@pytest.mark.slow
def test_row_119_onsets_are_those_of_the_events(hear):
    heard, _, events = hear("many", buffer={})
    told = events[events["value"] == "reward"]["t"].to_numpy()
    chimes = onsets(heard, CHIME)
    assert len(chimes) == len(told) == heard["chimes"]
    late = chimes - told
    swell = _swell_seconds()
    print(f"median {np.median(late - swell) * 1e3:.2f} ms, SD {np.std(late) * 1e3:.2f} ms")
    assert abs(np.median(late - swell)) < 0.002
    assert np.std(late) < 0.001


def _within(heard, begins, seconds):
    return (heard["at"] >= begins) & (heard["at"] < begins + seconds)


def _swell_seconds():
    """Return how long after its onset a chime is loud enough for `onsets`."""
    from psychopy_nfb.display.waveforms import tone

    alone = np.concatenate([np.zeros(RATE), tone(CHIME, 0.05, 0.3, RATE), np.zeros(RATE)])
    return onsets({"samples": alone, "at": np.arange(len(alone)) / RATE - 1.0}, CHIME)[0]


class Session:
    """As much of a session as a sound without a speaker asks for."""

    showing = True

    @property
    def _marks(self):
        return self

    def tell_sound(self, name, facts):
        self.told = {name: facts}
        return True


def test_without_a_sound_device_one_sentence_says_what_to_do(monkeypatch, caplog):
    def nothing(name):
        raise OSError("no devices")

    monkeypatch.setattr("psychopy_nfb.display.speaker._opened", nothing)
    with pytest.raises(NfbError, match=r"speaker=None: no sound device .*required=False") as said:
        FeedbackTone(Session(), "reward")
    assert str(said.value).count(".") <= 2

    session = Session()
    silent = FeedbackTone(session, "reward", required=False)
    for rewards in (0, 1, 2):
        silent.value = rewards
        silent.update()
    assert silent.played == 0
    assert silent.speaker is None
    assert session.told["reward"]["silent"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "melody"}, "kind='melody': must be one of 'pitch', 'loudness'"),
        ({"frequencies": (440, 220)}, "frequencies=.*at least 20 Hz above"),
        ({"frequencies": 440}, "frequencies=440: must be the lowest and the highest"),
        ({"kind": "reward", "frequency": 5}, "frequency=5: must be at least 20"),
        ({"kind": "reward", "frequencies": (220, 880)}, "frequencies=.*is for kind pitch only"),
        ({"frequency": 440}, "frequency=440: is not for kind pitch; give frequencies"),
        ({"kind": "reward", "sound": "nix.wav"}, "sound='nix.wav': cannot be read as a sound"),
        ({"volume": 2}, "volume=2: must be .*at most 1"),
        ({"sound": "gong.wav"}, "sound='gong.wav': is for kind reward or error"),
    ],
)
def test_what_cannot_be_heard_is_refused(settings, said):
    with pytest.raises(NfbError, match=said):
        FeedbackTone(Session(), required=False, **settings)
