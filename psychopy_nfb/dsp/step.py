"""What every processing step is: settings as a dataclass, samples in, samples out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from psychopy_nfb.channels import VOLTAGES
from psychopy_nfb.families import join


@dataclass(frozen=True)
class SignalInfo:
    """What a step knows about the samples that reach it."""

    rate: float
    """Samples per second."""
    labels: tuple[str, ...]
    """One label a channel."""
    units: str = "uV"
    """Unit of the samples."""
    positions: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Electrode positions on the unit sphere by label: x right, y front, z up."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Kind by label of the channels that are no EEG, see `psychopy_nfb.channels`. They enter no
    reference and no other mixture that does not name them, and are not judged as EEG."""
    frequency: float | None = None
    """Hz at which frequency-dependent delays are declared: the centre of the trained band."""

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.labels)

    @property
    def eeg(self) -> list[int]:
        """Places of the channels that are EEG."""
        return [place for place, label in enumerate(self.labels) if label not in self.kinds]

    @property
    def eeg_or_all(self) -> list[int]:
        """Places of the channels that are EEG, or of all channels where none is."""
        return self.eeg or list(range(self.n_channels))

    @property
    def voltages(self) -> list[int]:
        """Places of the channels that are measured in volts, such as EEG, EOG, EMG and ECG."""
        return [
            place
            for place, label in enumerate(self.labels)
            if self.kinds.get(label, VOLTAGES[0]) in VOLTAGES
        ]

    def named_not_eeg(self) -> str:
        """Return the channels that are no EEG, for the end of a sentence; empty if there is none.

        Examples
        --------
        >>> SignalInfo(250.0, ("Oz", "TRIGGER"), kinds={"TRIGGER": "STIM"}).named_not_eeg()
        ' (no EEG: TRIGGER)'
        """
        others = [label for label in self.labels if label in self.kinds]
        return f" (no EEG: {', '.join(others)})" if others else ""


class Step:
    """One step of a pipeline.

    A subclass is a dataclass: its fields are its settings, checked in ``__post_init__`` as far as
    they can be without a stream and in `prepare` for the rest. State lives in underscored
    attributes that are no fields, so that settings stay comparable and go to JSON.

    The same samples give the same output (to 1e-9) however they are cut into blocks.

    Examples
    --------
    A step of your own; the manual's page *Your own parts* says how it is used:

    >>> @dataclass
    ... class Squared(Step):
    ...     gain: float = 1.0
    ...
    ...     def prepare(self, info):
    ...         return info
    ...
    ...     def process(self, samples):
    ...         return self.gain * samples**2
    >>> Squared(gain=2.0).process(np.array([[3.0]]))
    array([[18.]])
    >>> del Step.family["Squared"]
    """

    family: ClassVar[dict[str, type[Step]]] = {}
    """Every step by its class's name, which is its ``"type"`` in a settings file."""

    declared_delay: float = 0.0
    """Algorithmic delay in seconds at `SignalInfo.frequency`, known after `prepare`; negative for a
    prediction."""
    settle: float = 0.0
    """Seconds after a reset until the output can be trusted, known after `prepare`."""
    shortest_fit: float = 0.0
    """Seconds of a baseline below which `fit` refuses it, known after `prepare`."""
    spatial: ClassVar[bool] = False
    """Whether it mixes channels and knows no time; all other steps treat each channel by itself."""
    learned: ClassVar[tuple[str, ...]] = ()
    """Settings that `fit` sets, in steps that learn from a baseline."""
    entering: tuple[int, ...] = ()
    """Places of the input channels that others are measured against, in a step that is a reference;
    known after `prepare`."""
    flags: np.ndarray | None = None
    """What the last block's samples are flagged with, uint32 of shape (n_out,), or None."""
    bits: int = 0
    """What the sample that `process_one` took last is flagged with."""
    note: str | None = None
    """What of its settings does not apply to the stream, as a sentence; known after `prepare`."""
    fault: str | None = None
    """Which of the steps within this one has failed, and how."""
    kept: np.ndarray | None = None
    """Rows of the last input block that the output's rows stand for; None when it is all."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        join(Step.family, cls, "step")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        """Learn channels and rate, make a fresh state, and say what comes out.

        Raises
        ------
        SettingsError
            If the settings do not fit this signal.
        """
        raise NotImplementedError

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Map float64 samples of shape (n, n_in) to (n_out, n_out_channels), keeping state.

        The input is never written to; the output may be the input itself.
        """
        raise NotImplementedError

    def process_one(self, value: float) -> float:
        """Map one sample of one channel to one, as `process` does with a block of shape (1, 1).

        Both may be used in turn: they keep the same state. Steps that are often used go without
        arrays here. A call of numpy for one number costs 1 to 3 us when the processor's caches are
        cold, as they are with each single sample of an amplifier; plain arithmetic costs a tenth.
        """
        out = self.process(np.array([[value]]))
        self.bits = 0 if self.flags is None else int(self.flags[0])
        return float(out[0, 0])

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        """Return on which inputs its outputs depend, given on which its own inputs do.

        Both of shape (n_inputs, channels); what is not 0 counts.
        """
        return self.process(inputs) if self.spatial else inputs

    def reset(self) -> None:
        """Forget all samples seen, as after a gap; settings and fitted filters stay."""
