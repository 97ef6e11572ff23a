"""Settings and files that nobody means, and what the package does with them.

Every choice comes from a `random.Random`, so that a seed or hypothesis decides.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
EXPERIMENTS = sorted((Path(__file__).parents[2] / "experiments").glob("*.json"))
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


def outcome(act: Callable[[], object]) -> str:
    """Do something; return "done", "refused" (one sentence), or what else happened."""
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
    return said if seconds < LONGEST_SECONDS else f"{seconds:.1f} s, {said}"


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


class HostileFiles:
    """Files of every kind that the package reads, and copies of them that are damaged.

    Parameters
    ----------
    folder : path
        Where they are made.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.good = folder / "good"
        self.good.mkdir()
        self._write()
        self._readers = self._all_readers()

    def _write(self) -> None:
        shutil.copy(EXPERIMENTS[0], self.good / "settings.json")
        write = {
            "weights.json": '{"Oz-Cz": {"Oz": 1.0, "Cz": -1.0}}\n',
            "weights.csv": "name,Oz,Cz\nfirst,1.0,-1.0\nsecond,0.5,0.5\n",
            "codes.json": '{"training": 10, "rest": 20}\n',
            "codes.csv": "label,code\ntraining,10\nrest,20\n",
            "sensor.csv": "t,light\n" + "".join(f"{n / 500},{n % 7}\n" for n in range(200)),
        }
        for name, text in write.items():
            (self.good / name).write_text(text, encoding="utf-8")
        _write_session(self.good / "sub-01_ses-01_task-a_run-01")
        (self.good / "short.edf").write_bytes(_edf())

    def _all_readers(self) -> dict[str, Callable[[Path], object]]:
        from psychopy_nfb.display.marker_output import read_codes
        from psychopy_nfb.dsp.channels import read_weights
        from psychopy_nfb.light.command import read_log
        from psychopy_nfb.light.sensor_files import read_channels
        from psychopy_nfb.lsl.files import read_recording
        from psychopy_nfb.recording import read_session
        from psychopy_nfb.report.session_data import load_session_data
        from psychopy_nfb.timing import lag_summary

        def session(path: Path) -> None:
            with suppress(NfbError):
                read_session(path)
            data = load_session_data(path)
            lag_summary(data.frames)

        def recording(path: Path) -> None:
            for read in (read_channels, session):
                with suppress(NfbError):
                    read(path)
            read_recording(path)

        stem = "sub-01_ses-01_task-a_run-01"
        return {
            "settings.json": read_configuration,
            "weights.json": read_weights,
            "weights.csv": read_weights,
            "codes.json": read_codes,
            "codes.csv": read_codes,
            "sensor.csv": read_channels,
            f"{stem}_frames.csv": lambda path: (read_log(path), session(path)),
            f"{stem}_events.tsv": session,
            f"{stem}_nfb.json": lambda path: (session(path), read_configuration(path)),
            f"{stem}_eeg.xdf": recording,
            "short.edf": read_recording,
        }

    @property
    def names(self) -> list[str]:
        """Names of the kinds of files."""
        return list(self._readers)

    def read_damaged(self, name: str, choice: random.Random) -> str:
        """Damage one of the files, read it, and return what came of it as `outcome` does."""
        place = self.folder / "damaged"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.good, place)
        path = place / name
        damage(path, choice)
        return outcome(lambda: self._readers[name](path))


