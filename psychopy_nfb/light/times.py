"""When each frame was light: a light sensor's recording laid over the frame log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from psychopy_nfb.light.align import NoMatch
from psychopy_nfb.light.channel import LightSignal, read_light
from psychopy_nfb.light.decode import Decoded, Tied, decode
from psychopy_nfb.light.edge_times import Answer, time_edges
from psychopy_nfb.light.pulses import Pulses, find_pulses

DOUBT = 0.06
"""Beyond half-way, on the wrong side, light may be and not tell that a frame was missed: where one
was, light has been at the other level for two refreshes and is settled there."""
FEWEST_EDGES = 8
"""Fewest edges for an estimate of the lag and its variation."""

UNSURE_SHARE = 0.1
"""Share of a refresh by which fitted edges may lie off the crossings of the middle."""


@dataclass(frozen=True)
class LightSummary:
    """What light says of a run, in milliseconds where not said otherwise."""

    frames: int
    """Frames of the log that the sensor saw."""
    edges: int
    """Number of those frames whose light was timed by an edge of their own."""
    missed: int
    """Frames that were never light."""
    repeated: int
    """Refreshes in which a frame was light once more than the log knows."""
    lost: int
    """Frames of the log, within the recording, in which the sensor's signal was lost."""
    lag_mean_ms: float
    """Flip to light."""
    lag_median_ms: float
    lag_sd_ms: float
    lag_p95_ms: float
    lag_max_ms: float
    lag_sd_detrended_ms: float
    """The spread that is left when the clocks' drift is taken away."""
    drift_ppm: float
    """How much faster the sensor's clock goes than the log's, in millionths."""
    rise_ms: float
    """From a tenth to nine tenths of the way to the high level."""
    fall_ms: float
    refresh_hz: float
    """Refresh rate of the display in Hz, estimated from the light."""
    level_low: float
    """In the channel's unit, patch at its low level."""
    level_high: float
    inverted: bool
    """Whether the channel falls in light."""
    pulse_ms: float = 0.0
    """For how long a pulse of light lasts, at half of its height; 0 if the display holds its light.
    Rise and fall are then the pulse's own."""
    later: int = 0
    """Frames that came a refresh or more later than the usual lag, for a while."""
    stretches: int = 0
    """Number of stretches that these lie in."""
    tied: Tied = "display"
    """What refreshes keep with: the ``display``'s own grid, on which flips wait; each of the
    ``flips``, at a variable refresh rate; ``neither`` if the display has a grid and flips do not
    wait for it."""
    flips_hz: float = 0.0
    """Rate of the flips in Hz, by the log's clock."""

    def to_dict(self) -> dict[str, float]:
        """Return all of it for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Return it as lines for people."""
        return "\n".join(
            [
                f"flip → light in ms: mean {self.lag_mean_ms:.2f}, median "
                f"{self.lag_median_ms:.2f}, SD {self.lag_sd_ms:.2f} "
                f"({self.lag_sd_detrended_ms:.2f} without drift), p95 {self.lag_p95_ms:.2f}, "
                f"max {self.lag_max_ms:.2f}",
                f"{self.frames} frames seen, {self.edges} timed by an edge of their own; "
                f"{self.missed} missed, {self.repeated} repeated, {self.lost} lost by the sensor",
                f"display {self.refresh_hz:.3f} Hz, rise {self.rise_ms:.1f} ms, "
                f"fall {self.fall_ms:.1f} ms; drift {round(self.drift_ppm):d} ppm; levels "
                f"{self.level_low:.4g} and {self.level_high:.4g}"
                + (", inverted" if self.inverted else "")
                + (f"; one pulse of {self.pulse_ms:.1f} ms a refresh" if self.pulse_ms else ""),
            ]
        )


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
    log = frames[frames.patch.notna() & frames.t_flip.notna()].reset_index(drop=True)
    if len(log) < 2 or log.patch.nunique() < 2:
        raise NoMatch(
            "frames",
            f"{len(frames)} rows",
            "have no patch levels to compare with; draw a PhotodiodePatch in mode 'code' and give "
            "it to attach()",
        )
    flips = log.t_flip.to_numpy()
    late = np.flatnonzero(np.diff(flips) <= 0)
    if len(late):
        raise NoMatch(
            "frames",
            f"frame {log.frame[late[0] + 1]}",
            "was flipped before the one above it, by t_flip; give the log as it was written",
        )
    period = float(np.median(np.diff(flips)))
    levels = (log.patch > (log.patch.min() + log.patch.max()) / 2).to_numpy()
    changes = np.concatenate((flips[:1], flips[1:][levels[1:] != levels[:-1]], flips[-1:]))
    pulses = find_pulses(values, stamps, period, channel)
    if pulses is None:
        light = read_light(values, stamps, period, channel, changes)
        decoded = decode(light, flips, levels, period, channel)
        if decoded.touched.any():  # there the signal has levels of its own
            kept = np.where(_touched(decoded, stamps), np.nan, values)
            light = read_light(kept, stamps, period, channel, changes)
            decoded = decode(light, flips, levels, period, channel)
        timed = _held_edges(light, decoded, flips, levels, period, channel)
    else:
        light = pulses.light
        timed = _pulse_edges(pulses, flips, levels, period, channel)
    decoded, times, rising, at, rise, fall = timed
    _require_edges(int(np.isfinite(times).sum()), channel)
    if pulses is None:
        _require_sure(times, rising, light, decoded.grid.period, channel)
    table = _per_frame(log, levels, decoded, times, rising, at)
    edges = pd.DataFrame(
        {"t": times, "rising": rising, "frame": log.frame.to_numpy()[decoded.rows[at]]}
    )
    summary = _summary(table, light, decoded, rise, fall)
    if pulses is not None:
        summary = replace(summary, pulse_ms=1e3 * pulses.width)
    return LightTimes(table, summary, rise, fall, light, edges)


