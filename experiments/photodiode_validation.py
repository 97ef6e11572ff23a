"""Photodiode validation: a minute of coded frames under a light sensor, then the verdict.

``python experiments/photodiode_validation.py --stream "My amplifier" --channel AUX7`` records the
amplifier that the sensor is connected to; ``--unattended`` reads the screen's pixels instead.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
from psychopy import event, visual

import psychopy_nfb
from psychopy_nfb import cli
from psychopy_nfb.dsp import CFIR, Pick, Pipeline
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.photodiode.sensor_inlet import virtual_sensor
from psychopy_nfb.protocol import Signal

HERE = Path(__file__).parent
PACED_HZ = 60.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", help="name of the LSL stream with the sensor's channel")
    parser.add_argument("--channel", help="its channel that the sensor is connected to")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--data", default=HERE / "data", help="folder for the files")
    parser.add_argument("--unattended", action="store_true", help="virtual sensor, short")
    options = parser.parse_args()
    if options.unattended:
        options.seconds = 10.0
    elif not (options.stream and options.channel):
        parser.error("name --stream and --channel of the sensor, or use --unattended")
    return options


def main() -> int:
    options = arguments()
    if options.unattended:
        stream = StreamSelection(test_signal=True)
    else:
        stream = StreamSelection(type=None, name=options.stream)
    steps = [Pick([options.channel or "Oz"]), CFIR()]  # a run needs some; the patch does not follow
    settings = Configuration(stream=stream, signals={"any": Signal(Pipeline(steps))})
    try:
        with psychopy_nfb.Neurofeedback(settings, data=options.data, task="photodiode") as nfb:
            light = show(nfb, options)
    except psychopy_nfb.NfbError as error:
        print(error, file=sys.stderr)
        return 2
    command = ["photodiode", str(nfb.files.stem)]
    if light is not None:
        path = nfb.files.stem.with_name(nfb.files.stem.name + "_light.csv")
        light.to_csv(path, index=False)
        command += ["--signal", str(path)]
    if options.channel:
        command += ["--channel", options.channel]
    return cli.main(command)


def show(nfb: psychopy_nfb.Neurofeedback, options: argparse.Namespace) -> pd.DataFrame | None:
    """Show the patch for a while; return what the virtual sensor saw, if it is used."""
    win = visual.Window((640, 480), fullscr=not options.unattended, color="black", units="pix")
    try:
        patch = psychopy_nfb.PhotodiodePatch(win)
        nfb.attach(win, patch, pace=PACED_HZ if options.unattended else None)
        if not options.unattended:
            place(win, patch)
        with virtual_sensor(win, patch.box) if options.unattended else nullcontext() as sensor:
            for _ in nfb.frames(options.seconds):
                patch.draw()
                if event.getKeys(["escape"]):
                    break
            if sensor is not None:
                values, stamps = sensor.all()
                return pd.DataFrame({"t": stamps, "light": values})
        return None
    finally:
        win.close()


def place(win: visual.Window, patch: psychopy_nfb.PhotodiodePatch) -> None:
    """Wait until the sensor sits on the patch."""
    text = visual.TextStim(
        win, "Fasten the sensor over the flickering square.\n\nThen press space."
    )
    while not event.getKeys(["space"]):
        text.draw()
        patch.draw()
        win.flip()


if __name__ == "__main__":
    sys.exit(main())
