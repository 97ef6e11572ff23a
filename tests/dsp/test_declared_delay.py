"""The delay that a pipeline declares is the one that a swelling amplitude really undergoes."""

from __future__ import annotations

import numpy as np
import pytest
import signals

from psychopy_nfb import dsp
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.engine.presets import standard_pipeline
from psychopy_nfb.errors import SettingsError

RATE = 250.0
BANDS = ((4.0, 8.0), (8.0, 12.0), (12.0, 15.0), (30.0, 45.0))
DELAYS = (0.0, 0.01, 0.3, 0.6, 1.0)
CHOSEN = ("wcFIR", "cFIR", "LS-FIR", "AR-Hilbert")


def measured(out, envelope, slow, quiet=0):
    """Return seconds by which `out` follows `envelope`, which swells at `slow` Hz.

    From the phase of the swelling in the last whole periods, which is ambiguous by a period, and
    from when `out` begins, which is not, if there were `quiet` samples of nothing.
    """
    last = slice(len(out) - round(2 / slow * RATE), len(out))
    turns = np.exp(-2j * np.pi * slow * np.arange(len(out)) / RATE)[last]
    phase = np.angle((out[last] * turns).sum() / (envelope[last] * turns).sum())
    delay = -phase / (2 * np.pi * slow)
    about = (np.argmax(out > out[last].mean() / 2) - quiet) / RATE if quiet else 0.5 / slow
    return delay + round((about - delay) * slow) / slow


@pytest.mark.parametrize(
    ("envelope", "band"),
    [(name, band) for name in ESTIMATORS for band in BANDS if name != "AR-Hilbert"]
    + [("AR-Hilbert", (8.0, 12.0))],  # slow to try
    ids=str,
)
def test_a_pipeline_declares_its_delay_whatever_is_chosen(envelope, band):
    delays = (0.01, 1.0) if envelope == "AR-Hilbert" else DELAYS
    for delay in delays if envelope in CHOSEN else (0.0,):
        pipeline = standard_pipeline(
            "Oz", band, reference="as recorded", envelope=envelope, delay=delay
        )
        pipeline.prepare(dsp.SignalInfo(rate=RATE, labels=("Oz",)))
        quiet = round(2 * RATE)
        wave, swelling = signals.swelling_sine(round(10 * RATE), RATE, sum(band) / 2)
        wave[:quiet] = 0
        late = measured(pipeline.process(wave[:, None])[0][:, 0], swelling, 0.5, quiet)
        assert late == pytest.approx(pipeline.delay, abs=1 / RATE), delay


@pytest.mark.parametrize(
    "step",
    [
        *(dsp.MovingAverage(seconds) for seconds in (0.5, 2.0, 3.0, 5.0)),
        *(dsp.SavitzkyGolay(seconds) for seconds in (2.0, 5.0)),
        dsp.ExponentialAverage(0.5),
    ],
    ids=str,
)
def test_a_long_smoother_declares_its_delay(step):
    step.prepare(dsp.SignalInfo(rate=RATE, labels=("Oz",)))
    slow = min(0.5, 0.3 / step.declared_delay)  # so that it comes through at all
    _, swelling = signals.swelling_sine(round((4 / slow + 10) * RATE), RATE, slow=slow)
    late = measured(step.process(swelling[:, None])[:, 0], swelling, slow)
    assert late == pytest.approx(step.declared_delay, abs=1 / RATE)


@pytest.mark.parametrize("delay", [1.1, 2, 10, 50])
@pytest.mark.parametrize("envelope", CHOSEN)
def test_milliseconds_in_place_of_seconds_are_refused(envelope, delay):
    with pytest.raises(SettingsError, match=rf"did you mean {delay / 1000:g} s\?"):
        standard_pipeline("Oz", (8, 12), envelope=envelope, delay=delay)
