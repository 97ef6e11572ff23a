"""A simulated blinded study: whether a classifier finds the arm in what can be seen."""

from __future__ import annotations

import pandas as pd
import pytest
from visible import alarm, guessed, seen

from psychopy_nfb import FeedbackBar, Neurofeedback
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.participants import add_participant

PEOPLE = 24
SECONDS = 4.0


@pytest.mark.campaign
@pytest.mark.display
def test_row_122_a_classifier_is_at_chance(blinded, amplifier, training, caplog, capfd):
    from psychopy import visual

    folder, _, _ = blinded(slots=PEOPLE)
    settings = training(amplifier("--seconds", "1500").source_id, dwell=0.1)
    rows, arms = [], []
    win = visual.Window((320, 240), checkTiming=False, waitBlanking=False)
    for number in range(PEOPLE):
        label = f"p{number:02d}"
        person = add_participant(folder, label)
        with Neurofeedback(settings, study=folder.path, participant=label) as nfb:
            nfb.attach(win, pace=60)
            bar = FeedbackBar(win, size=(0.2, 1.0))
            for name in ("warming up", "training"):
                with nfb.block(name, feedback=name == "training"):
                    for _ in nfb.frames(SECONDS / 2):
                        bar.value = nfb.value
                        bar.draw()
        said = [*caplog.messages, *"".join(capfd.readouterr()).splitlines()]
        caplog.clear()
        rows.append(seen(nfb.files.stem, said))
        arms.append(Allocation.read(folder).slot(person.token, "all").arm)
    win.close()
    table = pd.DataFrame(rows)
    table = table.loc[:, table.notna().all() & (table.std() > 0)]
    assert len(table.columns) > 40
    right, most = guessed(table, arms), alarm(table, arms)
    print(f"{right} of {PEOPLE} right; alarm from {most} on; {len(table.columns)} numbers each")
    assert right < most
    # One number more that tells, and it is found.
    leak = [float(arm == "real") for arm in arms]
    assert guessed(table.assign(leak=leak), arms) == PEOPLE
    assert sorted(set(arms)) == ["real", "sham"]
