"""A session's EEG as a report needs it: in microvolts, block by block, without artifacts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from psychopy_nfb.channels import EEG, VOLTAGES
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.report.session_data import Block, SessionData

logger: logging.Logger = logging.getLogger(__name__)

WINDOW_SECONDS = 2.0
"""Length of the pieces of which spectra and verdicts are made."""
FEWEST_SAMPLES = 32
"""Of a window: fewer tell nothing of a spectrum."""
FEWEST_WINDOWS = 3
"""Of a spectrum."""
MOST_WINDOWS = 200
"""Of a spectrum or verdict, spread evenly over a block: more change nothing that can be seen."""


@dataclass
class SessionEEG:
    """The samples of a session."""

    samples: np.ndarray
    """(n, n_channels), in the stream's own unit."""
    scales: np.ndarray
    """(n_channels,) microvolts per unit."""
    rate: float
    """In Hz."""
    labels: list[str]
    kinds: dict[str, str] = field(default_factory=dict)
    """Kind by label of the channels that are no EEG."""
    steady: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    """(n,) whether a sample follows the one before without a gap."""

    @property
    def eeg(self) -> list[str]:
        """Labels of the channels that are EEG."""
        return [label for label in self.labels if self.kinds.get(label, EEG) == EEG]

    @property
    def window(self) -> int:
        """Samples of a window."""
        return round(WINDOW_SECONDS * self.rate)

    def microvolts(self, begin: int, labels: list[str]) -> np.ndarray:
        """Return the window that begins at a sample, (n, n_labels), without its mean."""
        places = [self.labels.index(label) for label in labels]
        part = self.samples[begin : begin + self.window][:, places] * self.scales[places]
        return part - part.mean(axis=0)


def session_eeg(data: SessionData) -> SessionEEG | None:
    """Return the samples; None if they cannot be read, or the values of the signals cannot."""
    if data.signals is None or data.eeg is None:
        return None
    try:
        return _session_eeg(data, data.eeg)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        logger.warning("%s: headers or settings of the EEG are damaged.", data.files.eeg.name)
        return None


def _session_eeg(data: SessionData, stream: dict[str, Any]) -> SessionEEG | None:
    settings = data.settings.get("stream") or {}
    samples = np.asarray(stream["time_series"])
    stamps = np.asarray(stream["time_stamps"])
    rate = float(stream["info"]["nominal_srate"][0])
    if not rate > 0 or not len(stamps) or round(WINDOW_SECONDS * rate) < FEWEST_SAMPLES:
        return None
    channels = stream["info"]["desc"][0]["channels"][0]["channel"]
    labels = [channel["label"][0] for channel in channels]
    steps = np.diff(stamps, prepend=stamps[0])
    kinds = dict(settings.get("kinds") or {})
    scales = list(settings.get("microvolts_per_unit") or [1.0] * len(labels))
    for label in labels[len(scales) :]:  # of a second stream
        kinds[label] = "MISC"
    scales += [1.0] * (len(labels) - len(scales))
    steady = np.abs(steps) < 2 / rate
    return SessionEEG(samples, np.array(scales, float), rate, labels, kinds, steady)


def windows(data: SessionData, eeg: SessionEEG, block: Block, clean: bool) -> list[int]:
    """Return the samples at which windows of a block begin, at most `MOST_WINDOWS`.

    Parameters
    ----------
    data : SessionData
        The session.
    eeg : SessionEEG
        Its samples.
    block : Block
        Which block.
    clean : bool
        Only windows without any artifact of the trained signal; without a gap they all are.
    """
    signals = data.signals
    inside = ((signals.t >= block.begin) & (signals.t < block.end)).to_numpy()
    numbers = signals["sample"].to_numpy()[inside]
    if not len(numbers):
        return []
    bad = ((signals["flags"].to_numpy()[inside] & HOLDING) != 0) & clean
    spoilt = np.zeros(len(eeg.samples) + 1, int)
    np.add.at(spoilt, np.clip(numbers[bad], 0, len(eeg.samples)), 1)
    spoilt[: len(eeg.steady)] += ~eeg.steady
    counted = np.concatenate(([0], np.cumsum(spoilt)))
    length = eeg.window
    begins = np.arange(int(numbers[0]), int(numbers[-1]) + 2 - length, max(1, length // 2))
    begins = begins[(begins >= 0) & (begins + length <= len(eeg.samples))]
    begins = begins[counted[begins + length] == counted[begins]]
    step = max(1, -(-len(begins) // MOST_WINDOWS))
    return begins[::step].tolist()


def judged_kinds(eeg: SessionEEG) -> list[str]:
    """Return the labels of the channels that are voltages."""
    return [label for label in eeg.labels if eeg.kinds.get(label, EEG) in VOLTAGES]


def trained_band(data: SessionData) -> tuple[float, float] | None:
    """Return the band of the first signal in Hz; None if it has none."""
    for step in (data.first.get("pipeline") or {}).get("steps") or []:
        band = step.get("band")
        if isinstance(band, list) and [type(edge) for edge in band] in ([float] * 2, [int] * 2):
            return float(band[0]), float(band[1])
    return None


def trained_labels(data: SessionData, eeg: SessionEEG) -> list[str]:
    """Return the channels that the first signal is made of; all EEG where nothing names them."""
    for step in (data.first.get("pipeline") or {}).get("steps") or []:
        if step.get("type") == "Pick":
            named = [label for label in step.get("channels") or [] if label in eeg.labels]
            if named:
                return named
    return eeg.eeg
