"""What was understood of a stream after listening to it for some seconds."""

from __future__ import annotations

import math

import numpy as np
import pylsl

from psychopy_nfb.inspection.understanding import (
    NO_SAMPLE,
    Channel,
    Understanding,
    bad_channels,
    eeg_sd,
    unmeasured_told,
)
from psychopy_nfb.lsl.amplitude import AmplitudeCheck
from psychopy_nfb.lsl.continuity import Continuity
from psychopy_nfb.lsl.inlet import Inlet, StreamLost
from psychopy_nfb.lsl.stamps_heard import (
    LEAST_CHUNKS,
    WRONG_RATE,
    Heard,
    silence_seconds,
    understand,
)
from psychopy_nfb.lsl.stamps_rate import OTHER_RATE
from psychopy_nfb.lsl.stamps_words import may_be_held

PULL_SECONDS = 0.05
SILENT_SECONDS = 1.0
"""Without samples for longer at the end, a stream has fallen silent."""
UNSTEADY = (
    "The stream sends now {:.4g} and now {:.4g} samples a second, and filters need a steady rate: "
    "look at the amplifier's battery, radio link and program."
)


class Listened:
    """Samples of an open stream, and all that they say of it, also what comes late.

    Parameters
    ----------
    inlet : Inlet
        The stream; who opened it closes it.
    """

    def __init__(self, inlet: Inlet):
        self._inlet = inlet
        self._samples: list[np.ndarray] = []
        self._stamps: list[np.ndarray] = []
        self._arrivals: list[tuple[np.ndarray, float]] = []
        self._gaps: list[tuple[float, float]] = []
        self._notes: list[str] = []
        self._last_at = 0.0  # LSL's time when the last samples arrived
        self._continuity = Continuity(inlet.info.rate)
        self._amplitude = AmplitudeCheck(inlet.info)
        self._note(self._amplitude.begin(inlet.first_samples()))

    def listen(self, seconds: float) -> None:
        """Take what the stream sends for so long from its first sample on, or until it ends."""
        from tqdm import tqdm

        ends = pylsl.local_clock() + seconds
        form = "{desc} |{bar}| {remaining} left"
        with tqdm(
            total=seconds, desc="Listening", bar_format=form, disable=None, leave=False
        ) as bar:
            while (left := ends - pylsl.local_clock()) > 0:
                silent = not self._samples
                if not silent:
                    bar.update(min(seconds - left, seconds) - bar.n)
                try:
                    self._take()
                except StreamLost:
                    self._notes.append("The stream ended while it was listened to.")
                    return
                if silent and self._samples:
                    ends = self._last_at + seconds
        if not self._samples:
            self._notes.append(f"No sample came in {seconds:g} s: is the amplifier switched on?")
            return
        silence = ends - self._last_at
        if silence > max(SILENT_SECONDS, silence_seconds(self._inlet.clock.chunk_seconds)):
            self._notes.append(
                f"Samples came for {seconds - silence:.1f} s only, and then no more: see whether "
                "the amplifier is still on and its link works."
            )

    def _take(self) -> None:
        """Take what has come since the last time."""
        clock, waited, jumps = self._inlet.clock, self._inlet.waiting, self._inlet.clock.n_jumps
        pulled = self._inlet.pull(PULL_SECONDS)
        if pulled is None:
            return
        self._last_at = pylsl.local_clock()
        block, stamps = pulled[0].copy(), pulled[1].copy()
        if not waited:  # what came before was kept, and is all here at once
            self._arrivals.append((stamps, self._last_at))
        for gap in self._continuity.check(stamps, clock.breaks):
            jumped = clock.n_jumps > jumps and gap.row in clock.breaks
            self._gaps.append((gap.t, math.nan if jumped else gap.seconds))
        self._continuity.learn()
        self._samples.append(block)
        self._stamps.append(stamps)
        self._note(self._amplitude.add(block))

    def _note(self, sentence: str | None) -> None:
        if sentence is not None:
            self._notes.append(sentence)

    def understood(self, markers: dict[str, int], notes: list[str]) -> Understanding:
        """Return what was understood.

        Parameters
        ----------
        markers : dict of str: int
            How often each marker text came meanwhile.
        notes : list of str
            What was assumed of the markers.
        """
        inlet, clock = self._inlet, self._inlet.clock
        facts, channels, rate = inlet.facts(), inlet.channels, inlet.info.rate
        while clock.events:
            _, detail = clock.events.popleft()
            self._note(detail.get("sentence"))
        late = self._heard_late()
        self._notes += self._of_the_rate(late, rate * inlet.speed)
        self._note((self._continuity.losses.news() or {}).get("sentence"))
        together = (
            np.concatenate(self._samples) if self._samples else np.zeros((0, len(facts["labels"])))
        )
        first = float(self._stamps[0][0]) if self._stamps else 0.0
        kind = facts["type"] or "no type"
        real = late.rate if late.rate is None else late.rate / inlet.speed
        if not clock.counted and self._continuity.effective_rate is not None:
            real = self._continuity.effective_rate
        return Understanding(
            what="stream",
            name=str(facts["name"]),
            about=f"an LSL stream ({kind}, {facts['format']}) from the machine "
            f"'{facts['hostname']}'",
            seconds=len(together) / rate,
            channels=[
                Channel(label, kind, unit, label in inlet.info.positions)
                for label, kind, unit in zip(
                    channels.labels, channels.kinds, channels.units, strict=True
                )
            ],
            declared_rate=inlet.declared_rate,
            real_rate=real,
            used_rate=rate,
            clock=clock_in_words(facts["clock"]) if self._samples else NO_SAMPLE,
            chunk=self._chunks(late),
            eeg_sd_uv=eeg_sd(together, channels.kinds, rate) if self._samples else None,
            bad=bad_channels(together, inlet.info),
            gaps=[(t - first, seconds) for t, seconds in self._gaps],
            markers=markers,
            assumptions=[
                *channels.assumptions,
                *unmeasured_told(together, inlet.info),
                *notes,
                *self._notes,
            ],
            rate_from="their arrival" if clock.on_arrival else "the stamps",
            **self._late(),
        )

    def _late(self) -> dict[str, float]:
        """Return how long after their stamps samples arrived, where the stamps are LSL's."""
        if not self._arrivals or self._inlet.clock.moved or self._inlet.clock.counted:
            return {}
        late = 1e3 * np.concatenate([at - stamps for stamps, at in self._arrivals])
        return {"late_median_ms": float(np.median(late)), "late_longest_ms": float(late.max())}

    def _heard_late(self) -> Heard:
        """Return what is heard of all that came after the stream was opened, or else before."""
        late = understand(self._arrivals)
        return late if len(self._arrivals) > LEAST_CHUNKS and late.pace else self._inlet.heard

    def _of_the_rate(self, late: Heard, pace: float) -> list[str]:
        """Return what is to be said of a rate that is not, or no longer, the one it was."""
        if late.pace is None or late.within > WRONG_RATE or late is self._inlet.heard:
            return []
        if not late.steady:
            return [UNSTEADY.format(*(one / self._inlet.speed for one in late.paces))]
        if late.differs_from(pace):
            speed = self._inlet.speed
            return [OTHER_RATE.format(late.rate / speed, pace / speed)]
        return []

    def _chunks(self, late: Heard) -> str:
        """Return how the samples come, in words."""
        if not self._samples:
            return NO_SAMPLE
        each = 1e3 * late.chunk / (late.pace or self._inlet.info.rate * self._inlet.speed)
        waits = np.diff([at for _, at in self._arrivals])
        longest = f"; the longest wait was {1e3 * max(waits):.0f} ms" if len(waits) else ""
        return f"{late.chunk} samples at once, every {each:.1f} ms{longest}"


