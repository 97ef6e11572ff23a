"""`psychopy-nfb check`: what about this machine matters for timing, each with a remedy."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from psychopy_nfb.checks import check_writable
from psychopy_nfb.doctor.finding import Finding
from psychopy_nfb.doctor.libraries import check_lsl, check_python, check_runtime, lsl_loads
from psychopy_nfb.process import CREATION_FLAGS

FRAMES = 180
AFTER_OTHERS = "do what the other findings say, then check again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb check``."""
    parser.add_argument("--json", metavar="FILE", help="write the findings to this file, too")
    parser.add_argument("--no-window", action="store_true", help="skip the checks of the display")


def main(options: argparse.Namespace) -> int:
    """Check everything and print the findings; exit status 1 if something needs a remedy."""
    if options.json:
        check_writable("json", options.json)
    from tqdm import tqdm

    looks: list[Callable[[], list[Finding]]] = [check_python, check_runtime, check_lsl]
    if lsl_loads():
        looks += [check_streams, check_clock, check_sleep, check_process_start]
    looks.append(check_load)
    if not options.no_window:
        looks += [check_compositor, check_display] if lsl_loads() else [check_compositor]
    findings: list[Finding] = []
    for look in tqdm(looks, desc="check", disable=None, leave=False):
        try:
            findings += look()
        except (ImportError, OSError, RuntimeError) as error:  # RuntimeError: pylsl without liblsl
            what = look.__name__.removeprefix("check_").replace("_", " ")
            findings.append(Finding(what, False, f"could not be checked ({error})", AFTER_OTHERS))
    for finding in findings:
        print(f"[{'ok' if finding.good else '!!'}] {finding.what}: {finding.found}")
        if not finding.good:
            print(f"     -> {finding.remedy}")
    if options.json:
        content = [asdict(finding) for finding in findings]
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return int(not all(finding.good for finding in findings))


def check_streams() -> list[Finding]:
    """Look whether streams of this machine are found, and which are there."""
    import pylsl

    from psychopy_nfb.lsl.describe import describe_all
    from psychopy_nfb.lsl.find import list_streams, network_remedy
    from psychopy_nfb.lsl.outlet import make_marker_outlet

    own = f"psychopy_nfb_check_{os.getpid()}"
    outlet = make_marker_outlet("psychopy_nfb check", own)
    seen = pylsl.resolve_byprop("source_id", own, timeout=3.0)
    del outlet
    others = [info for info in list_streams(1.0) if info.source_id() != own]
    return [
        Finding(
            "LSL network",
            bool(seen),
            "this computer finds its own streams"
            if seen
            else "this computer does not find its own streams",
            network_remedy(),
        ),
        Finding(
            "LSL streams",
            True,
            ", ".join(describe_all(others))
            or "none (switch on the LSL output of the amplifier's program)",
        ),
    ]


def check_clock() -> list[Finding]:
    """Measure the offset between PsychoPy's clock and LSL's, and how well it can be measured."""
    from psychopy_nfb.clock import PsychoPyClock

    clock = PsychoPyClock()
    first = clock.measure()
    time.sleep(1.0)
    second = clock.measure()
    moved = (second.offset - first.offset) * 1e6
    return [
        Finding(
            "clock offset",
            max(first.uncertainty, second.uncertainty) < 1e-4,
            f"PsychoPy - LSL = {second.offset:.6f} s, uncertainty "
            f"{1e6 * second.uncertainty:.1f} us, moved {moved:+.1f} us in 1 s",
            "close programs that load the processor and try again",
        ),
        Finding(
            "clock steadiness",
            abs(moved) < 500,
            f"{moved:+.1f} ppm",
            "the system's clock is being corrected: wait until its synchronisation has settled",
        ),
    ]


def check_sleep() -> list[Finding]:
    """Measure by how much sleeping overshoots."""
    from psychopy_nfb.clock import lsl_now

    overshoots = []
    for _ in range(200):
        before = lsl_now()
        time.sleep(0.002)
        overshoots.append(lsl_now() - before - 0.002)
    median, worst = (1e3 * np.percentile(overshoots, [50, 99])).tolist()
    return [
        Finding(
            "sleep",
            worst < 5,
            f"overshoots by {median:.2f} ms (median), {worst:.2f} ms (99th percentile)",
            "on Windows use Python 3.11 or newer and the high-performance power plan; "
            "elsewhere close programs that load the processor",
        )
    ]


