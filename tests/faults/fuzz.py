"""``python -m tests.faults.fuzz settings 5000``, ``files 1000`` or ``tune 100``: hostile inputs.

What hypothesis finds, with ``files`` of one kind by ``--kind .set``, and with the whole commands
tune, spatial, replay, inspect and report on spoilt recordings.

Each input must come to an end as done or refused in a sentence, within 5 s and 500 MB; of one that
does not, the smallest is shown.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "inputs")]  # as pytest has it

from hostile_commands import COMMANDS, HostileCommands  # noqa: E402
from hostile_files import HostileFiles  # noqa: E402
from hostile_inputs import RATES, hostile_settings, in_memory, use_settings  # noqa: E402


def fuzz_settings(n: int, seed: int) -> Counter:
    """Use `n` hostile settings; return the outcomes."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as some

    found: Counter = Counter()

    @seeded(seed)
    @settings(max_examples=n, deadline=None, database=None, suppress_health_check=HealthCheck)
    @given(some.randoms(use_true_random=False))
    def one(choice):
        given_settings, rate = hostile_settings(choice), choice.choice(RATES)
        said = use_settings(given_settings, rate)
        found[said] += 1
        assert said in ("done", "refused"), f"{said}\n{given_settings}"

    one()
    return found


def fuzz_files(n: int, seed: int, folder: Path, kind: str = "") -> Counter:
    """Read `n` damaged files, those whose name ends with `kind`; return the outcomes."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as some

    found: Counter = Counter()
    files = HostileFiles(folder)

    @seeded(seed)
    @settings(max_examples=n, deadline=None, database=None, suppress_health_check=HealthCheck)
    @given(
        some.sampled_from([name for name in files.names if name.endswith(kind)]),
        some.randoms(use_true_random=False),
    )
    def one(name, choice):
        said = files.read_damaged(name, choice)
        found[said] += 1
        assert said in ("done", "refused"), f"{name}: {said}; see {folder / 'damaged' / name}"

    one()
    return found


def fuzz_command(command: str, n: int, seed: int, folder: Path) -> Counter:
    """Run a command on `n` spoilt recordings; return the outcomes, with the seed of each odd one.

    Without hypothesis: what it would make smaller takes seconds each time.
    """
    good = HostileFiles(folder).good / "sub-01_ses-01_task-a_run-01"
    commands = HostileCommands(folder / command, good)
    found: Counter = Counter()
    for number in range(seed, seed + n):
        said = commands.run(command, random.Random(number))
        found[said if said in ("done", "refused") else f"{said} (seed {number})"] += 1
    return found


def main(arguments: list[str] | None = None) -> int:
    """Fuzz as the arguments say; return 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("what", choices=("settings", "files", *COMMANDS))
    parser.add_argument("n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", default="")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="nfb_fuzz_"))
    with in_memory():
        if options.what == "settings":
            found = fuzz_settings(options.n, options.seed)
        elif options.what == "files":
            found = fuzz_files(options.n, options.seed, folder, options.kind)
        else:
            found = fuzz_command(options.what, options.n, options.seed, folder)
    for said, count in found.most_common():
        print(f"{count:6d} {said}")
    return int(not set(found) <= {"done", "refused"})


if __name__ == "__main__":
    sys.exit(main())
