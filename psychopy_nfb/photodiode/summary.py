"""A run's light in figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from psychopy_nfb.photodiode.channel import LightSignal
from psychopy_nfb.photodiode.clock_step import clock_step
from psychopy_nfb.photodiode.shown import Decoded, Tied
from psychopy_nfb.photodiode.step_response import Answer


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
    """The spread that is left when the clocks' drift, and the difference between edges that rise
    and edges that fall, are taken away."""
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
    falls_back: float = 0.0
    """Share of the way by which light falls back after an edge, as behind a high-pass filter; rise
    and fall are then measured too short."""
    high_pass_hz: float = 0.0
    """Corner of the high-pass filter whose effect was removed from the recording; 0 if none was."""
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
    falls_later_ms: float = 0.0
    """By how much later light is half-way when it falls than when it rises."""
    step_ms: float = 0.0
    """By how much light came later at once, by no whole number of refreshes: a clock was set; 0 if
    it did not."""
    step_at: float = 0.0
    """Seconds after the first frame of the table at which it did."""
    disturbed: int = 0
    """Times that light changed though no frame did: not the patch, but something else."""
    visible: float = 0.5
    """Share of the frames that have another level than the frame before: if one of the others is
    missed, light does not tell."""
    part: int = 1
    """Frames in a turn where the display showed only a part of them for a while: 2 if it showed
    every second one, 3 if every third one, or two of three; 1 if it never did."""
    part_shown: int = 1
    """How many frames of such a turn were shown."""
    part_at: float = 0.0
    """Seconds after the first frame of the table from which on it did."""
    part_seconds: float = 0.0
    """For how long it did, all stretches together."""
    shifted: int = 0
    """Refreshes by which light came later from some time on, and for good; negative if earlier."""
    shifts: int = 0
    """Number of steps in which it did."""
    shifted_at: float = 0.0
    """Seconds after the first frame of the table at which the first step came."""
    lag_before_ms: float = 0.0
    """Median lag before the first of these steps."""
    lag_after_ms: float = 0.0
    """Median lag after the last one."""

    def to_dict(self) -> dict[str, float]:
        """Return all of it for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Return it as lines for people."""
        return "\n".join(
            [
                f"flip → light in ms: mean {self.lag_mean_ms:.2f}, median "
                f"{self.lag_median_ms:.2f}, SD {self.lag_sd_ms:.2f} "
                f"({self.lag_sd_detrended_ms:.2f} in one direction, without drift), p95 "
                f"{self.lag_p95_ms:.2f}, "
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


def summary_of(
    table: pd.DataFrame,
    light: LightSignal,
    decoded: Decoded,
    rise: Answer,
    fall: Answer,
    disturbed: int,
) -> LightSummary:
    """Return the figures of a run from the table of its frames and what was decoded."""
    timed = table[table.edge]
    lag = 1e3 * timed.lag.to_numpy()
    since = (timed.t_flip - timed.t_flip.mean()).to_numpy()
    steady = lag - 1e3 * decoded.drift * since
    up = (timed.patch > table.patch.mean()).to_numpy()
    falls_later = float(steady[~up].mean() - steady[up].mean()) if 0 < up.sum() < len(up) else 0.0
    even = 1e-3 * (lag + np.where(up, falls_later, 0.0))
    step = (
        clock_step(timed.t_flip.to_numpy(), even, decoded.grid.period)
        if decoded.tied == "display"
        else None
    )
    later = _later(decoded)
    high = (table.patch > table.patch.mean()).to_numpy()
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
        lag_sd_detrended_ms=float((steady + np.where(up, falls_later, 0.0)).std(ddof=1)),
        drift_ppm=1e6 * decoded.drift,
        rise_ms=1e3 * rise.duration(),
        fall_ms=1e3 * fall.duration(),
        refresh_hz=1 / decoded.grid.period,
        level_low=levels[0],
        level_high=levels[1],
        inverted=decoded.inverted,
        falls_back=min(one.falls_back(decoded.grid.period) for one in (rise, fall)),
        later=int(np.count_nonzero(later)),
        stretches=int(np.count_nonzero(np.diff(later > 0, prepend=False) & (later > 0))),
        tied=decoded.tied,
        flips_hz=decoded.flips_hz,
        falls_later_ms=falls_later,
        step_ms=1e3 * step.seconds if step else 0.0,
        step_at=step.at - float(table.t_flip.iloc[0]) if step else 0.0,
        disturbed=disturbed,
        visible=float(np.mean(high[1:] != high[:-1])),
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
