"""`psychopy-nfb certify`: what a computer's timing was found to be, on one page with its date."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_number, prepare_folder
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command
from psychopy_nfb.recording import machine_facts
from psychopy_nfb.report.certificate import DATA, PAGE, PREFIX, Certificate
from psychopy_nfb.settings import write_json

if TYPE_CHECKING:
    from psychopy_nfb.report.page import Section

PARTS = {
    "check": "Is the computer ready",
    "bench": "What this package costs",
    "selftest": "From brain to light",
    "photodiode": "The display, by a light sensor's recording",
}
"""Commands that measure, and what they are called on the page."""
SUMS = {
    "sum_ms_median": "sum of the stages",
    "measured_ms_median": "measured from brain to light",
}
READS = 1_000_000
BY_PIXELS = (
    "The light was read from the screen's own pixels: what the monitor adds until it is light is "
    "in none of the figures. Give --sensor for a real light sensor."
)
ASKS = {
    "bench": "Each figure beside the bar that it is held to.",
    "selftest": "Medians over the steps, in milliseconds.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb certify``."""
    add = parser.add_argument
    add("--out", metavar="DIR", default="data", help="folder of the certificate (default data)")
    add(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="length of each condition of bench and selftest, in seconds (default %(default)g)",
    )
    add("--sensor", metavar="NAME", help="name of the LSL stream of a real light sensor")
    add("--channel", metavar="NAME", help="the sensor's channel (default: the only one)")
    add(
        "--photodiode",
        metavar="SESSION",
        help="a session that was recorded with a light sensor on the PhotodiodePatch",
    )
    add(
        "--skip",
        nargs="+",
        default=[],
        choices=["check", "bench", "selftest"],
        help="parts to leave out; the certificate says so",
    )
    add("--no-window", action="store_true", help="skip the checks of the display in check")


def main(options: argparse.Namespace) -> int:
    """Measure and write the certificate; return 0 if all of it holds and 1 if not."""
    check_number("seconds", options.seconds, at_least=15, unit="s")
    prepare_folder(options.out)
    date = datetime.now().astimezone()
    stem = Path(options.out, f"{PREFIX}{date:%Y-%m-%d_%H%M%S}")
    parts: dict[str, dict[str, Any]] = {}
    with TemporaryDirectory() as folder:
        for name, arguments in commands(options, stem).items():
            if name in options.skip:
                parts[name] = {"holds": None, "said": "left out on request", "content": None}
                continue
            print(f"{PARTS[name]} (psychopy-nfb {name}) …", flush=True)
            parts[name] = measured(name, arguments, Path(folder, f"{name}.json"))
            print(f"  {parts[name]['said']}", flush=True)
    if "selftest" in parts:
        parts["selftest"]["real_sensor"] = options.sensor is not None
    machine = {**machine_facts(), "cores": os.cpu_count()}
    certificate = Certificate(date, machine, parts)
    write_json(certificate.to_dict(), stem.with_name(stem.name + DATA))
    write_certificate(stem.with_name(stem.name + PAGE), certificate)
    print(certificate.verdict)
    print(f"Files:\n  {stem}{PAGE}\n  {stem}{DATA}")
    return 0 if certificate.holds else 1


def commands(options: argparse.Namespace, stem: Path) -> dict[str, list[str]]:
    """Return what each part is started with."""
    seconds = f"{options.seconds:g}"
    found = {
        "check": ["--no-window"] if options.no_window else [],
        "bench": ["loop", "--seconds", seconds, "--reads", f"{READS}"],
        "selftest": ["--seconds", seconds, "--out", f"{stem}_selftest"],
    }
    if options.sensor:
        found["selftest"] += ["--sensor", options.sensor, "--fullscreen"]
        found["selftest"] += ["--channel", options.channel] if options.channel else []
    if options.photodiode:
        found["photodiode"] = [options.photodiode]
    return found


