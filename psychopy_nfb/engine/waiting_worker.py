"""A worker that loads its libraries unhurriedly, and then waits for its order.

``python -m psychopy_nfb.engine.waiting_worker --block NAME --experiment-pid PID --log FILE`` is
started while frames are shown: to load everything at once would keep a core busy for more than a
second.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

REST = 3.0
"""How long loading rests, in terms of the processor time that the module before took."""
STDIN = 0


class Unhurried(MetaPathFinder):
    """Finds no module, but rests before each one that is looked for, until it is hurried.

    Examples
    --------
    >>> rests = Unhurried()
    >>> rests.find_spec("numpy")
    >>> rests.hurry()
    """

    def __init__(self) -> None:
        self._hurried = threading.Event()
        self._used = time.thread_time()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Rest; return None, so that the others look for the module."""
        if not self._hurried.is_set():
            self._hurried.wait(REST * (time.thread_time() - self._used))
            self._used = time.thread_time()
        return None

    def hurry(self) -> None:
        """Rest no more."""
        self._hurried.set()


def main() -> int:
    """Load what a worker needs, then do what `worker` does; return its exit status."""
    rests = Unhurried()
    sys.meta_path.insert(0, rests)
    from psychopy_nfb.engine.control import wait_for_bytes

    def hurry_for_the_order() -> None:
        if not wait_for_bytes(STDIN):
            os._exit(0)  # the experiment has gone, and this process holds nothing of it
        rests.hurry()

    threading.Thread(target=hurry_for_the_order, name="order", daemon=True).start()
    from psychopy_nfb.engine.worker import load_all, run_beside_experiment, serve

    load_all()
    gc.collect()
    gc.freeze()  # so that `serve` does not look through all of it once more
    rests.hurry()
    sys.meta_path.remove(rests)
    return run_beside_experiment(serve)


if __name__ == "__main__":
    os._exit(main())
