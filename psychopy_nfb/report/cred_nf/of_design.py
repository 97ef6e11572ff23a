"""What the files say of the design: control conditions, blinding, and what there is to share."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from psychopy_nfb.analysis.blinding import FEWEST_ASKED, bang_index
from psychopy_nfb.protocol.shown import OWN
from psychopy_nfb.recording.blinding import is_sealed, was_blinded
from psychopy_nfb.recording.names import ALL_SUFFIXES
from psychopy_nfb.report.cred_nf.said import Said
from psychopy_nfb.report.numbers import counted
from psychopy_nfb.study.words import UNKNOWN

if TYPE_CHECKING:
    from psychopy_nfb.report.cred_nf.answers import Answers, StudyFacts
    from psychopy_nfb.report.cred_nf.recording import Recording

NOT_TOLD = "While the study is blinded, nothing is told of what was shown."


def of_design(sessions: list[Recording], answers: Answers) -> dict[str, Said]:
    """Return what there is to say of items 2a, 2b, 2d and 7a."""
    found = {
        "2a": _controls(sessions, answers),
        "2b": _blinding(sessions),
        "7a": _files(sessions),
    }
    if answers.study is not None:
        _add_unblinding(found["2a"], answers.study)
        if any(answers.study.asked.values()):
            found["2d"] = _guesses(answers.study)
    return found


def _add_unblinding(said: Said, study: StudyFacts) -> None:
    """Say who has opened the arms, when and why."""
    said.values["unblinding"] = study.unblinding
    for one in study.unblinding:
        whose = "all arms" if one["participants"] == "all" else "the arm of one participant"
        said.sentences.append(
            f"{one['who']} unblinded {whose} on {one['when'][:10]}: {one['why']}."
        )
    if not study.unblinding:
        said.sentences.append("Nobody has unblinded the study so far.")


def _guesses(study: StudyFacts) -> Said:
    """Say who was asked for the arm, and once the study is open how right they were."""
    said = []
    values: dict[str, Any] = {"asked": dict(study.asked), "guesses": {}}
    for who, n in study.asked.items():
        told = f"{n} of {study.participants} participants"
        said.append(
            f"{told} were asked for the arm they believed in."
            if who == "participant"
            else f"The experimenter was asked for the arm of {told}."
        )
        for arm, row in study.guesses[who].items():
            values["guesses"].setdefault(who, {})[arm] = dict(row)
            listed = ", ".join(f"{guess} {k}" for guess, k in sorted(row.items()))
            text = f"Guesses of the {who} in the arm {arm}: {listed}"
            right, unknown = row.get(arm, 0), row.get(UNKNOWN, 0)
            asked = sum(row.values())
            if asked < FEWEST_ASKED:
                said.append(f"{text}; Bang's index cannot be computed of one person.")
                continue
            index = bang_index(right, asked - right - unknown, unknown)
            values.setdefault("bang", {}).setdefault(who, {})[arm] = index.value
            interval = f"95 % interval {index.low:+.2f} to {index.high:+.2f}"
            said.append(f"{text}; Bang's index {index.value:+.2f}, {interval}.")
    return Said(said, values)


def _controls(sessions: list[Recording], answers: Answers) -> Said:
    people = sorted({str(session.files.facts()["participant"]) for session in sessions})
    said = [f"{counted(len(sessions), 'recording')} of {counted(len(people), 'participant')}."]
    arms = dict(Counter(answers.arms[one] for one in people if one in answers.arms))
    if arms:
        listed = ", ".join(f"{arm}: {counted(n, 'participant')}" for arm, n in arms.items())
        said.append(f"Arms: {listed}.")
    if any(is_sealed(session.settings) for session in sessions):
        return Said([*said, NOT_TOLD], {"participants": len(people), "arms": arms})
    shown: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for session in sessions:
        begins = session.events[session.events.trial_type == "block_begin"]
        details = [json.loads(text) for text in begins.detail]
        shown.update(one.get("shown", OWN) for one in details if one.get("feedback", True))
        sources = (session.settings.get("configuration") or {}).get("shown") or {}
        kinds |= {name: str(source.get("type", "")) for name, source in sources.items()}
    parts = [
        f"{name} ({kinds[name]}) {n}" if kinds.get(name) else f"{name} {n}"
        for name, n in shown.most_common()
    ]
    said.append(f"Blocks with feedback by what was shown: {', '.join(parts) or 'none'}.")
    values = {"participants": len(people), "arms": arms, "blocks_by_shown": dict(shown)}
    return Said(said, values)


def _blinding(sessions: list[Recording]) -> Said:
    blinded = sum(was_blinded(session.settings) for session in sessions)
    values = {"blinded": blinded, "recordings": len(sessions)}
    if not blinded:
        return Said(["None of the recordings was made blinded by psychopy_nfb."], values)
    return Said(
        [
            f"{blinded} of {counted(len(sessions), 'recording')} were made blinded by "
            "psychopy_nfb: until unblinding no file that can be read without the key tells what "
            "was shown."
        ],
        values,
    )


def _files(sessions: list[Recording]) -> Said:
    files = [
        path
        for session in sessions
        for suffix in ALL_SUFFIXES
        if (path := session.files.stem.with_name(session.files.stem.name + suffix)).exists()
    ]
    size = sum(path.stat().st_size for path in files)
    return Said(
        [
            f"There are {len(files)} files to share ({size / 2**20:.1f} MB): raw EEG with every "
            "computed value, displayed frames, events, and all settings, from which the feedback "
            "can be computed again. psychopy-nfb bids makes a dataset after BIDS of them."
        ],
        {"files": len(files), "bytes": size},
    )
