"""Training in both directions: blocks of more and of less alpha, in an order that the seed gives.

``python experiments/bidirectional.py`` trains on the EEG stream of the network;
``--simulate`` starts an amplifier of its own, ``--unattended`` presses the keys and goes fast.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from psychopy_nfb import (
    FeedbackBar,
    Inverse,
    Neurofeedback,
    NfbError,
    check_plan,
    pace,
    read_plan,
    run_plan,
)

HERE = Path(__file__).parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--participant", default="01")
    parser.add_argument("--session", default="01")
    parser.add_argument("--data", default=HERE / "data", help="folder for the files")
    parser.add_argument("--seed", type=int, help="seed of the order (default: drawn)")
    parser.add_argument("--simulate", action="store_true", help="run an amplifier of its own")
    parser.add_argument("--unattended", action="store_true", help="simulate, short, no keys")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    plan = read_plan(HERE / "bidirectional_plan.json")
    if options.unattended:
        plan.blocks[1].repeats = 1
    simulate = "always" if options.simulate or options.unattended else "never"
    try:
        with Neurofeedback(
            HERE / "alpha_up.json",
            shown={"down": Inverse()},  # the same feedback upside down: less alpha fills the bar
            data=options.data,
            participant=options.participant,
            session=options.session,
            task="bidirectional",
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

    win = visual.Window((1000, 700), fullscr=not options.unattended, units="height", color="black")
    if options.unattended:
        pace(win, 60)  # a virtual display does not wait for its frames
    nfb.attach(win)
    bar = FeedbackBar(win, size=(0.1, 0.5))

    def draw(turn: object) -> None:
        bar.value, bar.threshold = nfb.value, nfb.display_threshold
        bar.draw()

    try:
        quick = {"wait": 0.5, "hurry": 10} if options.unattended else {}
        run_plan(nfb, win, plan, draw=draw, seed=options.seed, **quick)
    finally:
        win.close()


if __name__ == "__main__":
    sys.exit(main())
