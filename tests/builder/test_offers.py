"""What the buttons beside fields offer, from real streams and a real experiment."""

from __future__ import annotations

import pytest

from psychopy_nfb.builder.amplifier import LSLAmplifierBackend
from psychopy_nfb.builder.offers import OFFERS, USUAL_CHANNELS


@pytest.fixture
def signals(builder):
    """Return a display in a Routine with a trained signal and two others."""
    builder.add("NeuroFeedbackComponent", "emg", role="inhibit")
    builder.add("NeuroFeedbackComponent", "alpha")
    builder.add("NeuroFeedbackComponent", "again", role="same", sameAs="alpha")
    return builder.add("FeedbackDisplayComponent", "bar")


def test_a_display_is_offered_the_signals_there_are(signals):
    offer = OFFERS["shown_values"](signals, "value", {})
    values = [value["value"] for value in offer.values]
    assert values == [
        "alpha.value",
        "alpha.score",
        "alpha.hits",
        "alpha.rewards",
        "alpha.rewards / 30",
        "alpha.beyond",
        "alpha.quality",
        "emg.value",
        "emg.beyond",
    ]
    assert offer.ticked("value", "emg.value") == [7]
    assert OFFERS["thresholds"](signals, "threshold", {}).chosen([1]) == {
        "threshold": "emg.display_threshold"
    }
    assert {"inhibit": "emg.beyond"} in OFFERS["warnings"](signals, "inhibit", {}).values


def test_what_is_offered_is_there_when_the_experiment_runs(signals):
    from psychopy_nfb.builder.experiment_signals import signal_classes
    from psychopy_nfb.builder.names_used import attributes

    classes = signal_classes(signals.exp)
    for name, field in (("shown_values", "value"), ("thresholds", "t"), ("warnings", "w")):
        for value in OFFERS[name](signals, field, {}).values:
            signal, attribute = value[field].split()[0].split(".")  # "alpha.quality < 0.5"
            assert attribute in attributes(classes[signal])


def test_a_component_is_offered_those_whose_signal_it_may_use(signals):
    offer = OFFERS["components"](signals, "sameAs", {})
    assert offer.labels == ["alpha", "emg"]


def test_nothing_is_looked_for_before_the_button_is_pressed(builder, monkeypatch):
    import pylsl

    monkeypatch.setattr(pylsl, "resolve_streams", None)
    builder.add("NeuroFeedbackComponent", "nfb")
    LSLAmplifierBackend({"deviceName": "amp"})
    with pytest.raises(TypeError):
        OFFERS["streams"](None, "streamName", {})


@pytest.mark.slow
def test_streams_and_their_channels_are_offered(amplifier, until):
    source_id = amplifier("--name", "MyAmp").source_id
    texts = {"streamType": "EEG", "streamName": "", "sourceId": source_id}

    def labels():
        return OFFERS["channels"](None, "exclude", texts).labels

    until(lambda: labels() != list(USUAL_CHANNELS), 30, "the channels of the stream")
    assert "FC5" in labels()
    channels = OFFERS["channels"](None, "exclude", texts)
    assert "MyAmp" in channels.message
    lines = channels.ticked("exclude", "Oz, Fz")
    assert channels.chosen(lines) == {"exclude": "Fz, Oz"}

    streams = OFFERS["streams"](None, "streamName", texts)
    chosen = {"streamType": "EEG", "streamName": "MyAmp", "sourceId": source_id, "hostname": ""}
    assert chosen in streams.values
    assert streams.chosen([streams.values.index(chosen)]) == chosen
    absent = OFFERS["channels"](None, "channels", {**texts, "streamName": "none"})
    assert "no such stream" in absent.message
    assert absent.labels == list(USUAL_CHANNELS)
