"""What the background process reports reaches who has set up no logging: stderr shows it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from psychopy_nfb.process import child_environment

STEP = """
from dataclasses import dataclass

from psychopy_nfb.dsp import Step


@dataclass
class Short(Step):
    def prepare(self, info):
        return info

    def process(self, samples):
        return samples[:-1]
"""
SCRIPT = """
import sys
import time

from psychopy_nfb import Neurofeedback, load_plugins, read_configuration

load_plugins(["short.py"])
steps = [{"type": "Pick", "channels": ["Oz"]}, {"type": "Short"}]
training = read_configuration(
    {"stream": {"test_signal": True}, "signals": {"one": {"pipeline": {"steps": steps}}}}
)
with Neurofeedback(training, plugins=["short.py"]) as nfb:
    with nfb.baseline("rest"):
        time.sleep(3)
    print(nfb.refusal)
    ends = time.monotonic() + 20
    while not nfb.flags and time.monotonic() < ends:
        nfb.update()
        time.sleep(0.01)
"""


@pytest.mark.slow
def test_a_step_that_fails_is_named_on_stderr_once(tmp_path):
    (tmp_path / "short.py").write_text(STEP, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env=child_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    told = [line for line in ran.stderr.splitlines() if "bring no reward" in line]
    line = 1 + STEP.splitlines().index("    def process(self, samples):")
    assert len(told) == 1
    assert told[0].startswith("signals.one.pipeline.steps[1] (Short of short.py (SHA-256 ")
    assert f"line {line} of {tmp_path / 'short.py'}); correct its code. Its samples" in told[0]
    assert f"line {line} of {tmp_path / 'short.py'}); correct its code, then repeat" in ran.stdout
