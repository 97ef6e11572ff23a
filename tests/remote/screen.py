"""An experiment on the screen's computer; prints what it saw as one JSON object a line."""

import argparse
import json
import sys
import time
from contextlib import nullcontext

sys.path.insert(0, "tests/engine")

import clock_amplifier
import numpy as np
from trainings import alpha

from psychopy_nfb import FeedbackBar, Neurofeedback, PhotodiodePatch
from psychopy_nfb.dsp import Pick, Pipeline
from psychopy_nfb.photodiode.sensor_inlet import virtual_sensor

AS_IT_COMES = {
    "pipeline": Pipeline([Pick([clock_amplifier.LABEL])]),
    "display_range": (0.0, clock_amplifier.FULL),
}
"""Of a training whose feedback is the newest sample, unfiltered."""


def main():
    parser = argparse.ArgumentParser()
    for name in ("source_id", "worker", "data"):
        parser.add_argument(name)
    parser.add_argument("seconds", type=float)
    parser.add_argument(
        "--light", help="file for the light of a patch that shows `clock_amplifier`"
    )
    given = parser.parse_args()
    from psychopy import visual

    window = visual.Window(
        (320, 240), color="black", allowGUI=False, checkTiming=False, waitBlanking=False
    )
    bar = FeedbackBar(window, units="pix", size=(40, 200))
    patch = PhotodiodePatch(window, mode="value")
    settings = alpha(given.source_id, **(AS_IT_COMES if given.light else {}))
    with Neurofeedback(settings, data=given.data, remote=given.worker) as nfb:
        nfb.attach(window, patch, pace=60)
        with virtual_sensor(window, patch.box) if given.light else nullcontext() as sensor:
            print(json.dumps({"begun": str(nfb.files.stem)}), flush=True)
            train(nfb, window, bar, patch, given.seconds)
            if sensor is not None:
                levels, stamps = sensor.all()
                ahead = clock_amplifier.wall_ahead()
                np.savez(given.light, levels=levels, stamps=stamps, wall_ahead=ahead)
    print(json.dumps({"ended": True}), flush=True)


def train(nfb, window, bar, patch, seconds):
    """Show the value as a bar and as the patch's grey level; tell when it becomes stale or back."""
    stale, ends = False, time.monotonic() + seconds
    with nfb.block("training"):
        while time.monotonic() < ends:
            nfb.update()
            bar.value = nfb.value
            bar.draw()
            patch.draw(nfb.value)
            window.flip()
            if nfb.stale != stale:
                stale = nfb.stale
                print(json.dumps({"stale": stale, "t": time.time()}), flush=True)
        nfb.mark("the end")
        nfb.update()
        patch.draw(nfb.value)
        window.flip()


if __name__ == "__main__":
    main()
