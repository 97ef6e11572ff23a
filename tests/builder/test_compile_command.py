"""`psychopy-nfb compile`: plugins stay, alerts are printed, unknown components are refused."""

from __future__ import annotations

import re

import pytest

from psychopy_nfb.builder.compile import compile_experiment
from psychopy_nfb.cli import main
from psychopy_nfb.errors import FileError


def test_the_compile_command_keeps_plugins(builder, tmp_path, capsys):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="60")
    source = builder.save(tmp_path / "one.psyexp")
    assert main(["compile", str(source), "-o", str(tmp_path / "two.py")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "two.py")
    assert "psychopy_nfb.Neurofeedback(" in (tmp_path / "two.py").read_text("utf-8")


def test_the_compile_command_prints_alerts_and_returns_1(builder, tmp_path, capsys):
    builder.add("NeuroFeedbackComponent", "nfb", threshold="ten")
    builder.add("FeedbackDisplayComponent", "bar", value="alpha.value")
    source = builder.save(tmp_path / "one.psyexp")
    assert main(["compile", str(source)]) == 1
    said = capsys.readouterr()
    assert "nfb, Threshold (µV, SD, %, share): ten is no number" in said.err
    assert "bar, Value: alpha.value: no signal has the name alpha" in said.err
    assert "alerts.md" in said.err
    assert (tmp_path / "one.py").exists()


def test_the_compile_command_refuses_what_it_does_not_know(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb")
    source = builder.save(tmp_path / "one.psyexp")
    source.write_text(source.read_text("utf-8").replace("NeuroFeedbackComponent", "XyzComponent"))
    with pytest.raises(FileError, match="not installed"):
        compile_experiment(source, tmp_path / "two.py")
    assert not (tmp_path / "two.py").exists()
    assert main(["compile", str(tmp_path / "none.psyexp")]) == 2


def test_the_compile_command_refuses_a_display_that_there_is_not(builder, tmp_path, capsys):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "bar")
    source = builder.save(tmp_path / "one.psyexp")
    kept = source.read_text("utf-8")
    named = re.sub(r'val="bar"([^>]*name="display")', r'val="barr"\1', kept)
    assert named != kept
    source.write_text(named, "utf-8")
    assert main(["compile", str(source)]) == 2
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert "bar, Display: barr: there is no such display; choose one of bar, " in said
    assert not (tmp_path / "one.py").exists()
