"""A baseline that is refused names the channel that spoils it."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb import StreamSelection, standard_training
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.engine.channel_watch import ChannelWatch
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError

LABELS = ("Fz", "C3", "C4", "Oz")


@pytest.mark.parametrize(
    ("value", "cause"),
    [(0.0, "was flat in C3"), (np.nan, "no valid values in C3"), (1e9, "no valid values in C3")],
)
def test_a_refused_baseline_names_the_channel_of_the_reference(value, cause):
    eeg = 8 * np.random.default_rng(0).standard_normal((2500, 4))
    eeg[:, 1] = value
    training = standard_training(
        StreamSelection(name="amplifier"), channels="Oz", reference="average"
    )
    processor = Processor(training, SignalInfo(250.0, LABELS))
    processor.begin_baseline()
    for chunk in np.array_split(eeg, 50):
        processor.process(chunk)
    with pytest.raises(SettingsError) as refusal:
        processor.end_baseline()
    assert f"{cause} (the average reference of 'trained')" in str(refusal.value)
    assert "Oz" not in str(refusal.value)


def test_eeg_of_a_wrong_unit_is_told_by_its_unit_and_in_one_sentence(until):
    eeg = 3000 * np.random.default_rng(0).standard_normal(
        (2500, 4)
    )  # millivolts, really microvolts
    info = SignalInfo(250.0, LABELS)
    training = standard_training(
        StreamSelection(name="amplifier"), channels="Oz", reference="average"
    )
    processor = Processor(training, info)
    processor.begin_baseline()
    processor.process(eeg)
    with pytest.raises(SettingsError, match="set the unit that the stream really sends"):
        processor.end_baseline()
    watch = ChannelWatch(info, processor.uses())
    for window in np.split(eeg, 5):
        watch.add(window)
        until(watch._judged.is_set, 10, "the verdicts")
    (told,) = watch.found
    assert told["sentence"].startswith("4 of 4 channels (Fz, C3, C4, Oz) are bad in the same way")
    assert "check the unit" in told["sentence"]
