"""An amplifier on LSL that does one thing in another way than ours: odd_amplifier.py JSON.

Its alpha is 10 Hz on all channels, 0 to 10 microvolts and back in 4 s, with noise of 2 microvolts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pylsl

USUAL = {
    "name": "Odd",
    "source_id": "odd-1",
    "type": "EEG",
    "labels": ["Fp1", "Fp2", "C3", "Cz", "C4", "Pz", "O1", "Oz"],
    "key": "label",  # under which the labels are told
    "types": "EEG",  # one for all channels, or one each; None for not told
    "units": "microvolts",
    "others": {},  # label: "flat", "counter", "battery" (87), "switch" (0 and 4), "gravity" (.98)
    "format": "float32",
    "rate": 250.0,  # as declared
    "real_rate": None,  # the true one, if another
    "drift": 0.0,  # relative change of the true rate a second
    "later_rate": None,  # the true one once the file `once` is there, if it changes
    "once": "",
    "chunk": 5,
    "alpha_on": None,  # the labels that have it; None for all
    "scale": 1.0,  # by which the microvolts are multiplied
    "stamps": "lsl",  # or: arrival, unix, device, zeros, nan, forward, back, same
    "unit_seconds": 1.0,  # of the stamps
    "at": 4.0,  # seconds after which zeros, nan, forward and back happen
    "jump": 2.0,  # seconds of forward and back
    "lost_every": 0,  # of so many chunks one is lost, as on a radio link
    "silent": 0.0,  # seconds after which the first sample is sent
    "held": 0.0,  # seconds for which samples are held back before they are sent
    "seed": 3,
    "seconds": 30.0,
    "stays": 0.0,  # seconds for which the stream is there afterwards
}
CHANNELS = {
    "flat": lambda n: np.zeros(len(n)),
    "counter": lambda n: n % 256,
    "battery": lambda n: np.full(len(n), 87.0),
    "switch": lambda n: np.where(n // 250 % 2, 4.0, 0.0),
    "gravity": lambda n: np.full(len(n), 0.98),
}


def make_outlet(settings: dict) -> pylsl.StreamOutlet:
    """Open the stream with the description that the settings ask for."""
    labels = settings["labels"]
    info = pylsl.StreamInfo(
        settings["name"],
        settings["type"],
        len(labels),
        settings["rate"],
        settings["format"],
        settings["source_id"],
    )
    channels = info.desc().append_child("channels")
    for index, label in enumerate(labels):
        channel = channels.append_child("channel")
        if settings["key"]:
            channel.append_child_value(settings["key"], label)
        for key, told in (("type", settings["types"]), ("unit", settings["units"])):
            text = told[index] if isinstance(told, list) else told
            if text is not None:
                channel.append_child_value(key, text)
    return pylsl.StreamOutlet(info, chunk_size=settings["chunk"])


def samples(settings: dict, numbers: np.ndarray, rate: float, rng: np.random.Generator):
    """Return the samples with these numbers, (n, n_channels), in the stream's unit."""
    t = numbers / rate
    alpha = 5 * (1 - np.cos(2 * np.pi * t / 4)) * np.sin(2 * np.pi * 10 * t)
    # Drawn for the EEG channels alone, so that others beside them leave these as they are.
    eeg = [label for label in settings["labels"] if label not in settings["others"]]
    having = [settings["alpha_on"] is None or label in settings["alpha_on"] for label in eeg]
    waves = np.outer(alpha, having) + 2 * rng.standard_normal((len(t), len(eeg)))
    columns = dict(zip(eeg, (settings["scale"] * waves).T, strict=True)) if _unique(eeg) else None
    if columns is None:
        return settings["scale"] * waves
    for label, kind in settings["others"].items():
        columns[label] = CHANNELS[kind](numbers)
    return np.stack([columns[label] for label in settings["labels"]], axis=1)


def _unique(labels: list) -> bool:
    return len(set(labels)) == len(labels)


def stamped(settings: dict, true: np.ndarray, t: np.ndarray, shift: float) -> np.ndarray:
    """Return the stamps of samples that were taken at `true`, `t` seconds after the start."""
    kind, after = settings["stamps"], t >= settings["at"]
    if kind == "arrival":
        return np.full(len(true), pylsl.local_clock())
    if kind == "same":
        return np.full(len(true), true[0] - t[0] - 50.0)
    if kind in ("unix", "device"):
        return true + shift
    if kind == "zeros":  # for a twelfth of a second
        return np.where(after & (t < settings["at"] + 1 / 12), 0.0, true)
    if kind == "nan":
        return np.where(after & (t < settings["at"] + 1 / 12), np.nan, true)
    jump = {"forward": settings["jump"], "back": -settings["jump"]}.get(kind, 0.0)
    return true + np.where(after, jump, 0.0)


def main() -> None:
    """Send until the time is over."""
    settings = {**USUAL, **json.loads(sys.argv[1])}
    rng = np.random.default_rng(settings["seed"])
    outlet = make_outlet(settings)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    rate = settings["real_rate"] or settings["rate"] or 250.0
    chunk = settings["chunk"]
    start = pylsl.local_clock() + 0.3 + settings["silent"]
    shift = {"unix": time.time() - pylsl.local_clock(), "device": 5.0 - start}.get(
        settings["stamps"], 0.0
    )
    first, t = 0, 0.0
    while t < settings["seconds"]:
        now = rate * (1 + settings["drift"] * t)
        if settings["later_rate"] and Path(settings["once"]).exists():
            now = settings["later_rate"]
        taken = t + (1 + np.arange(chunk)) / now
        t = taken[-1]
        time.sleep(max(0.0, start + t + settings["held"] - pylsl.local_clock()))
        numbers = first + np.arange(chunk)
        first += chunk
        if settings["lost_every"] and first // chunk % settings["lost_every"] == 0:
            continue
        values = samples(settings, numbers, rate, rng)
        if settings["format"].startswith("int"):
            values = np.rint(values).astype(int)
        stamps = stamped(settings, start + taken, taken, shift)
        for row, stamp in zip(
            values.tolist(), (stamps / settings["unit_seconds"]).tolist(), strict=True
        ):
            outlet.push_sample(row, stamp)
    time.sleep(settings["stays"])


if __name__ == "__main__":
    main()
