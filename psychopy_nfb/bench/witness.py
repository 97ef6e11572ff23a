"""A process that notices when its processor stands still; see `psychopy_nfb.bench.steal_time`.

It wakes every millisecond at a priority above all ordinary programs and PsychoPy's own. When it
wakes late all the same, its processor ran no program at all: on a virtual machine the host gave it
to others, on a real one the firmware kept it. Each such time is printed, its beginning and its end
in seconds of LSL's clock.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from psychopy_nfb.bench.steal_time import STANDSTILL_SECONDS
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.process import ignore_interrupts

WAKE_SECONDS = 0.001


def main() -> None:
    """Watch one processor while the parent lives; end at once where the priority cannot be had."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu", type=int, required=True)
    cpu = parser.parse_args().cpu
    if sys.platform != "linux":
        return
    ignore_interrupts()
    try:
        highest = os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO))
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_FIFO, highest)
    except OSError:  # not allowed
        return
    print("watching", flush=True)
    parent, before = os.getppid(), lsl_now()
    while os.getppid() == parent:  # its benchmark may have been killed
        time.sleep(WAKE_SECONDS)
        now = lsl_now()
        if now - before > STANDSTILL_SECONDS:
            print(f"{before:.6f} {now:.6f}", flush=True)
        before = now


if __name__ == "__main__":
    main()
