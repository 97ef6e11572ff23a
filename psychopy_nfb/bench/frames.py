"""The frame loop with and without the plugin: missed frames, and how old what they show is."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.bench.setting import STREAMS, amplifier, training
from psychopy_nfb.bench.steal_time import TURN_SECONDS, Standstills, Turns, stolen_seconds
from psychopy_nfb.clock import lsl_now

if TYPE_CHECKING:
    import pandas as pd

PACED_HZ = 60.0
DISPLAY = f"paced to {PACED_HZ:g} Hz, software rendering, if any, in one thread"


def frame_loop(turns: int, turned: Callable[[], None]) -> dict[str, float]:
    """Show a bar at a paced 60 Hz, dense stream, in turns: without the plugin and with it.

    All conditions run at the priority that PsychoPy offers to experiments, where it may be had.
    Frames missed because a processor stood still are counted apart, as are those frames that it
    stood still in whether they were missed or not: a program has no part in either.
    """
    # Where the processor draws, it does so in this thread: its helpers would wait for each other.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    import pandas as pd
    from psychopy import core

    from psychopy_nfb.analysis import lag_summary
    from psychopy_nfb.display import FeedbackBar, pace
    from psychopy_nfb.display.window import open_window

    win = open_window((800, 600), units="pix", allowGUI=False)
    pace(win, PACED_HZ)
    bar = FeedbackBar(win, size=(60, 400), pos=(0, 0))
    conditions = {
        "without": None,
        "late": {"late_read": True},
        "early": {"late_read": False},
        "stalled": {"late_read": True, "burn_ms": 50.0},
    }
    dropped = dict.fromkeys(conditions, 0)
    standing = dict.fromkeys(conditions, 0)
    disturbed_frames = 0
    logs: dict[str, list[Any]] = {"late": [], "early": []}
    counted = Turns(repeats=2 * turns * len(conditions))
    try:
        with (
            Standstills() as standstills,
            amplifier(STREAMS["dense_"]) as source_id,
            TemporaryDirectory() as folder,
        ):
            rushed = core.rush(True)  # once the amplifier runs, which must not inherit it
            for _ in range(turns):
                for name, settings in conditions.items():
                    if settings is None:
                        show = partial(_bare_frames, win, bar)
                    else:
                        show = partial(plugin_frames, win, bar, source_id, folder, **settings)
                    log = counted.calm(show)
                    missed, excused, frames = sort_out(log, standstills)
                    dropped[name] += missed
                    standing[name] += excused
                    disturbed_frames += frames
                    if name in logs:
                        logs[name].append(log[log.frame >= PACED_HZ])  # the margin has to be learnt
                    turned()
    finally:
        core.rush(False)
        win.close()
    late, early = (
        lag_summary(pd.concat(logs[name], ignore_index=True)).to_dict()
        for name in ("late", "early")
    )
    return {
        "flip_read_ms_median": late["read_to_flip_ms"]["median"],
        "flip_read_ms_p99": late["read_to_flip_ms"]["p99"],
        "flip_age_ms_median": late["age_at_flip_ms"]["median"],
        "flip_age_early_ms_median": early["age_at_flip_ms"]["median"],
        "frames_each": turns * TURN_SECONDS * PACED_HZ,
        "rushed": bool(rushed),
        "frame_turns_repeated": counted.repeated,
        "frame_turns_disturbed": counted.disturbed,
        "standstills_watched": standstills.watched,
        "frames_in_standstills_percent": 100
        * disturbed_frames
        / (turns * len(conditions) * TURN_SECONDS * PACED_HZ),
        **{f"dropped_{name}": drops for name, drops in dropped.items()},
        **{f"dropped_{name}_in_standstills": drops for name, drops in standing.items()},
        "dropped_extra": dropped["late"] - dropped["without"],
        "dropped_extra_early": dropped["early"] - dropped["without"],
        "dropped_extra_stalled": dropped["stalled"] - dropped["without"],
    }


def sort_out(log: pd.DataFrame, standstills: Standstills) -> tuple[int, int, int]:
    """Return frames missed, frames missed in a standstill, and all flips that met a standstill."""
    stood = standstills.during(log.t_flip - log.interval, log.t_flip)
    missed = np.diff(log.dropped, prepend=log.dropped.iloc[0])
    return int(missed[~stood].sum()), int(missed[stood].sum()), int(stood.sum())


def _bare_frames(win, bar) -> tuple[pd.DataFrame, float]:
    """Show frames without the plugin; return a log of them, and the stolen seconds."""
    import pandas as pd

    stolen = stolen_seconds()
    flips, ends = [], lsl_now() + TURN_SECONDS
    while (now := lsl_now()) < ends:
        bar.value = (now * 0.5) % 1
        bar.draw()
        win.flip()
        flips.append(lsl_now())
    stolen = stolen_seconds() - stolen
    log = pd.DataFrame({"t_flip": flips})
    log["interval"] = log.t_flip.diff()
    periods = (log.interval * PACED_HZ).fillna(1.0)
    log["dropped"] = (periods.round() - 1).clip(lower=0).cumsum()
    return log, stolen


def plugin_frames(
    win,
    bar,
    source_id: str,
    folder: str,
    *,
    late_read: bool = True,
    burn_ms: float = 0.0,
    beside: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[pd.DataFrame, float]:
    """Show frames with the plugin, and what is `beside`; return their log, and stolen seconds."""
    import pandas as pd

    from psychopy_nfb.display.neurofeedback import Neurofeedback

    settings = training(source_id, burn_ms=burn_ms)
    with Neurofeedback(settings, data=folder, late_read=late_read) as nfb, beside():
        nfb.attach(win)
        stolen = stolen_seconds()
        for _ in nfb.frames(TURN_SECONDS):
            bar.value = nfb.value
            bar.draw()
        stolen = stolen_seconds() - stolen
    return pd.read_csv(nfb.files.frames), stolen
