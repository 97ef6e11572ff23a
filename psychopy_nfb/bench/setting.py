"""What the benchmarks measure: the streams, and the training that each kind of step is in."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

if TYPE_CHECKING:
    from psychopy_nfb.engine.configuration import Configuration

STREAMS: dict[str, dict[str, float]] = {
    "": {"channels": 32, "rate": 500.0, "chunk": 5},
    "dense_": {"channels": 64, "rate": 1000.0, "chunk": 1},
}


def training(source_id: str, *, burn_ms: float = 0.0) -> Configuration:
    """Return the configuration that is measured: each kind of step once, a baseline at hand."""
    from psychopy_nfb.dsp import (
        WCFIR,
        ArtifactGate,
        Burn,
        DCBlock,
        MovingAverage,
        Notch,
        Pick,
        Pipeline,
        Reference,
    )
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.lsl.selection import StreamSelection
    from psychopy_nfb.protocol import Signal

    steps = [
        Reference("average"),
        Pick(["Oz"]),
        DCBlock(),
        Notch(50.0),
        ArtifactGate(),
        WCFIR(band=(8.0, 12.0), delay=0.1),
        MovingAverage(0.02),
    ]
    if burn_ms:
        steps.append(Burn(burn_ms))
    alpha = Signal(Pipeline(steps), normalise="none", threshold=5.0, display_range=(0.0, 10.0))
    return Configuration(stream=StreamSelection(source_id=source_id), signals={"alpha": alpha})


@contextmanager
def amplifier(stream: dict[str, float]) -> Iterator[str]:
    """Run an outlet in a process of its own; gives its source_id once it is there."""
    source_id = f"bench-{uuid.uuid4().hex[:8]}"
    command = python_command("bench.outlet", "--source-id", source_id, "--parent", str(os.getpid()))
    for name, value in stream.items():
        command += [f"--{name}", str(value)]
    process = subprocess.Popen(command, env=child_environment(), creationflags=CREATION_FLAGS)
    try:
        _wait_for(source_id)  # its own start is not measured
        yield source_id
    finally:
        process.kill()
        process.wait()


def _wait_for(source_id: str) -> None:
    """Wait until the outlet is there."""
    import pylsl

    if not pylsl.resolve_byprop("source_id", source_id, timeout=20.0):
        raise RuntimeError("the benchmark's amplifier did not start")