def damage(path: Path, choice: random.Random) -> None:
    """Spoil a file in one of the ways in which files are spoilt."""
    raw = path.read_bytes()
    kind = choice.randrange(14)
    at = choice.randrange(len(raw))
    if kind == 0:
        path.unlink()
        return
    if kind == 1:
        path.unlink()
        path.mkdir()
        return
    tokens = [
        b"1e308",
        b"-1",
        b"NaN",
        b"9" * 500,
        b"inf",
        b'"',
        b"\0",
        b"\xff",
        b"\n",
        b",,,,",
        b";",
    ]
    tokens += [
        b"null",
        b"[]",
        b"{}",
        b"true",
        b"1e-320",
        b"\xed\xa0\x80",
        b"(((",
        b"9223372036854775807",
    ]
    numbers = _numbers(raw) or [(at, at + 1)]
    first, last = choice.choice(numbers)
    raw = {
        2: lambda: b"",
        3: lambda: raw[:at],
        4: lambda: raw.decode("utf-8", "replace").encode("utf-16"),
        5: lambda: raw.replace(b"a", "ä".encode("latin-1")),
        6: lambda: raw.replace(b",", b";").replace(b".", b","),
        7: lambda: b"[" * 100_000,
        8: lambda: raw[:at] + bytes(choice.randrange(256) for _ in range(16)) + raw[at + 16 :],
        9: lambda: raw[:first] + choice.choice(tokens) + raw[last:],
        10: lambda: raw[:first] + choice.choice(tokens) + raw[last:],
        11: lambda: raw[:at] + raw[at + choice.randint(1, 200) :],
        12: lambda: raw + raw,
        13: lambda: raw[:at] + bytes([raw[at] ^ (1 << choice.randrange(8))]) + raw[at + 1 :],
    }[kind]()
    path.write_bytes(raw)


def _numbers(raw: bytes) -> list[tuple[int, int]]:
    """Return where numbers stand in a text."""
    return [match.span() for match in re.finditer(rb"-?\d+(\.\d+)?", raw[:200_000])]


def _write_session(stem: Path) -> None:
    """Write a short session as the background process does."""
    from psychopy_nfb.protocol import value_names
    from psychopy_nfb.recording import SessionFiles, SessionRecord, SessionWriter

    files = SessionFiles(stem)
    names = value_names(["alpha"])
    eeg = {"name": "Amp", "labels": ["Oz", "Cz"], "rate": 250.0, "format": "float32"}
    eeg |= {"units": "microvolts", "source_id": "a1", "positions": {}}
    writer = SessionWriter(files, eeg, names)
    stamps = 100 + np.arange(500) / 250
    random_numbers = np.random.default_rng(1)
    writer.eeg(random_numbers.standard_normal((500, 2)).astype("f4"), stamps)
    values = random_numbers.random((500, len(names)))
    writer.signals(values, stamps, np.zeros(500, np.uint32), np.arange(500))
    detail = {"block": 1, "feedback": True}
    writer.event("block_begin", 100.2, 50, kind="experiment", value="training", detail=detail)
    writer.event("block_end", 101.8, 450, kind="experiment", value="training", detail=detail)
    rows = []
    for frame in range(100):
        t = 100.1 + frame / 60
        times = (t, t + 0.002, t + 0.003, t + 0.01, t + 0.012)
        numbers = (frame, frame, 0.03, 0, 1 / 60, 0, frame % 2, 0.5, "", "training")
        rows.append((frame, *times, *numbers, *values[frame]))
    writer.frames(rows)
    writer.close()
    configuration = to_dict(read_configuration(EXPERIMENTS[0]))
    record = SessionRecord(files.settings)
    record.update(
        configuration=configuration,
        stream={"name": "Amp", "microvolts_per_unit": [1.0, 1.0]},
        session={"date": "2026-01-01T12:00:00+00:00", "participant": "01"},
        wall_clock={"offset": 1.7e9, "uncertainty": 1e-6},
    )


def _edf(seconds: int = 20, rate: int = 100) -> bytes:
    """Return a file in EDF with two channels."""
    fields = [("Oz", "Cz"), ("", ""), ("uV", "uV"), ("-1000", "-1000"), ("1000", "1000")]
    fields += [("-32768", "-32768"), ("32767", "32767"), ("", ""), (str(rate),) * 2, ("", "")]
    widths = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
    head = [("0", 8), ("X X X X", 80), ("Startdate X X X X", 80), ("01.01.26", 8), ("12.00.00", 8)]
    head += [("768", 8), ("", 44), (str(seconds), 8), ("1", 8), ("2", 4)]
    text = "".join(value.ljust(width) for value, width in head)
    text += "".join(
        v.ljust(width) for pair, width in zip(fields, widths, strict=True) for v in pair
    )
    samples = np.random.default_rng(1).integers(-900, 900, 2 * seconds * rate).astype("<i2")
    return text.encode("ascii") + samples.tobytes()