def check_process_start() -> list[Finding]:
    """Measure how long a Python process takes to start and to load what the worker needs."""
    started = time.perf_counter()
    code = "import numpy, pylsl, scipy.signal"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, creationflags=CREATION_FLAGS)
    seconds = time.perf_counter() - started
    return [
        Finding(
            "process start",
            done.returncode == 0 and seconds < 5,
            f"{seconds:.2f} s until scipy is loaded",
            "exclude Python's folder from the virus scanner; keep it on a local disk",
        )
    ]


def check_load() -> list[Finding]:
    """Look at the number of cores and how busy they are."""
    import psutil

    cores = psutil.cpu_count() or 1
    busy = psutil.cpu_percent(interval=1.0)
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    findings = [
        Finding(
            "processor",
            cores >= 2 and busy < 50,
            f"{cores} cores, {busy:.0f} % busy",
            "two free cores are needed, one to draw and one to filter: close other programs",
        )
    ]
    if battery is not None:
        findings.append(
            Finding(
                "power",
                bool(battery.power_plugged),
                "plugged in" if battery.power_plugged else "on battery",
                "plug in: on battery the processor slows down",
            )
        )
    return findings


def check_compositor() -> list[Finding]:
    """Look whether another program puts the window on the screen, a frame later."""
    if sys.platform == "win32":
        found = "Windows has one; a full-screen window of PsychoPy bypasses it"
        return [Finding("compositor", True, found)]
    if sys.platform == "darwin":
        found = "macOS has one: light comes a frame later; verify with a photodiode"
        return [Finding("compositor", True, found)]
    if os.environ.get("WAYLAND_DISPLAY"):
        return [
            Finding(
                "compositor",
                False,
                "Wayland session: a compositor delays every frame",
                "log in to an X11 session",
            )
        ]
    from pyglet.libs.x11 import xlib

    display = xlib.XOpenDisplay(None)
    if not display:
        return [
            Finding(
                "compositor", False, "no display", "run this on a desktop; over ssh, set DISPLAY"
            )
        ]
    owner = xlib.XGetSelectionOwner(display, xlib.XInternAtom(display, b"_NET_WM_CM_S0", 0))
    xlib.XCloseDisplay(display)
    return [
        Finding(
            "compositor",
            not owner,
            "a compositor is running" if owner else "none",
            "switch it off for full-screen windows, or use a plain window manager",
        )
    ]


def check_display() -> list[Finding]:
    """Measure whether flips wait for the display, its rate and its jitter."""
    import logging

    try:
        from psychopy import logging as psychopy_logging
        from psychopy import visual

        psychopy_logging.console.setLevel(psychopy_logging.CRITICAL)
        win = visual.Window(fullscr=True, color="black", allowGUI=False)
    except Exception as error:  # whatever a display driver raises is the finding
        logging.getLogger(__name__).debug("no window", exc_info=True)
        return [
            Finding(
                "display",
                False,
                f"no window could be opened ({error})",
                "run this on a desktop, or use --no-window",
            )
        ]
    from psychopy_nfb.clock import lsl_now
    from psychopy_nfb.display.pacing import frame_blocking

    try:
        blocks, _ = frame_blocking(win)  # as each run measures it, so that both say the same
        renderer = win.winHandle.context.get_info().get_renderer()
        flips = []
        for _ in range(FRAMES):
            win.flip()
            flips.append(lsl_now())
    finally:
        win.close()
    intervals = np.diff(flips[30:])
    period = float(np.median(intervals))
    jitter = 1e3 * float(intervals.std())
    late = int((intervals > 1.5 * period).sum())
    software = "llvmpipe" in renderer or "softpipe" in renderer or "GDI" in renderer
    return [
        Finding(
            "graphics",
            not software,
            renderer,
            "the processor draws: install the graphics driver, and do not use remote desktop",
        ),
        Finding(
            "vertical sync",
            blocks,
            "flips wait for the display" if blocks else "flips do not wait for the display",
            "switch vertical sync on in the graphics driver; a virtual or remote display has none",
        ),
        Finding(
            "frame rate",
            blocks and late == 0 and jitter < 1,
            f"{1 / period:.2f} Hz, jitter {jitter:.2f} ms (SD), {late} of {len(intervals)} late",
            "close other programs, unplug a second monitor of another frame rate, use full screen"
            if blocks
            else "without vertical sync this is no frame rate of a display: see there",
        ),
    ]
