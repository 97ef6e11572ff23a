"""A study's design in words, for a methods section, and which certificates vouch for its timing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb import __version__
from psychopy_nfb.analysis.slopes import CONFIDENCE
from psychopy_nfb.errors import listed
from psychopy_nfb.recording.settings_file import SessionRecord
from psychopy_nfb.report.certificate import Certificate, certificates_in, cited_certificate
from psychopy_nfb.report.numbers import counted
from psychopy_nfb.report.page import Section, Table
from psychopy_nfb.study.plan import Arm, Study, plain

if TYPE_CHECKING:
    from psychopy_nfb.recording import SessionFiles


def methods_section(study: Study, allocated: bool, opened: bool) -> Section:
    """Return a paragraph on the design for a paper; it tells of arms once they are opened.

    Parameters
    ----------
    study : Study
        The study.
    allocated : bool
        Whether there is an allocation.
    opened : bool
        Whether it is opened: what the arms are shown is said only then, as words such as sham in a
        page that everybody may see make people guess.
    """
    each = counted(study.sessions, "session")
    blocks = f" of {counted(study.blocks, 'block')} with feedback" if study.blocks else ""
    n = len(study.participants)
    said = [f"{counted(n, 'participant')} were planned to have {each}{blocks} each."]
    if study.blinded:
        arms = listed(f"{name} ({_shown(arm)})" for name, arm in study.arms.items())
        shares = ":".join(str(arm.share) for arm in study.arms.values())
        after = f": {arms}" if opened else ", which are described here after unblinding"
        said.append(f"There were {len(study.arms)} arms{after}.")
        if allocated:
            within = f" within the strata {listed(study.strata)}" if study.strata else ""
            said.append(
                "Participants were allocated to them by block randomisation with blocks of varying "
                f"length, {shares}{within}. The allocation was encrypted before the first session, "
                "and what sessions showed was sealed, so that neither participants nor "
                "experimenters could see the arm."
            )
    if study.carry_over:
        said.append(f"Each session took over the {listed(study.carry_over)} of the one before.")
    gone = sum(one.withdrawn is not None for one in study.participants.values())
    if gone:
        said.append(f"{counted(gone, 'participant')} withdrew.")
    said.append(
        "Analyses were by intention to treat: the change over sessions of the trained signal, as "
        "compared with the baseline, was fitted for each participant by a straight line, and for "
        f"the group by a linear mixed model (restricted likelihood), with {CONFIDENCE:.0%} "
        f"intervals, in psychopy_nfb {__version__}."
    )
    return Section("For a methods section", [" ".join(said)])


def _shown(arm: Arm) -> str:
    """Return what an arm is shown, with its lag."""
    shown = "own feedback" if arm.shown is None else plain(arm.shown).lower()
    if arm.lag is None:
        return shown
    if arm.lag.hold is not None:
        return f"{shown} with a lag of {arm.lag.hold:g} s"
    low, high = arm.lag.jitter or (0.0, 0.0)
    return f"{shown} with a lag drawn from {low:g} to {high:g} s"


def timing_section(sessions: Iterable[SessionFiles]) -> Section:
    """Return which timing certificate is nearest to each session, and what had changed by then."""
    cited: Counter[tuple[str, str, str]] = Counter()
    without = 0
    read: dict[Path, list[Certificate]] = {}  # by folder, once for all sessions in it
    for files in sessions:
        folder = files.stem.parent
        if folder not in read:
            read[folder] = certificates_in(folder)
        one = cited_certificate(SessionRecord.load(files.settings).content, read[folder])
        if one is None:
            without += 1
        else:
            cited[one.name, one.verdict, one.change] += 1
    said = []
    if without:
        said.append(
            f"{counted(without, 'recording')} without a timing certificate; psychopy-nfb certify "
            "--out DATA makes one in the folder of the recordings."
        )
    rows = [
        [name, str(n), verdict, change or "nothing"] for (name, verdict, change), n in cited.items()
    ]
    heads = ["nearest certificate", "recordings", "verdict", "what differs"]
    return Section("Timing", said, table=Table(heads, rows) if rows else None)
