"""What participants are asked in a session reaches the study's report and checklist."""

from __future__ import annotations

import pandas as pd
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.cli import main
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import read_plain_json
from psychopy_nfb.study.participants import add_participant
from psychopy_nfb.study.plan import StudyFolder

HOW, TIRED = "How did you <b>do</b> it?", "How tired are you?"
ITEMS = [
    {"itemText": "Thank you.", "type": "heading"},
    {"itemText": HOW, "type": "free text"},
    {"itemText": TIRED, "type": "slider", "ticks": [1, 2, 3, 4, 5], "options": ["not", "very"]},
    {"itemText": "Anything else?", "type": "free text"},
]


@pytest.mark.slow
@pytest.mark.display
def test_answers_of_a_form_are_in_report_table_and_checklist(
    amplifier, training, open_window, until, tmp_path, capsys
):
    from psychopy import visual

    place = tmp_path / "study"
    asked = ("--question", f"3c={HOW}", "--question", "3a=How keen are you?")
    made = ["study", "new", str(place), "--name", "Q", "--sessions", "2", *asked]
    assert main(made) == 0
    folder = StudyFolder(place)
    assert folder.study.questions == {"3c": [HOW], "3a": ["How keen are you?"]}
    add_participant(folder, "01")
    window = open_window(units="height", allowStencil=True)  # which Form needs
    settings = training(amplifier().source_id, dwell=0.1)
    for words in ("I thought of the sea.", "I counted."):
        form = visual.Form(window, items=[dict(one) for one in ITEMS], size=(1, 0.8))
        with Neurofeedback(settings, study=place, participant="01") as nfb:
            until(lambda: nfb.update() or not nfb.stale, 15, "samples")
            with nfb.block("training"):
                until(lambda: nfb.update() or (nfb.flags == 0 and nfb.z == nfb.z), 15, "values")
            form.items[1]["responseCtrl"].text = words
            form.items[2]["responseCtrl"].rating = 4
            nfb.keep_answers(form)
            nfb.keep_answers({"Said aloud": "well"})
            with pytest.raises(SettingsError, match="must be PsychoPy's Form"):
                nfb.keep_answers("well")
    kept = read_plain_json(nfb.files.settings)["answers"]
    assert kept == {HOW: "I counted.", TIRED: 4, "Anything else?": None, "Said aloud": "well"}

    capsys.readouterr()
    assert main(["study", "report", str(place)]) == 0
    said = capsys.readouterr().out
    assert "answers.csv" in said
    table = pd.read_csv(place / "report" / "answers.csv", dtype=str)
    own = table[table.question == HOW]
    assert own.answer.tolist() == ["I thought of the sea.", "I counted."]
    assert own.session.tolist() == ["01", "02"]
    assert table.answer[table.question == TIRED].tolist() == ["4", "4"]
    assert "Anything else?" not in set(table.question)
    page = (place / "report" / "study.html").read_text("utf-8")
    assert "What participants answered" in page
    assert "mean 4.00, SD 0.00" in page
    assert "<b>do" not in page
    checklist = (place / "report" / "cred-nf.html").read_text("utf-8")
    assert "was answered in 2 of 2 recordings: “I thought of the sea.”, “I counted.”." in checklist
    assert "“How keen are you?” was answered in none of 2 recordings." in checklist
    to_do = next(line for line in said.splitlines() if line.startswith("CRED-nf: "))
    still = to_do.split("to be answered: ")[1].rstrip(".").split(", ")
    assert "3c" not in still
    assert "3a" in still


def test_a_question_of_an_item_that_does_not_exist_is_one_sentence(tmp_path, capsys):
    made = ["study", "new", str(tmp_path / "s"), "--name", "Q", "--sessions", "1", "--question"]
    assert main([*made, "How?"]) == 2
    assert 'must be ITEM=TEXT, such as 3c="How did you do it?"' in capsys.readouterr().err
    assert main([*made, "9z=How?"]) == 2
    said = capsys.readouterr().err
    assert "questions='9z': is no item of the CRED-nf checklist; there are 1a, 1b" in said
    assert said.count("\n") == 1
