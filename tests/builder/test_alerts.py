"""What is wrong with a component is told in Builder, before anything runs."""

from __future__ import annotations

import pytest

from psychopy_nfb.builder.compile import compile_experiment
from psychopy_nfb.cli import main
from psychopy_nfb.errors import FileError


def ours(heard):
    return [sentence for sentence in heard if sentence.split(":")[0] in ("nfb", "emg", "patch")]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"bandLow": "12", "bandHigh": "8"}, "nfb: band=(12.0, 8.0): must be two frequencies"),
        ({"channels": ""}, "nfb: channels=[]: name at least one channel"),
        ({"displayLow": "5", "displayHigh": "1"}, "nfb: display_range[1]=1.0: must"),
        ({"dwell": "-1"}, "nfb: dwell=-1.0: must"),
        ({"reference": "linked"}, "nfb: channels=[]: name the linked reference channels"),
        ({"role": "same", "sameAs": "other"}, "nfb: Signal of='other' is no Neuro Feedback"),
        ({"role": "inhibit"}, "nfb: no component is the trained signal"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_parameter_is_named(builder, heard, params, sentence):
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    builder.experiment.integrityCheck()
    (told,) = ours(heard)
    assert told.startswith(sentence)


def test_what_a_variable_decides_is_not_judged(builder, heard):
    builder.add("NeuroFeedbackComponent", "nfb", channels="$expInfo['channel']", bandLow="low")
    builder.experiment.integrityCheck()
    assert ours(heard) == []


def test_defaults_are_sound(builder, heard):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "bar")
    builder.add("DiodePatchComponent", "patch")
    builder.experiment.integrityCheck()
    assert ours(heard) == []


def test_a_consumer_above_its_signal_is_told(builder, heard):
    builder.add("FeedbackDisplayComponent", "bar")
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.experiment.integrityCheck()
    (told,) = ours(heard)
    assert told.startswith("nfb: bar uses it but stands above it")


def test_two_trained_signals_are_told(builder, heard):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("NeuroFeedbackComponent", "emg")
    builder.experiment.integrityCheck()
    (told,) = ours(heard)
    assert told.startswith("emg: nfb already is the trained signal")


def test_a_patch_without_frame_log_is_told(builder, heard):
    builder.add("DiodePatchComponent", "patch")
    builder.experiment.integrityCheck()
    (told,) = ours(heard)
    assert told.startswith("patch: there is no trained signal")


def test_the_compile_command_keeps_plugins(builder, tmp_path, capsys):
    builder.add("NeuroFeedbackComponent", "nfb")
    source = builder.save(tmp_path / "one.psyexp")
    assert main(["compile", str(source), "-o", str(tmp_path / "two.py")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "two.py")
    assert "psychopy_nfb.Neurofeedback(" in (tmp_path / "two.py").read_text("utf-8")


def test_the_compile_command_refuses_what_it_does_not_know(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb")
    source = builder.save(tmp_path / "one.psyexp")
    source.write_text(source.read_text("utf-8").replace("NeuroFeedbackComponent", "XyzComponent"))
    with pytest.raises(FileError, match="not installed"):
        compile_experiment(source, tmp_path / "two.py")
    assert not (tmp_path / "two.py").exists()
    assert main(["compile", str(tmp_path / "none.psyexp")]) == 2
