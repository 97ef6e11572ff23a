"""An experiment that comes to an unusual end; a process of its own for the tests.

``python experiment.py SOURCE_ID FOLDER ENDING``: shows feedback at a paced 60 Hz and, once values
have come, ends as told: ``raise``, ``exit``, ``quit`` (PsychoPy's ``core.quit``), or not at all
(``forever``, until it is killed or interrupted). ``fork`` lets a forked process end first, ``gone``
loses its shared memory, before it exits. Prints a line of JSON when values have come.
"""

import json
import os
import sys
from pathlib import Path


def main(source_id, folder, ending):
    from psychopy import core, logging, visual

    from psychopy_nfb import FeedbackBar, Neurofeedback, pace
    from psychopy_nfb.dsp import CFIR, Pick, Pipeline
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.lsl.selection import StreamSelection
    from psychopy_nfb.protocol import Signal

    logging.console.setLevel(logging.ERROR)
    nfb = Neurofeedback(
        Configuration(
            stream=StreamSelection(source_id=source_id, timeout=15.0),
            signals={
                "alpha": Signal(
                    Pipeline([Pick(["Oz"]), CFIR((8.0, 12.0))]),
                    normalise="none",
                    display_range=(0.0, 20.0),
                )
            },
        ),
        data=folder,
    )
    nfb.start()
    if ending == "fork":  # before the window: no process can close one that it was forked with
        ending = "exit"
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
    win = visual.Window((320, 240), units="pix", allowGUI=False, checkTiming=False)
    pace(win, 60)
    nfb.attach(win)
    bar = FeedbackBar(win, size=(40, 200))
    told = False
    with nfb.block("training"):
        for number in nfb.frames(60.0):
            bar.value = nfb.value
            bar.draw()
            if number < 90 or nfb.stale:
                continue
            if not told:
                told = True
                facts = {"worker": nfb.worker_pid, "stem": str(nfb.files.stem)}
                print(json.dumps(facts), flush=True)
                nfb.mark("values")
                continue
            if ending == "raise":
                raise RuntimeError("a mistake in the experiment")
            if ending == "gone":
                ending = "exit"
                for path in Path("/dev/shm").glob(f"nfb_{os.getpid()}_*"):
                    path.unlink()
            if ending == "exit":
                sys.exit(0)
            if ending == "quit":
                win.close()
                core.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
