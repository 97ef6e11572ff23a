import numpy as np
import pytest

from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import BaselineRecorder


def test_flagged_samples_are_left_out_but_not_those_of_the_calibration_itself():
    recorder = BaselineRecorder(rate=100.0)
    flags = np.zeros(600, np.uint32)
    flags[:100] = Flags.AMPLITUDE
    flags[100:] = Flags.CALIBRATING | Flags.UNCALIBRATED
    signal = np.r_[np.full(100, 1000.0), np.tile([1.0, 3.0], 250)]
    recorder.add(signal, flags)
    baseline = recorder.finish()
    assert (baseline.mean, baseline.sd, baseline.maximum) == (2.0, 1.0, 3.0)
    assert baseline.seconds == 5.0
    assert baseline.share_rejected == pytest.approx(100 / 600)


def test_too_little_clean_signal_says_how_much_there_was():
    recorder = BaselineRecorder(rate=100.0, label="eyes open")
    recorder.add(np.arange(500.0), np.full(500, Flags.BURST, np.uint32))
    recorder.add(np.arange(150.0), np.zeros(150, np.uint32))
    with pytest.raises(SettingsError) as caught:
        recorder.finish()
    assert str(caught.value) == (
        "baseline='eyes open': has 1.5 s of clean signal out of 6.5 s but needs 2 s; check the "
        "electrodes, sit still and repeat it."
    )


def test_a_dead_channel_is_no_baseline():
    recorder = BaselineRecorder(rate=100.0)
    recorder.add(np.zeros(500), np.zeros(500, np.uint32))
    with pytest.raises(SettingsError, match="does not vary at all"):
        recorder.finish()
