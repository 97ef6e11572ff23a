"""Training in trials: train, transfer, observe and rest; QUEST sets the threshold, ✓ or ✗ follows.

``python experiments/trials_quest.py`` trains on the EEG stream of the network;
``--simulate`` starts an amplifier of its own, ``--unattended`` presses the keys and goes fast.
QUEST goes on where the participant's last session ended.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from psychopy_nfb import (
    FeedbackBar,
    Neurofeedback,
    NfbError,
    Quest,
    check_plan,
    pace,
    read_configuration,
    read_plan,
    run_plan,
)

HERE = Path(__file__).parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--participant", default="01")
    parser.add_argument("--session", default="01")
    parser.add_argument("--data", default=HERE / "data", help="folder for the files")
    parser.add_argument("--simulate", action="store_true", help="run an amplifier of its own")
    parser.add_argument("--unattended", action="store_true", help="simulate, short, no keys")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    training = read_configuration(HERE / "alpha_up.json")
    # A trial succeeds when alpha was beyond the threshold for a quarter of it.
    alpha = replace(training.signals["alpha"], threshold=Quest(share=0.25, aim=0.75))
    reward = replace(training.reward, success=0.25, loss=1.0)
    training = replace(training, signals={"alpha": alpha}, reward=reward)
    plan = read_plan(HERE / "trials_quest_plan.json")
    if options.unattended:
        plan.blocks[1].repeats = 1
    simulate = "always" if options.simulate or options.unattended else "never"
    try:
        with Neurofeedback(
            training,
            data=options.data,
            participant=options.participant,
            session=options.session,
            task="trials",
            simulate=simulate,
            carry_over="last",
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

    win = visual.Window(
        (1000, 700),
        fullscr=not options.unattended,
        units="height",
        color="black",
        allowStencil=True,  # for the questions
    )
    if options.unattended:
        pace(win, 60)  # a virtual display does not wait for its frames
    nfb.attach(win)
    bar = FeedbackBar(win, size=(0.1, 0.5))

    def draw(turn: object) -> None:
        bar.value, bar.threshold = nfb.value, nfb.display_threshold
        bar.draw()

    try:
        quick = {"wait": 0.5, "hurry": 10} if options.unattended else {}
        result = run_plan(nfb, win, plan, draw=draw, **quick)
        judged = [turn for turn in result.turns if turn.success is not None]
        print(f"{sum(turn.success for turn in judged)} of {len(judged)} trials were a success")
    finally:
        win.close()


if __name__ == "__main__":
    sys.exit(main())
