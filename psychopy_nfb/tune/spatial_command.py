"""`psychopy-nfb spatial`: a weighted sum of channels, found on a recording."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.channels import VOLTAGES
from psychopy_nfb.checks import check_number, prepare_folder
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.reading import RECORDINGS
from psychopy_nfb.terminal import add_band, add_stream, add_units, doing, naming_kept_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from psychopy_nfb.dsp import SpatialFilter, SpatialFit
    from psychopy_nfb.dsp.whole import Calmed
    from psychopy_nfb.recording.eeg_files import Recording

METHODS = {
    "ssd": "power in the band is largest relative to the neighbouring frequencies",
    "csp": "power in the band differs most between two states (--states)",
    "spoc": "power in the band follows another channel (--target)",
    "ica": "all channels without the independent components of the eyes (--eyes)",
    "eog": "all channels without what is correlated with the eye channels (--eyes)",
}
NEEDED = (
    ("csp", "states", "A B"),
    ("spoc", "target", "NAME"),
    ("ica", "eyes", "NAME"),
    ("eog", "eyes", "NAME"),
)
"""Options that a method needs, with what follows each."""
SHORTEST = {"ssd": 20.0, "csp": 10.0, "spoc": 60.0, "ica": 60.0, "eog": 20.0}
"""Fewest seconds that a method is fitted to; of each state, for csp. A band of a few Hz gives some
ten independent values a second, and every channel takes a weight."""
SAMPLES_PER_WEIGHT = {"ssd": 4, "csp": 4, "spoc": 4, "ica": 20, "eog": 0}
"""Fewest samples for each number in the matrix that a method estimates, channels times channels.
Rule of thumb: 20 for ICA; fewer for a covariance. A regression on a few eye channels has none."""
SIGNIFICANT = 0.05
"""Probability below which a component is not taken for one of chance."""
SHOWN = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb spatial``."""
    add = parser.add_argument
    add("recording", metavar="RECORDING", help=f"a file: {RECORDINGS}")
    listed = "; ".join(f"{name}: {what}" for name, what in METHODS.items())
    add("--method", choices=tuple(METHODS), default="ssd", help=f"{listed} (default ssd)")
    add_stream(parser)
    add_units(parser)
    add_band(parser, "frequency band of the rhythm")
    add("--states", nargs=2, metavar=("A", "B"), help="markers at which the two states begin")
    add("--target", metavar="NAME", help="channel whose value the power follows")
    add("--eyes", metavar="NAME", help="EOG channels, separated by commas; or Fp1,Fp2")
    add(
        "--exclude",
        default="",
        metavar="NAME",
        help="bad channels to leave out, separated by commas; what is no EEG is left out anyway",
    )
    add("--components", type=int, default=1, metavar="N", help="components to keep (default 1)")
    add("--out", metavar="DIR", default="data", help="folder for page and weights (default data)")


def main(options: argparse.Namespace) -> int:
    """Find the filter, print, write weights and page; return 0."""
    check_number("components", options.components, at_least=1)
    for method, option, values in NEEDED:
        if options.method == method and getattr(options, option) is None:
            raise SettingsError(
                option, None, f"must be given for --method {method}: --{option} {values}"
            )
    if options.method == "csp" and options.states[0] == options.states[1]:
        raise SettingsError(
            "states",
            options.states,
            "names one marker twice, but the filter tells two states apart; name two markers",
        )
    folder, stem = Path(options.out), f"spatial_{options.method}_{Path(options.recording).stem}"
    with naming_kept_files(folder / stem):
        return _written(options, folder, stem)


