"""`psychopy-nfb learning`: the table, the page and the figure of a study."""

from __future__ import annotations

import pandas as pd
import pytest
from planted import planted

from psychopy_nfb.analysis import between_sessions, learning_table
from psychopy_nfb.cli import main
from psychopy_nfb.report.learning_command import slopes_sections
from psychopy_nfb.report.learning_figure import learning_figure

pytest.importorskip("pyxdf")


def test_table_and_page_of_a_session(recorded, tmp_path, capsys):
    files = recorded()
    assert main(["learning", str(files.stem), "--out", str(tmp_path)]) == 0
    kept = pd.read_csv(tmp_path / "learning.csv", dtype={"participant": str, "session": str})
    table = learning_table([files.stem])
    for name in ("participant", "block", "label", "measure", "value"):
        assert kept[name].tolist() == pytest.approx(table[name].tolist(), nan_ok=True), name
    page = (tmp_path / "learning.html").read_text("utf-8")
    assert page.count("data:image/png") == 1
    assert "http://" not in page.split("<body>")[1]
    assert "No mixed model: a mixed model needs at least 3" in capsys.readouterr().out


def test_one_session_that_cannot_be_read_is_left_out_with_a_sentence(recorded, tmp_path, caplog):
    files = recorded()
    empty = tmp_path / "sub-01_ses-01_task-alpha_run-02_nfb.json"
    empty.write_text("{}\n", encoding="utf-8")
    out = ["--out", str(tmp_path)]
    assert main(["learning", str(empty), str(files.stem), *out]) == 0
    assert [record.getMessage() for record in caplog.records] == [
        f"A session is left out. session='{empty.with_name(empty.name[:-9])}': has no recording "
        "(…_eeg.xdf); name any file of a session."
    ]
    assert "1 recording, measure" in (tmp_path / "learning.html").read_text("utf-8")
    assert main(["crednf", str(empty), str(files.stem), *out]) == 0
    assert main(["learning", str(empty), *out]) != 0


def test_the_page_says_what_the_slopes_are():
    sessions = [
        planted([rate * day + 0.01 * (day % 2)], f"0{person}", f"0{day + 1}", seconds=1.0)
        for person, rate in enumerate((0.3, -0.2, 0.25))
        for day in range(4)
    ]
    table = learning_table(sessions)
    over, within, group = slopes_sections(table, "z_own", "up")
    assert over.paragraphs[0].startswith("2 of 3 participants")
    assert [row[-1] for row in over.table.rows] == ["yes", "no", "yes"]
    slopes = between_sessions(table).slope
    assert [row[2] for row in over.table.rows] == [f"{one:+.3f}" for one in slopes]
    assert len(within.table.rows) == 12
    pytest.importorskip("statsmodels")
    assert f"changed by {slopes.mean():+.3f} a session" in group.paragraphs[0]


def test_the_figure_has_a_point_for_each_session_and_a_slope_for_each_person():
    sessions = [
        planted([0.1 * day], f"{person}", f"0{day + 1}", seconds=1.0)
        for person in range(2)
        for day in range(3)
    ]
    left, middle, right = learning_figure(learning_table(sessions), "z_own", "z").axes
    assert left.get_ylabel() == "z"
    marked = [line for line in middle.lines if line.get_marker() not in ("", "None")]
    assert sum(len(line.get_xdata()) for line in marked) == 6
    assert [text.get_text() for text in right.get_yticklabels()] == ["0", "1"]


def test_arms_are_those_of_the_answers(recorded, tmp_path):
    answers = tmp_path / "answers.json"
    answers.write_text('{"arms": {"01": "sham"}}', encoding="utf-8")
    arguments = ["--answers", str(answers), "--out", str(tmp_path)]
    assert main(["learning", str(recorded().stem), *arguments]) == 0
    assert set(pd.read_csv(tmp_path / "learning.csv").arm) == {"sham"}


def test_sessions_without_feedback_are_one_sentence(recorded, tmp_path, capsys):
    files = recorded(blocks=(("baseline", 3.0, 13.0, False),), seconds=14.0)
    assert main(["learning", str(files.stem), "--out", str(tmp_path)]) == 2
    assert "have no block with feedback" in capsys.readouterr().err
