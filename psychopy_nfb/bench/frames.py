"""The frame loop with and without the plugin: missed frames, and how old what they show is."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

from psychopy_nfb.bench.calm import TURN_SECONDS, Turns, stolen_seconds
from psychopy_nfb.bench.setting import STREAMS, amplifier, training
from psychopy_nfb.clock import lsl_now

PACED_HZ = 60.0


def frame_loop(turns: int, turned: Callable[[], None]) -> dict[str, float]:
    """Show a bar at a paced 60 Hz, dense stream, in turns: without the plugin and with it.

    All conditions run at the priority that PsychoPy offers to experiments, where it may be had.
    """
    # Where the processor draws, it does so in this thread: its helpers would wait for each other.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    from psychopy import core, visual

    from psychopy_nfb.display import FeedbackBar, pace
    from psychopy_nfb.timing import lag_summary

    win = visual.Window((800, 600), units="pix", color="black", allowGUI=False)
    pace(win, PACED_HZ)
    bar = FeedbackBar(win, size=(60, 400), pos=(0, 0))
    conditions = {
        "without": None,
        "late": {"late_read": True},
        "early": {"late_read": False},
        "stalled": {"late_read": True, "burn_ms": 50.0},
    }
    dropped = dict.fromkeys(conditions, 0)
    logs: dict[str, list] = {"late": [], "early": []}
    counted = Turns(repeats=2 * turns * len(conditions))
    try:
        with amplifier(STREAMS["dense_"]) as source_id, TemporaryDirectory() as folder:
            rushed = core.rush(True)  # once the amplifier runs, which must not inherit it
            for _ in range(turns):
                for name, settings in conditions.items():
                    if settings is None:
                        show = partial(_bare_frames, win, bar)
                    else:
                        show = partial(_plugin_frames, win, bar, source_id, folder, **settings)
                    drops, log = counted.calm(show)
                    dropped[name] += drops
                    if name in logs:
                        logs[name].append(log)
                    turned()
    finally:
        core.rush(False)
        win.close()
    late, early = (lag_summary(_joined(logs[name])).to_dict() for name in ("late", "early"))
    return {
        "flip_read_ms_median": late["read_to_flip_ms"]["median"],
        "flip_read_ms_p99": late["read_to_flip_ms"]["p99"],
        "flip_age_ms_median": late["age_at_flip_ms"]["median"],
        "flip_age_early_ms_median": early["age_at_flip_ms"]["median"],
        "frames_each": turns * TURN_SECONDS * PACED_HZ,
        "rushed": bool(rushed),
        "frame_turns_repeated": counted.repeated,
        "frame_turns_disturbed": counted.disturbed,
        **{f"dropped_{name}": drops for name, drops in dropped.items()},
        "dropped_extra": dropped["late"] - dropped["without"],
        "dropped_extra_early": dropped["early"] - dropped["without"],
        "dropped_extra_stalled": dropped["stalled"] - dropped["without"],
    }


def _bare_frames(win, bar) -> tuple[tuple[int, None], float]:  # noqa: ANN001
    """Show frames without the plugin; return how many were missed, and the stolen seconds."""
    stolen = stolen_seconds()
    last, missed, ends = None, 0, lsl_now() + TURN_SECONDS
    while (now := lsl_now()) < ends:
        bar.value = (now * 0.5) % 1
        bar.draw()
        win.flip()
        flipped = lsl_now()
        if last is not None and flipped - last > 1.5 / PACED_HZ:
            missed += round((flipped - last) * PACED_HZ) - 1
        last = flipped
    return (missed, None), stolen_seconds() - stolen


def _plugin_frames(
    win,  # noqa: ANN001
    bar,  # noqa: ANN001
    source_id: str,
    folder: str,
    *,
    late_read: bool,
    burn_ms: float = 0.0,
) -> tuple[tuple[int, object], float]:
    """Show frames with the plugin; return missed frames and frame log, and the stolen seconds."""
    import pandas as pd

    from psychopy_nfb.display.neurofeedback import Neurofeedback

    with Neurofeedback(
        training(source_id, burn_ms=burn_ms), data=folder, late_read=late_read
    ) as nfb:
        nfb.attach(win)
        stolen = stolen_seconds()
        for _ in nfb.frames(TURN_SECONDS):
            bar.value = nfb.value
            bar.draw()
        missed = nfb.dropped
        stolen = stolen_seconds() - stolen
    log = pd.read_csv(nfb.files.frames)
    return (missed, log[log.frame >= PACED_HZ]), stolen  # the margin needs a second to learn


def _joined(logs: list):  # noqa: ANN202
    import pandas as pd

    return pd.concat(logs, ignore_index=True)