def _written(options: argparse.Namespace, folder: Path, stem: str) -> int:
    from psychopy_nfb.recording.eeg_files import read_recording

    with doing("Reading the recording"):
        recording = read_recording(options.recording, options.stream, units=options.units)
    with doing("Finding the filter"):
        step, fit, words, told = _found(recording, options)
    for sentence in (*told, words):
        print(sentence)
    prepare_folder(folder)
    weights = folder / f"{stem}.json"
    weights.write_text(json.dumps(step.weights, indent=1) + "\n", encoding="utf-8")
    page = folder / f"{stem}.html"
    with doing("Writing the page"):
        if missing := _write_page(page, weights, options, fit, words, told):
            print(missing)
    print(f"Files:\n  {page}\n  {weights}")
    return 0


def _found(
    recording: Recording, options: argparse.Namespace
) -> tuple[SpatialFilter, SpatialFit | None, str, list[str]]:
    """Return the step, the components to show (None for a regression), and what to say of both."""
    import numpy as np

    from psychopy_nfb.checks import check_channels
    from psychopy_nfb.dsp import csp, regress_out, reject_blinks, spoc, ssd
    from psychopy_nfb.dsp.spatial import BESIDE_SECONDS, checked
    from psychopy_nfb.dsp.whole import calmed, without_drift
    from psychopy_nfb.tune.prepared import check_usable, missing_told

    check_usable(recording)

    left_out = {*check_channels("exclude", _names(options.exclude), recording.labels)}
    if options.target is not None:
        (target,) = check_channels("target", [options.target], recording.labels)
        left_out.add(target)
    wanted = {*check_channels("eyes", _names(options.eyes or ""), recording.labels)}
    kinds = recording.not_eeg
    no_eeg = [
        place
        for place, label in enumerate(recording.labels)
        if label in kinds and place not in left_out | wanted
    ]
    flat = [place for place in _flat(recording) if place not in {*left_out, *no_eeg}]
    for place in sorted(wanted.intersection(flat)):
        raise SettingsError("eyes", recording.labels[place], "is flat; name another channel")
    left_out.update(no_eeg, flat)
    kept = [index for index in range(len(recording.labels)) if index not in left_out]
    labels = [recording.labels[index] for index in kept]
    rate, band = recording.rate, tuple(options.band)
    if flat and len(kept) < 2:
        raise SettingsError(
            "recording",
            recording.name,
            f"is flat in {listed([recording.labels[place] for place in flat], most=8)}, and a "
            "spatial filter needs at least 2 channels that are not; if all are, the unit may be "
            "wrong (--units)",
        )
    if len(kept) < 2:
        raise SettingsError(
            "recording",
            recording.name,
            f"has {len(kept) or 'no'} EEG channel{'' if len(kept) == 1 else 's'} to sum up "
            f"(there are {listed(recording.labels, most=8)}); a spatial filter needs at least 2",
        )
    given = checked(recording.usable[:, kept], labels, whole=False)
    numbers = np.isfinite(given)
    calm = calmed(given, rate, margin=BESIDE_SECONDS)
    samples = np.where(numbers, calm.samples, np.nan)
    told = _told(calm, recording, kept, no_eeg, options.method)
    if flat:
        told.insert(
            0,
            f"Left out, because flat: {', '.join(recording.labels[place] for place in flat)}.",
        )
    told += missing_told(~numbers, labels, rate)
    rows = numbers.all(axis=1)
    if options.method == "spoc":
        aim = recording.usable[:, target]
        told += missing_told(~np.isfinite(aim)[:, None], [options.target], rate)
        rows &= np.isfinite(aim)
    low, high = band
    _check_length(recording, rows, len(kept), options)
    if options.method == "eog":
        step = regress_out(without_drift(calm.samples, rate)[rows], labels, _names(options.eyes))
        words = f"{len(step.weights)} channels, without what is correlated with {options.eyes}."
        return step, None, words, told
    if options.method == "ica":
        step, fit, rejected = reject_blinks(calm.samples[rows], rate, labels, _names(options.eyes))
        named = ", ".join(str(index + 1) for index in rejected)
        words = f"Removed as components of the eyes: {named} (of {len(fit.scores)})."
        return step, fit, words, told
    if options.method == "csp":
        first, second = (_state(recording, name, options.states) for name in options.states)
        # Stretches of one state are joined: without drift they fit together.
        samples = np.where(numbers, without_drift(calm.samples, rate), np.nan)
        fit = csp(samples[first], samples[second], rate, labels, band)
        share = _share(options, float(fit.scores[0]))
        words = f"Component 1, {low:g} to {high:g} Hz: {share} of its power is in this state."
    elif options.method == "spoc":
        fit = spoc(samples, aim, rate, labels, band)
        words = f"Component 1, {low:g} to {high:g} Hz: {_followed(fit, options.target)}"
    else:
        fit = ssd(samples, rate, labels, band)
        words = (
            f"Component 1: {fit.scores[0]:.1f} times the power within {low:g} to {high:g} Hz that "
            "it has beside it."
        )
    return fit.step(options.components), fit, words, told


