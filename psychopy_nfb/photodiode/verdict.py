"""What a light sensor's figures mean for an experimenter, and what to change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from psychopy_nfb.photodiode.summary import LightSummary
from psychopy_nfb.photodiode.turns import in_words
from psychopy_nfb.report.numbers import percent

STEADY_MS = 1.0
"""Spread of the lag that a display with vertical sync keeps below."""
DEEP_REFRESHES, DEEP_MS = 2.5, 20.0
"""Refreshes and milliseconds from flip to light; where both are more, frames wait on the way."""
SLOW_SHARE = 0.5
"""Share of a refresh; pixels that take longer blend one frame into the next."""
DRIFT_PPM = 50.0
"""Two quartz clocks keep closer together."""
FALLS_BACK = 0.02
"""Share of the way by which light may fall back after an edge, up and down."""
LARGEST_PPM, SLIPPED = 300.0, 1.5
"""Clocks keep closer together than this; flips that do not wait have slipped after so many
refreshes of difference."""
LOST_SHARE = 0.05
"""Share of the frames that the sensor may fail to see; of a display that is seen less, nothing good
is known."""

Grade = Literal["good", "mind", "bad"]
GRADES = {"good": "Good", "mind": "Worth a look", "bad": "Problem"}
"""In words."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    grade: Grade
    """``bad`` spoils feedback that depends on timing, ``mind`` is worth a thought."""
    what: str
    """With its figures."""
    remedy: str = ""
    """What to change."""

    def __str__(self) -> str:
        said = f"{GRADES[self.grade]}: {self.what}"
        return f"{said}. What to do: {self.remedy}." if self.remedy else f"{said}."

    def to_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return asdict(self)


def passed(findings: list[Finding]) -> bool:
    """Return whether nothing is bad."""
    return all(finding.grade != "bad" for finding in findings)


def judge(summary: LightSummary) -> list[Finding]:
    """Return what the figures mean, the most serious first."""
    found = [
        _frames(summary),
        _steadiness(summary),
        _lag(summary),
        _pixels(summary),
        _clocks(summary),
        _sensor(summary),
    ]
    order = {"bad": 0, "mind": 1, "good": 2}
    return sorted(found, key=lambda finding: order[finding.grade])


def _frames(summary: LightSummary) -> Finding:
    counts = _counts(summary)
    if summary.tied == "neither":
        rates = f"flips come at {summary.flips_hz:.2f} Hz, the display refreshes at "
        return Finding(
            "bad",
            f"flips do not wait for the display: {rates}{summary.refresh_hz:.2f} Hz; {counts}",
            VERTICAL_SYNC,
        )
    if summary.part > 1:
        every, shown = summary.part, summary.part_shown
        return Finding(
            "bad",
            f"the display showed only {in_words(every, shown)} for "
            f"{summary.part_seconds:.1f} s, from {summary.part_at:.1f} s on: "
            f"{summary.refresh_hz * shown / every:.1f} Hz in place of {summary.refresh_hz:.1f} Hz; "
            f"{counts}",
            "look for a frame limit or energy saving in the graphics driver, a compositor that "
            f"follows a slower second display, and {OVERLOAD}",
        )
    if _at_steps_only(summary):
        return Finding(
            "good",
            f"each of the {summary.frames} frames was shown once, apart from the step (see above)",
        )
    if summary.missed == summary.repeated == summary.later == 0:
        return Finding("good", counts)
    if summary.later and summary.missed + summary.repeated <= 2 * summary.stretches:
        where = f"; where these begin and end, {counts}" if "were" in counts else ""
        return Finding(
            "bad",
            f"{summary.later} of {summary.frames} frames were shown one refresh later than the "
            f"others, in {_number(summary.stretches, 'stretch', 'stretches')}{where}",
            "a frame waits at times between flip and display: switch the compositor and triple "
            "buffering off, use full screen on one display, and end other programs that draw",
        )
    if summary.later:
        counts += f"; {summary.later} frames were shown one refresh later than the others"
    return Finding(
        "bad",
        counts,
        "the flips keep the display's rate, so that frames are lost or held up after their flip: "
        "switch the compositor, overlays and screen recorders off, use full screen on one display, "
        f"update the graphics driver, and look for {OVERLOAD}",
    )


def _counts(summary: LightSummary) -> str:
    """Return how many frames were never shown, and how many longer."""
    parts = []
    if summary.missed:
        share = percent(summary.missed / max(1, summary.frames))
        parts.append(
            f"{summary.missed} of {summary.frames} frames ({share}) "
            f"{'was' if summary.missed == 1 else 'were'} never shown"
        )
    if summary.repeated:
        of = "" if parts else f" of {summary.frames} frames"
        parts.append(
            f"{summary.repeated}{of} {'was' if summary.repeated == 1 else 'were'} shown longer "
            "than the log says"
        )
    if not parts:
        return f"each of the {summary.frames} frames was shown once{SEEN}"
    said = " and ".join(parts)
    # Where flips do not wait, the two rates tell of every frame that the display passes over.
    if summary.missed and summary.visible < 1 and summary.tied != "neither":
        said += (
            f" (about {summary.missed / summary.visible:.0f} may have been missed: light tells of "
            f"a missed frame only if its level is a new one, as that of {percent(summary.visible)} "
            "of the frames)"
        )
    return said


