"""Plans as files: conditions files in and out, and the command that shows a course."""

from __future__ import annotations

import csv
import json

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.course import Plan, course, read_plan, write_conditions
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.settings import to_dict

PLAN = {
    "title": "Two kinds of trials",
    "seed": 5,
    "idle": 10,
    "blocks": [
        {"label": "rest", "kind": "rest", "seconds": 20, "beep": "end", "text": "Rest; relax, ü"},
        {
            "group": "trials",
            "repeats": 3,
            "order": "shuffled",
            "blocks": [
                {"label": "up", "seconds": 8, "extra": 2, "sign": True, "until": {"rewards": 4}},
                {"label": "show", "kind": "observe", "seconds": 5, "shown": "sham", "lag_ms": 300},
            ],
        },
        {"label": "try", "kind": "transfer", "seconds": 30, "instructions": "Go on,\nwithout"},
    ],
}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_row_045_what_is_written_for_builder_is_the_course(tmp_path):
    turns = course(read_plan(PLAN))
    path = tmp_path / "trials.csv"
    write_conditions(turns, path)
    written = rows(path)
    assert [row["label"] for row in written] == [turn.block.label for turn in turns]
    assert [float(row["seconds"]) for row in written] == [round(t.seconds, 3) for t in turns]
    by_label = {row["label"]: row for row in written}
    assert (by_label["up"]["feedback"], by_label["up"]["points"]) == ("True", "True")
    assert (by_label["try"]["feedback"], by_label["try"]["points"]) == ("False", "True")
    assert by_label["show"]["lag_ms"] == "300.0"
    assert (by_label["show"]["shown"], by_label["rest"]["shown"]) == ("sham", "")


def test_builder_reads_texts_as_texts_and_no_baselines(tmp_path):
    from psychopy.data import importConditions

    blocks = [{"label": "base", "kind": "baseline", "seconds": 60}, {"label": "a", "seconds": 8}]
    write_conditions(course(read_plan({"blocks": blocks})), tmp_path / "trials.csv")
    (row,) = importConditions(str(tmp_path / "trials.csv"))
    assert (row["label"], row["seconds"], row["lag_ms"]) == ("a", 8, 0)
    assert (row["feedback"], row["points"], row["sign"]) == (True, True, False)
    assert row["text"].strip() == row["instructions"].strip() == ""
    assert read_plan(tmp_path / "trials.csv").blocks[0].text == ""


def test_row_045_a_conditions_file_is_read_as_the_same_plan(tmp_path):
    turns = course(read_plan(PLAN))
    write_conditions(turns, tmp_path / "trials.csv")
    again = read_plan(tmp_path / "trials.csv")
    assert len(again.blocks) == len(turns)
    for turn, block in zip(turns, again.blocks, strict=True):
        wanted = {**to_dict(turn.block), "seconds": round(turn.seconds, 3), "extra": 0.0}
        assert to_dict(block) == {**wanted, "repeats": 1}