def _flat(recording: Recording) -> list[int]:
    """Return the places of the channels that never change by more than an amplifier's noise."""
    import numpy as np

    from psychopy_nfb.dsp.channel_quality import FLAT_UV

    given = recording.usable
    there = np.isfinite(given).any(axis=0)
    return [
        place
        for place in np.flatnonzero(there).tolist()
        if recording.kinds[place] in VOLTAGES and np.nanstd(given[:, place]) < FLAT_UV
    ]


def _check_length(
    recording: Recording, rows: np.ndarray, n_channels: int, options: argparse.Namespace
) -> None:
    """Refuse a recording, or state, of which `rows` (bool) are too few to fit the method to."""
    weights = SAMPLES_PER_WEIGHT[options.method] * n_channels**2 / recording.rate
    least = max(SHORTEST[options.method], math.ceil(weights))
    why, remedy = "", "record more"
    if weights > SHORTEST[options.method]:
        why = f" with {n_channels} channels at {recording.rate:g} Hz"
        remedy += ", or leave channels out (--exclude)"
    parts: list[tuple[str, str, float]] = []
    if options.method == "csp":
        for name in options.states:
            n = rows[_state(recording, name, options.states)].sum()
            parts.append(("states", name, float(n / recording.rate)))
    else:
        parts.append(("recording", recording.name, float(rows.sum() / recording.rate)))
    for parameter, name, seconds in parts:
        if seconds < least:
            raise SettingsError(
                parameter,
                name,
                f"has {seconds:.1f} s that can be used, and --method {options.method} needs at "
                f"least {least:g} s{why}; {remedy}",
            )


def _told(
    calm: Calmed, recording: Recording, kept: Sequence[int], no_eeg: Sequence[int], method: str
) -> list[str]:
    """Return a sentence for each thing that was left out or corrected."""
    import numpy as np

    from psychopy_nfb.dsp.spatial import BESIDE_SECONDS
    from psychopy_nfb.tune.prepared import UNUSABLE

    told = []
    left = [recording.labels[place] for place in no_eeg]
    for why, named in (
        ("they are no EEG", [label for label in left if label not in recording.bad]),
        ("the file marks them as bad", [label for label in left if label in recording.bad]),
    ):
        if named:
            told.append(f"Left out, because {why}: {', '.join(named)}.")
    if sentence := calm.jumps_told([recording.labels[place] for place in kept]):
        told.append(sentence)
    numbers = np.isfinite(recording.usable[:, kept]).all()
    what = "large artifacts" if numbers else f"large artifacts, and samples that are {UNUSABLE}"
    spoilt = calm.artifacts.any(axis=1).sum() / recording.rate
    if spoilt and method in ("ssd", "csp", "spoc"):  # the others look for the eyes' artifacts
        told.append(
            f"{spoilt:.1f} of {recording.seconds:.0f} s were left out: {what}, with "
            f"{BESIDE_SECONDS:g} s on both sides."
        )
    return told


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _state(recording: Recording, name: str, states: Sequence[str]) -> np.ndarray:
    """Return the rows from each marker `name` to the next marker of a state."""
    import numpy as np

    edges = [(row, label) for row, label in recording.markers if label in states]
    if not any(label == name for _, label in edges):
        there = sorted({label for _, label in recording.markers})
        raise SettingsError(
            "states", name, f"is no marker of the recording, which has {', '.join(there) or 'none'}"
        )
    ends = [*(row for row, _ in edges[1:]), len(recording.samples)]
    parts = [
        np.arange(row, end) for (row, label), end in zip(edges, ends, strict=True) if label == name
    ]
    return np.concatenate(parts)


