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


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        (Flags.BURST, "because there were sudden large swings; sit still, blink less, and check "),
        (Flags.FLAT, "because the signal was flat; plug in the electrode and check its cable, "),
        (
            Flags.AMPLITUDE,
            "because the signal was beyond the artifact limit; sit still, blink less, relax ",
        ),
        (
            Flags.GAP,
            "because samples were lost, or the amplifier's time stamps jumped, 450 times, ",
        ),
    ],
)
def test_too_little_clean_signal_says_how_much_there_was_why_and_what_to_do(flag, told):
    recorder = BaselineRecorder(rate=100.0, label="eyes open")
    recorder.add(np.arange(450.0), np.full(450, flag, np.uint32))
    recorder.add(np.arange(50.0), np.full(50, Flags.SETTLING, np.uint32))
    recorder.add(np.arange(150.0), np.zeros(150, np.uint32))
    with pytest.raises(SettingsError) as caught:
        recorder.finish()
    begun = "baseline='eyes open': has 1.5 s of clean signal out of 6.5 s but needs 2 s, "
    assert str(caught.value).startswith(begun + told)
    assert str(caught.value).endswith("then repeat it.")


@pytest.mark.parametrize(
    ("n_gaps", "told"),
    [
        (
            10,
            "because samples were lost, or the amplifier's time stamps jumped, 10 times, and the ",
        ),
        (1, "because the filters were still settling; record for longer, then repeat it."),
    ],
)
def test_filters_that_never_settle_name_the_gaps_as_the_cause(n_gaps, told):
    recorder = BaselineRecorder(rate=100.0)
    flags = np.full(1000, Flags.SETTLING, np.uint32)
    flags[:: 1000 // n_gaps] |= np.uint32(Flags.GAP)
    recorder.add(np.arange(1000.0), flags)
    with pytest.raises(SettingsError) as caught:
        recorder.finish()
    assert told in str(caught.value)


def test_a_dead_channel_is_no_baseline():
    recorder = BaselineRecorder(rate=100.0)
    recorder.add(np.zeros(500), np.zeros(500, np.uint32))
    with pytest.raises(SettingsError, match="does not vary at all"):
        recorder.finish()


def test_one_that_ends_as_it_begins_is_asked_what_lasts_between():
    with pytest.raises(SettingsError) as told:
        BaselineRecorder(rate=250.0).finish()
    assert "no sample came meanwhile; see whether anything lasts between its begin" in str(
        told.value
    )
