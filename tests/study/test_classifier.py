"""A simulated blinded study: whether a classifier finds the arm in what can be seen."""

from __future__ import annotations

import json
from math import comb

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb import FeedbackBar, Neurofeedback, read_session
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.participants import add_participant

PEOPLE = 24
SECONDS = 4.0


def numbers_in(content, place=""):
    """Yield each number of a JSON document with its place."""
    if isinstance(content, dict):
        for name, one in content.items():
            yield from numbers_in(one, f"{place}.{name}")
    elif isinstance(content, list):
        for row, one in enumerate(content[:50]):
            yield from numbers_in(one, f"{place}.{row}")
    elif isinstance(content, (int, float)) and not isinstance(content, bool):
        yield place, float(content)


def seen(files):
    """Return all numbers that can be seen of a session: sizes, settings, tables."""
    found = {
        f"size of {path.name.removeprefix(files.stem.name)}": float(path.stat().st_size)
        for path in files.stem.parent.glob(f"{files.stem.name}_*")
    }
    found |= dict(numbers_in(json.loads(files.settings.read_text("utf-8"))))
    session = read_session(files.stem)
    frames = session.frames
    found["publish lag"] = float((frames.t_published - frames.t_received).median())
    for name, table in (("frames", frames), ("signals", session.signals)):
        numeric = table.select_dtypes("number").diff().iloc[1:]
        found |= {f"{name} {column} mean": value for column, value in numeric.mean().items()}
        found |= {f"{name} {column} sd": value for column, value in numeric.std().items()}
    counts = session.events.trial_type.value_counts()
    return found | {f"events {name}": float(n) for name, n in counts.items()}


@pytest.mark.campaign
@pytest.mark.display
def test_row_122_a_classifier_is_at_chance(blinded, amplifier, training, tmp_path):
    from psychopy import visual
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import LeaveOneOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

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
        rows.append(seen(nfb.files))
        arms.append(Allocation.read(folder).slot(person.token, "all").arm)
    win.close()
    table = pd.DataFrame(rows)
    table = table.loc[:, table.notna().all() & (table.std() > 0)]
    assert len(table.columns) > 40
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    guessed = cross_val_predict(model, table.to_numpy(), arms, cv=LeaveOneOut())
    right = int((guessed == np.array(arms)).sum())
    # So many or more right ones come by chance in less than one study of a hundred.
    tail = np.cumsum([comb(PEOPLE, n) / 2**PEOPLE for n in range(PEOPLE, -1, -1)])[::-1]
    alarm = int(np.argmax(tail < 0.01))
    print(f"{right} of {PEOPLE} right; alarm from {alarm} on; {len(table.columns)} numbers each")
    assert right < alarm
    assert sorted(set(arms)) == ["real", "sham"]
