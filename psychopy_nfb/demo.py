"""`psychopy-nfb demo`: a whole training, from an amplifier (simulated or replayed) to light."""

from __future__ import annotations

import argparse
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from psychopy_nfb.checks import check_delay_ms, check_number, check_writable
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.process import running
from psychopy_nfb.report.numbers import counted
from psychopy_nfb.terminal import (
    add_band,
    add_plugins,
    add_stream,
    add_units,
    doing,
    naming_kept_files,
)

PACED_HZ = 60.0
BASELINE_SHARE, LONGEST_BASELINE = 0.3, 20.0
SHORTEST_SECONDS = 15.0
START_SECONDS = 20.0
"""How long the simulator or the replay may take to start."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb demo``."""
    add = parser.add_argument
    add("--replay", metavar="FILE", help="use a recording in place of the simulated amplifier")
    add_stream(parser)
    add_units(parser)
    add("--channel", default="Oz", metavar="NAME", help="trained channel (default %(default)s)")
    add_band(parser, "trained frequency band")
    add(
        "--delay",
        type=float,
        default=10.0,
        metavar="MS",
        help="delay of the envelope estimator in milliseconds (default %(default)g)",
    )
    add("--settings", metavar="FILE", help="settings file, in place of channel, band and delay")
    add_plugins(parser)
    add(
        "--seconds",
        type=float,
        default=30.0,
        metavar="S",
        help=f"length in seconds, at least {SHORTEST_SECONDS:g} (default %(default)g)",
    )
    add("--out", metavar="DIR", default="data", help="folder for the files (default %(default)s)")
    add("--json", metavar="FILE", help="write the lag summary to this file, too")
    add("--fullscreen", action="store_true", help="use the whole screen (default: a window)")
    add(
        "--no-late-read",
        action="store_true",
        help="read the feedback at the beginning of each frame instead of just before its flip",
    )


def main(options: argparse.Namespace) -> int:
    """Run the demo as `options` say; return the exit status."""
    from psychopy_nfb.analysis import lag_summary
    from psychopy_nfb.display.neurofeedback import Neurofeedback
    from psychopy_nfb.display.window import check_screen
    from psychopy_nfb.engine.plugins import load_plugins

    check_number("seconds", options.seconds, at_least=SHORTEST_SECONDS, unit="s")
    check_delay_ms("delay", options.delay)
    if options.json:
        check_writable("json", options.json)
    load_plugins(options.plugin)
    training = _training(options)
    source_id = f"psychopy_nfb_demo_{uuid.uuid4().hex[:8]}"
    stream = replace(training.stream, type="EEG", source_id=source_id, timeout=START_SECONDS)
    training = replace(training, stream=stream)
    with _amplifier(options, source_id):
        try:
            nfb = Neurofeedback(
                training,
                data=options.out,
                task="demo",
                late_read=not options.no_late_read,
                plugins=options.plugin,
            )
        except FileError as error:
            raise FileError("out", options.out, error.remedy) from None
        check_screen()
        picture = nfb.files.stem.with_name(nfb.files.stem.name + "_screen.png")
        with naming_kept_files(nfb.files.stem):
            try:
                with doing("Starting the background process"):
                    nfb.start()
            except SettingsError as error:
                if error.parameter.endswith(".channels") and not options.settings:
                    raise SettingsError("channel", error.value, error.remedy) from None
                raise
            with nfb:
                done, note = _run(nfb, options, picture)
    summary = lag_summary(nfb.files.frames)
    print(summary.table())
    print(note)
    print("Files:")
    for path in (nfb.files.eeg, nfb.files.frames, nfb.files.events, nfb.files.settings, picture):
        print(f"  {path}")
    if options.json:
        content = {
            "lag": summary.to_dict(),
            "restarts": nfb.restarts,
            "files": {
                "eeg": str(nfb.files.eeg),
                "frames": str(nfb.files.frames),
                "events": str(nfb.files.events),
                "settings": str(nfb.files.settings),
                "screen": str(picture),
            },
        }
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if done else 1


def _training(options: argparse.Namespace):
    from psychopy_nfb.engine.configuration import read_configuration
    from psychopy_nfb.engine.presets import standard_training

    if options.settings:
        return read_configuration(options.settings)
    return standard_training(
        channels=options.channel,
        band=tuple(options.band),
        reference="as recorded",
        delay=check_delay_ms("delay", options.delay),
    )


