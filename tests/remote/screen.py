"""An experiment on the screen's computer; prints what it saw as one JSON object a line."""

import json
import sys
import time

sys.path.insert(0, "tests/engine")

from trainings import alpha

from psychopy_nfb import FeedbackBar, Neurofeedback


def main():
    source_id, worker, data, seconds = sys.argv[1:5]
    from psychopy import visual

    window = visual.Window(
        (320, 240), color="black", allowGUI=False, checkTiming=False, waitBlanking=False
    )
    bar = FeedbackBar(window, units="pix", size=(40, 200))
    with Neurofeedback(alpha(source_id), data=data, remote=worker) as nfb:
        nfb.attach(window, pace=60)
        print(json.dumps({"begun": str(nfb.files.stem)}), flush=True)
        stale, ends = False, time.monotonic() + float(seconds)
        with nfb.block("training"):
            while time.monotonic() < ends:
                nfb.update()
                bar.value = nfb.value
                bar.draw()
                window.flip()
                if nfb.stale != stale:
                    stale = nfb.stale
                    print(json.dumps({"stale": stale, "t": time.time()}), flush=True)
            nfb.mark("the end")
            nfb.update()
            window.flip()
    print(json.dumps({"ended": True}), flush=True)


if __name__ == "__main__":
    main()
