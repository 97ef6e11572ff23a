"""Files and packages as a lab writes them, for tests of own parts."""

from __future__ import annotations

import hashlib
import importlib
import sys
from contextlib import contextmanager

STEP = '''
from dataclasses import dataclass

import numpy as np

from psychopy_nfb.dsp import Estimator, Step


@dataclass
class Halved(Step):
    """Half of the sum of this sample and the one before."""

    gain: float = 1.0

    def prepare(self, info):
        self._n_channels = info.n_channels
        self.declared_delay = 0.5 / info.rate
        self.reset()
        return info

    def reset(self):
        self._last = np.zeros((1, self._n_channels))

    def process(self, samples):
        all_of_them = np.concatenate([self._last, samples])
        self._last = all_of_them[-1:]
        return self.gain * (all_of_them[1:] + all_of_them[:-1]) / 2
'''
ESTIMATOR = '''

@dataclass
class Swing(Step):
    """The largest of the last samples."""

    band: tuple[float, float] = (8.0, 12.0)
    length: int = 25

    def prepare(self, info):
        self._n_channels = info.n_channels
        self.reset()
        return info

    def reset(self):
        self._before = np.zeros((self.length - 1, self._n_channels))

    def process(self, samples):
        x = np.concatenate([self._before, np.abs(samples)])
        self._before = x[len(samples):]
        return np.lib.stride_tricks.sliding_window_view(x, self.length, axis=0).max(axis=2)


swing = Estimator(
    "swing",
    "Swing",
    label="largest swing",
    meaning="the largest of the last samples",
    variants=lambda band, delay: [{"length": length} for length in (13, 25)],
)
'''
RULE = '''
from dataclasses import dataclass

from psychopy_nfb.protocol import Follower, ThresholdRule


@dataclass(kw_only=True)
class Towards(ThresholdRule):
    """Every so many seconds a share of the way to the last value."""

    share: float = 0.5
    seconds: float = 1.5

    def of_baseline(self, baseline, up, inhibits):
        return baseline.mean

    def follower(self, situation):
        return Following(self, situation)


class Following(Follower):
    def __init__(self, rule, situation):
        super().__init__(situation.threshold)
        self._share = rule.share
        self._every = round(rule.seconds * situation.rate)

    def take(self, z, beyond):
        self.n += 1
        if self.n % self._every:
            return None
        self.threshold += self._share * (z - self.threshold)
        return f'towards {z:.3g}'
'''


def write(path, text=STEP):
    """Write a file and return its path and SHA-256."""
    path.write_text(text, encoding="utf-8")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def install(folder, name="lab-package", version="1.5", offered=("Halved",), text=STEP, rules=()):
    """Put a package into a folder as `pip install --target` leaves it; return the folder.

    Its module has the package's name with an underscore.
    """
    module = name.replace("-", "_")
    about = folder / f"{module}-{version}.dist-info"
    about.mkdir(parents=True)
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    entries = "".join(f"{one} = {module}:{one}\n" for one in offered)
    entries = f"[nfb.steps]\n{entries}[nfb.thresholds]\n"
    entries += "".join(f"{one} = {module}:{one}\n" for one in rules)
    (about / "entry_points.txt").write_text(entries, encoding="utf-8")
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (about / "METADATA").write_text(metadata, encoding="utf-8")
    (about / "RECORD").write_text(f"{module}.py,,\n", encoding="utf-8")
    importlib.invalidate_caches()
    return folder


@contextmanager
def as_it_was():
    """Leave the steps, rules, estimators and loaded parts of this process as they were."""
    from psychopy_nfb.dsp import Step, load_steps
    from psychopy_nfb.dsp.estimators import ESTIMATORS
    from psychopy_nfb.engine import plugins
    from psychopy_nfb.protocol import Schedule, ThresholdRule

    load_steps()
    tables = (Step.family, ThresholdRule.family, Schedule.family, ESTIMATORS, plugins._loaded)
    before, modules = [dict(table) for table in tables], set(sys.modules)
    try:
        yield
    finally:
        for table, content in zip(tables, before, strict=True):
            table.clear()
            table.update(content)
        for name in set(sys.modules) - modules:
            if name.startswith(("nfb_own_parts", "lab_", "other_package")):
                del sys.modules[name]
