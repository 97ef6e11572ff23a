"""Runs a script and notes when it looks for LSL streams; a process of its own for the tests.

``python count_resolves.py SCRIPT``: stands before the functions of the LSL library itself that look
for streams, whoever calls them, and leaves the times in ``resolves.json``.
"""

import atexit
import json
import runpy
import sys
import time

from pylsl.lib import lib

FUNCTIONS = [
    "lsl_resolve_all",
    "lsl_resolve_byprop",
    "lsl_resolve_bypred",
    "lsl_create_continuous_resolver",
    "lsl_create_continuous_resolver_byprop",
    "lsl_create_continuous_resolver_bypred",
]


def noted(function, times):
    def call(*arguments):
        times.append(time.perf_counter())
        return function(*arguments)

    return call


def main(script):
    times = []
    for name in FUNCTIONS:
        setattr(lib, name, noted(getattr(lib, name), times))

    @atexit.register
    def leave():
        with open("resolves.json", "w") as file:
            json.dump(times, file)

    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
