"""Signals of a recorded block through the filters of now, and signals like a baseline's."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np

from psychopy_nfb.dsp import Pipeline, Repair, SignalInfo
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol.shown import Extract, SignalSeries

CHUNK = 1000
"""Samples that are processed at once."""


def replayed(extract: Extract, pipelines: Mapping[str, Pipeline], info: SignalInfo) -> SignalSeries:
    """Return what signals a recorded block gives with the filters as they are now.

    Parameters
    ----------
    extract : Extract
        The block, and what came before it.
    pipelines : mapping of str to Pipeline
        By signal; they are copied.
    info : SignalInfo
        Of the samples that the filters are for.

    Raises
    ------
    SettingsError
        If the block has another rate, or lacks a channel that a signal is made of.
    """
    if extract.rate != info.rate:
        raise SettingsError(
            "session",
            f"{extract.rate:g} Hz",
            f"is another rate than the stream's, {info.rate:g} Hz, for which the filters are made",
        )
    samples = _channels_of(extract, info)
    repair = Repair()
    repair.prepare(info)
    chains = {}
    for name, pipeline in pipelines.items():
        own = copy.deepcopy(pipeline)
        chains[name] = SignalChain(own, info)
        own.reset()
        lacks = [info.labels[at] for at in chains[name].used_channels]
        lacks = [label for label in lacks if label not in extract.labels]
        if lacks:
            raise SettingsError(
                "session", listed(extract.labels), f"lack {listed(lacks)}, of which {name} is made"
            )
    signals: dict[str, list[np.ndarray]] = {name: [] for name in chains}
    flags: dict[str, list[np.ndarray]] = {name: [] for name in chains}
    for at in range(0, len(samples), CHUNK):
        clean = repair.process(samples[at : at + CHUNK])
        for name, chain in chains.items():
            repaired = repair.flags_of(chain.used_channels)
            signal, bits, rows = chain.process(clean, repaired)
            inside = at + rows >= extract.lead
            signals[name].append(np.array(signal)[inside])
            flags[name].append(np.array(bits, np.uint32)[inside] & np.uint32(HOLDING))
    return SignalSeries(
        {name: np.concatenate(parts) for name, parts in signals.items()},
        {name: np.concatenate(parts) for name, parts in flags.items()},
    )


def _channels_of(extract: Extract, info: SignalInfo) -> np.ndarray:
    """Return the block's samples in microvolts, in the channels and their order of `info`."""
    places = {label: place for place, label in enumerate(extract.labels)}
    samples = np.zeros((len(extract.samples), info.n_channels))
    for number, label in enumerate(info.labels):
        if label in places:
            at = places[label]
            samples[:, number] = extract.samples[:, at].astype(float) * extract.scales[at]
    return samples
