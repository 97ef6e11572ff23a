"""A light sensor's live stream, sent by another process."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid

import numpy as np
import pytest

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.photodiode.sensor_inlet import SensorInlet

SENDER = """
import sys, time, pylsl
name, offset = sys.argv[1], float(sys.argv[2])
info = pylsl.StreamInfo(name, "Light", 1, 200, "float32", name)
outlet, begin, sent = pylsl.StreamOutlet(info), pylsl.local_clock(), 0
while True:
    while sent < (pylsl.local_clock() - begin) * 200:
        t = begin + sent / 200
        outlet.push_sample([t % 1000], t + offset)
        sent += 1
    time.sleep(0.004)
"""


@pytest.mark.parametrize("offset", [0.0, -5000.0, 1.7e9])
def test_samples_have_lsl_times_whatever_clock_stamped_them(offset, caplog):
    name = f"light_{uuid.uuid4().hex[:8]}"
    sender = subprocess.Popen([sys.executable, "-c", SENDER, name, str(offset)])
    try:
        begin = lsl_now()
        sensor = SensorInlet(StreamSelection(type=None, name=name, timeout=20.0))
        opened = lsl_now()
        time.sleep(1.0)
        values, stamps = sensor.all()
    finally:
        sender.kill()
        sender.wait()
    assert len(values) == len(stamps) >= 150
    assert begin - 1 < stamps[0] < opened + 1
    # Each sample is its own time: whatever is added to stamps shows.
    away = stamps % 1000 - values
    assert abs(np.median(away)) < 0.1
    assert np.ptp(away) < 0.01
    assert ("off LSL's clock" in caplog.text) == bool(offset)
