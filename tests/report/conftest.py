"""Small sessions to report on: written by the package's own code, faster than real time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from psychopy_nfb.dsp import Flags, SignalInfo
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.recording import SessionRecord, SessionWriter, machine_facts, new_session
from psychopy_nfb.settings import to_dict
from psychopy_nfb.simulate.eeg_model import SimulatedEEG

RATE, HZ, CHUNK = 250.0, 60.0, 5
BEGIN = 1000.0
"""LSL time of the first sample."""
BLOCKS = (
    ("baseline", 3.0, 13.0, False),
    ("training", 14.0, 24.0, True),
    ("rest", 24.0, 27.0, False),
    ("transfer", 27.0, 30.0, False),
    ("training", 30.0, 38.0, True),
)
"""Label, begin and end in seconds, and whether there is feedback."""


@dataclass(frozen=True)
class Plan:
    """What happens in a session; the default is nothing bad."""

    seconds: float = 38.5
    blocks: tuple = BLOCKS
    baseline: bool = True
    hold: tuple[tuple[float, float], ...] = ()
    """(every so many seconds, length): how long a frame stays too long."""
    lost: tuple[float, float] | None = None
    """Seconds between which no sample comes."""
    comes_back: bool = True
    restarts: tuple[float, ...] = ()
    """When the background process dies; values come again 0.8 s later."""
    flat_from: float = math.inf
    """When Oz becomes flat."""
    failed: tuple[tuple[float, str, str], ...] = ()
    """(second, event, why) of parts that fail."""
    rates: tuple[tuple[float, str, float], ...] = ()
    """(second, event, rate) of a stream that leaves its rate."""
    clock_offset: float = 0.0
    closed: bool = True
    frames: bool = True
    display_range: tuple[float, float] = (-2.0, 6.0)
    name: str = "SimulatedEEG"
    chosen: tuple[tuple[int, float], ...] = ()
    """Numbers of blocks, from 1, and the lag in seconds that was chosen for them."""
    sealed: tuple[str, str] | None = None
    """Public key and what the sealed file belongs to, of a study whose arms differ in their lag."""


class _Author:
    """Writes one session as a `Plan` says."""

    def __init__(self, folder, plan: Plan):
        self.plan = plan
        eeg = SimulatedEEG(rate=RATE, channels=("Pz", "Oz"), blinks_per_minute=0, emg_per_minute=0)
        self.samples, _ = eeg.generate(round(plan.seconds * RATE))
        self.samples[round(min(plan.flat_from, plan.seconds) * RATE) :, 1] = 0.0
        training = standard_training(
            channels="Oz",
            reference="as recorded",
            display_range=plan.display_range,
            display_smoothing=0.0,
        )
        self.processor = Processor(training, SignalInfo(RATE, ("Pz", "Oz")))
        self.names = training.value_names
        self.files = new_session(folder, participant="01", task="report")
        facts = {
            "name": plan.name,
            "labels": ["Pz", "Oz"],
            "rate": RATE,
            "format": "float32",
            "units": "microvolts",
            "source_id": "test",
            "positions": {},
        }
        seal = None
        if plan.sealed is not None:
            public, about = plan.sealed
            seal = {"public": public, "about": about, "facts": {"arm": "late"}, "lag": True}
        self.writer = SessionWriter(self.files, facts, self.names, seal=seal)
        self.record = SessionRecord(self.files.settings)
        self.records: list[tuple] = []
        """When it was published, and what a feedback record holds."""

    def write(self):
        self._signals()
        if self.plan.frames:
            self.writer.frames(self._frames())
        for number, (label, begin, end, feedback) in enumerate(self.plan.blocks, 1):
            detail = {"block": number, "feedback": feedback}
            if number in (lags := dict(self.plan.chosen)):
                detail["lag"] = {"hold": lags[number]}
            if begin < self.plan.seconds:
                self._event("block_begin", begin, label, detail)
            if end < self.plan.seconds:
                self._event("block_end", end, label, detail, end - begin)
        for t, event, rate in self.plan.rates:
            self._event(event, t, detail={"real": rate})
        for t, event, why in self.plan.failed:
            self._event(event, t, detail={"why": why})
        self.writer.close()
        facts = machine_facts()
        facts["packages"]["psychopy-nfb"] = "0.0.7"  # not the one that reports
        self.record.update(
            configuration=to_dict(self.processor.configuration),
            machine=facts,
            stream={"labels": ["Pz", "Oz"], "rate": RATE, "clock_corrected": False},
            clock={"uncertainty": 4e-7},
            ended="stopped",
        )
        if self.plan.sealed is not None:
            self.record.update(study={"blinded": True, "sealed": True, "lag_sealed": True})
        if self.plan.closed:
            self.record.update(late_read={"active": True}, marks_sent=[])
        return self.files

    def _event(self, label, t, value=None, detail=None, duration=0.0):
        sample = min(round(t * RATE), len(self.samples))
        self.writer.event(
            label, BEGIN + t, sample, kind="test", value=value, duration=duration, detail=detail
        )

    def _signals(self):
        plan, processor = self.plan, self.processor
        down = [(t, t + 0.8) for t in plan.restarts] + ([plan.lost] if plan.lost else [])
        told, gone = set(), False
        baseline = plan.blocks[0][1:3] if plan.baseline and plan.blocks else (math.inf, math.inf)
        for at in range(0, len(self.samples), CHUNK):
            t = at / RATE
            if any(begin <= t < end for begin, end in down) or gone:
                self._no_data(t)
                continue
            for begin, end in down:
                if t >= end and begin not in told:
                    told.add(begin)
                    self._after(begin, end)
            gone = bool(plan.lost) and not plan.comes_back and plan.lost[0] <= t + CHUNK / RATE
            if gone:
                self._event("stream_lost", plan.lost[0], detail={"name": plan.name})
            if baseline[0] <= t < baseline[1] and not processor.calibrating:
                processor.begin_baseline()
            if t >= baseline[1] and processor.calibrating:
                processor.end_baseline()
            processor.counting = any(
                feedback and begin <= t < end for _, begin, end, feedback in plan.blocks
            )
            block = processor.process(self.samples[at : at + CHUNK])
            stamps = BEGIN + plan.clock_offset + np.arange(at, at + CHUNK) / RATE
            samples = self.samples[at : at + CHUNK].astype(np.float32)
            self.writer.eeg(samples, stamps)
            self.writer.signals(block.values, stamps, block.flags, at + np.arange(CHUNK))
            arrived = BEGIN + (at + CHUNK) / RATE
            bits = int(np.bitwise_or.reduce(block.flags))
            stamped = (float(stamps[-1]), arrived, arrived + 0.0005, len(self.records) + 1)
            record = (*stamped, at + CHUNK - 1, processor.delay, bits, block.values[-1])
            self.records.append((arrived + 0.0005, record))

    def _after(self, begin, end):
        """Tell that samples come again."""
        self.processor.gap()
        if (begin, end) == self.plan.lost:
            self._event("stream_lost", begin, detail={"name": self.plan.name})
            self._event("stream_back", begin + 0.1)
            self._event(
                "gap", begin - 1 / RATE, detail={"seconds": end - begin}, duration=end - begin
            )
        else:
            self._event("worker_restarted", end, detail={"why": "died", "restarts": 1})

    def _no_data(self, t):
        """Publish the last record once more, as the worker does when the stream is silent."""
        if self.plan.lost and self.records and t >= self.plan.lost[0]:
            *stamped, bits, values = self.records[-1][1]
            if not bits & Flags.NO_DATA:
                published = BEGIN + t + 0.1
                stamped[2] = published
                self.records.append((published, (*stamped, bits | int(Flags.NO_DATA), values)))

    def _frames(self):
        plan, rows = self.plan, []
        times = [published for published, _ in self.records]
        t, last, dropped, number = 1 / HZ, None, 0, 0
        held, lags = [every for every, _ in plan.hold], dict(plan.chosen)
        while t < plan.seconds:
            missed = 0 if last is None else max(0, round((t - last) * HZ) - 1)
            dropped += missed if last is not None and t - last < 1 else 0
            where = next((one for one in plan.blocks if one[1] <= t < one[2]), None)
            read = BEGIN + t - 0.005
            newest = int(np.searchsorted(times, read, side="right")) - 1
            begun = [n for n, one in enumerate(plan.blocks, 1) if one[1] <= read - BEGIN < one[2]]
            lag = lags.get(begun[0]) if begun else None
            if lag is not None:
                shown = [one[1][0] - one[1][5] for one in self.records[: newest + 1]]
                newest = int(np.abs(np.array(shown) - (BEGIN + t - lag)).argmin())
            row = {"frame": number, "t_read": read, "t_flip": BEGIN + t, "dropped": dropped}
            row["wanted_lag"] = math.nan if lag is None else lag
            row["interval"] = math.nan if last is None else t - last
            row["block"], row["mark"] = ("" if where is None else where[0]), ""
            if newest >= 0:
                sample, received, published, seq, index, delay, bits, values = self.records[newest][
                    1
                ]
                row |= {"t_sample": sample, "t_received": received, "t_published": published}
                row |= {"seq": seq, "sample": index, "delay": delay, "flags": bits}
                row |= dict(zip(self.names, values.tolist(), strict=True))
                row["shown"] = math.nan if where and not where[3] else row["trained_value"]
            columns = self.writer._files._frame_log.columns
            rows.append(tuple(row.get(name, math.nan) for name in columns))
            last, number = t, number + 1
            t += 1 / HZ
            for place, (every, length) in enumerate(plan.hold):
                if t > held[place]:
                    held[place] = t + every
                    t += length
        return rows


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """Return a function that writes a session as a plan with changes says, once; its files."""
    written = {}

    def write(**changes):
        plan = replace(Plan(), **changes)
        if plan not in written:
            written[plan] = _Author(tmp_path_factory.mktemp("session"), plan).write()
        return written[plan]

    return write
