"""What does not fit between the components of an experiment is told in Builder."""

from __future__ import annotations


def test_a_consumer_above_its_signal_is_told(builder, told):
    builder.add("FeedbackDisplayComponent", "bar", threshold="")
    builder.add("NeuroFeedbackComponent", "nfb")
    ((kind, said),) = told()
    assert kind == "place"
    assert said.startswith("nfb: bar uses it but stands above it")


def test_two_signals_that_are_the_same_are_told(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb")
    again = builder.add("NeuroFeedbackComponent", "again")
    ((kind, said),) = told()
    assert kind == "signal"
    assert said.startswith("again: nfb measures the same; to use that signal here, make this one")
    again.params["bandHigh"].val = "11"
    assert told() == []


def test_a_patch_without_frame_log_is_told(builder, told):
    builder.add("DiodePatchComponent", "patch")
    ((kind, said),) = told()
    assert kind == "signal"
    assert said.startswith("patch: there is no signal; add a Neuro Feedback component")


def test_a_renamed_signal_is_told_where_it_is_used(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha")
    builder.add(
        "FeedbackDisplayComponent", "bar", value="nfb.value", threshold="nfb.display_threshold"
    )
    builder.add("TextComponent", "points", text="$nfb.score")
    builder.add("TextComponent", "words", text="nfb.score")
    assert sorted(told()) == [
        ("name", "bar, Threshold (0 to 1): nfb.display_threshold: no signal has the name nfb; "
        "there are: alpha."),
        ("name", "bar, Value: nfb.value: no signal has the name nfb; there are: alpha."),
        ("name", "points, Text: nfb.score: no signal has the name nfb; there are: alpha."),
    ]  # fmt: skip


def test_a_display_takes_the_name_of_the_trained_signal(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha")
    bar = builder.add("FeedbackDisplayComponent", "bar")
    patch = builder.add("DiodePatchComponent", "patch", mode="value")
    assert bar.params["value"].val == "alpha.value"
    assert bar.params["threshold"].val == "alpha.display_threshold"
    assert patch.params["value"].val == "alpha.value"
    assert told() == []


def test_a_tone_that_follows_no_value_is_told_what_it_follows(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha")
    tone = builder.add("FeedbackDisplayComponent", "chime", display="tone", toneKind="reward")
    ((kind, said),) = told()
    assert kind == "setting"
    assert said.startswith("chime, Value: alpha.value is a number from 0 to 1")
    assert said.endswith("enter alpha.rewards.")
    tone.params["value"].val = "alpha.rewards"
    assert told() == []
    tone.params["toneKind"].val = "pitch"
    tone.params["value"].val = "alpha.value"
    assert told() == []


def test_an_unknown_value_is_told_wherever_it_is_used(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("NeuroFeedbackComponent", "emg", role="inhibit", channels="T7")
    builder.code(each_frame="if nfb.valeu > 0.5 and emg.score:\n    x = nfb.files.stem\n")
    builder.add("PolygonComponent", "square", opacity="nfb.qualty")
    assert sorted(told()) == [
        ("name", "code, Each frame (Py): emg.score: emg has no such value; it has beyond, "
        "display_threshold, signal, threshold, value, z."),
        ("name", "code, Each frame (Py): nfb.valeu: nfb has no such value; did you mean "
        "nfb.value?"),
        ("name", "square, Opacity: nfb.qualty: nfb has no such value; did you mean "
        "nfb.quality?"),
    ]  # fmt: skip


def test_a_baseline_after_the_training_is_told(builder, told):
    from psychopy_nfb.builder.baseline import NeuroBaselineRoutine

    builder.add("NeuroFeedbackComponent", "nfb", normalise="zscore")
    baseline = NeuroBaselineRoutine(builder.experiment)
    builder.experiment.addStandaloneRoutine("baseline", baseline)
    builder.experiment.flow.addRoutine(baseline, 1)
    ((kind, said),) = told()
    assert kind == "baseline"
    assert said.startswith("nfb: the Routine trial needs the baseline but comes before baseline")
    builder.experiment.flow.removeComponent(baseline)
    builder.experiment.flow.addRoutine(baseline, 0)
    assert told() == []


def test_a_value_that_is_read_only_once_is_told(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb")
    text = builder.add("TextComponent", "points", text="$nfb.value")
    ((kind, said),) = told()
    assert kind == "place"
    assert said.startswith("points, Text: nfb.value is read once, before anything runs, and stands")
    for updates in ("set every repeat", "set every frame"):
        text.params["text"].updates = updates
        assert told() == []


def test_fields_that_another_component_decides_are_told(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb", bandLow="7")
    again = builder.add("NeuroFeedbackComponent", "again", role="same", sameAs="nfb", bandLow="7")
    assert told() == []  # as it is copied
    again.params["bandLow"].val = "9"
    again.params["record"].val = False
    ((kind, said),) = told()
    assert (kind, said) == (
        "signal",
        "again: Record EEG and frames, Band from (Hz): without effect here, because nfb says it; "
        "change it there.",
    )
    again.params["role"].val = "inhibit"  # measures another band, but the run is the first one's
    ((kind, said),) = told()
    assert said.startswith("again: Record EEG and frames: without effect here, because nfb says")


def test_a_display_needs_a_signal_in_its_routine(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb")
    from psychopy.experiment.routines import Routine

    other = builder.experiment.addRoutine("other", Routine("other", builder.experiment))
    builder.experiment.flow.addRoutine(other, 1)
    display = builder.add("FeedbackDisplayComponent", "bar")
    builder.routine.removeComponent(display)
    display.parentName = "other"
    other.addComponent(display)
    assert ("place", "bar: no Neuro Feedback component is in this Routine") in [
        (kind, said[: said.index(",")]) for kind, said in told() if kind == "place"
    ]
