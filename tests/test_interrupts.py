"""Ctrl-C at any instruction leaves no lock behind."""

import signal
import subprocess
import sys

import pytest

from psychopy_nfb.interrupts import PostponedInterrupts

PRESSED = 3000
PRESSING = """
import sys, threading, time, _thread
from psychopy_nfb.engine.outbox import Outbox

sys.setswitchinterval(1e-5)
outbox, added, going = Outbox(), 0, True


def press():
    global going
    for turn in range(PRESSED + 1):
        before = added
        while added == before:  # once in each round, wherever the main thread is in it
            time.sleep(0)
        if turn < PRESSED:
            _thread.interrupt_main()
    going = False


outbox.target("process")
threading.Thread(target=press, daemon=True).start()
while going:
    try:
        while going:
            outbox.add({"command": "mark"})
            added += 1
    except KeyboardInterrupt:
        pass
got = []
reader = threading.Thread(target=lambda: got.append(outbox.next()), daemon=True)
reader.start()
reader.join(10)
print("free" if got else "locked", flush=True)
""".replace("PRESSED", str(PRESSED))


@pytest.mark.slow
def test_ctrl_c_while_a_command_is_added_leaves_no_lock():
    done = subprocess.run(
        [sys.executable, "-c", PRESSING], capture_output=True, text=True, timeout=100
    )
    assert done.stdout.split() == ["free"], done.stderr


def test_ctrl_c_has_its_effect_at_the_end_of_the_outermost_context():
    steps = []

    def nested():
        with PostponedInterrupts() as outer:
            with PostponedInterrupts() as inner:
                signal.raise_signal(signal.SIGINT)
                steps.append(("inner", inner.asked, outer.asked))
            steps.append(("outer", inner.asked, outer.asked))

    with pytest.raises(KeyboardInterrupt):
        nested()
    assert steps == [("inner", True, False), ("outer", True, True)]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_ignores_ctrl_c_goes_on_to_ignore_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with PostponedInterrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
        assert not interrupts.asked
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
