"""When each frame was light: a light sensor's recording laid over the frame log."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from psychopy_nfb.photodiode.align import NoMatch
from psychopy_nfb.photodiode.channel import SHORT_GAP, LightSignal, NoLight, read_light
from psychopy_nfb.photodiode.course import course_figures
from psychopy_nfb.photodiode.decode import decode
from psychopy_nfb.photodiode.edge_times import Answer, time_edges
from psychopy_nfb.photodiode.high_pass import without_high_pass
from psychopy_nfb.photodiode.line_noise import mains_hum
from psychopy_nfb.photodiode.pulses import Pulses, find_pulses
from psychopy_nfb.photodiode.refreshes import EVEN, FASTEST_HZ, phase_around, refresh_period
from psychopy_nfb.photodiode.shown import Decoded
from psychopy_nfb.photodiode.summary import LightSummary, summary_of
from psychopy_nfb.report.numbers import percent

DOUBT = 0.06
"""Beyond half-way, on the wrong side, light may be and not tell that a frame was missed: where one
was, light has been at the other level for two refreshes and is settled there."""
FEWEST_EDGES = 8
"""Fewest edges for an estimate of the lag and its variation."""

MOST_UNREAD = 24
"""Changes of the patch before the first or after the last timed edge, up to which it is normal that
these are not read."""
SLOWEST_HZ, LONGEST_HOURS = 1.0, 24.0
"""Fewest frames a second, and longest log, that are read."""
UNSURE_SHARE = 0.1
"""Share of a refresh by which fitted edges may lie off the crossings of the middle."""


@dataclass
class LightTimes:
    """A run's light, frame by frame."""

    frames: pd.DataFrame
    """One row for each frame of the log within the recording: ``frame, t_flip, patch``, ``shown``
    (True, False or empty where the sensor's signal was lost), ``repeated`` (refreshes more than the
    log knows), ``t_light`` and ``lag`` (seconds), ``edge`` (whether its light was timed by an edge
    of its own; the others lie on the display's refreshes, as their level was there already)."""
    summary: LightSummary
    rise: Answer
    fall: Answer
    light: LightSignal
    edges: pd.DataFrame
    """One row for each edge: ``t`` (seconds), ``rising``, ``frame`` it belongs to."""


def light_times(
    frames: pd.DataFrame, values: np.ndarray, stamps: np.ndarray, *, channel: str = "light sensor"
) -> LightTimes:
    """Find out when each frame was light.

    Parameters
    ----------
    frames : DataFrame
        A frame log: ``frame, t_flip, patch``; the patch in mode ``code``.
    values : array, shape (n,)
        The light sensor's samples in any unit and of either polarity.
    stamps : array, shape (n,)
        When they were taken, in seconds on the clock of `frames`.
    channel : str
        The channel's name, for what is said when it cannot be used.

    Raises
    ------
    NoLight, NoMatch
        In one sentence: no patch in the log, no light in the channel, log of another session,
        recording too short.

    Notes
    -----
    Light is timed at half of the way between the patch's levels. What a person sees of the frame is
    where its stimulus is on the screen: displays are lit from top to bottom within a refresh, so
    that each place has the lag of a patch at its height.

    References
    ----------
    .. [1] D. Bridges, A. Pitiot, M. R. MacAskill, J. W. Peirce, "The timing mega-study: comparing a
       range of experiment generators, both lab-based and online", PeerJ 8:e9414, 2020.
    """
    try:
        return _light_times(frames, values, stamps, channel)
    except (NoLight, NoMatch) as error:
        hum = None if error.parameter == "frames" else mains_hum(values, stamps)
        if hum is None:
            raise
        hertz, share = hum
        said = (
            f"{error.remedy}; {percent(share)} of its variance is mains hum of {hertz:.0f} Hz: "
            "shield its cable"
        )
        raise type(error)(error.parameter, error.value, said) from None


