"""`psychopy-nfb tune`: which filter is best on a recording, for a wanted delay or quality."""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import (
    check_channels,
    check_delay_ms,
    check_number,
    check_writable,
    prepare_folder,
)
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.reading import RECORDINGS
from psychopy_nfb.terminal import (
    add_band,
    add_plugins,
    add_stream,
    add_units,
    doing,
    naming_kept_files,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psychopy_nfb.recording.eeg_files import Recording
    from psychopy_nfb.tune.tuning import Entry

FIRST_MS, LAST_MS, STEP_MS = -50.0, 300.0, 25.0
USUAL_DELAY_MS = 100.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb tune``."""
    add = parser.add_argument
    add("recording", metavar="RECORDING", help=f"a file: {RECORDINGS}")
    add(
        "--channel",
        required=True,
        metavar="NAME",
        help="channel of the rhythm; of several, separated by commas, the mean is taken",
    )
    add_stream(parser)
    add_units(parser)
    add_band(parser, "frequency band of the rhythm")
    add(
        "--own-peak",
        action="store_true",
        help="move the band to the person's own peak, found on the recording's first half",
    )
    add(
        "--reference",
        default="as recorded",
        help="as recorded (default), average or laplacian",
    )
    add(
        "--line",
        type=float,
        default=50.0,
        metavar="HZ",
        help="mains frequency in Hz; 0: no notch filter (default 50)",
    )
    add(
        "--delay",
        type=float,
        metavar="MS",
        help=f"recommend the best estimator up to this delay, in ms (default {USUAL_DELAY_MS:g})",
    )
    add(
        "--quality",
        type=float,
        metavar="R",
        help="recommend the shortest delay that reaches this correlation of the envelopes, 0 to 1",
    )
    add_plugins(parser)
    add("--out", metavar="DIR", default="data", help="folder for page and settings (default data)")
    add("--json", metavar="FILE", help="write the scores to this file, too")
    add(
        "--delays",
        type=float,
        nargs="+",
        metavar="MS",
        help=f"delays to compare, in ms (default {FIRST_MS:g} to {LAST_MS:g} in steps of "
        f"{STEP_MS:g})",
    )


def main(options: argparse.Namespace) -> int:
    """Tune, print, write page, settings file and JSON; return 0."""
    import numpy as np

    delays = options.delays or list(np.arange(FIRST_MS, LAST_MS + 1, STEP_MS))
    for delay in delays:
        check_number("delays", delay, at_least=-200, at_most=450, unit="ms")
    if options.delay is not None:
        check_delay_ms("delay", options.delay)
    if options.quality is not None:
        check_number("quality", options.quality, above=0, at_most=1)
    if options.json:
        check_writable("json", options.json)
    folder, stem = Path(options.out), f"tune_{Path(options.recording).stem}"
    with naming_kept_files(folder / stem):
        return _tuned(options, delays, folder, stem)


def _tuned(options: argparse.Namespace, delays: Sequence[float], folder: Path, stem: str) -> int:
    from tqdm import tqdm

    from psychopy_nfb.dsp import SignalInfo, standard_positions
    from psychopy_nfb.dsp.lasting_faults import lasting_faults_told
    from psychopy_nfb.dsp.whole import numbers_only
    from psychopy_nfb.engine.plugins import load_installed, load_plugins
    from psychopy_nfb.engine.presets import standard_pipeline
    from psychopy_nfb.engine.signal_chain import SignalChain
    from psychopy_nfb.recording.eeg_files import read_recording
    from psychopy_nfb.tune.kinds import check_voltage
    from psychopy_nfb.tune.prepared import check_usable, offsets_removed
    from psychopy_nfb.tune.tuning import recommended, tune

    load_plugins(options.plugin)
    load_installed()
    with doing("Reading the recording"):
        recording = read_recording(options.recording, options.stream, units=options.units)
    check_usable(recording)
    check_channels("channel", _names(options.channel), recording.labels)
    prepare_folder(folder)
    labels = tuple(recording.labels)
    kinds = recording.not_eeg
    check_voltage(_names(options.channel), labels, kinds, recording.bad)
    info = SignalInfo(recording.rate, labels, positions=standard_positions(labels), kinds=kinds)
    if options.own_peak:
        options.band = _own_band(recording, options)
    pipeline = standard_pipeline(
        options.channel,
        tuple(options.band),
        reference=options.reference,
        line_frequency=options.line if options.line < recording.rate / 2 else None,
        smooth=None,
    )
    chain = SignalChain(copy.deepcopy(pipeline), info)
    told = lasting_faults_told(recording.usable, info, chain.uses(options.channel))
    whole = numbers_only(recording.usable)
    before = offsets_removed(pipeline.steps[:-1], whole, info, told.append)
    with tqdm(total=len(ESTIMATORS) * len(delays), desc="tune", disable=None) as progress:

        def passed(name: str) -> None:
            progress.set_postfix_str(name, refresh=False)
            progress.update()

        entries = tune(
            recording.usable,
            info,
            before,
            tuple(options.band),
            [delay / 1e3 for delay in sorted(delays)],
            passed=passed,
            gaps=[row for row, _ in recording.gaps],
            told=told.append,
        )
    for sentence in told:
        print(sentence)
    wanted = options.delay
    if wanted is None and options.quality is None:
        wanted = max(USUAL_DELAY_MS, min(delays))
    chosen = recommended(entries, None if wanted is None else wanted / 1e3, options.quality)
    print(_lines(entries))
    print(_sentence(chosen))
    settings = folder / f"{stem}.json"
    _write_settings(settings, before, chosen)
    page = folder / f"{stem}.html"
    with doing("Writing the page"):
        _write_page(page, settings, options, recording, entries, chosen, told)
    print(f"Files:\n  {page}\n  {settings}")
    if options.json:
        content = {
            "scores": [one.to_dict() for one in entries],
            "recommended": chosen.to_dict(),
            "corrected": told,
            "files": {"page": str(page), "settings": str(settings)},
        }
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",")]


def _own_band(recording: Recording, options: argparse.Namespace) -> tuple[float, float]:
    """Return a band as wide as the wanted one around the peak in the part that is fitted to."""
    from psychopy_nfb.dsp import band_around, individual_frequency
    from psychopy_nfb.dsp.whole import numbers_only
    from psychopy_nfb.tune.tuning import FIT_SHARE

    places = check_channels("channel", _names(options.channel), recording.labels)
    whole = numbers_only(recording.usable[:, places])
    first = whole[: round(FIT_SHARE * len(whole))].mean(axis=1)
    low, high = options.band
    peak = individual_frequency(first, recording.rate, (low - 1, high + 1))
    band = band_around(peak, high - low)
    print(f"Own peak: {peak:.2f} Hz, so the band is {band[0]:g} to {band[1]:g} Hz.")
    return band


def _lines(entries: Sequence[Entry]) -> str:
    """Return the table for the terminal: envelope correlation, by estimator and delay."""
    delays = sorted({one.delay for one in entries})
    names = list(dict.fromkeys(one.estimator for one in entries))
    scores = {(one.estimator, one.delay): one.score.envelope_r for one in entries}
    lines = [
        "Correlation of the envelopes on the held-out half, by delay in ms:",
        " " * 11 + "".join(f"{1e3 * delay:6.0f}" for delay in delays),
    ]
    for name in names:
        lines.append(f"{name:11s}" + "".join(f"{scores[name, delay]:6.3f}" for delay in delays))
    return "\n".join(lines)


def _sentence(chosen: Entry) -> str:
    phase = (
        "" if chosen.score.plv != chosen.score.plv else f", phase locking {chosen.score.plv:.3f}"
    )
    return (
        f"Recommended: {chosen.estimator} with a delay of {1e3 * chosen.delay:g} ms: correlation "
        f"of the envelopes {chosen.score.envelope_r:.3f}{phase}, on data that it was not fitted to."
    )


def _write_settings(path: Path, before: list[Any], chosen: Entry) -> None:
    """Write the recommended training as a settings file."""
    from psychopy_nfb.dsp import Pipeline
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.protocol import TRAINED, Signal
    from psychopy_nfb.settings import write_json

    signal = Signal(Pipeline([*before, chosen.step]))
    write_json(Configuration(signals={TRAINED: signal}), path)


def _write_page(
    path: Path,
    settings: Path,
    options: argparse.Namespace,
    recording: Recording,
    entries: Sequence[Entry],
    chosen: Entry,
    told: Sequence[str] = (),
) -> None:
    from psychopy_nfb.report.page import Picture, Section, Table, write_page
    from psychopy_nfb.tune.figure import quality_figure
    from psychopy_nfb.tune.tuning import pareto_front

    rows = [
        [
            one.estimator,
            f"{1e3 * one.delay:g}",
            f"{one.score.envelope_r:.3f}",
            "" if one.score.plv != one.score.plv else f"{one.score.plv:.3f}",
        ]
        for one in pareto_front(entries)
    ]
    low, high = options.band
    names = dict.fromkeys(one.estimator for one in entries)
    estimators = [[name, ESTIMATORS[name].meaning] for name in names if name in ESTIMATORS]
    write_page(
        path,
        "Which filter?",
        [
            Section(
                "Recommended",
                pictures=[Picture(quality_figure(entries, chosen), CAPTION)],
                lead=_sentence(chosen),
            ),
            Section(
                "How to use it", [text.format(settings=settings) for text in USE], points=AFTER_USE
            ),
            Section(
                "Best estimator at each delay",
                table=Table(
                    ["estimator", "delay (ms)", "correlation of envelopes", "phase locking"], rows
                ),
                note="Each of these is better than all estimators with a shorter delay.",
            ),
            Section("The estimators", table=Table(["name", "what it is"], estimators)),
            Section("How it was measured", [METHOD, *told]),
        ],
        subtitle=f"{Path(options.recording).name} · {options.channel} · {low:g} to {high:g} Hz · "
        f"{recording.seconds:.0f} s",
    )


CAPTION = (
    "How well each estimator follows the rhythm when its value may be so many milliseconds late "
    "(1 is perfect). The ring marks what is recommended, the grey band the best at each delay."
)
USE = (
    "The recommended filter, fitted to this recording, is in the settings file {settings}, with "
    "the usual protocol.",
    "In Builder: enter the file in Neuro Feedback, Settings file. In a script: "
    'Neurofeedback("{settings}"). To try it: psychopy-nfb demo --settings "{settings}".',
)
AFTER_USE = [
    "It is made for this person, this channel and this reference; tune anew for another person.",
    "Check threshold and display range in the file before the first training.",
]
METHOD = (
    "What an estimator gives in real time is compared with the rhythm as the whole recording shows "
    "it, past and future, at the same delay (Smetanin et al. 2020). Filters were fitted, and their "
    "variants chosen, on the first half of the recording; all figures are of the second half, "
    "without two seconds at its ends and without large artifacts. Linear drift and jumps of the "
    "level were taken out of the recording first. The amplifier's chunks, the network and the "
    "display add to the lag."
)
