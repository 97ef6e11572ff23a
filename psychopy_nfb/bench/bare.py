"""The least that any LSL consumer does: what the worker's lag is compared with.

``python -m psychopy_nfb.bench.bare --source-id ID --seconds S`` prints, as a JSON list, the
milliseconds from each chunk's newest stamp to its receipt.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
import pylsl


def receive(source_id: str, seconds: float) -> list[float]:
    """Return the receive lag of each wake-up over `seconds`, in milliseconds."""
    found = pylsl.resolve_byprop("source_id", source_id, timeout=10.0)
    inlet = pylsl.StreamInlet(found[0], recover=False)
    buffer = np.empty((4096, found[0].channel_count()), dtype=inlet.np_dtype)
    lags = []
    inlet.open_stream(timeout=5.0)
    ends = pylsl.local_clock() + seconds
    while (now := pylsl.local_clock()) < ends:
        _, stamps = inlet.pull_chunk(0.02, 4096, dest_obj=buffer, min_samples=1, as_numpy=True)
        now = pylsl.local_clock()
        if len(stamps):
            lags.append(1e3 * (now - float(stamps[-1])))
    return lags


def main(arguments: list[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="psychopy_nfb.bench.bare")
    parser.add_argument("--source-id", required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(arguments)
    json.dump(receive(options.source_id, options.seconds), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