def _light_times(
    frames: pd.DataFrame, values: np.ndarray, stamps: np.ndarray, channel: str
) -> LightTimes:
    """Return when each frame was light; `light_times` says what may be wrong if it is not known."""
    log = frames[np.isfinite(frames.patch) & np.isfinite(frames.t_flip)].reset_index(drop=True)
    if len(log) < 2 or log.patch.nunique() < 2:
        raise NoMatch(
            "frames",
            f"{len(frames)} rows",
            "have no patch levels to compare with; draw a PhotodiodePatch in mode 'code' and give "
            "it to attach()",
        )
    flips = log.t_flip.to_numpy(dtype=float)
    late = np.flatnonzero(np.diff(flips) <= 0)
    if len(late):
        raise NoMatch(
            "frames",
            f"frame {log.frame[late[0] + 1]}",
            "was flipped before the one above it, by t_flip; give the log as it was written",
        )
    _require_frame_rate(flips)
    period = refresh_period(flips)
    levels = (log.patch > (log.patch.min() + log.patch.max()) / 2).to_numpy()
    changes = np.concatenate((flips[:1], flips[1:][levels[1:] != levels[:-1]], flips[-1:]))
    pulses, disturbed, high_pass_hz = find_pulses(values, stamps, period, channel), 0, 0.0
    if pulses is None:
        light = read_light(values, stamps, period, channel, changes)
        if high_pass_hz := light.high_pass_hz:
            values = without_high_pass(values, stamps, high_pass_hz, SHORT_GAP * period)
            light = read_light(values, stamps, period, channel, changes)
        decoded = decode(light, flips, levels, period, channel)
        if decoded.touched.any():  # there the signal has levels of its own
            disturbed = decoded.disturbed
            kept = np.where(_touched(decoded, stamps), np.nan, values)
            light = read_light(kept, stamps, period, channel, changes)
            decoded = decode(light, flips, levels, period, channel)
        timed = _held_edges(light, decoded, flips, levels, period, channel)
    else:
        light = pulses.light
        timed = _pulse_edges(pulses, flips, levels, period, channel)
    decoded, times, rising, at, rise, fall = timed
    doubt = _doubtful(decoded, levels)
    times = np.where(doubt[at] | doubt[(at - 1).clip(0)], np.nan, times)
    _require_edges(int(np.isfinite(times).sum()), channel)
    if pulses is None:
        _require_sure(times, rising, at, decoded, light, channel)
        if rise.is_pulsed(decoded.grid.period) and fall.is_pulsed(decoded.grid.period):
            raise NoLight(
                "channel",
                channel,
                "passes half of the way several times in the refresh after each edge, as pulsed "
                "light does, or is too disturbed; set the display to its full brightness, which "
                "ends the pulses of most displays, and record at 1000 Hz or more, for 2 s at least",
            )
    table = _per_frame(log, levels, decoded, times, rising, at)
    edges = pd.DataFrame(
        {"t": times, "rising": rising, "frame": log.frame.to_numpy()[decoded.rows[at]]}
    )
    disturbed += decoded.disturbed
    summary = summary_of(table, light, decoded, rise, fall, disturbed)
    lost = summary.lost + _unread(log, levels, table, stamps)
    summary = replace(summary, lost=lost, **course_figures(table, decoded, flips, levels))
    summary = replace(summary, high_pass_hz=high_pass_hz)
    if pulses is not None:
        summary = replace(summary, pulse_ms=1e3 * pulses.width, falls_back=0.0)
    return LightTimes(table, summary, rise, fall, light, edges)


def _require_frame_rate(flips: np.ndarray) -> None:
    """Refuse a log whose frames follow each other as those of no display do."""
    usual, span = float(np.median(np.diff(flips))), float(flips[-1] - flips[0])
    if not 1 / FASTEST_HZ <= usual <= 1 / SLOWEST_HZ:
        raise NoMatch(
            "frames",
            f"t_flip every {1e3 * usual:.3g} ms",
            f"is {1 / usual:.3g} frames a second, which no display shows ({SLOWEST_HZ:g} to "
            f"{FASTEST_HZ:g} are read): the flips did not wait for it; switch vertical sync on "
            "in the graphics driver",
        )
    if span > LONGEST_HOURS * 3600:
        raise NoMatch(
            "frames",
            f"t_flip over {span / 3600:.3g} hours",
            f"is more than {LONGEST_HOURS:g} hours; give the log of one session",
        )


_Timed = tuple[Decoded, np.ndarray, np.ndarray, np.ndarray, Answer, Answer]


