"""`psychopy-nfb rehearse`: what a training would have done on recordings, before anybody comes."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_number, check_writable, prepare_folder
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.reading import RECORDINGS
from psychopy_nfb.settings import finite, read_plain_json
from psychopy_nfb.terminal import add_plugins, add_stream, add_units, doing, naming_kept_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psychopy_nfb.course import Turn
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.tune.rehearsal import Rehearsal

_KEY = re.compile(r"([^.\[\]\s]+)|\[(\d+)\]")
_NUMBER = re.compile(r"\.(\d+)(?=\.|$)")
_CAPTION = (
    "Each signal with its threshold, in z, and below them the points: a mark for each reward."
)
USUAL_BASELINE = 60.0
"""Seconds of the baseline where nothing else says how long it is."""
COLUMNS = (
    "recording",
    "clean %",
    "beyond threshold %",
    "rewards a minute",
    "hits",
    "points",
    "first threshold",
    "last threshold",
    "bar empty %",
    "bar full %",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb rehearse``."""
    add = parser.add_argument
    add("recordings", nargs="+", metavar="RECORDING", help=f"files: {RECORDINGS}")
    add("--settings", required=True, metavar="FILE", help="settings file of the training")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a setting for this rehearsal, such as reward.dwell=0.5; give it once for each",
    )
    add(
        "--baseline",
        type=float,
        metavar="S",
        help="seconds at the recording's beginning that are the baseline (default: those of the "
        f"plan's first baseline, {USUAL_BASELINE:g} without one)",
    )
    add(
        "--plan",
        metavar="FILE",
        help="plan of a session, as for psychopy-nfb plan: its blocks are laid over the rest of "
        "the recording, in place of one block",
    )
    add_stream(parser)
    add_units(parser)
    add_plugins(parser)
    add("--out", metavar="DIR", default="data", help="folder for page and tables (default data)")
    add("--json", metavar="FILE", help="write the outcome to this file, too")


def main(options: argparse.Namespace) -> int:
    """Rehearse, print, write page, tables and JSON; return 0."""
    from psychopy_nfb.engine.plugins import load_installed, load_plugins

    if options.baseline is not None:
        check_number("baseline", options.baseline, above=0, unit="s")
    load_plugins(options.plugin)
    load_installed()
    configuration = changed_settings(options.settings, options.set)
    turns = _turns(options.plan, configuration) if options.plan else ()
    if options.baseline is None:
        planned = (turn.seconds for turn in turns if turn.block.kind == "baseline")
        options.baseline = next(planned, USUAL_BASELINE)
    if options.json:
        check_writable("json", options.json)
    folder = Path(options.out)
    stem = folder / f"rehearse_{Path(options.settings).stem}"
    with naming_kept_files(stem):
        return _rehearsed(options, configuration, turns, folder, stem)


def _turns(path: str, training: Configuration) -> Sequence[Turn]:
    """Return the course of a plan that fits the training; without a seed always the same."""
    from psychopy_nfb.course import course, read_plan
    from psychopy_nfb.course.fit import check_again, check_fit

    plan = read_plan(path)
    turns = course(plan, 0 if plan.seed is None else plan.seed)
    check_fit(turns, training.signals, training.shown, calibrated=True)
    check_again(turns, training.shown)
    return turns


def changed_settings(path: str, changes: list[str]) -> Configuration:
    """Return the training of a settings file with some settings changed.

    Parameters
    ----------
    path : path
        Of the settings file.
    changes : list of str
        ``"reward.dwell=0.5"``: the setting's place in the file, and its value as in JSON; what is
        no JSON is a text.

    Raises
    ------
    SettingsError, FileError
        If the file cannot be read or a setting not be used.
    """
    from psychopy_nfb.engine.configuration import read_configuration

    settings = read_plain_json(path)
    if isinstance(settings, dict) and "configuration" in settings:
        settings = settings["configuration"]
    if isinstance(settings, dict) and "blocks" in settings and "signals" not in settings:
        raise SettingsError(
            "settings",
            str(path),
            "is the plan of a session; give it as --plan, and the training's settings file here",
        )
    known = list(settings.get("signals", {})) if isinstance(settings, dict) else []
    for change in changes:
        place, equals, text = change.partition("=")
        if not equals or not place.strip():
            raise SettingsError("set", change, "must be NAME=VALUE, such as reward.dwell=0.5")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        of, _, rest = place.strip().partition(".")
        if of == "signals" and known and re.split(r"[.\[]", rest)[0] not in known:
            raise SettingsError("set", change, f"is of no signal; there are {listed(known)}")
        _put(settings, place, value, change)
    return read_configuration(settings)


def _put(settings: Any, place: str, value: Any, change: str) -> None:
    """Put a value at its place, as errors name places: ``signals.alpha.pipeline.steps[1].band``.

    ``steps.1`` is ``steps[1]``.
    """
    place = _NUMBER.sub(r"[\1]", place)
    keys = [int(number) if number else name for name, number in _KEY.findall(place)]
    try:
        for key in keys[:-1]:
            if isinstance(settings, dict) and isinstance(key, str):
                settings = settings.setdefault(key, {})
            else:
                settings = settings[key]
        settings[keys[-1]] = value
    except (IndexError, KeyError, TypeError):
        raise SettingsError(
            "set",
            change,
            "is no place in the settings; name each part, as in signals.alpha.threshold or, of a "
            "step, signals.alpha.pipeline.steps[0].channels",
        ) from None


