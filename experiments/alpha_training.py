"""Alpha training: instructions, eyes-open baseline, training blocks with rest, score at the end.

``python experiments/alpha_training.py`` trains on the EEG stream of the network;
``--simulate`` starts an amplifier of its own, ``--unattended`` presses the keys and goes fast.
"""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import psychopy_nfb
from psychopy_nfb.process import running

HERE = Path(__file__).parent
INSTRUCTIONS = (
    "You will see a bar that follows a rhythm of your own brain.\n\n"
    "First we measure it while you look at the cross and do nothing.\n"
    "Then try to make the bar rise: let your mind become calm and wide.\n\n"
    "Press space to begin."
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", default=HERE / "alpha_up.json", help="settings file")
    parser.add_argument("--participant", default="01")
    parser.add_argument("--session", default="01")
    parser.add_argument("--data", default=HERE / "data", help="folder for the files")
    parser.add_argument("--blocks", type=int, default=4, help="training blocks")
    parser.add_argument("--baseline-seconds", type=float, default=60.0)
    parser.add_argument("--block-seconds", type=float, default=120.0)
    parser.add_argument("--rest-seconds", type=float, default=20.0)
    parser.add_argument("--simulate", action="store_true", help="run an amplifier of its own")
    parser.add_argument("--unattended", action="store_true", help="simulate, short, no keys")
    parser.add_argument("--windowed", action="store_true", help="do not use the whole screen")
    options = parser.parse_args()
    if options.unattended:
        options.simulate = options.windowed = True
        options.blocks = 2
        options.baseline_seconds, options.block_seconds, options.rest_seconds = 6.0, 4.0, 1.0
    return options


class Escaped(Exception):
    """The experimenter pressed Escape."""


def main() -> int:
    options = arguments()
    training = psychopy_nfb.read_configuration(options.settings)
    amplifier = nullcontext()
    if options.simulate:
        source_id = f"alpha_training_{uuid.uuid4().hex[:8]}"
        training = replace(training, stream=replace(training.stream, source_id=source_id))
        until = ("--until-process-ends", str(os.getpid()))
        amplifier = running("simulate.simulator", "--source-id", source_id, *until)
    try:
        with (
            amplifier,
            psychopy_nfb.Neurofeedback(
                training,
                data=options.data,
                participant=options.participant,
                session=options.session,
                task="alpha",
            ) as nfb,
        ):
            run(nfb, options)
            print(f"{nfb.score:g} points; files: {nfb.files}")
        return 0
    except psychopy_nfb.NfbError as error:
        print(error, file=sys.stderr)
        return 2
    except Escaped:
        print("Ended by Escape; what was recorded is kept.", file=sys.stderr)
        return 1


def run(nfb: psychopy_nfb.Neurofeedback, options: argparse.Namespace) -> None:
    from psychopy import event, visual

    win = visual.Window((1000, 700), fullscr=not options.windowed, units="height", color="black")
    if options.unattended:
        psychopy_nfb.pace(win, 60)  # a virtual display does not wait for its frames
    patch = psychopy_nfb.PhotodiodePatch(win)
    nfb.attach(win, patch)
    text = visual.TextStim(win, height=0.04, wrapWidth=1.2)
    cross = visual.TextStim(win, "+", height=0.1)
    bar = psychopy_nfb.FeedbackBar(win, size=(0.1, 0.6))
    points = psychopy_nfb.FeedbackText(win, pos=(0, 0.42), height=0.05)

    def show(seconds: float, *stimuli: object) -> None:
        """Draw `stimuli` for `seconds`, the patch last."""
        for _ in nfb.frames(seconds):
            bar.value, bar.threshold = nfb.value, nfb.display_threshold
            points.value = f"{nfb.score:g}"
            for stimulus in stimuli:
                stimulus.draw()
            patch.draw(nfb.value)
            if event.getKeys(["escape"]):
                raise Escaped

    def wait_for_space() -> None:
        """Show the text until space is pressed; unattended for a second."""
        event.clearEvents()
        while not event.getKeys(["space"]):
            show(1.0 if options.unattended else 0.2, text)
            if options.unattended:
                return

    try:
        text.text = INSTRUCTIONS
        wait_for_space()
        nfb.mark("baseline")
        with nfb.baseline("eyes open"):
            show(options.baseline_seconds, cross)
        if not nfb.calibrated:
            raise psychopy_nfb.NfbError("baseline", nfb.refusal, "repeat it with less movement")
        for number in range(options.blocks):
            with nfb.block(f"training {number + 1}"):
                show(options.block_seconds, bar, points)
            if number + 1 < options.blocks:
                text.text = f"{nfb.score:g} points so far. Rest a little."
                with nfb.block("rest", feedback=False):
                    show(options.rest_seconds, text)
        text.text = f"Done. Your points: {nfb.score:g}\n\nPress space to end."
        wait_for_space()
    finally:
        win.close()


if __name__ == "__main__":
    sys.exit(main())
