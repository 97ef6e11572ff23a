"""SMR training as in clinics: two inhibits, thresholds that follow success, tones, a dimmed movie.

``python experiments/clinic_training.py`` trains on the EEG stream of the network;
``--simulate`` starts an amplifier of its own, ``--unattended`` presses the keys and goes fast. The
movie is made by the script itself; ``--movie FILE`` shows another one.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

import numpy as np

from psychopy_nfb import (
    FeedbackDimmer,
    FeedbackTone,
    Neurofeedback,
    NfbError,
    Success,
    band_amplitude,
    check_plan,
    pace,
    read_plan,
    run_plan,
    standard_training,
)

HERE = Path(__file__).parent
INHIBITED = Success(target=0.1, window=40, freeze_after=40)  # as often at first; then it stays


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--participant", default="01")
    parser.add_argument("--session", default="01")
    parser.add_argument("--data", default=HERE / "data", help="folder for the files")
    parser.add_argument("--movie", help="movie file in place of the script's own")
    parser.add_argument("--simulate", action="store_true", help="run an amplifier of its own")
    parser.add_argument("--unattended", action="store_true", help="simulate, short, no keys")
    return parser.parse_args()


def write_movie(path: Path, seconds: int = 8, rate: int = 25) -> None:
    """Write a movie of a fish that swims round, as short as a loop can be."""
    import imageio

    y, x = np.mgrid[0:240, 0:320]
    with imageio.get_writer(path, fps=rate, macro_block_size=16) as movie:
        for number in range(seconds * rate):
            turn = 2 * math.pi * number / (seconds * rate)
            fish_x, fish_y = 160 + 100 * math.cos(turn), 120 + 50 * math.sin(turn)
            picture = np.zeros((240, 320, 3), np.uint8)
            picture[..., 2] = 90 + y // 4
            picture[..., 1] = 60 + (10 * np.sin(x / 12 + 8 * turn)).astype(int)
            fish = ((x - fish_x) / 34) ** 2 + ((y - fish_y) / 18) ** 2 < 1
            picture[fish] = (250, 150, 40)
            movie.append_data(picture)


def main() -> int:
    options = arguments()
    training = standard_training(
        channels="Cz",
        reference="laplacian",
        band=(12, 15),
        name="smr",
        threshold=Success(target=0.6),
        dwell=0.5,
        refractory=1.5,
        signals={
            "theta": band_amplitude(
                channels="Cz", band=(4, 7), role="inhibit", threshold=INHIBITED
            ),
            "muscle": band_amplitude(
                channels="Cz", band=(22, 36), role="inhibit", threshold=INHIBITED
            ),
        },
    )
    plan = read_plan(HERE / "clinic_plan.json")
    simulate = "always" if options.simulate or options.unattended else "never"
    try:
        with Neurofeedback(
            training,
            data=options.data,
            participant=options.participant,
            session=options.session,
            task="clinic",
            simulate=simulate,
            between_blocks=False,
        ) as nfb:
            run(nfb, check_plan(nfb, plan), options)
            print(f"{nfb.score:g} points; files: {nfb.files}")
        return 0
    except NfbError as error:
        print(error, file=sys.stderr)
        return 2


def run(nfb: Neurofeedback, plan: object, options: argparse.Namespace) -> None:
    from psychopy import visual

    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.movie or Path(folder, "fish.mp4"))
        if not options.movie:
            write_movie(path)
        win = visual.Window(
            (1000, 700), fullscr=not options.unattended, units="height", color="black"
        )
        if options.unattended:
            pace(win, 60)  # a virtual display does not wait for its frames
        nfb.attach(win)
        movie = visual.MovieStim(win, path, size=(1.1, 0.825), loop=True, noAudio=True)
        dimmer = FeedbackDimmer(win)
        going_well = FeedbackTone(nfb, "criterion", volume=0.1, required=False)
        chime = FeedbackTone(nfb, "reward", required=False)

        def draw(turn: object) -> None:
            """Draw the movie, as dark as the value is low, and order the tones."""
            movie.draw()
            dimmer.value = nfb.value
            dimmer.draw()
            going_well.value = nfb.beyond and not (
                nfb.signals["theta"].beyond or nfb.signals["muscle"].beyond
            )
            chime.value = nfb.rewards
            going_well.update()
            chime.update()

        try:
            quick = {"wait": 0.5, "hurry": 60} if options.unattended else {}
            run_plan(nfb, win, plan, draw=draw, **quick)
        finally:
            movie.unload()
            win.close()


if __name__ == "__main__":
    sys.exit(main())