def _unread(log: pd.DataFrame, levels: np.ndarray, table: pd.DataFrame, stamps: np.ndarray) -> int:
    """Return how many frames at an end of the recording could not be read, if these are many."""
    changes = np.concatenate(([False], levels[1:] != levels[:-1]))
    recorded = (log.t_flip > stamps[0]) & (log.t_flip < stamps[-1])
    before = (recorded & (log.frame < table.frame.iloc[0])).to_numpy()
    after = (recorded & (log.frame > table.frame.iloc[-1])).to_numpy()
    ends = [end for end in (before, after) if (changes & end).sum() > MOST_UNREAD]
    return int(sum(end.sum() for end in ends))


def _touched(decoded: Decoded, stamps: np.ndarray) -> np.ndarray:
    """Return which samples lie in refreshes in which the sensor saw something else."""
    at = np.floor(decoded.grid.number(stamps)) - decoded.numbers[0]
    inside = (at >= 0) & (at < len(decoded.touched))
    return inside & decoded.touched[at.clip(0, len(decoded.touched) - 1).astype(np.int64)]


def _held_edges(
    light: LightSignal,
    decoded: Decoded,
    flips: np.ndarray,
    levels: np.ndarray,
    period: float,
    channel: str,
) -> _Timed:
    """Return what was shown, and times, direction and refresh of the edges of held light."""
    try:
        coarse, rising, at = _edges_of(decoded, light)
        _require_edges(len(coarse), channel)
        *found, cleaned = time_edges(light, decoded.inverted, coarse, rising, decoded.grid.period)
        # Without hum and flicker single refreshes are told apart that looked alike before.
        clear = replace(light, smooth=1 - cleaned if decoded.inverted else cleaned)
        again = decode(clear, flips, levels, period, channel)
        if not _same(again, decoded):
            decoded = again
            coarse, rising, at = _edges_of(decoded, light)
            _require_edges(len(coarse), channel)
            *found, _ = time_edges(light, decoded.inverted, coarse, rising, decoded.grid.period)
    except np.linalg.LinAlgError:  # nothing is left to learn from
        _require_edges(0, channel)
        raise
    times, rise, fall = found
    return decoded, times, rising, at, rise, fall


def _pulse_edges(
    pulses: Pulses, flips: np.ndarray, levels: np.ndarray, period: float, channel: str
) -> _Timed:
    """Return the same of pulsed light: each refresh at the high level has an edge, its pulse."""
    decoded = decode(pulses.light, flips, levels, period, channel)
    at = np.flatnonzero(decoded.brightness > 0.5)
    times = decoded.grid.time(decoded.numbers[at].astype(float)) + pulses.onset
    return decoded, times, np.ones(len(at), dtype=bool), at, pulses.rise, pulses.fall


def _require_edges(n: int, channel: str) -> None:
    """Refuse what has too few edges for a lag."""
    if n < FEWEST_EDGES:
        raise NoMatch(
            "signal",
            channel,
            f"has {n} edges that could be timed, at least {FEWEST_EDGES} are needed; record "
            "longer, and look for gaps in the recording",
        )


def _require_sure(
    times: np.ndarray,
    rising: np.ndarray,
    at: np.ndarray,
    decoded: Decoded,
    light: LightSignal,
    channel: str,
) -> None:
    """Refuse edges whose fitted times are not where light crosses the middle.

    From few edges in hum, what pixels and sensor do cannot be learnt, and half of the way may come
    to lie anywhere, also whole refreshes away where other edges are: those that are compared go the
    same way and belong to the same refresh.
    """
    begins = decoded.grid.time(decoded.numbers[at].astype(float))
    for one in (True, False):
        crossings, these = light.edges[(light.rising != decoded.inverted) == one], rising == one
        near = _nearest(crossings, begins[these])
        away = times[these] - near
        away = away[np.isfinite(away)]
        period = decoded.grid.period
        if len(away) and (differ := abs(float(np.median(away)))) > UNSURE_SHARE * period:
            raise NoMatch(
                "signal",
                channel,
                f"is too short, or too disturbed, to time its {len(times)} edges: two ways of "
                f"timing them differ by {1e3 * differ:.1f} ms; record at least 2 s, and look for "
                "hum, a backlight whose light is pulsed, and a high-pass filter above 3 Hz",
            )


