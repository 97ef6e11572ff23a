"""How far constants of decoding may be moved: ``python tests/photodiode/sweep_constants.py``.

Light is made refresh by refresh, of displays that miss frames and of sensors that something
disturbs, and laid over its log with each value of a constant in turn, the others as they are. A
recording comes out wrong if a missed frame is taken for lost light, or light of something else for
a missed frame.
"""

from __future__ import annotations

import argparse

import numpy as np
from tqdm import tqdm

from psychopy_nfb.display.photodiode_patch import paired_sequence, sequence
from psychopy_nfb.photodiode import NoMatch, align, lost

VALUES = {
    (lost, "DISTURBED"): (1e-15, 1e-12, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2),
    (lost, "MISTAKEN"): (0.002, 0.005, 0.01, 0.02, 0.04, 0.08),
    (lost, "FEWEST_IMPOSSIBLE"): (1, 2, 3, 4, 6, 8, 12),
    (lost, "SHARE_IMPOSSIBLE"): (0.02, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.7),
    (lost, "MOST_DISTURBED"): (0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3),
    (lost, "TOUCHED_COST"): (2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0),
    (lost, "BESIDE"): (3, 5, 7, 9, 12, 16, 24),
    (align, "SWITCH_COST"): (1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0),
    (align, "SLIP_COST"): (1.1, 1.3, 1.5, 1.7, 1.9, 2.2, 2.6, 3.0),
    (align, "STAYED_COST"): (0.2, 0.35, 0.5, 0.7, 0.85, 1.0),
}
REFRESHES = 900
MISSED, DISTURBED = ("clean", "few", "many", "in a row"), ("triggers", "shadows", "flashes", "hand")


def light_of(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return light (r,), the log's levels (r,) and which refreshes show a missed frame's wrong."""
    code = paired_sequence() if rng.random() < 0.3 else sequence()
    levels = code[rng.integers(40000) + np.arange(REFRESHES)].astype(bool)
    shown = np.arange(REFRESHES)
    most = {"clean": 1, "few": 12, "many": 90, "in a row": 4}.get(kind, 1)
    length = int(rng.integers(2, 5)) if kind == "in a row" else 1
    for _ in range(int(rng.integers(0, most)) if most > 1 else 0):
        first = int(rng.integers(30, REFRESHES - 30))
        shown[first : first + length] = shown[first - 1]
    light = levels[shown].astype(float)
    wrong = light != levels
    if kind in DISTURBED:
        many, longest, level = {
            "triggers": (20, 4, 1.0),
            "shadows": (25, 6, 0.0),
            "flashes": (15, 3, 1.0),
            "hand": (2, 60, float(rng.integers(0, 2))),
        }[kind]
        for _ in range(int(rng.integers(max(1, many // 2), many + 1))):
            first = int(rng.integers(30, REFRESHES - 90))
            light[first : first + int(rng.integers(max(1, longest // 2), longest + 1))] = level
    light += rng.choice([0.01, 0.05, 0.12, 0.18]) * rng.normal(size=REFRESHES)
    return light.clip(0, 1), levels, wrong


def is_wrong(light: np.ndarray, levels: np.ndarray, missed: np.ndarray) -> bool:
    """Return whether what is found is not what happened."""
    try:
        found = align.align(light, np.arange(REFRESHES), levels, 1 / 60, "light", waits=True)
    except NoMatch:
        return True
    inside = (found.at >= 0) & (found.at < REFRESHES)
    log = levels[found.at.clip(0, REFRESHES - 1)]
    taken = inside & ~found.lost & (np.abs(log - light) > lost.SURELY_WRONG)
    return bool((taken & ~missed).any() or (missed & ~taken & (np.abs(log - light) > 0.7)).any())


def main() -> None:
    """Print how many recordings come out wrong with each value."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="recordings of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    made = [
        (kind, light_of(np.random.default_rng([options.seed, number, place]), kind))
        for place, kind in enumerate(MISSED + DISTURBED)
        for number in range(options.seeds)
    ]
    for (module, name), values in VALUES.items():
        usual = getattr(module, name)
        print(f"{name} (now {usual:g})", flush=True)
        for value in tqdm(values, leave=False, disable=None):
            setattr(module, name, value)
            wrong = [kind for kind, one in made if is_wrong(*one)]
            each = ", ".join(f"{kind} {wrong.count(kind)}" for kind in dict.fromkeys(wrong))
            print(f"  {value:g}: {len(wrong)} of {len(made)} wrong ({each or 'none'})", flush=True)
        setattr(module, name, usual)


if __name__ == "__main__":
    main()
