"""The worker of the amplifier's computer, in a process of its own."""

import os
import subprocess
import sys
import uuid

TOKEN = "a token of tests"


class Worker:
    """`psychopy-nfb worker` in a process of its own."""

    def __init__(self, folder, *arguments, before=(), environment=None, log=None):
        self.name = f"worker-{uuid.uuid4().hex[:8]}"
        self.data = folder
        self.process = subprocess.Popen(
            [
                *before,
                *(sys.executable, "-m", "psychopy_nfb.cli", "worker", "--name", self.name),
                *("--data", str(folder), "--token", TOKEN, *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment or os.environ,
        )
        assert b"waits for experiments" in self.process.stdout.readline()

    def stem(self):
        """Return the stem of its only session, once there is one."""
        (settings,) = self.data.glob("*_nfb.json")
        return settings.with_name(settings.name.removesuffix("_nfb.json"))

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.process.stdout.close()