def _nearest(among: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the one of `among`, rising, that is nearest to each time; NaN if there is none."""
    if not len(among):
        return np.full(len(times), np.nan)
    after = np.searchsorted(among, times).clip(0, len(among) - 1)
    before = (after - 1).clip(0)
    return np.where(times - among[before] < among[after] - times, among[before], among[after])


def _doubtful(decoded: Decoded, levels: np.ndarray) -> np.ndarray:
    """Return the refreshes whose light is on the wrong side of half-way, and tells nothing.

    Edges beside them may be hum as well as the patch.
    """
    light, log = decoded.brightness, levels[decoded.rows]
    return ((light > 0.5) != log) & (np.abs(light - log) < 0.5 + DOUBT)


def _same(one: Decoded, other: Decoded) -> bool:
    """Return whether both have the same light in each refresh."""
    return np.array_equal(one.rows, other.rows) and np.array_equal(
        one.brightness > 0.5, other.brightness > 0.5
    )


def _edges_of(decoded: Decoded, light: LightSignal) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coarse time, direction and refresh of each edge that was seen."""
    bright = decoded.brightness > 0.5
    seen = ~np.isnan(decoded.brightness)
    changed = bright[1:] != bright[:-1]
    at = np.flatnonzero(changed & seen[1:] & seen[:-1]) + 1
    grid = decoded.grid
    coarse = grid.time(decoded.numbers[at].astype(float))
    # Where a clock was set, light lies on no one grid: what pixels do would be learnt from edges
    # that are not where they are looked for.
    away = phase_around(grid.number(light.edges))
    if np.abs(away).max() > EVEN:
        coarse = coarse + grid.period * np.interp(coarse, light.edges, away)
    return coarse, bright[at], at


def _per_frame(
    log: pd.DataFrame,
    levels: np.ndarray,
    decoded: Decoded,
    times: np.ndarray,
    rising: np.ndarray,
    at: np.ndarray,
) -> pd.DataFrame:
    """Return the table of `LightTimes.frames`, from the first to the last timed edge.

    What lies before and after could be one refresh earlier or later as well.
    """
    first_row, last_row = decoded.rows.min(), decoded.rows.max()
    n = last_row - first_row + 1
    which = decoded.rows - first_row
    seen = ~np.isnan(decoded.brightness)
    right = seen & (np.abs(decoded.brightness - levels[decoded.rows]) < 0.5 + DOUBT)
    n_shown = np.bincount(which, minlength=n)
    n_right = np.bincount(which[right], minlength=n)
    n_seen = np.bincount(which[seen], minlength=n)
    lasted = decoded.lasts[first_row : last_row + 1].copy()
    lasted[-1] = max(lasted[-1], n_shown[-1])
    table = log.loc[first_row:last_row, ["frame", "t_flip", "patch"]].reset_index(drop=True)
    shown = np.where(n_right > 0, True, False).astype(object)
    lost = (n_seen == 0) & (n_shown > 0)
    # What a slip in a lost stretch has skipped is lost as well.
    beside = np.convolve(lost, [True, True, True], mode="same")
    shown[lost | ((n_shown == 0) & (beside > 0))] = None
    table["shown"] = shown
    table["repeated"] = np.where(shown == True, np.maximum(n_shown - lasted, 0), 0)  # noqa: E712
    # Of frames without an edge of their own: when their refresh began, as the edges around it say.
    own = np.full(len(decoded.rows), np.nan)
    own[at] = times
    on_grid = decoded.grid.time(decoded.numbers.astype(float))
    known = np.isfinite(own)
    offset = float(np.median((own - on_grid)[known])) if known.any() else np.nan
    begins = np.concatenate(([True], which[1:] != which[:-1]))
    t_light = np.full(n, np.nan)
    edge = np.zeros(n, dtype=bool)
    rows = which[begins]
    t_light[rows] = on_grid[begins] + offset
    with_own = begins & known & right
    t_light[which[with_own]] = own[with_own]
    edge[which[with_own]] = True
    visible = table.shown.to_numpy() == True  # noqa: E712
    table["t_light"] = np.where(visible, t_light, np.nan)
    table["lag"] = table.t_light - table.t_flip
    table["edge"] = edge & visible
    edged = np.flatnonzero(table.edge)
    return table.iloc[edged[0] : edged[-1] + 1].reset_index(drop=True)