def clock_in_words(facts: dict[str, object]) -> str:
    """Return what was made of a stream's stamps, from `StampClock.facts`.

    Examples
    --------
    >>> clock = {"stamps": "as sent", "unit": "seconds", "offset": 0.0}
    >>> clock |= {"n_missing": 3, "n_jumps": 0}
    >>> clock_in_words(clock)
    "stamps are on LSL's clock, taken as sent; 3 samples had none and were counted"
    >>> clock |= {"stamps": "moved", "offset": -2.0, "n_missing": 0, "n_jumps": 1}
    >>> clock_in_words(clock)
    "stamps jumped once meanwhile and are now +2.000 s off LSL's clock and moved onto it"
    """
    noise = f"{1e3 * facts.get('noise', 0):.1f} ms (standard deviation)"
    off = f"{-facts['offset']:+,.3f} s"
    n_jumps, n_missing = facts["n_jumps"], facts["n_missing"]
    times = "once" if n_jumps == 1 else f"{n_jumps} times"
    jumped, now = (f"jumped {times} meanwhile and ", " now") if n_jumps else ("", "")
    moved = f"stamps {jumped}are{now} {off} off LSL's clock"
    if may_be_held(facts["offset"]):
        moved = (
            f"stamps {jumped}are{now} {facts['offset']:.3f} s older than their samples' arrival "
            "(the amplifier's clock is behind LSL's, or its program holds samples back)"
        )
    said = {
        "as sent": f"stamps {jumped}are{now} on LSL's clock, taken as sent",
        "moved": f"{moved} and moved onto it",
        "counted": f"stamps {jumped}do not tell when each sample was taken: samples are counted",
        "averaged": f"stamps scatter around the times of their samples, by {noise} to both sides, "
        "and samples are counted along their mean",
    }[facts["stamps"]]
    if facts["unit"] != "seconds":
        said = f"{said}; they were sent in {facts['unit']} and converted to seconds"
    return f"{said}; {n_missing} samples had none and were counted" if n_missing else said