def _write_page(
    path: Path,
    weights: Path,
    options: argparse.Namespace,
    fit: SpatialFit | None,
    words: str,
    told: Sequence[str],
) -> str:
    """Write the page; return a sentence if it has no maps."""
    from psychopy_nfb.report.page import Picture, Section, write_page
    from psychopy_nfb.tune.topography import FEWEST, n_placed, topographies

    pictures, missing = [], ""
    if fit is not None and n_placed(fit) < FEWEST:
        missing = (
            f"There is no map of the head: {n_placed(fit)} of {len(fit.labels)} channels have a "
            f"name of the 10-20 system, and a map needs {FEWEST}. The weights do not depend on it."
        )
    elif fit is not None:
        n = min(SHOWN, len(fit.scores))
        titles = [_title(options, fit, index) for index in range(n)]
        pictures.append(
            Picture(topographies(fit, n, titles), CAPTION + P_SAYS * (options.method == "spoc"))
        )
    use = json.dumps({"type": "SpatialFilter", "file": str(weights)}, ensure_ascii=False)
    write_page(
        path,
        "Spatial filter",
        [
            Section("Found", [*told, *filter(None, [missing])], pictures=pictures, lead=words),
            Section("How to use it", [f'In a settings file, as the first of "steps": {use}', ONCE]),
        ],
        subtitle=f"{options.method} · {Path(options.recording).name}",
    )
    return missing


def _followed(fit: SpatialFit, target: str) -> str:
    """Return whether the power of the first component follows the target more than by chance."""
    p = _p(fit, 0)
    if p < SIGNIFICANT:
        return f"its power follows {target}, more closely than by chance (p = {p:.3f})."
    return (
        f"its power follows {target} no more closely than by chance (p = {p:.2f}): targets that "
        "have nothing to do with the recording give components as strong. Do not train with this "
        "filter; record longer, or choose another band or target."
    )


def _p(fit: SpatialFit, index: int) -> float:
    """Return how probable a component as strong is for an unrelated target."""
    return 1.0 if fit.by_chance is None else float(fit.by_chance[index])


def _share(options: argparse.Namespace, of_first: float) -> str:
    """Return which state has most of a component's power, and how much."""
    first, second = options.states
    state, share = (first, of_first) if of_first >= 0.5 else (second, 1 - of_first)
    return f"{state}: {100 * share:.0f} %"


def _title(options: argparse.Namespace, fit: SpatialFit, index: int) -> str:
    """Return what stands above a component's map: what the components are ordered by."""
    score = float(fit.scores[index])
    if options.method == "ssd":
        said = f"{score:.1f} times the power beside the band"
    elif options.method == "csp":
        said = _share(options, score)
    elif options.method == "spoc":
        change = f"{100 * score:+.0f}".replace("-", "−")
        said = f"power {change} % for one SD of {options.target}, p = {_p(fit, index):.3f}"
    else:
        said = f"strength {score:.0f} µV²"
    return f"Component {index + 1}\n{said}"


CAPTION = (
    "How strongly each electrode shows a component (its pattern, not its weights). Red and solid "
    "lines: the same sign as the strongest electrode; blue and dashed lines: the opposite sign."
)
P_SAYS = (
    " p: how probable a component as strong is for a target that has nothing to do with the "
    "recording; below 0.05 it is not taken for chance."
)
ONCE = (
    "The weights are read once and kept with each session, so that the session can be repeated "
    "without this file. The channels must have the reference that they had in this recording."
)
