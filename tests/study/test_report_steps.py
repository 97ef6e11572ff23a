"""Report and dataset of a study, before and after its arms are opened."""

from __future__ import annotations

import html
import json
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written_sessions import write_session

from psychopy_nfb.analysis import bang_index
from psychopy_nfb.cli import main
from psychopy_nfb.recording import SessionRecord
from psychopy_nfb.report.certificate import Certificate
from psychopy_nfb.report.study_report import arms_of
from psychopy_nfb.settings import read_plain_json, write_json
from psychopy_nfb.study.guesses import keep_guess
from psychopy_nfb.study.participants import add_participant, withdraw_participant
from psychopy_nfb.study.register import Register, Run
from psychopy_nfb.study.unblinding import unblind

RATE = 250.0
PEOPLE = ("01", "02", "03", "04")


@pytest.fixture
def done(blinded, training):
    """Return a blinded study whose four participants have had two sessions each, and its key."""
    folder, _, private = blinded(*PEOPLE)
    random = np.random.default_rng(3)
    t = np.arange(5_000) / RATE
    for label in PEOPLE:
        for number in (1, 2):
            rhythm = 12 * np.sin(2 * np.pi * 10 * t) * np.sin(0.7 * t)
            eeg = rhythm[:, None] + random.normal(0, 1, (len(t), 1))
            files = write_session(
                folder.data,
                training(dwell=0.1),
                eeg,
                [("rest", 500, 1_500, "none"), ("training", 1_500, 4_500, None)],
                commands=[(600, "set", {"threshold": 4.0 + number})] if label == "01" else (),
                rate=RATE,
                labels=("Oz",),
                participant=label,
                session=f"{number:02d}",
            )
            stream = {"name": "Amp", "type": "EEG", "format": "double64", "labels": ["Oz"]}
            stream |= {"kinds": {}, "units": ["microvolts"], "microvolts_per_unit": [1.0]}
            record = SessionRecord.load(files.settings)
            record.update(stream={**stream, "rate": RATE}, **files.begun("alpha"))
            stem = files.stem.relative_to(folder.path).as_posix()
            begun = f"2026-03-0{number}T10:00:00+01:00"
            Register(folder).write(
                Run(
                    participant=label,
                    number=number,
                    run=1,
                    stem=stem,
                    begun=begun,
                    state="finished",
                )
            )
    return folder, private


def report(folder, capsys):
    assert main(["study", "report", str(folder.path)]) == 0
    said = capsys.readouterr().out
    out = folder.path / "report"
    page = (out / "study.html").read_text("utf-8")
    return said, page, pd.read_csv(out / "study.csv", dtype={"participant": str})


def test_row_115_nothing_is_by_arm_before_unblinding_and_all_is_afterwards(done, capsys):
    folder, private = done
    for label, arm in zip(PEOPLE, ("real", "sham", "real", "unknown"), strict=True):
        keep_guess(folder, label, "participant", arm, 50)
    content = read_plain_json(folder.file)
    write_json({**content, "answers": {"1b": "By a power analysis."}}, folder.file)

    said, page, table = report(folder, capsys)
    assert "8 of 8 planned sessions are done; 0 runs were cut off." in page
    assert "The study is blinded: nothing here is by arm." in page
    assert "Contingency" not in page
    assert "Bang" not in page
    assert table.arm.isna().all()
    checklist = (folder.path / "report" / "cred-nf.html").read_text("utf-8")
    assert "By a power analysis." in checklist
    assert said.startswith("CRED-nf: ")
    assert "4 of 4 participants were asked for the arm they believed in." in checklist
    assert "The experimenter was asked for the arm of 0 of 4 participants." in checklist
    assert "Nobody has unblinded the study so far." in checklist
    assert "Guesses of the participant" not in checklist
    set_live = "threshold of trained, 2 times in 2 recordings, to 5 at the least and 6 at the most."
    assert f"Set while a session ran: {set_live}" in checklist

    unblind(folder, lambda public: private, "A third person", "the study is over")
    arms = arms_of(folder)
    assert set(arms) == set(PEOPLE)
    assert set(arms.values()) == {"real", "sham"}
    _, page, table = report(folder, capsys)
    assert table.groupby("participant").arm.unique().str[0].to_dict() == arms
    assert "The study is blinded" not in page
    assert "There were 2 arms: real (own feedback), sham (yoked)." in page
    assert "Contingency" in page
    checklist = (folder.path / "report" / "cred-nf.md").read_text("utf-8")
    assert "A third person unblinded all arms on 20" in checklist
    assert ": the study is over." in checklist
    asked = {"01": "real", "02": "sham", "03": "real"}
    for arm in ("real", "sham"):
        own = [label for label in PEOPLE if arms[label] == arm]
        right = sum(asked.get(label) == arm for label in own)
        unknown = sum(label not in asked for label in own)
        index = bang_index(right, len(own) - right - unknown, unknown)
        cells = [arm, right, len(own) - right - unknown, unknown]
        row = "".join(f"<td[^>]*>{one}</td>\\s*" for one in cells)
        (found,) = pd.Series([page]).str.findall(row + r"<td[^>]*>([+-]\d\.\d\d)</td>")[0]
        assert float(found) == pytest.approx(index.value, abs=0.006)
        guesses = sorted(asked.get(label, "unknown") for label in own)
        listed = ", ".join(f"{one} {guesses.count(one)}" for one in dict.fromkeys(guesses))
        interval = f"95 % interval {index.low:+.2f} to {index.high:+.2f}"
        bang = f"Bang's index {index.value:+.2f}, {interval}."
        assert f"Guesses of the participant in the arm {arm}: {listed}; {bang}" in checklist


