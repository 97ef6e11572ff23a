"""The background process: from the stream to shared memory, and to disk beside it.

``python -m psychopy_nfb.engine.worker --block NAME --experiment-pid PID --log FILE`` is started by
the handle in the PsychoPy process and gets everything else in one line on stdin.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from psychopy_nfb.engine.control import ControlLine, standard_lines
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.worker_launch import leave_log
from psychopy_nfb.errors import NfbError
from psychopy_nfb.lsl.selection import SecondStream, StreamSelection
from psychopy_nfb.process import guard, ignore_interrupts
from psychopy_nfb.settings import from_dict

SWITCH_SECONDS = 0.001 if sys.platform == "win32" else 0.0005
"""How long a thread keeps Python while others wait for it, in seconds. Python's usual 5 ms would
keep samples waiting while a row of the log is formatted. Windows waits in whole milliseconds: with
less than one a waiting thread does not sleep and keeps a core busy."""
Serve = Callable[[dict[str, Any], SharedBlock, ControlLine], int]
"""Does a process's work, from its order to its exit status."""
LAST_RESORT_SECONDS = 0.6
"""After the experiment's death, when the process ends even if it cannot finish its files."""


class _Opening(threading.Thread):
    """Opens the streams while the main thread imports scipy, which takes a second by itself."""

    def __init__(self, configuration: dict[str, Any], known: dict[str, Any] | None):
        super().__init__(name="opening", daemon=True)
        self._configuration = configuration
        self._known = known
        self.source = None
        self.watcher = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        from psychopy_nfb.engine.acquisition import Acquisition
        from psychopy_nfb.lsl.markers import OWN_SOURCE_ID, MarkerWatcher

        stream, aux = self._configuration["stream"], self._configuration.get("aux")
        try:
            if self._configuration["markers"]:
                # Before the EEG, which is listened to for a while: no marker of it may be missed.
                self.watcher = MarkerWatcher({OWN_SOURCE_ID}, stream.get("source_id"))
            self.source = Acquisition(
                from_dict(StreamSelection, stream, "stream"),
                None if aux is None else from_dict(SecondStream, aux, "aux"),
                self._known,
            )
            if self.watcher is not None and not self._known:
                # Where a process goes on for another one, feedback does not wait for markers.
                self.watcher.wait_until_joined()
        except Exception as error:  # reported to the experiment by the main thread
            self.error = error

    def result(self) -> tuple[Any, ...]:
        """Wait for the streams and return them and the markers, or raise what went wrong."""
        self.join()
        if self.error is not None:
            raise self.error
        return self.source, self.watcher


def _leave_rush() -> None:
    """Go back to ordinary priority: what `psychopy.core.rush` gave the experiment is inherited.

    Frames come first. A busy worker in the same real-time class would take turns with them. On
    Windows and macOS a process starts with ordinary priority whatever its parent's is.
    """
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def run_beside_experiment(serve: Serve, arguments: list[str] | None = None) -> int:
    """Run a process that an experiment starts on its shared memory, and that ends with it.

    Parameters
    ----------
    serve : callable
        Called as ``serve(order, block, control)`` once the experiment has sent its order.
    arguments : list of str, optional
        Default those of the command line.

    Returns
    -------
    int
        Exit status: 0 when told to stop, 2 when it could not start.
    """
    parser = argparse.ArgumentParser(prog="psychopy_nfb")
    parser.add_argument("--block", required=True, help="name of the shared memory block")
    parser.add_argument("--experiment-pid", type=int, required=True)
    parser.add_argument("--log", required=True, help="file that stderr goes to")
    options = parser.parse_args(arguments)
    ignore_interrupts()  # what ends this process lets it finish its files
    _leave_rush()
    gc.disable()  # until all is imported: nothing of it is garbage, looking for some costs 0.05 s
    sys.setswitchinterval(SWITCH_SECONDS)
    control = standard_lines()
    try:
        block = SharedBlock.attach(options.block)
    except NfbError as error:
        refuse(control, error)
        return 2
    guard(options.experiment_pid, lambda: _experiment_gone(control, block, options.log))
    order = control.first()
    if order is None:
        block.remove()
        return 0
    control.listen()
    status = serve(order, block, control)
    if control.ended.is_set():
        block.remove()  # the experiment died; its resource tracker may have died with it
        if order["kept"]:
            shutil.rmtree(order["kept"], ignore_errors=True)
        leave_log(options.log)
    block.close()
    return status


def load_all() -> None:
    """Import what `serve` and its threads do."""
    from psychopy_nfb.engine import acquisition, loop, plugins
    from psychopy_nfb.lsl import markers

    del acquisition, loop, plugins, markers


def serve(order: dict[str, Any], block: SharedBlock, control: ControlLine) -> int:
    """Open the streams and process them until told to stop; see `Serve`."""
    opening = _Opening(order["configuration"], order["streams"])
    try:
        # Here and not above: the streams are being opened while this imports scipy.
        from psychopy_nfb.engine.loop import STOPPED, Loop
        from psychopy_nfb.engine.plugins import load_ordered

        load_ordered(order["plugins"])
        loop = Loop(order, block, control, *opening.result())
    except NfbError as error:
        refuse(control, error)
        return 2
    gc.collect()
    gc.freeze()  # what exists now stays; collections look at new objects only
    gc.enable()
    try:
        loop.run()
    except Exception:
        # The handle starts another worker; what went wrong is in this one's log file.
        traceback.print_exc()
        loop.finish("worker failed")
        return 1
    loop.finish(STOPPED)
    return 0


def refuse(control: ControlLine, error: NfbError) -> None:
    """Tell the experiment why the process could not start."""
    control.send(
        "error",
        error=type(error).__name__,
        parameter=error.parameter,
        value=error.value,
        remedy=error.remedy,
    )


def _experiment_gone(control: ControlLine, block: SharedBlock, log: str) -> None:
    def end() -> None:
        block.remove()
        leave_log(log)
        os._exit(3)

    control.ended.set()
    last_resort = threading.Timer(LAST_RESORT_SECONDS, end)
    last_resort.daemon = True
    last_resort.start()


if __name__ == "__main__":
    # Everything is written and closed by now. The threads of liblsl and those that wait for streams
    # would take another second to end.
    os._exit(run_beside_experiment(serve))
