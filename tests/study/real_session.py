"""A session of a study in real time, in a process of its own, on a stream of a planted EEG.

Run as a program: ``real_session.py stream ORDER`` is the amplifier, ``real_session.py session
ORDER`` the experiment; ORDER is JSON. The experiment prints ``block N PID`` in the midst of each
block, with the process id of its background process.
"""

from __future__ import annotations

import json
import sys
import time

from planted_people import LABELS, RATE, Person, settings


def stream(source_id, label, slope, seed, session, run, seconds):
    """Send a person's EEG, sample by sample as time goes by."""
    import pylsl

    from psychopy_nfb.lsl.outlet import make_outlet

    eeg = Person(label, slope, seed).eeg(session, seconds, run)
    outlet = make_outlet("Planted", "EEG", list(LABELS), RATE, source_id=source_id)
    begin, sent = pylsl.local_clock(), 0
    while sent < len(eeg):
        due = min(int((pylsl.local_clock() - begin) * RATE), len(eeg))
        if due > sent:
            outlet.push_chunk(eeg[sent:due].astype("float32"), begin + (due - 1) / RATE)
            sent = due
        time.sleep(0.02)


def session(folder, label, source_id, layout, stop_in):
    """Do the participant's session that is due; end it in the midst of block `stop_in` if any."""
    from psychopy_nfb import Neurofeedback

    with Neurofeedback(settings(source_id), study=folder, participant=label) as nfb:
        time.sleep(layout["settle"])
        with nfb.block("rest", feedback=False):
            time.sleep(layout["rest"])
        for number in range(nfb.blocks_done + 1, layout["blocks"] + 1):
            with nfb.block("training"):
                time.sleep(layout["block"] / 2)
                print("block", number, nfb.worker_pid, flush=True)
                if number == stop_in:
                    nfb.close()  # as Escape does
                    break
                time.sleep(layout["block"] / 2)
            nfb.update()
            time.sleep(layout["pause"])
    print("ended", nfb.restarts, flush=True)


if __name__ == "__main__":
    {"stream": stream, "session": session}[sys.argv[1]](**json.loads(sys.argv[2]))
