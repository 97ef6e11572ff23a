"""``python -m tests.faults.fuzz settings 5000`` or ``files 1000``: what hypothesis finds.

Each input must come to an end as done or refused in a sentence, within 5 s and 500 MB; of one that
does not, the smallest is shown.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.hostile_inputs import (
    RATES,
    HostileFiles,
    hostile_settings,
    in_memory,
    use_settings,
)


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


def fuzz_files(n: int, seed: int, folder: Path) -> Counter:
    """Read `n` damaged files; return the outcomes."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as some

    found: Counter = Counter()
    files = HostileFiles(folder)

    @seeded(seed)
    @settings(max_examples=n, deadline=None, database=None, suppress_health_check=HealthCheck)
    @given(some.sampled_from(files.names), some.randoms(use_true_random=False))
    def one(name, choice):
        said = files.read_damaged(name, choice)
        found[said] += 1
        assert said in ("done", "refused"), f"{name}: {said}; see {folder / 'damaged' / name}"

    one()
    return found


def main(arguments: list[str] | None = None) -> int:
    """Fuzz as the arguments say; return 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("what", choices=("settings", "files"))
    parser.add_argument("n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="nfb_fuzz_"))
    with in_memory():
        if options.what == "settings":
            found = fuzz_settings(options.n, options.seed)
        else:
            found = fuzz_files(options.n, options.seed, folder)
    for said, count in found.most_common():
        print(f"{count:6d} {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