def measured(name: str, arguments: list[str], path: Path) -> dict[str, Any]:
    """Run one command in a process of its own and return what it found."""
    done = subprocess.run(
        python_command("cli", name, *arguments, "--json", str(path)),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        creationflags=CREATION_FLAGS,
    )
    if not path.exists():
        why = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return {"holds": None, "said": f"could not be measured: {why}", "content": None}
    content = json.loads(path.read_text(encoding="utf-8"))
    holds = done.returncode == 0
    return {"holds": holds, "said": said_of(name, content, holds), "content": content}


def said_of(name: str, content: Any, holds: bool) -> str:
    """Return a part's outcome in a sentence."""
    if name == "check":
        bad = [one["what"] for one in content if not one["good"]]
        return f"needs a remedy: {', '.join(bad)}" if bad else f"{len(content)} findings, all good"
    if name == "bench":
        bars = content["bars"]
        missed = [key for key in bars if content["figures"].get(key, 0.0) > bars[key]]
        return f"not held: {', '.join(missed)}" if missed else f"all {len(bars)} bars are held"
    if name == "selftest":
        off = content["budget_error_ms_median"]
        word = "agrees" if holds else "does not agree"
        return f"the measured lag {word} with the logged stages (difference {off:+.2f} ms)"
    return "the display does well" if holds else "the display does not do well; see its own page"


def write_certificate(path: Path, certificate: Certificate) -> None:
    """Write the certificate's page.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from psychopy_nfb.report.page import Section, Table, write_page

    machine = certificate.machine
    rows = [[name, str(machine[name])] for name in machine if name != "packages"]
    rows += [[name, str(one)] for name, one in (machine.get("packages") or {}).items()]
    date = certificate.date.strftime("%Y-%m-%d %H:%M %Z")
    sections = [
        Section(
            "Verdict",
            [f"Measured on {date}, on this computer, with these versions and this display only."],
            [f"{PARTS[name]}: {part['said']}." for name, part in certificate.parts.items()],
            lead=certificate.verdict,
        )
    ]
    for name, part in certificate.parts.items():
        if part["content"] is not None:
            sections.append(section_of(name, part))
    sections.append(Section("Computer and versions", table=Table(["what", "found"], rows)))
    write_page(path, "Timing certificate", sections, subtitle=date)


def section_of(name: str, part: dict[str, Any]) -> Section:
    """Return the figures of a part."""
    from psychopy_nfb.report.page import Section, Table

    content = part["content"]
    heading = f"{PARTS[name]} (psychopy-nfb {name})"
    if name == "check":
        rows = [
            ["good" if one["good"] else "remedy", one["what"], one["found"]]
            + ["" if one["good"] else one["remedy"]]
            for one in content
        ]
        return Section(heading, table=Table(["", "what", "found", "what to do"], rows))
    if name == "bench":
        bars = content["bars"]
        rows = []
        for key, value in content["figures"].items():
            bar = bars.get(key)
            held = "" if bar is None else "held" if value <= bar else "not held"
            rows.append([key, f"{value:.4g}", "" if bar is None else f"≤ {bar:g}", held])
        heads = ["figure", "found", "bar", "verdict"]
        return Section(heading, table=Table(heads, rows), note=ASKS[name])
    if name == "selftest":
        from psychopy_nfb.analysis.lag import TITLES

        stages = {key: title for key, (title, _) in TITLES.items()}
        stages |= {"flip_to_light_ms": "flip → light", **SUMS}
        figures = {**content["stages"], **{key: content[key] for key in SUMS}}
        rows = [[stages.get(key, key), f"{value:.2f}"] for key, value in figures.items()]
        told = [f"Light sensor: {content['sensor']}."]
        told += [] if part.get("real_sensor") else [BY_PIXELS]
        return Section(heading, told, table=Table(["stage", "ms"], rows), note=ASKS[name])
    rows = [
        [key, f"{one:.4g}" if isinstance(one, float) else str(one)]
        for key, one in content["summary"].items()
        if isinstance(one, int | float | str)
    ]
    return Section(heading, table=Table(["what", "found"], rows))
