"""Settings that nobody means, and what the package does with them.

Every choice comes from a `random.Random`, so that a seed or hypothesis decides.
"""

from __future__ import annotations

import json
import random
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from time import thread_time

import numpy as np
import psutil

from psychopy_nfb.dsp import CFIR, SignalInfo, Step
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import Baseline, Signal
from psychopy_nfb.settings import to_dict

LONGEST_SECONDS = 5.0
MOST_BYTES = 500 * 2**20
RATES = [250.0] * 8 + [500.0, 5000.0, 1.0, 1e9]
EXPERIMENTS = sorted((Path(__file__).parents[2] / "experiments").glob("*_[ud]*.json"))
"""Trainings up and down; the other files are plans."""
NUMBERS = [0, -1, -0.5, 1e-320, 1e-9, 1e-3, 0.5, 3, 7, 7.0000001, 60, 250, 4e4, 1e9, 1e12, 1e308]
NUMBERS += [10**400, -(2**63), 2**63 - 1, True]
OTHERS = [None, "", "x" * 5000, "\ud800", "Oz\0", "(((", "/dev/zero", "/", ".", "Cz", "NaN"]
OTHERS += [[], {}, [[]], [1], [8, 8.0000001], [1e-9, 1e-8], [0.001, 124.9], ["Oz"], {"Oz": 1}]
OTHERS += ["(" * 300 + "Oz" + ")" * 300, "9" * 900, "Oz / 0", "log(0 * Oz)", "9 ** 9 ** 9 * Oz"]
TO_ONE_SIGNAL = ("Pick", "SpatialFilter", "Connectivity", "Expression", "LDA")
OF_CHANNELS = ("BadChannels", "Reference", "ASR", "CarbonWireLoops")


def every_setting() -> dict:
    """Return plain settings in which each step of the package is."""
    given = {
        "SpatialFilter": {"weights": {"Oz": {"Oz": 1.0, "Cz": -1.0}}},
        "Pick": {"channels": ["Oz"]},
        "WCFIR": {"spectrum": [1.0, 0.5]},
        "CarbonWireLoops": {"wires": ["Cz"]},
        "Parallel": {"branches": {"one": [CFIR()]}},
        "Connectivity": {"pairs": [["Cz", "Oz"]]},
        "Expression": {"formula": "Oz + 1.5"},
        "LDA": {"weights": {"Oz": 1.0}},
    }
    steps = [
        to_dict(step(**given.get(name, {})))
        for name, step in Step.family.items()
        if step.__module__.startswith("psychopy_nfb.") and name != "Burn"
    ]
    baseline = Baseline(5.0, 2.0, 1.0, 12.0, np.linspace(1, 12, 101).tolist())
    settings = to_dict(Configuration(signals={"alpha": Signal(baseline=baseline)}))
    settings["signals"]["alpha"]["pipeline"] = {"steps": steps}
    return settings


@cache
def _every_setting() -> str:
    return json.dumps(every_setting())


@cache
def _experiments() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in EXPERIMENTS]


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Return the paths of all that is in plain `value`."""
    found = [path] if path else []
    if isinstance(value, dict):
        pairs = list(value.items())
    else:
        pairs = list(enumerate(value)) if isinstance(value, list) else []
    for key, item in pairs:
        found += places(item, (*path, key))
    return found


def hostile_settings(choice: random.Random) -> dict:
    """Return settings of which one or more are none that anybody would want."""
    settings = json.loads(_every_setting())
    if choice.random() < 0.4:
        settings = json.loads(choice.choice(_experiments()))
    else:
        pipeline = settings["signals"]["alpha"]["pipeline"]
        steps = {step["type"]: step for step in pipeline["steps"]}
        one = [name for name in TO_ONE_SIGNAL if name in steps]
        keep = [name for name in steps if name not in (*TO_ONE_SIGNAL, "Parallel")]
        alone = [name for name in keep if name not in OF_CHANNELS]
        names = [*choice.choices(keep, k=choice.randrange(2)), choice.choice(one)]
        names += choice.choices(alone, k=choice.randint(1, 2))
        pipeline["steps"] = [dict(steps[name]) for name in names]
    if choice.random() < 0.2:
        first = next(iter(settings["signals"].values()))
        pipeline = json.loads(json.dumps(first["pipeline"]))
        settings["signals"]["emg"] = {"pipeline": pipeline, "role": "inhibit"}
    for _ in range(choice.choice([1, 1, 2])):
        path = choice.choice(places(settings))
        place = settings
        for key in path[:-1]:
            place = place[key]
        what = choice.random()
        if what < 0.1:
            del place[path[-1]]
        elif what < 0.15 and isinstance(place, dict):
            place[choice.choice(["bandd", "", "\0", "type"])] = place[path[-1]]
        elif what < 0.2 and isinstance(place, list):
            place.extend([place[path[-1]]] * choice.choice([1, 10, 500]))
        elif what < 0.65:
            place[path[-1]] = choice.choice(NUMBERS)
        else:
            place[path[-1]] = deepcopy(choice.choice(OTHERS))  # it may be changed in turn
    return settings


def use_settings(settings: dict, rate: float) -> str:
    """Read settings, fit them to a stream and pass half a second through; return what came of it.

    "done" or "refused"; everything else is a mistake of the package.
    """

    def use() -> None:
        labels = ("Oz", "Cz", "Fp1", "Fp2", "C3", "C4", "Pz", "expression")
        processor = Processor(read_configuration(settings), SignalInfo(rate, labels))
        samples = 10 * np.random.default_rng(1).standard_normal((round(min(rate, 250) / 2), 8))
        block = processor.process(samples)
        if not np.isfinite(block.values[:, [0, 1, 4, 5, 6, 7]]).all():
            raise AssertionError(f"values that are no numbers: {block.values[-1]}")

    return outcome(use)


def outcome(act: Callable[[], object], longest: float = LONGEST_SECONDS) -> str:
    """Do something within `longest` s; return "done", "refused" (one sentence), or what else."""
    begun = thread_time()  # others may keep the machine busy
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            act()
        said = "done"
    except NfbError as error:
        sentence = str(error)
        short = len(sentence) < 2000 and "\n" not in sentence
        said = "refused" if short else f"a sentence of {len(sentence)} characters"
    except Exception as error:  # what it is, is the outcome
        last = traceback.extract_tb(error.__traceback__)[-1]
        own = [f for f in traceback.extract_tb(error.__traceback__) if "psychopy_nfb" in f.filename]
        at = own[-1] if own else last
        said = f"{type(error).__name__}: {str(error)[:200]} ({Path(at.filename).name}:{at.lineno})"
    seconds = thread_time() - begun
    return said if seconds < longest else f"{seconds:.1f} s, {said}"


@contextmanager
def in_memory() -> Iterator[None]:
    """Let this process have `MOST_BYTES` more than it has now, where the system knows limits."""
    if sys.platform != "linux":
        yield
        return
    import resource

    limits = resource.getrlimit(resource.RLIMIT_DATA)
    taken = psutil.Process().memory_info().data
    resource.setrlimit(resource.RLIMIT_DATA, (taken + MOST_BYTES, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)
