"""Signals of a recorded block through the filters of now, and signals like a baseline's."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from psychopy_nfb.dsp import Pipeline, Repair, SignalInfo
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol.shown import Extract, SignalSeries

CHUNK = 1000
"""Samples that are processed at once."""
LEAD_SECONDS = 10.0
"""EEG before a block that is kept with it, for filters to settle."""


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
    signals, flags, _ = through_filters(extract, pipelines, info)
    return SignalSeries(signals, flags)


def through_filters(
    extract: Extract, pipelines: Mapping[str, Pipeline], info: SignalInfo
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Return signals of a recorded block and their flags by name, and their rows in the block.

    Parameters, errors: see `replayed`. Each array is (n_out,).
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
    places: list[np.ndarray] = []
    cuts = sorted({*range(0, len(samples), CHUNK), *extract.breaks, len(samples)})
    for begin, end in pairwise(cuts):
        if begin in extract.breaks:
            repair.reset()
            for chain in chains.values():
                chain.restart()
        clean = repair.process(samples[begin:end])
        rows = np.empty(0, int)
        for name, chain in chains.items():
            repaired = repair.flags_of(chain.used_channels)
            signal, bits, rows = chain.process(clean, repaired)
            inside = begin + rows >= extract.lead
            signals[name].append(np.array(signal)[inside])
            flags[name].append(np.array(bits, np.uint32)[inside] & np.uint32(HOLDING))
        places.append((begin + rows - extract.lead)[begin + rows >= extract.lead])
    return (
        {name: np.concatenate(parts) for name, parts in signals.items()},
        {name: np.concatenate(parts) for name, parts in flags.items()},
        np.concatenate(places),
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
