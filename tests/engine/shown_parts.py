"""A training with sources of what is shown, samples for it, and recorded blocks of others."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.dsp import Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.protocol import (
    Reward,
    Signal,
)
from psychopy_nfb.protocol.shown import Extract, FeedbackSeries
from psychopy_nfb.protocol.shown.series import FEEDBACK

RATE = 50.0
INFO = SignalInfo(RATE, ("A", "B"))
BAD = slice(300, 320)
"""Rows in which A is no number, 6 s after the beginning."""
DONOR = {"session": "sub-02", "block": "training", "seconds": 4.0}


def training(shown, **first):
    """Return A, which is trained, and B, which is watched."""
    usual = {"normalise": "none", "threshold": 10.0, "display_range": (0.0, 20.0)}
    return Configuration(
        signals={
            "a": Signal(Pipeline([Pick(["A"])]), **{**usual, **first}),
            "b": Signal(
                Pipeline([Pick(["B"])]),
                role="watch",
                normalise="none",
                threshold=4.0,
                display_range=(0.0, 8.0),
            ),
        },
        reward=Reward(dwell=0.1),
        shown=shown,
    )


def samples(n=1000, seed=1):
    random = np.random.default_rng(seed)
    eeg = np.c_[20 * random.random(n).round(1), 8 * random.random(n)].repeat(10, axis=0)[:n]
    eeg += 0.01 * random.random((n, 2))  # no electrode is off
    eeg[BAD, 0] = np.nan
    return eeg


def run(configuration, commands=(), chunk=1000, eeg=None, donors=None):
    eeg = samples() if eeg is None else eeg
    values, flags = run_offline(configuration, eeg, INFO, commands, chunk=chunk, donors=donors)
    return dict(zip(configuration.value_names, values.T, strict=True)), flags


def show(name, at=100, turn=0):
    return (at, "shown", {"shown": name, "turn": turn})


def donor(n=220, rate=RATE, seed=2):
    """Return what another person was shown: a hit each 20 samples, each third not rewarded."""
    random = np.random.default_rng(seed)
    values = np.zeros((n, len(FEEDBACK)))
    for column, what in enumerate(FEEDBACK[:6]):
        values[:, column] = random.random(n) if what != "beyond" else random.random(n) > 0.5
    columns = {what: values[:, column] for column, what in enumerate(FEEDBACK)}
    columns["hits"][10::20] = 1.0
    rewarded = np.flatnonzero(columns["hits"])
    rewarded = np.delete(rewarded, slice(2, None, 3))
    for what, worth in (("rewards", 1.0), ("reward", 1.0), ("score", 2.0)):
        columns[what][rewarded] = worth
    return FeedbackSeries(values, rate)


def extract(n=500, lead=100, rate=RATE, labels=("B", "A")):
    random = np.random.default_rng(7)
    eeg = random.integers(0, 200, (n + lead, len(labels))).astype(np.float32)
    return Extract(eeg, np.full(len(labels), 0.1), labels, rate, lead)