def test_one_participant_alone_that_is_opened_tells_nothing_of_the_others(done, capsys):
    folder, private = done
    unblind(folder, lambda public: private, "A doctor", "an emergency", participant="02")
    _, page, table = report(folder, capsys)
    assert "The arms of some participants only were opened" in page
    assert table.arm.isna().all()


def test_a_study_is_exported_and_what_was_there_stays(done, capsys, tmp_path):
    pytest.importorskip("pybv", reason="pybv writes the EEG of the dataset")
    folder, _ = done
    out = tmp_path / "dataset"
    assert main(["study", "bids", str(folder.path), str(out)]) == 0
    assert "8 sessions were added." in capsys.readouterr().out
    assert sorted(one.name for one in out.glob("sub-*")) == [f"sub-{label}" for label in PEOPLE]
    assert json.loads((out / "dataset_description.json").read_text("utf-8"))["BIDSVersion"]
    assert main(["study", "bids", str(folder.path), str(out)]) == 0
    assert "0 sessions were added, 8 were there already." in capsys.readouterr().out


def flow(page):
    """Return the flow of participants: one row for each thing that is counted."""
    (section,) = re.findall(r"<h2>Flow of participants</h2>.*?</table>", page, re.DOTALL)
    rows = [
        [html.unescape(cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>.*?</tr>", section, re.DOTALL)
    ]
    head, *rest = rows
    return pd.DataFrame(rest, columns=["what", *head[1:]]).set_index("what").astype(int)


def test_the_flow_of_participants_counts_who_withdrew_by_arm_once_arms_are_open(done, capsys):
    folder, private = done
    (folder.path / "sessions" / "sub-02_ses-02_run-01.json").unlink()
    withdraw_participant(folder, "02", "moved away")
    add_participant(folder, "05")
    add_participant(folder, "06")
    withdraw_participant(folder, "06", "<no time>")
    _, page, _ = report(folder, capsys)
    counts = flow(page)
    assert list(counts.columns) == ["participants"]
    assert counts["participants"].to_dict() == {
        "allocated": 6,
        "began a session": 4,
        "withdrew after no finished session: <no time>": 1,
        "withdrew after a session: moved away": 1,
        "withdrew, in all": 2,
        "had all sessions": 3,
        "has sessions to come": 1,
        "in the analysis": 4,
        "responded, of all of them": 0,
    }
    assert "1 participant who withdrew included. 4 of 6 have such data" in page
    unblind(folder, lambda public: private, "A third person", "the study is over")
    arms = arms_of(folder)
    _, page, table = report(folder, capsys)
    counts = flow(page)
    assert set(counts.columns) == {"real", "sham", "all"}
    for arm in ("real", "sham"):
        own = [label for label in arms if arms[label] == arm]
        assert counts.loc["allocated", arm] == len(own)
        assert counts.loc["in the analysis", arm] == len(set(own) & set(PEOPLE))
        assert counts.loc["withdrew after a session: moved away", arm] == ("02" in own)
    assert set(table.participant) == set(PEOPLE)  # who withdrew counts in the arm of the draw


def test_the_report_has_figures_as_files_a_methods_paragraph_and_the_certificates(done, capsys):
    folder, _ = done
    machine = {"platform": "another computer", "packages": {}}
    made = Certificate(datetime.fromisoformat("2026-03-01T09:00:00+01:00"), machine, {})
    certificate = folder.data / "certificate_2026-03-01.json"
    write_json(made.to_dict(), certificate)
    for path in folder.data.glob("*_nfb.json"):
        SessionRecord.load(path).update(machine={"platform": "this computer"})
    said, page, _ = report(folder, capsys)
    out = folder.path / "report"
    assert (out / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "learning.svg").read_text("utf-8")
    for name in ("learning.png", "learning.svg"):
        assert name in said
    text = html.unescape(page)
    assert "There were 2 arms, which are described here after unblinding." in text
    assert "by block randomisation with blocks of varying length, 1:1." in text
    (row,) = re.findall(rf"<tr>\s*<td[^>]*>{certificate.name}</td>.*?</tr>", page, re.DOTALL)
    assert re.findall(r"<td[^>]*>(\d+)</td>", row) == ["8"]
    assert "platform was another computer, is this computer." in html.unescape(row)
    certificate.unlink()
    assert "8 recordings without a timing certificate" in report(folder, capsys)[1]


def test_the_dataset_has_strata_and_withdrawals_and_keeps_what_was_written_by_hand(
    make_study, training, tmp_path
):
    pytest.importorskip("pybv", reason="pybv writes the EEG of the dataset")
    strata = {"sex": ["f", "m"], "Age group": ["young", "old"]}
    folder = make_study(sessions=2, strata=strata)
    random = np.random.default_rng(3)
    for label, sex, age in (("01", "f", "old"), ("02", "m", "young"), ("03", "m", "old")):
        add_participant(folder, label, {"sex": sex, "Age group": age})
        if label == "03":
            continue
        files = write_session(
            folder.data,
            training(dwell=0.1),
            random.normal(0, 5, (2_500, 1)),
            [("training", 500, 2_000, None)],
            rate=RATE,
            labels=("Oz",),
            participant=label,
            session="01",
        )
        stream = {"name": "Amp", "type": "EEG", "format": "double64", "labels": ["Oz"]}
        stream |= {"kinds": {}, "units": ["microvolts"], "microvolts_per_unit": [1.0]}
        record = SessionRecord.load(files.settings)
        record.update(stream={**stream, "rate": RATE}, **files.begun("alpha"))
        stem = files.stem.relative_to(folder.path).as_posix()
        begun = "2026-03-01T10:00:00+01:00"
        whose = {"participant": label, "number": 1, "run": 1, "stem": stem, "begun": begun}
        Register(folder).write(Run(**whose, state="finished"))
    out = tmp_path / "dataset"

    def exported():
        assert main(["study", "bids", str(folder.path), str(out)]) == 0
        return (out / "participants.tsv").read_text("utf-8").splitlines()

    assert exported() == [
        "participant_id\tstratum_sex\tstratum_age_group\twithdrew_after",
        "sub-01\tf\told\tn/a",
        "sub-02\tm\tyoung\tn/a",
    ]
    table = out / "participants.tsv"
    table.write_text(table.read_text("utf-8").replace("sub-01\tf", "sub-01\tF"), "utf-8")
    withdraw_participant(folder, "02", "a private reason")
    assert exported()[1:] == ["sub-01\tF\told\tn/a", "sub-02\tm\tyoung\t1"]
    described = json.loads((out / "participants.json").read_text("utf-8"))
    assert set(described) == set(table.read_text("utf-8").splitlines()[0].split("\t"))
    assert described["stratum_age_group"]["Levels"].keys() == {"young", "old"}
    assert "private" not in table.read_text("utf-8") + json.dumps(described)


def test_runs_that_are_in_no_figure_are_named(done, capsys, tmp_path):
    pytest.importorskip("pybv", reason="pybv writes the EEG of the dataset")
    folder, _ = done
    run = Register(folder).runs()[-1]
    name = Path(run.stem).name
    note = folder.path / "sessions" / run.name
    note.write_text(json.dumps(json.loads(note.read_text("utf-8")) | {"state": "cut off"}), "utf-8")
    _, page, table = report(folder, capsys)
    assert f"Cut off: {name} (its session is not finished)." in page
    sessions = {
        (one, int(number)) for one, number in zip(table.participant, table.session, strict=True)
    }
    assert sessions == {(one, number) for one in PEOPLE for number in (1, 2)} - {
        (run.participant, run.number)
    }
    assert main(["study", "bids", str(folder.path), str(tmp_path / "set")]) == 0
    told = capsys.readouterr().out
    assert f"Left out, as they were cut off: {name} (its session is not finished)." in told


def test_a_study_without_sessions_has_no_report(blinded, capsys):
    folder, _, _ = blinded("01")
    assert main(["study", "report", str(folder.path)]) == 2
    assert "has no finished session yet" in capsys.readouterr().err
