"""The background process does not take part in the experiment's real-time priority."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="no such call on this system")
def test_the_worker_leaves_the_real_time_class_that_it_inherits():
    # In a process of its own: the tests themselves stay as they are.
    code = (
        "import os\n"
        "from psychopy_nfb.engine.worker import _leave_rush\n"
        "os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))\n"
        "before = os.sched_getscheduler(0)\n"
        "_leave_rush()\n"
        "print(before == os.SCHED_RR, os.sched_getscheduler(0) == os.SCHED_OTHER)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if "PermissionError" in done.stderr:
        pytest.skip("this user must not raise priorities")
    assert done.stdout == "True True\n", done.stderr