_Timed = tuple[Decoded, np.ndarray, np.ndarray, np.ndarray, Answer, Answer]


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
        coarse, rising, at = _edges_of(decoded)
        _require_edges(len(coarse), channel)
        *found, cleaned = time_edges(light, decoded.inverted, coarse, rising, decoded.grid.period)
        # Without hum and flicker single refreshes are told apart that looked alike before.
        clear = replace(light, smooth=1 - cleaned if decoded.inverted else cleaned)
        again = decode(clear, flips, levels, period, channel)
        if not _same(again, decoded):
            decoded = again
            coarse, rising, at = _edges_of(decoded)
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
            f"has {n} edges that could be timed, {FEWEST_EDGES} are needed; record longer, and "
            "look for gaps in the recording",
        )


def _require_sure(
    times: np.ndarray, rising: np.ndarray, light: LightSignal, period: float, channel: str
) -> None:
    """Refuse edges whose fitted times are not where light crosses the middle.

    From few edges in hum, what pixels and sensor do cannot be learnt, and half of the way may come
    to lie anywhere.
    """
    after = np.searchsorted(light.edges, times).clip(1, len(light.edges) - 1)
    near = np.where(
        times - light.edges[after - 1] < light.edges[after] - times,
        light.edges[after - 1],
        light.edges[after],
    )
    for one in (rising, ~rising):
        away = (times - near)[one]
        away = away[np.isfinite(away)]
        if len(away) and (differ := abs(float(np.median(away)))) > UNSURE_SHARE * period:
            raise NoMatch(
                "signal",
                channel,
                f"is too short, or too disturbed, to time its {len(times)} edges: two ways of "
                f"timing them differ by {1e3 * differ:.1f} ms; record at least 2 s, and look for "
                "hum and for a backlight whose light is pulsed",
            )


def _same(one: Decoded, other: Decoded) -> bool:
    """Return whether both have the same light in each refresh."""
    return np.array_equal(one.rows, other.rows) and np.array_equal(
        one.brightness > 0.5, other.brightness > 0.5
    )


def _edges_of(decoded: Decoded) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coarse time, direction and refresh of each edge that was seen."""
    bright = decoded.brightness > 0.5
    seen = ~np.isnan(decoded.brightness)
    changed = bright[1:] != bright[:-1]
    at = np.flatnonzero(changed & seen[1:] & seen[:-1]) + 1
    return decoded.grid.time(decoded.numbers[at].astype(float)), bright[at], at


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


def _summary(
    table: pd.DataFrame, light: LightSignal, decoded: Decoded, rise: Answer, fall: Answer
) -> LightSummary:
    timed = table[table.edge]
    lag = 1e3 * timed.lag.to_numpy()
    since = (timed.t_flip - timed.t_flip.mean()).to_numpy()
    later = _later(decoded)
    levels = (light.high, light.low) if decoded.inverted else (light.low, light.high)
    return LightSummary(
        frames=int(table.shown.notna().sum()),
        edges=len(timed),
        missed=int((table.shown == False).sum()),  # noqa: E712
        repeated=int(table.repeated.sum()),
        lost=int(table.shown.isna().sum()),
        lag_mean_ms=float(lag.mean()),
        lag_median_ms=float(np.median(lag)),
        lag_sd_ms=float(lag.std(ddof=1)),
        lag_p95_ms=float(np.percentile(lag, 95)),
        lag_max_ms=float(lag.max()),
        lag_sd_detrended_ms=float((lag - 1e3 * decoded.drift * since).std(ddof=1)),
        drift_ppm=1e6 * decoded.drift,
        rise_ms=1e3 * rise.duration(),
        fall_ms=1e3 * fall.duration(),
        refresh_hz=1 / decoded.grid.period,
        level_low=levels[0],
        level_high=levels[1],
        inverted=decoded.inverted,
        later=int(np.count_nonzero(later)),
        stretches=int(np.count_nonzero(np.diff(later > 0, prepend=False) & (later > 0))),
        tied=decoded.tied,
        flips_hz=decoded.flips_hz,
    )


def _later(decoded: Decoded) -> np.ndarray:
    """Return by how many refreshes each frame came later than before and afterwards."""
    slips = decoded.slips
    if decoded.tied != "display":
        return np.zeros(0, dtype=np.int64)
    before = np.minimum.accumulate(slips)
    afterwards = np.minimum.accumulate(slips[::-1])[::-1]
    later = slips - np.maximum(before, afterwards)
    begins = np.diff(decoded.rows, prepend=-1) > 0
    return later[begins & ~np.isnan(decoded.brightness)]
