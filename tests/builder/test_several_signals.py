"""Several Neuro Feedback components in one experiment, as the script has them."""

from __future__ import annotations

import pytest


@pytest.fixture
def compiled(builder, tmp_path):
    """Return a function that gives the script of the experiment."""
    return lambda: builder.script(tmp_path / "several.py").read_text("utf-8")


def test_the_first_rewarded_one_leads_wherever_it_stands(builder, compiled):
    builder.add("NeuroFeedbackComponent", "emg", role="inhibit", channels="T7", stopVal="4")
    builder.add("NeuroFeedbackComponent", "alpha", stopVal="4")
    builder.add("NeuroFeedbackComponent", "theta", bandLow="4", bandHigh="7", stopVal="4")
    script = compiled()
    begin = script.index("alpha = psychopy_nfb.Neurofeedback(")
    settings = script[begin : script.index("alpha.start()")]
    places = [settings.index(f"'{name}': psychopy_nfb.") for name in ("alpha", "emg", "theta")]
    assert places == sorted(places)
    assert settings.count("role='reward'") == 2
    assert settings.count("role='inhibit'") == settings.count("psychopy_nfb.Reward(") == 1
    assert "emg = alpha.signals['emg']\n" in script
    assert "theta = alpha.signals['theta']\n" in script
    assert script.count("psychopy_nfb.Neurofeedback(") == script.count("alpha.close()") == 1
    assert script.count("alpha.update()") == 1
    assert script.count("begin_block(") == script.count("alpha.begin_block(") == 1


def test_the_signal_of_another_component_is_there_before_it_is_used(builder, compiled):
    builder.add("NeuroFeedbackComponent", "shown", role="same", sameAs="emg", stopVal="4")
    builder.add("NeuroFeedbackComponent", "alpha", stopVal="4")
    builder.add("NeuroFeedbackComponent", "emg", role="watch", channels="T7", stopVal="4")
    script = compiled()
    assert script.index("emg = alpha.signals['emg']\n") < script.index("shown = emg\n")
    assert script.count("begin_block(") == script.count("alpha.begin_block(") == 1
    assert "thisExp.addData('shown.score', alpha.score)" in script


def test_a_threshold_that_changes_is_that_of_its_own_signal(builder, compiled):
    builder.add("NeuroFeedbackComponent", "alpha", stopVal="4")
    emg = builder.add(
        "NeuroFeedbackComponent", "emg", role="inhibit", threshold="wanted", stopVal="4"
    )
    emg.params["threshold"].updates = "set every repeat"
    builder.code(begin_experiment="wanted = 8")
    script = compiled()
    assert "emg.set(threshold=wanted)\n" in script
    assert "alpha.set(" not in script


@pytest.mark.parametrize(
    ("older", "today"), [("trained", "reward"), ("further", "watch"), ("inhibit", "inhibit")]
)
def test_what_an_older_file_calls_it_is_read(builder, older, today, tmp_path):
    from psychopy.experiment import Experiment

    builder.add("NeuroFeedbackComponent", "nfb")
    path = builder.save(tmp_path / "older.psyexp")
    text = path.read_text("utf-8")
    assert text.count('val="reward"') == 1
    path.write_text(text.replace('val="reward"', f'val="{older}"'), "utf-8")
    read = Experiment()
    read.loadFromXML(str(path))
    (component,) = [one for one in read.routines["trial"] if one.type == "NeuroFeedback"]
    assert component.role == component.params["role"].val == today
    assert component.params["role"].allowedVals == ["reward", "inhibit", "watch", "same"]
    read.saveToXML(str(path))
    assert f'val="{older}"' not in path.read_text("utf-8") or older == today
