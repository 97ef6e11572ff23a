"""What the holder of the key does in a study: allocate at first, unblind in the end."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.study.steps import Step
from psychopy_nfb.study.words import QUESTIONS, UNKNOWN

if TYPE_CHECKING:
    from psychopy_nfb.study.plan import StudyFolder

PAGE = """\
Study: {name}
Key of its allocation, for an envelope in a locked cupboard:

    {key}

It opens who is in which arm: psychopy-nfb study unblind FOLDER --print --who NAME --why TEXT
Without this page, and without the key file and its passphrase, nobody can ever open that, nor what
the sessions have shown.
"""


class AllocateStep(Step):
    """Draws the allocation."""

    summary = "draw who is in which arm, sealed (not for experimenters)"
    description = (
        "Draw who is in which arm, by block randomisation within strata. For somebody who meets no "
        "participant: experimenters see tokens only. The passphrase is asked for. Without the key "
        "the study can never be unblinded."
    )
    example = "my_study --key ../alpha_key.json --donors pilot/data"

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add = parser.add_argument
        add(
            "--key",
            type=Path,
            required=True,
            metavar="FILE",
            help="where the key is written: on a disk of your own, not in the study's folder",
        )
        add(
            "--slots",
            type=int,
            default=40,
            metavar="N",
            help="how many people each stratum has room for, at least (default %(default)s)",
        )
        add("--seed", type=int, metavar="N", help="number that all is drawn from (default: drawn)")
        add(
            "--donors",
            type=Path,
            metavar="FOLDER",
            help="finished sessions of other people, which a yoked arm shows",
        )

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.study.drawing import allocate
        from psychopy_nfb.study.keys import printed
        from psychopy_nfb.study.plan import StudyFolder

        folder = StudyFolder(options.folder)
        passphrase = _asked("Passphrase for the key (write it down): ")
        if sys.stdin.isatty() and passphrase != _asked("The same once more: "):
            raise SettingsError("passphrase", "", "was not the same; nothing was written")
        private = allocate(
            folder,
            options.key,
            passphrase,
            slots=options.slots,
            seed=options.seed,
            donors=options.donors,
        )
        page = options.key.with_name(f"{options.key.stem}_print.txt")
        try:
            text = PAGE.format(name=folder.study.name, key=printed(private))
            page.write_text(text, encoding="utf-8")
        except OSError as error:
            raise FileError(
                "key", os.fspath(page), f"cannot be written: {error.strerror}"
            ) from None
        print(
            f"The sealed allocation is {folder.allocation}.\n"
            f"The key is {options.key}. Keep it away from everybody who meets participants. If it "
            "is lost,\nand the page too, the study can never be unblinded.\n"
            f"Now print {page}, put the page into an envelope, and delete the file."
        )


class UnblindStep(Step):
    """Opens all."""

    summary = "open the allocation and what the sessions showed"
    description = (
        "Open who was in which arm, and what the sessions showed: arms.csv in the study's folder, "
        "and a file beside each session. It needs the key. Who did it, when and why stays with the "
        "study."
    )
    example = 'my_study --key ../alpha_key.json --who "A. Meyer" --why "last session done"'

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add = parser.add_argument
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--key", type=Path, metavar="FILE", help="the key file; its passphrase is asked for"
        )
        which.add_argument(
            "--print",
            dest="printed",
            action="store_true",
            help="type the key from the printed page instead",
        )
        add("--who", required=True, metavar="NAME", help="who unblinds")
        add("--why", required=True, metavar="TEXT", help="for which reason")
        add("--participant", metavar="LABEL", help="open this one only, as in an emergency")
        add(
            "--yes",
            action="store_true",
            help="do not ask whether to unblind before all sessions and guesses are there",
        )

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.study.keys import from_print, read_key
        from psychopy_nfb.study.plan import StudyFolder
        from psychopy_nfb.study.unblinding import ARMS, unblind

        folder = StudyFolder(options.folder)
        if options.participant is None and not options.yes:
            _confirm(folder)

        def key(public: bytes) -> bytes:
            if options.printed:
                return from_print(_asked("Key, as printed: "), public)
            return read_key(options.key, _asked("Passphrase: "), folder.study.id, public)

        opened = unblind(folder, key, options.who, options.why, options.participant)
        n = len(opened.arms)
        print(f"Participants opened: {n}; sessions: {opened.sessions}. See {folder.path / ARMS}.")
        for name in opened.cut_off:
            print(f"{name} was cut off; what it showed until then is open.")
        if options.participant is None:
            _tell_blinding(folder)


class ContingencyStep(Step):
    """Tells how far what was shown was the own feedback."""

    summary = "after unblinding: was what was shown the own feedback?"
    description = (
        "Write contingency.csv: for each block of each finished session how far what was shown was "
        "the own feedback, near 1 for real feedback and near 0 for sham. Only after unblinding."
    )
    example = "my_study"

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.study.contingencies import write_contingency
        from psychopy_nfb.study.plan import StudyFolder

        table, path = write_contingency(StudyFolder(options.folder))
        print("Means of each arm (r: correlation of shown and own value; share: of the rewards):")
        print(table.groupby("arm")[["r", "share"]].mean().round(2).to_string())
        print(f"Each block is in {path}.")


def _confirm(folder: StudyFolder) -> None:
    """Ask whether to unblind although something is missing.

    Raises
    ------
    SettingsError
        If the answer is not yes.
    """
    from psychopy_nfb.study.unblinding import missing

    sentences = missing(folder)
    if not sentences:
        return
    print("\n".join(sentences))
    print("After unblinding, what is missing can no longer be had blind. Unblind all the same?")
    if (answer := _asked("Type yes: ", seen=True)) != "yes":
        raise SettingsError(
            "unblind",
            answer,
            "was not confirmed; nothing was opened. Type yes, or give --yes in a script",
        )


def _tell_blinding(folder: StudyFolder) -> None:
    """Print whether people could tell their arm."""
    from psychopy_nfb.analysis.blinding import FEWEST_ASKED, bang_index, james_index
    from psychopy_nfb.study.guesses import guesses_by_arm
    from psychopy_nfb.study.unblinding import read_arms

    arms = {label: row["arm"] for label, row in read_arms(folder).items()}
    for who in QUESTIONS:
        counts = guesses_by_arm(folder, who, arms)
        if not counts:
            continue
        print(f"\nGuesses of the {who}s. Bang's index: 1 all right, 0 as by chance, -1 all wrong.")
        for arm, row in counts.items():
            if row.total() < FEWEST_ASKED:
                print(f"  {arm}: cannot be computed, as it is of one person")
                continue
            right, unknown = row[arm], row[UNKNOWN]
            index = bang_index(right, row.total() - right - unknown, unknown)
            ends = f"95 % interval {index.low:.2f} to {index.high:.2f}"
            print(f"  {arm}: {index.value:.2f} ({ends}, {index.n} people)")
        if sum(row.total() for row in counts.values()) >= FEWEST_ASKED:
            james = james_index(counts)
            print(f"  James's index: {james:.2f} (1 nobody knows, 0.5 as by chance, 0 all right)")


def _asked(question: str, seen: bool = False) -> str:
    """Return what somebody types, unseen if it is secret.

    Where there is no keyboard it is what another program sends.
    """
    if sys.stdin.isatty():
        return input(question) if seen else getpass.getpass(question)
    return sys.stdin.readline().rstrip("\r\n")
