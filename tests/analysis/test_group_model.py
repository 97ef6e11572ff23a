"""The mixed model says how far it can be trusted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.analysis import mixed_model
from psychopy_nfb.analysis.group_model import AT_THE_EDGE, NOT_DETERMINED, TWO_SESSIONS
from psychopy_nfb.analysis.learning import COLUMNS
from psychopy_nfb.errors import NfbError
from psychopy_nfb.report.learning_command import slopes_sections

pytest.importorskip("statsmodels")


def study(people, sessions, level, arms=("",)):
    """Return a learning table with one block a session; `level` gives its value."""
    rows = [
        {
            "participant": f"{person:02d}",
            "session": f"{session:02d}",
            "run": "01",
            "date": f"2026-03-{session + 1:02d}",
            "block": 1,
            "label": "training",
            "kind": "feedback",
            "arm": arms[person % len(arms)],
            "measure": "z_own",
            "value": level(person, session),
        }
        for person in range(people)
        for session in range(sessions)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def noisy(seed=1, slope=0.2, between=0.5, slopes=0.1, noise=0.2):
    random = np.random.default_rng(seed)
    own = random.normal(0, between, 100), random.normal(slope, slopes, 100)
    return lambda person, session: (
        own[0][person] + own[1][person] * session + random.normal(0, noise)
    )


def test_few_participants_of_an_arm_are_remarked_and_enough_are_not():
    few = mixed_model(study(10, 6, noisy(), ("real", "sham"))).attrs["remarks"]
    (said,) = [one for one in few if "fewer than 6" in one]
    assert "(real: 5, sham: 5)" in said
    assert "rough" in said
    alone = mixed_model(study(4, 6, noisy())).attrs["remarks"]
    assert any(one.startswith("There are fewer than 6 participants: ") for one in alone)
    for seed in range(3):
        assert mixed_model(study(12, 6, noisy(seed), ("real", "sham"))).attrs["remarks"] == []


def test_a_model_whose_parts_the_data_do_not_determine_says_so_on_the_page():
    same = study(8, 3, noisy(between=0.0, slopes=0.0, noise=0.3, seed=4))
    fitted = mixed_model(same)
    assert fitted.attrs["random"] == "intercept"
    assert fitted.attrs["remarks"] == [NOT_DETERMINED, AT_THE_EDGE]
    assert slopes_sections(same, "z_own", "up")[-1].paragraphs[1:] == fitted.attrs["remarks"]
    short = mixed_model(study(8, 2, noisy()))
    assert TWO_SESSIONS in short.attrs["remarks"]


def test_values_that_are_all_the_same_are_one_sentence():
    for level in (lambda person, session: 1.0, lambda person, session: float(session)):
        with pytest.raises(NfbError, match="do not determine a mixed model"):
            mixed_model(study(8, 4, level))
    text = slopes_sections(study(8, 4, lambda person, session: 1.0), "z_own", "up")
    assert text[-1].paragraphs[0].startswith("No mixed model: the data do not determine")
