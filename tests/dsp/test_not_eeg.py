"""Channels that are no EEG beside it change nothing of what the EEG becomes."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.channels import not_eeg
from psychopy_nfb.dsp import (
    ASR,
    LSFIR,
    WCFIR,
    ArtifactGate,
    BadChannels,
    CarbonWireLoops,
    Flags,
    GradientTemplate,
    KalmanOscillator,
    Pick,
    Pipeline,
    Reference,
    Repair,
    SignalInfo,
    SpatialFilter,
)
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.errors import SettingsError

RATE = 250.0
EEG = ("Fp1", "Fp2", "C3", "Cz", "C4", "Pz", "Oz", "T7")
OTHERS = ("TRIGGER", "Counter", "Battery", "Acc X", "SpO2")
ALONE = SignalInfo(RATE, EEG)
LABELS = ("TRIGGER", *EEG, *OTHERS[1:])
TOGETHER = SignalInfo(RATE, LABELS, kinds=not_eeg(LABELS))
PLACES = [LABELS.index(label) for label in EEG]


@pytest.fixture(scope="module")
def samples():
    """Return 20 s of both: EEG alone, and beside channels that are no EEG."""
    random = np.random.default_rng(5)
    t = np.arange(round(20 * RATE)) / RATE
    alpha = 10 * np.sin(2 * np.pi * 10 * t) * (1 + np.sin(2 * np.pi * 0.1 * t))
    eeg = 5 * random.standard_normal((len(t), len(EEG))) + np.outer(alpha, np.linspace(0.2, 1, 8))
    n = np.arange(len(t))
    together = np.empty((len(t), len(LABELS)))
    together[:, PLACES] = eeg
    together[:, 0] = -8191999.0 + 255 * (n // 500 % 2)  # a status word
    together[:, 9] = n
    together[:, 10], together[:, 11], together[:, 12] = 87.0, 0.98, 97.0
    return eeg, together


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reference("average"),
        lambda: Reference("average", exclude=["T7"]),
        lambda: Reference("linked", channels=["Fp1", "T7"]),
        lambda: BadChannels(["Cz"]),
        lambda: ArtifactGate(100.0),
        lambda: GradientTemplate(tr=1.0, fewest=2),
        lambda: CarbonWireLoops(["T7"], lag=0.02, window=2.0),
    ],
    ids=["average", "exclude", "linked", "bad", "gate", "gradient", "wires"],
)
def test_a_step_does_to_the_eeg_what_it_does_to_eeg_alone(samples, make):
    eeg, together = samples
    alone, beside = make(), make()
    alone.prepare(ALONE)
    assert beside.prepare(TOGETHER).labels == LABELS
    wanted, found = alone.process(eeg), beside.process(together)
    assert np.abs(found[:, PLACES] - wanted).max() < 1e-9
    others = [place for place in range(len(LABELS)) if place not in PLACES]
    late = round(beside.declared_delay * RATE)
    assert (found[late:, others] == together[: len(together) - late, others]).all()
    if alone.flags is not None:
        assert (beside.flags == alone.flags).all()


def test_a_laplacian_of_all_channels_is_of_the_eeg_alone(samples):
    eeg, together = samples
    # Declared as a trigger, though called like an electrode.
    info = SignalInfo(RATE, LABELS, kinds={**TOGETHER.kinds, "T7": "STIM"})
    found = Reference("laplacian", neighbours=3)
    assert found.prepare(info).labels == EEG[:-1]
    wanted = Reference("laplacian", neighbours=3, exclude=["T7"])
    labels = wanted.prepare(ALONE).labels
    assert np.abs(found.process(together) - wanted.process(eeg)[:, : len(labels)]).max() < 1e-9


@pytest.mark.parametrize("make", [WCFIR, LSFIR, KalmanOscillator])
def test_a_filter_learns_from_the_eeg_alone(samples, make):
    eeg, together = samples
    alone, beside = make(), make()
    alone.prepare(ALONE)
    beside.prepare(TOGETHER)
    alone.fit(eeg)
    beside.fit(together)
    assert np.abs(beside.process(together)[:, PLACES] - alone.process(eeg)).max() < 1e-9


def test_asr_uses_no_other_channels():
    pytest.importorskip("meegkit")
    step = ASR()
    step.prepare(TOGETHER)
    assert step._labels == list(EEG)


def test_pick_and_refusals_name_the_channels():
    assert Pick(exclude=["T7"]).prepare(TOGETHER).labels == EEG[:-1]
    assert Pick(["TRIGGER"]).prepare(TOGETHER).labels == ("TRIGGER",)
    muscles = SignalInfo(RATE, ("EMG1", "EMG2"), kinds=not_eeg(("EMG1", "EMG2")))
    assert Pick().prepare(muscles).labels == ("EMG1", "EMG2")
    with pytest.raises(SettingsError, match=r"0 of 2 reach it \(no EEG: EMG1, EMG2\)"):
        Reference("average").prepare(muscles)


def test_a_gate_behind_a_channel_that_is_no_eeg_judges_it():
    info = SignalInfo(RATE, ("EMG1",), kinds={"EMG1": "EMG"})
    gate = ArtifactGate(100.0)
    gate.prepare(info)
    gate.process(np.full((3, 1), 200.0))
    assert (gate.flags & int(Flags.AMPLITUDE)).all()


def test_no_limit_of_volts_is_laid_on_what_is_no_voltage(samples):
    _, together = samples
    repair = Repair()
    repair.prepare(TOGETHER)
    assert (repair.process(together) == together).all()
    together = together[:2].copy()
    together[1, :2] = np.inf, 2e6
    repair.reset()
    found = repair.process(together)
    assert found[1, 0] == together[0, 0]  # not even a trigger may be infinite
    assert found[1, 1] == together[0, 1]


def test_a_flat_trigger_flags_no_signal_that_names_it_beside_eeg():
    mixed = SpatialFilter({"one": {"Oz": 1.0, "Acc X": -0.1}})
    chain = SignalChain(Pipeline([mixed]), TOGETHER)
    assert chain.used_channels.tolist() == [LABELS.index("Oz")]
    alone = SignalChain(Pipeline([Pick(["Acc X"])]), TOGETHER)
    assert alone.used_channels.tolist() == [LABELS.index("Acc X")]
    average = SignalChain(Pipeline([Reference("average"), Pick(["Oz"])]), TOGETHER)
    assert average.used_channels.tolist() == PLACES
