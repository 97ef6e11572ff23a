"""What experimenters do in a study, as steps of ``psychopy-nfb study``."""

from __future__ import annotations

import argparse
from typing import ClassVar

from psychopy_nfb.study.words import ARM_FORMS, CONTINUE, QUESTIONS, REPEAT, UNKNOWN

TO_ALLOCATE = (
    "The allocation is still to come, before the first session; a third person makes it:\n"
    "  psychopy-nfb study allocate"
)


class Step:
    """One step."""

    summary: ClassVar[str]
    """One line for the list of steps."""
    description: ClassVar[str]
    """What it does, for its own help."""
    example: ClassVar[str]
    """Its arguments as a user would type them."""

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        raise NotImplementedError


def add_participant_option(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a participant."""
    parser.add_argument("participant", metavar="PARTICIPANT", help="label: letters and digits")


def _percent(text: str) -> float:
    """Return a number that was typed."""
    try:
        return float(text)
    except ValueError:
        point = text.replace(",", ".")
        told = f"write a point, not a comma: {point}" if "," in text else "must be a number"
        raise argparse.ArgumentTypeError(f"{text!r}: {told}") from None


class NewStep(Step):
    """Makes a study."""

    summary = "make a study: sessions, arms (groups), strata"
    description = (
        "Make a study: write study.json into a folder that has none. That file may be changed with "
        "any text editor until the first participant is added."
    )
    example = (
        "my_study --name Alpha --task alpha --sessions 10 --blocks 5 --arm real=own "
        "--arm sham=yoked:training:300:5 --stratum sex=f,m"
    )

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add = parser.add_argument
        add("--name", required=True, help="what the study is called")
        add("--task", default="neurofeedback", help="what is trained; part of all file names")
        add("--sessions", type=int, required=True, metavar="N", help="sessions of each participant")
        add(
            "--blocks",
            type=int,
            metavar="N",
            help="blocks with feedback of a session; one with fewer counts as cut off",
        )
        add(
            "--arm",
            action="append",
            default=[],
            metavar="NAME=WHAT",
            help=f"a group and what it is shown: {ARM_FORMS}; once for each arm. yoked shows N "
            "blocks of another person, each at least SECONDS long. Without any there is real=own",
        )
        add(
            "--stratum",
            action="append",
            default=[],
            metavar="NAME=A,B",
            help="kinds of people within which arms are balanced, such as sex=f,m; may be repeated",
        )
        add(
            "--carry-over",
            action="append",
            default=[],
            choices=["baseline", "threshold"],
            help="what a session takes over from the one before; may be repeated",
        )
        add(
            "--question",
            action="append",
            default=[],
            metavar="ITEM=TEXT",
            help="a question that your sessions ask the participant, and the item of the CRED-nf "
            'checklist that it answers, such as 3c="How did you do it?"; may be repeated',
        )
        add("--preregistration", default="", metavar="TEXT", help="where the study is registered")
        add("--ethics", default="", metavar="TEXT", help="approval of the ethics committee")

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.errors import SettingsError, listed
        from psychopy_nfb.study.arms import read_arm
        from psychopy_nfb.study.plan import Study, new_study

        strata = {}
        for text in options.stratum:
            name, _, levels = text.partition("=")
            strata[name] = [level.strip() for level in levels.split(",")] if levels else []
        arms = dict(map(read_arm, options.arm))
        if len(arms) < len(options.arm):
            raise SettingsError(
                "arm", listed(options.arm), "has the same name twice; give each name once"
            )
        if len(strata) < len(options.stratum):
            raise SettingsError(
                "stratum", listed(options.stratum), "has the same name twice; give each name once"
            )
        questions: dict[str, list[str]] = {}
        for text in options.question:
            item, marked, question = text.partition("=")
            if not marked or not question.strip():
                raise SettingsError(
                    "question", text, 'must be ITEM=TEXT, such as 3c="How did you do it?"'
                )
            questions.setdefault(item.strip(), []).append(question.strip())
        study = Study(
            name=options.name,
            task=options.task,
            sessions=options.sessions,
            blocks=options.blocks,
            strata=strata,
            carry_over=options.carry_over,
            questions=questions,
            preregistration=options.preregistration,
            ethics=options.ethics,
            **({"arms": arms} if arms else {}),
        )
        folder = new_study(options.folder, study)
        print(f"The study is in {folder.file}.")
        if study.blinded:
            print(
                "It has several arms. Next, somebody who meets no participant makes the "
                f"allocation:\n  psychopy-nfb study allocate {folder.path} --key KEYFILE"
            )


class AddStep(Step):
    """Adds a participant."""

    summary = "add a participant, who gets a token for the arm"
    description = (
        "Add a participant. Where there is an allocation the participant gets the next token of "
        "the stratum: it stands for the arm, which nobody sees."
    )
    example = "my_study 01 --stratum sex=f"

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add_participant_option(parser)
        parser.add_argument(
            "--stratum",
            action="append",
            default=[],
            metavar="NAME=LEVEL",
            help="what kind of person it is, such as sex=f; once for each stratum of the study",
        )

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.errors import SettingsError, listed
        from psychopy_nfb.study.participants import add_participant
        from psychopy_nfb.study.plan import StudyFolder

        stratum = dict(text.partition("=")[::2] for text in options.stratum)
        if len(stratum) < len(options.stratum):
            raise SettingsError(
                "stratum", listed(options.stratum), "has the same name twice; give each name once"
            )
        folder = StudyFolder(options.folder)
        person = add_participant(folder, options.participant, stratum)
        token = f", with the token {person.token}" if person.token else ""
        print(f"Participant {options.participant} is in the study{token}.")
        if folder.study.blinded and token == "":
            print(f"{TO_ALLOCATE} {folder.path} --key KEYFILE")


class NextStep(Step):
    """Says which session is due."""

    summary = "say which session of a participant is due"
    description = (
        "Say which session of a participant is due. After one that was cut off, by a crash or by "
        "Escape, choose here whether it is repeated or continued. Its files stay in any case."
    )
    example = "my_study 01"

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add_participant_option(parser)
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--repeat",
            dest="decision",
            action="store_const",
            const=REPEAT,
            help="repeat a session that was cut off, from its beginning",
        )
        choice.add_argument(
            "--continue",
            dest="decision",
            action="store_const",
            const=CONTINUE,
            help="continue a session that was cut off, after the blocks that were done",
        )

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.study.due import due
        from psychopy_nfb.study.plan import StudyFolder
        from psychopy_nfb.study.register import Register

        folder = StudyFolder(options.folder)
        label, person = folder.taking_part(options.participant)
        if options.decision is not None:
            Register(folder).decide(label, options.decision)
        one = due(folder, label)
        token = f" (token {person.token})" if person.token else ""
        print(f"Participant {label}{token}: session {one.number} of {folder.study.sessions}.")
        if one.before is not None:
            n = one.blocks_done
            done = "1 block was" if n == 1 else f"{n} blocks were"
            print(f"It continues run {one.before.run}, in which {done} done.")
        elif one.last is not None and folder.study.carry_over:
            taken = " and ".join(folder.study.carry_over)
            print(f"It takes over the {taken} of session {one.last.number}.")
        if folder.study.made_of_baseline:
            print("Record a baseline in it before the first block with feedback.")
        if folder.study.blinded and not folder.allocation.exists():
            print(f"{TO_ALLOCATE} {folder.path} --key KEYFILE")
        print(f"Start the experiment with the participant {label}.")


class StatusStep(Step):
    """Shows how far a study is."""

    summary = "show how far each participant is"
    description = "Show how far each participant is. Nothing in it depends on arms."
    example = "my_study"

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.study.changes import check_unchanged
        from psychopy_nfb.study.openings import unblinding_of
        from psychopy_nfb.study.plan import StudyFolder
        from psychopy_nfb.study.status import blinding, progress

        folder = StudyFolder(options.folder)
        check_unchanged(folder)
        study, opened = folder.study, unblinding_of(folder)
        n, each = len(study.participants), study.sessions
        left = sum(person.withdrawn is not None for person in study.participants.values())
        told = f"{n}, of whom {left} withdrew" if left else f"{n}"
        print(f"{study.name}, {blinding(folder)}. Participants: {told}; sessions of each: {each}.")
        for one in opened:
            whose = "" if one["participants"] == "all" else f" (participant {one['participants']})"
            print(f"Unblinded by {one['who']} on {one['when']}{whose}: {one['why']}")
        table = [("participant", "stratum", "token", "done", "last", "next", "asked")]
        for row in progress(folder):
            done = f"{row.done} of {study.sessions}"
            cells = (row.participant, row.stratum, row.token, done, row.last, row.state)
            table.append((*cells, row.guesses))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            print("  ".join(padded).rstrip())


class WithdrawStep(Step):
    """Notes that somebody has withdrawn."""

    summary = "note that a participant takes part no longer, and why"
    description = (
        "Note that a participant has withdrawn. Sessions of theirs are refused from then on; their "
        "data stay, and the report counts them in their arm (intention to treat). The token stays "
        "theirs: a replacement is added as a new participant. --undo takes a wrong entry back."
    )
    example = 'my_study 01 --reason "moved to another town" --date 2026-03-05'

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add_participant_option(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--reason", metavar="TEXT", help="why; it stands in the report, so name nobody in it"
        )
        which.add_argument("--undo", action="store_true", help="take it back: sessions go on")
        parser.add_argument("--date", metavar="YYYY-MM-DD", help="on which day (default: today)")

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.errors import SettingsError
        from psychopy_nfb.study.participants import take_back_withdrawal, withdraw_participant
        from psychopy_nfb.study.plan import StudyFolder, withdrew

        folder = StudyFolder(options.folder)
        if options.undo:
            if options.date is not None:
                raise SettingsError("date", options.date, "does not go with --undo; leave it out")
            label = take_back_withdrawal(folder, options.participant)
            print(f"Participant {label} takes part again.")
            return
        label, entry = withdraw_participant(
            folder, options.participant, options.reason, options.date
        )
        print(f"Participant {label} {withdrew(entry)}.")
        print("The data stay and count in the report. A replacement is a new participant:")
        print(f"  psychopy-nfb study add {folder.path} LABEL")


class GuessStep(Step):
    """Keeps a guess."""

    summary = "keep which arm somebody believes it was"
    description = (
        "Keep which arm a participant believes to have been in, or the experimenter believes it "
        "was. Ask both after the last session, before unblinding; unblinding tells how well the "
        "blinding held."
    )
    example = "my_study 01 --who participant --arm sham --confidence 60"

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        add_participant_option(parser)
        add = parser.add_argument
        add("--who", choices=QUESTIONS, required=True, help="who was asked")
        add("--arm", required=True, help=f"name of the arm, or {UNKNOWN}")
        add(
            "--confidence",
            type=_percent,
            required=True,
            metavar="PERCENT",
            help="how sure, from 0 (a mere guess) to 100 (certain)",
        )

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.study.guesses import keep_guess
        from psychopy_nfb.study.plan import StudyFolder

        folder = StudyFolder(options.folder)
        keep_guess(folder, options.participant, options.who, options.arm, options.confidence)
        print(f"The guess of the {options.who} is kept.")
