"""`psychopy-nfb bench display`: how much of a bar's height the usual training uses."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.channels import EEG
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.dsp.rhythm import acausal_analytic
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Comparison, value_name
from psychopy_nfb.protocol.comparison import SHOWN_PERCENTILES
from psychopy_nfb.recording.eeg_files import read_recording
from psychopy_nfb.simulate.eeg_model import SimulatedEEG

BASELINE_SECONDS = 60.0
BAND = (8.0, 12.0)
SIMULATED_SECONDS = 180.0
FRAME_RATE = 60.0
BAR_PIXELS = 480
"""Height of a bar on a display of 800 pixels."""
CHUNK_SECONDS = 0.02
TURN_SHARE = 0.05
"""Of the height: a change of direction counts as a turn after so much."""
MOST = {"empty_percent": 8.0, "full_percent": 8.0}
MEDIAN = (30.0, 70.0)


def measure(options: argparse.Namespace) -> Outcome:
    """Pass recordings, or a simulated person, through the usual training, frame by frame.

    The first minute is the baseline, the figures are of the rest. The channel is Oz, or else O2.
    """
    sources = options.recordings or ["simulator"]
    rows = [
        bar_use(*_samples(source, options.units, options.stream), name=Path(source).name)
        for source in tqdm(sources, desc="bench display", unit="recording", disable=None)
    ]
    held = sum(row["held"] for row in rows)
    return Outcome(
        {"recordings": len(rows), "recordings_held": held},
        conditions={"baseline_seconds": BASELINE_SECONDS, "frame_rate": FRAME_RATE},
        rows=rows,
    )


def bar_use(samples: np.ndarray, info: SignalInfo, name: str = "") -> dict[str, object]:
    """Return how a bar moves after a baseline.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        Microvolts; longer than the baseline of a minute.
    info : SignalInfo
        Channels and rate.
    name : str
        Of the recording.

    Returns
    -------
    dict
        Percent of frames in which the bar is empty and full, its median height in percent, turns a
        second of the bar, of one without smoothing and of the true amplitude, whether the bars
        hold, and the delay in ms of the filter and the smoothing.
    """
    channel = next((one for one in ("Oz", "O2") if one in info.labels), None)
    if channel is None:
        raise SettingsError("recordings", name, "has neither Oz nor O2")
    training = standard_training(channels=channel, band=BAND)
    processor = Processor(training, info)
    chunk, n_baseline = round(CHUNK_SECONDS * info.rate), round(BASELINE_SECONDS * info.rate)
    if len(samples) < n_baseline + info.rate:
        raise SettingsError(
            "recordings", name, f"is shorter than {BASELINE_SECONDS + 1:g} s; take a longer one"
        )
    processor.begin_baseline()
    for at in range(0, n_baseline, chunk):
        processor.process(samples[at : min(at + chunk, n_baseline)])
    processor.end_baseline()
    settings = processor.configuration.signals[training.first]
    comparison = Comparison(settings)
    values = np.concatenate(
        [
            processor.process(samples[at : at + chunk]).values
            for at in range(n_baseline, len(samples), chunk)
        ]
    )
    frames = np.arange(0, len(values), info.rate / FRAME_RATE).astype(int)
    names = training.value_names
    shown = values[frames, names.index(value_name(training.first, "value"))]
    z = values[frames, names.index(value_name(training.first, "z"))]
    unsmoothed = np.array([comparison.shown(one) for one in z])
    true = _true_heights(samples, info, channel, n_baseline)[frames]
    seconds = len(shown) / FRAME_RATE
    pixels = np.round(shown * BAR_PIXELS)
    figures = {
        "empty_percent": 100 * float(np.mean(pixels == 0)),
        "full_percent": 100 * float(np.mean(pixels == BAR_PIXELS)),
        "median_percent": 100 * float(np.median(shown)),
    }
    held = all(figures[one] <= most for one, most in MOST.items())
    return {
        "recording": name,
        **figures,
        "turns_per_second": turns(shown) / seconds,
        "turns_unsmoothed": turns(unsmoothed) / seconds,
        "turns_true": turns(true) / seconds,
        "held": held and MEDIAN[0] <= figures["median_percent"] <= MEDIAN[1],
        "filter_ms": 1e3 * processor.delay,
        "smoothing_ms": 1e3 * settings.display_smoothing,
    }


def _true_heights(
    samples: np.ndarray, info: SignalInfo, channel: str, n_baseline: int
) -> np.ndarray:
    """Return the bar that knew the future: the band's acausal amplitude, shown in the same way."""
    referenced = samples[:, [info.labels.index(channel)]] - samples.mean(axis=1, keepdims=True)
    amplitude = np.abs(acausal_analytic(referenced, info.rate, BAND, 0.0)[:, 0])
    points = np.percentile(amplitude[:n_baseline], SHOWN_PERCENTILES)
    return np.interp(amplitude[n_baseline:], points, [0.0, 0.5, 1.0])


def turns(heights: np.ndarray) -> int:
    """Return how often a bar changes its direction, wiggles below `TURN_SHARE` left out.

    Parameters
    ----------
    heights : ndarray, shape (n,)
        0 to 1.

    Examples
    --------
    >>> turns(np.array([0.0, 0.5, 0.47, 0.6, 0.2, 0.9]))
    2
    """
    count, rising, extreme = 0, True, heights[0]
    for height in heights:
        if (height > extreme) == rising:
            extreme = height
        elif abs(height - extreme) > TURN_SHARE:
            count += 1
            rising, extreme = not rising, height
    return count


def _samples(
    source: str, units: str | None = None, stream: str | None = None
) -> tuple[np.ndarray, SignalInfo]:
    if source == "simulator":
        person = SimulatedEEG()
        samples, _ = person.generate(round(SIMULATED_SECONDS * person.rate))
        return samples, SignalInfo(person.rate, tuple(person.channels))
    recording = read_recording(source, stream, units=units)
    eeg = [place for place, kind in enumerate(recording.kinds) if kind == EEG]
    labels = tuple(recording.labels[place] for place in eeg)
    return recording.samples[:, eeg], SignalInfo(recording.rate, labels)
