"""The table in long form, as R reads it."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from psychopy_nfb.analysis.learning import COLUMNS
from psychopy_nfb.report.study_report import _write_table

SCRIPT = """
d <- read.csv(commandArgs(TRUE)[1], colClasses = c(participant = "character"), na.strings = "",
              encoding = "UTF-8")
own <- subset(d, measure == "z_own" & kind == "feedback")
people <- aggregate(value ~ participant + arm, own, mean)
test <- t.test(value ~ arm, people)
cat(nrow(d), sum(is.na(d$block)), class(d$block), class(d$value), sep = "\\n")
cat("\\n", d$participant[1], "\\n", sprintf("%.10g", test$statistic), "\\n", sep = "")
cat(as.integer(enc2utf8(d$label[1]) == enc2utf8("train, \\"\\u00e4\\"")))
"""
"""The guide's, and what of the table it prints."""


def table():
    """Return a learning table of two arms, with cells that are hard to read back."""
    random = np.random.default_rng(1)
    rows = [
        ("participant", f"{person:02d}", "real" if person % 2 else "sham", session)
        for person in range(1, 11)
        for session in (1, 2, 3)
    ]
    made = pd.DataFrame(
        {
            "participant": [label for _, label, _, _ in rows],
            "session": [f"{session:02d}" for *_, session in rows],
            "run": "01",
            "date": "2026-03-01T10:00:00+01:00",
            "block": pd.array([1] * len(rows), dtype="Int64"),
            "label": 'train, "ä"',
            "kind": "feedback",
            "arm": [arm for _, _, arm, _ in rows],
            "measure": "z_own",
            "value": random.normal(0, 1, len(rows)),
        }
    )
    rest = made.iloc[:3].assign(block=pd.NA, label="", kind="", measure="rest_change")
    return pd.concat([made, rest.astype({"block": "Int64"})])[list(COLUMNS)]


def test_r_reads_the_table_and_finds_the_same_difference(tmp_path):
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("no Rscript on PATH")
    made, path = table(), tmp_path / "study.csv"
    _write_table(made, path)
    command = [program, "--vanilla", "-e", SCRIPT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    rows, missing, block, value, label, statistic, text = done.stdout.split()
    means = made[made.measure == "z_own"].groupby(["arm", "participant"]).value.mean()
    expected = ttest_ind(means["real"], means["sham"], equal_var=False).statistic
    assert (int(rows), int(missing)) == (33, 3)
    assert (block, value, label, text) == ("integer", "numeric", "01", "1")
    assert float(statistic) == pytest.approx(expected, rel=1e-8)