@contextmanager
def _amplifier(options: argparse.Namespace, source_id: str) -> Iterator[None]:
    """Run the simulator or a replay in a process of its own, as an amplifier would."""
    if options.replay:
        from psychopy_nfb.recording.eeg_files import read_recording

        # A mistake is reported here, not by the other process; so is what was assumed.
        read_recording(options.replay, options.stream, units=options.units)
        command = ["simulate.replay", options.replay, "--loop"]
        command += ["--stream", options.stream] if options.stream else []
        command += ["--units", options.units] if options.units else []
    else:
        command = ["simulate.simulator", "--eyes", "alternate"]
    with running(*command, "--source-id", source_id, "--until-process-ends", str(os.getpid())):
        yield


def _run(nfb, options: argparse.Namespace, picture: Path) -> tuple[bool, str]:
    """Show baseline and training; return whether they were done, and what a person should know."""
    from psychopy_nfb.display.window import open_window, pacing_note

    with doing("Opening the window"):
        win = open_window((1000, 700), fullscr=options.fullscreen, units="pix", allowGUI=True)
    try:
        screen = _Screen(win, nfb)
        note = pacing_note(win)
        if note:
            note += " The lag from flip to light is not known for such a display.\n"
        ended = _phases(nfb, screen, options.seconds)
        screen.draw()
        win.getMovieFrame(buffer="back").save(picture)
        return not ended, note + (
            ended or f"Score: {counted(nfb.score, 'point')}, {counted(nfb.hits, 'hit')}."
        )
    finally:
        win.close()


def _phases(nfb, screen: _Screen, seconds: float) -> str:
    """Go through the run; return why it ended early, or nothing."""
    from psychopy import event

    baseline = max(BASELINE_SHARE * seconds, nfb.shortest_baseline)
    baseline = min(baseline, LONGEST_BASELINE)
    with tqdm(total=round(seconds), unit="s", desc="demo", disable=None) as progress:

        def show(text: str, seconds: float, training: bool = False) -> bool:
            """Show frames; return False when Escape is pressed."""
            screen.begin(text, training)
            for _ in nfb.frames(seconds):
                screen.draw()
                done = round(lsl_now() - begun)
                progress.update(min(done, progress.total) - progress.n)
                if event.getKeys(["escape"]):
                    return False
            return True

        begun = lsl_now()
        event.getKeys()  # the first call loads the keyboard, which takes some frames
        going = show("The filters settle", nfb.settle)
        if going:
            with nfb.baseline():
                going = show("Baseline: sit still, eyes open", baseline)
        if going and not nfb.calibrated:
            return f"The baseline did not succeed: {nfb.refusal}"
        if going:
            with nfb.block("training"):
                going = show("", seconds - (lsl_now() - begun), training=True)
        progress.update(progress.total - progress.n if going else 0)
    return "" if going else "Ended by Escape."


class _Screen:
    """What the demo shows: a text, in training also bar and trace; the patch always."""

    def __init__(self, win, nfb):
        from psychopy_nfb.display import FeedbackBar, FeedbackText, FeedbackTrace, PhotodiodePatch

        height = win.size[1]
        self._nfb = nfb
        self._bar = FeedbackBar(win, size=(0.08 * height, 0.6 * height), pos=(-0.25 * height, 0))
        self._trace = FeedbackTrace(win, size=(0.7 * height, 0.35 * height), pos=(0.25 * height, 0))
        self._text = FeedbackText(win, pos=(0, 0.42 * height), height=0.045 * height)
        self._patch = PhotodiodePatch(win)
        self._training = False
        nfb.attach(win, self._patch, pace=PACED_HZ)

    def begin(self, text: str, training: bool) -> None:
        """Show another phase from the next frame on."""
        self._text.value = text
        self._training = training

    def draw(self) -> None:
        """Draw one frame, the patch last."""
        nfb = self._nfb
        if self._training:
            self._text.value = counted(nfb.score, "point")
            self._bar.value = self._trace.value = nfb.value
            self._bar.threshold = self._trace.threshold = nfb.display_threshold
            self._bar.draw()
            self._trace.draw()
        self._text.draw()
        self._patch.draw(nfb.value)