def _rehearsed(
    options: argparse.Namespace,
    configuration: Configuration,
    turns: Sequence[Turn],
    folder: Path,
    stem: Path,
) -> int:
    from psychopy_nfb.recording.eeg_files import read_recording
    from psychopy_nfb.tune.rehearsal import rehearse

    prepare_folder(folder)
    found: list[Rehearsal] = []
    names = _names(options.recordings)
    for path, name in zip(options.recordings, names, strict=True):
        with doing(f"Rehearsing on {name}"):
            read = read_recording(path, options.stream, units=options.units)
            recording = replace(read, name=name)
            found.append(rehearse(recording, configuration, options.baseline, turns))
    rows = [row for one in found for row in _rows(one)]
    print(_lines(rows))
    for one in found:
        if turns:
            print(
                f"{one.recording}: {one.blocks} of {len(turns)} blocks of the plan; "
                f"{one.successes} of {one.judged} that were judged are a success."
            )
        for sentence in one.failed:
            print(f"{one.recording}: {sentence}.")
    tables = []
    for name, one in zip(names, found, strict=True):
        tables.append(stem.with_name(f"{stem.name}_{name.replace('/', '_')}.csv"))
        one.values.to_csv(tables[-1], index=False, float_format="%.8g")
    page = stem.with_name(stem.name + ".html")
    with doing("Writing the page"):
        _write_page(page, options, found, rows)
    files = [page, *tables]
    if options.json:
        outcome = {
            "settings": str(options.settings),
            "changed": options.set,
            "recordings": [one.to_dict() for one in found],
        }
        text = json.dumps(finite(outcome), indent=1) + "\n"
        Path(options.json).write_text(text, encoding="utf-8")
        files.append(Path(options.json))
    print("Files:", *files, sep="\n  ")
    return 0


def _names(paths: list[str]) -> list[str]:
    """Return a name for each recording: that of its file, with its folder where two are alike."""
    names = [Path(path).name for path in paths]
    alike = [name for name in names if names.count(name) > 1]
    return [
        f"{Path(path).resolve().parent.name}/{name}" if name in alike else name
        for path, name in zip(paths, names, strict=True)
    ]


def _baseline(one: Rehearsal) -> str:
    if one.baseline_clean is None:
        return "No baseline"
    return f"Baseline {one.baseline_seconds:g} s ({100 * one.baseline_clean:.0f} % of it clean)"


def _rows(one: Rehearsal) -> list[list[str]]:
    """Return the table's rows of one recording, one for each signal."""
    rows = []
    for signal in one.signals:
        first = not rows
        rows.append(
            [
                f"{one.recording}, {signal.name}" if len(one.signals) > 1 else one.recording,
                f"{100 * one.clean:.0f}",
                f"{100 * signal.beyond:.0f}",
                f"{one.rewards_a_minute:.1f}" if first else "",
                str(one.hits) if first else "",
                f"{one.points:g}" if first else "",
                f"{signal.first_threshold:.3g}",
                f"{signal.last_threshold:.3g}",
                f"{100 * signal.shown_empty:.0f}",
                f"{100 * signal.shown_full:.0f}",
            ]
        )
    return rows


def _lines(rows: list[list[str]]) -> str:
    """Return the table for the terminal."""
    cells = [list(COLUMNS), *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _write_page(
    page: Path, options: argparse.Namespace, found: list[Rehearsal], rows: list[list[str]]
) -> None:
    from psychopy_nfb.report.page import Picture, Section, Table, write_page
    from psychopy_nfb.tune.rehearsal_figure import rehearsal_figure

    changed = f" Changed: {', '.join(options.set)}." if options.set else ""
    sections = [
        Section(
            "What the training would have done",
            [f"Settings: {options.settings}.{changed}"],
            table=Table(list(COLUMNS), rows),
            note="Shares are of the training's clean samples, after the baseline; clean is a share "
            "of all its samples. A bar is empty or full where the signal lies outside of what "
            "displays show. Nobody saw this feedback: with it a person's signal may change.",
        )
    ]
    for one in found:
        spoilt = ", ".join(
            f"{flag} {100 * share:.1f} %" for flag, share in sorted(one.spoilt.items())
        )
        sections.append(
            Section(
                one.recording,
                [
                    f"{_baseline(one)}, training {one.training_seconds:.0f} s; "
                    f"flags of its samples: {spoilt or 'none'}.",
                    *(f"{sentence}." for sentence in one.failed),
                    *(f"Of the recording: {sentence}" for sentence in one.assumptions),
                ],
                pictures=[Picture(rehearsal_figure(one), _CAPTION)],
            )
        )
    write_page(page, "Rehearsal", sections, subtitle=str(options.settings))