def test_row_045_workbooks_and_semicolons_are_read_as_excel_writes_them(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for cells in (["label", "kind", "seconds", "sign"], ["one", "train", 7.5, True], ["two"]):
        book.active.append(cells)
    book.active["C3"] = 4
    book.save(tmp_path / "plan.xlsx")
    lines = ["label;kind;seconds;sign;text", "one;train;7,5;True;1,5 m", "two;;4;;", ";;;;", ""]
    (tmp_path / "plan.csv").write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    for name in ("plan.xlsx", "plan.csv"):
        one, two = read_plan(tmp_path / name).blocks
        assert (one.label, one.kind, one.seconds, one.sign) == ("one", "train", 7.5, True)
        assert (two.label, two.kind, two.seconds, two.sign) == ("two", "train", 4, False)
    assert one.text == "1,5 m"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("label,secs\na,3\n", "has a column 'secs', which is not one of label, kind, seconds"),
        ("kind,seconds\ntrain,3\n", "has no column label; name each block there."),
        ("", "has no rows; write a block into each row."),
        ("label,seconds\na,soon\n", "row 2 (a).seconds='soon': must be a number."),
        ("label,seconds\na,3\n\nb,\n", "row 4 (b).seconds=None: is missing"),
        ("label,seconds,sign\na,3,maybe\n", "row 2 (a).sign='maybe': must be True or False."),
        (
            "label,kind,seconds,feedback\na,rest,3,True\n",
            "row 2 (a).feedback='True': must be False for the kind 'rest'; change the kind",
        ),
        (
            "label,seconds,feedback\na,3,no\n",
            "row 2 (a).feedback='no': must be True for the kind 'train', which a row without a "
            "kind has; name the kind, or leave the column out.",
        ),
        ("label,seconds,repeats\na,3,inf\n", "row 2 (a).repeats='inf': must be a whole number."),
        (
            "label,seconds,sign\na,3,\nb,7,5,yes\n",
            "row 3 (b)='yes': is in no column, because the first row names 3 and this one has more "
            "cells; write decimals with a point, and a text with a comma in quotation marks.",
        ),
        ("label,seconds,\na,3,yes\n", "row 2 (a)='yes': is in no column, because the first row n"),
        ("label,,seconds\na,yes,3\n", "row 2 (a)='yes': is in no column"),
        (
            'label,seconds,sign\na,"7,5",\n',
            "row 2 (a).seconds='7,5': must be a number; write decimals with a point: 7.5.",
        ),
        ("Label,seconds\na,3\n", "half_time, beep, sign, shown, eyes, lag_ms, number, group, rep"),
        ("Label,seconds\na,3\n", "did you mean 'label'?"),
        ("label,Lag ms\na,3\n", "did you mean 'lag_ms'?"),
        ("label,seconds,seconds\na,3,4\n", "has 2 columns 'seconds'; keep one of them."),
        ("label,seconds,repeats\na,3,1.5\n", "row 2 (a).repeats='1.5': must be a whole number."),
    ],
)
def test_a_wrong_conditions_file_is_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "plan.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NfbError) as caught:
        read_plan(path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("plan", [[], 3, None, b"plan.json", [{"label": "a"}]])
def test_what_is_no_plan_is_one_sentence(tmp_path, plan):
    sentence = r"^plan=.*: is no plan; give an object with its settings, such as"
    with pytest.raises(SettingsError, match=sentence):
        read_plan(plan)
    if isinstance(plan, bytes):
        return
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan), encoding="utf-8")
    with pytest.raises(SettingsError, match=sentence):
        read_plan(path)


def test_a_lag_that_is_drawn_stands_in_no_cell(tmp_path):
    block = {"label": "a", "seconds": 5, "lag_ms": [200, 300]}
    with pytest.raises(NfbError, match=r"block 1 \(a\)\.lag_ms=.*run this plan with run_plan"):
        write_conditions(course(read_plan({"blocks": [block]})), tmp_path / "x.csv")


def test_row_045_the_command_shows_the_course_and_writes_it(tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN), encoding="utf-8")
    out, again = tmp_path / "trials.csv", tmp_path / "again.json"
    assert main(["plan", str(path), "--conditions", str(out), "--json", str(again)]) == 0
    said = capsys.readouterr().out
    turns = course(read_plan(PLAN))
    lines = said.splitlines()
    assert lines[0] == "Two kinds of trials"
    assert [line.split()[1] for line in lines[3 : 3 + len(turns)]] == [
        turn.block.label for turn in turns
    ]
    seconds = sum(turn.seconds for turn in turns)
    assert f"8 blocks, {int(seconds + 0.5) // 60}:{int(seconds + 0.5) % 60:02d} min" in said
    assert "Seed 5.\n" in said
    assert [row["label"] for row in rows(out)] == [turn.block.label for turn in turns]
    assert to_dict(read_plan(again)) == to_dict(read_plan(PLAN))


def test_row_045_another_seed_of_the_command_is_another_course(tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN), encoding="utf-8")
    said = []
    for seed in ("5", "6", "5"):
        assert main(["plan", str(path), "--seed", seed]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[2] != said[1]


def test_a_name_that_is_no_plan_is_told_with_those_that_are(capsys):
    assert main(["plan", "eyes"]) == 2
    assert "those are artifacts, eyes_open_closed." in capsys.readouterr().err
    assert main(["plan", "artifacts"]) == 0
    assert isinstance(read_plan("artifacts"), Plan)