def _at_steps_only(summary: LightSummary) -> bool:
    """Return whether no more frames were missed or repeated than a step in the lag explains."""
    steps = abs(summary.shifted)
    if summary.step_ms:
        steps = int(abs(summary.step_ms) / 1e3 * summary.refresh_hz) + 1
    return steps > 0 and not summary.later and summary.missed + summary.repeated <= steps


def _number(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


OVERLOAD = "programs that load the graphics processor"
SEEN = ", as far as its level tells it from the frames beside it"
VERTICAL_SYNC = (
    "switch vertical sync on in the graphics driver, use full screen on one display, switch the "
    "compositor and the display's variable rate off"
)


WITHOUT_HIGH_PASS = (
    "record the sensor without the amplifier's high-pass filter (DC), or with one below 0.1 Hz"
)


def _steadiness(summary: LightSummary) -> Finding:
    spread = summary.lag_sd_detrended_ms
    if summary.step_ms:
        return Finding(
            "bad",
            f"light comes {abs(summary.step_ms):.1f} ms {_than(summary.step_ms)} from "
            f"{summary.step_at:.1f} s on, at once and by no whole number of refreshes: a clock was "
            "set, or samples were lost and the stamps went on",
            "use the lags of each part separately, or record again; look for lost packets of "
            "the amplifier and for a computer whose clock is set while it records",
        )
    if summary.shifted and not _clock_spoils(summary):
        return Finding(
            "bad",
            f"light comes {_number(abs(summary.shifted), 'refresh', 'refreshes')} "
            f"{_than(summary.shifted)} from {summary.shifted_at:.1f} s on"
            + (f", in {summary.shifts} steps" if summary.shifts > 1 else "")
            + f": {summary.lag_before_ms:.1f} ms after the flip before, "
            f"{summary.lag_after_ms:.1f} ms afterwards",
            "use the lags of each part separately, or record again; look for a queue of "
            "frames in the driver (triple buffering, low-latency mode), a window that lost full "
            "screen, a compositor, and samples that the amplifier lost",
        )
    if spread <= STEADY_MS:
        return Finding("good", f"flip to light is steady: SD {spread:.2f} ms")
    if _clock_spoils(summary):
        return Finding(
            "good", "how much flip to light varies is not known, as the clock is wrong (see above)"
        )
    return Finding(
        "bad",
        f"flip to light varies: SD {spread:.2f} ms, more than {STEADY_MS:g} ms",
        "look for a compositor, a second display at another rate, the display's variable refresh "
        "rate or energy saving; a sensor that is sampled at less than 500 Hz spreads too",
    )


def _lag(summary: LightSummary) -> Finding:
    lag = summary.lag_median_ms
    if summary.shifted:
        lag = max(summary.lag_before_ms, summary.lag_after_ms)
    refreshes = lag / 1e3 * summary.refresh_hz
    if summary.step_ms or _clock_spoils(summary):
        return Finding(
            "mind",
            f"light comes {lag:.1f} ms after the flip in the middle of a recording whose clock is "
            "wrong (see above): this is not the display's lag",
            "put the clock right first",
        )
    if lag < -STEADY_MS:
        return Finding(
            "bad",
            f"light seems to come {-lag:.1f} ms before the flip, which is impossible",
            "the sensor's stamps and the frame log are not on one clock: record both over LSL, "
            "with clock offsets, and correct for the amplifier's own delay",
        )
    if refreshes > DEEP_REFRESHES and lag > DEEP_MS:
        return Finding(
            "bad",
            f"light comes {lag:.1f} ms after the flip, that is {refreshes:.1f} refreshes",
            "frames wait in the display or the driver: switch the display to its game mode or "
            "native resolution, its picture processing off, triple buffering off; an amplifier "
            "that stamps its samples late adds its own delay here",
        )
    return Finding("good", f"light comes {lag:.1f} ms after the flip ({refreshes:.1f} refreshes)")


def _pixels(summary: LightSummary) -> Finding:
    if summary.pulse_ms:
        return Finding(
            "good",
            f"the display gives light in pulses of {summary.pulse_ms:.1f} ms, one in each refresh; "
            "a frame is light when its first pulse is half-way up",
        )
    slower = max(summary.rise_ms, summary.fall_ms)
    what = f"pixels and sensor take {summary.rise_ms:.1f} ms up and {summary.fall_ms:.1f} ms down"
    if summary.high_pass_hz:
        return Finding(
            "mind",
            f"{what}; the sensor was recorded behind a high-pass filter of about "
            f"{summary.high_pass_hz:.1f} Hz, whose effect was removed before edges were timed",
            WITHOUT_HIGH_PASS,
        )
    if summary.falls_back > FALLS_BACK:
        return Finding(
            "mind",
            f"{what}, which is too short: light falls back by {percent(summary.falls_back)} after "
            "each edge, as with strong overdrive or behind a high-pass filter",
            f"set the display's overdrive (response time) one step lower, and {WITHOUT_HIGH_PASS}",
        )
    if _clock_spoils(summary):
        return Finding("good", f"{what}, as far as a wrong clock (see above) lets it be known")
    if abs(summary.falls_later_ms) > STEADY_MS:
        return Finding(
            "mind",
            f"{what}, so that a frame that gets dark is half-way {abs(summary.falls_later_ms):.1f} "
            f"ms {_than(summary.falls_later_ms)} than one that gets light",
            "compare times of stimuli that change in the same direction, and check that the sensor "
            "is neither saturated nor logarithmic; the display's overdrive may help",
        )
    if slower * summary.refresh_hz / 1e3 <= SLOW_SHARE:
        return Finding("good", what)
    return Finding(
        "mind",
        what,
        "frames blend into each other; switch the display's overdrive on, and check whether the "
        "amplifier's low-pass filter is too slow for the sensor",
    )


def _clocks(summary: LightSummary) -> Finding:
    drift = summary.drift_ppm
    if summary.tied == "flips":
        return Finding(
            "mind",
            f"the display refreshes when a frame is flipped, at a variable rate of about "
            f"{summary.flips_hz:.1f} Hz; each flip was judged by its own light",
            "where stimuli must keep a rhythm, switch the variable refresh rate (adaptive sync, "
            "G-Sync, FreeSync) off",
        )
    if summary.tied == "neither":
        return Finding("good", "flips and light are told apart by their rates; see above")
    if summary.step_ms:
        return Finding(
            "good", "the drift of the clocks is not known, because one of them was set; see above"
        )
    if abs(drift) <= DRIFT_PPM:
        return Finding("good", f"the sensor's clock agrees with LSL's ({round(drift) + 0:+d} ppm)")
    if _clock_is_wrong(summary) and abs(drift) * 1e-6 * summary.frames < SLIPPED:
        return Finding(
            "bad",
            f"flips come at {summary.flips_hz:.3f} Hz and light at {summary.refresh_hz:.3f} Hz: "
            "flips do not wait for the display, or the sensor's clock is wrong; the recording is "
            "too short to say which",
            f"record at least {3e6 / abs(drift) / summary.refresh_hz:.0f} s; {VERTICAL_SYNC}",
        )
    if _clock_is_wrong(summary):
        return Finding(
            "bad",
            f"the sensor's clock is wrong by {drift * 1e-4:+.2f} %: light follows the flips and "
            f"seems to refresh at {summary.refresh_hz:.3f} Hz, while they come at "
            f"{summary.flips_hz:.3f} Hz",
            "the true rate of the amplifier is not the one that its samples were stamped with, or "
            "many samples were lost; record over LSL, with clock offsets",
        )
    return Finding(
        "mind",
        f"the sensor's clock drifts by {drift:+.0f} ppm, {abs(drift) * 0.06:.1f} ms in a minute",
        "let the recording program correct stamps by the clock offsets, and use lags of short "
        "stretches only",
    )


def _clock_is_wrong(summary: LightSummary) -> bool:
    """Return whether the sensor's clock differs from the log's by more than clocks do."""
    return abs(summary.drift_ppm) > LARGEST_PPM


def _clock_spoils(summary: LightSummary) -> bool:
    """Return whether what is told of lags follows from a clock that is wrong."""
    return _clock_is_wrong(summary) and summary.tied == "display"


def _than(ms: float) -> str:
    """Return what something is that comes so much later."""
    return "later" if ms > 0 else "earlier"


def _sensor(summary: LightSummary) -> Finding:
    share = summary.lost / max(1, summary.frames + summary.lost)
    grade: Grade = "bad" if share > LOST_SHARE else "mind"
    if summary.disturbed:
        return Finding(
            grade,
            f"light changed {_number(summary.disturbed, 'time', 'times')} where no frame did: "
            "something else than the patch reaches the sensor; "
            f"{_number(summary.lost, 'frame', 'frames')} around that ({percent(share)}) count as "
            "lost, and whether they were missed is not known",
            "fasten the sensor, keep the room's light from it, and look for a stimulus or the "
            "mouse pointer beside the patch, and for triggers on the sensor's channel",
        )
    if share <= LOST_SHARE or (_clock_spoils(summary) and not summary.step_ms):
        return Finding("good", f"the sensor saw {percent(1 - share)} of the frames")
    return Finding(
        grade,
        f"the sensor's signal was lost in {percent(share)} of the frames, and whether they were "
        "missed is not known",
        "fasten the sensor, keep the room's light from it, and look for gaps in the recording",
    )
