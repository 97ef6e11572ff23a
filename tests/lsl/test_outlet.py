from __future__ import annotations

import pylsl
import pytest

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.outlet import make_marker_outlet, make_outlet


def test_description_follows_the_convention_for_eeg(open_inlet, unique_id):
    outlet = make_outlet(
        "Amp",
        "EEG",
        ["Cz", "EOG1"],
        250,
        source_id=unique_id,
        kinds=["EEG", "EOG"],
        positions={"Cz": (0.0, 9.5, 94.25)},
    )
    info = open_inlet(unique_id).info(timeout=5)
    assert outlet.channel_count == info.channel_count() == 2
    assert info.nominal_srate() == 250
    assert info.get_channel_labels() == ["Cz", "EOG1"]
    assert info.get_channel_units() == ["microvolts", "microvolts"]
    assert info.get_channel_types() == ["EEG", "EOG"]
    first = info.desc().child("channels").child("channel")
    location = first.child("location")
    assert [float(location.child_value(axis)) for axis in "XYZ"] == [0.0, 9.5, 94.25]
    assert first.next_sibling("channel").child("location").empty()


def test_marker_outlet_is_irregular_text(open_inlet, take, unique_id):
    outlet = make_marker_outlet("Marks", unique_id)
    inlet = open_inlet(unique_id)
    assert outlet.wait_for_consumers(5)
    info = inlet.info(timeout=5)
    assert (info.type(), info.nominal_srate(), info.channel_format()) == (
        "Markers",
        0,
        pylsl.cf_string,
    )
    outlet.push_sample(["Übung"], 12.5)
    rows, stamps = take(inlet, 1)
    assert rows == [["Übung"]]
    assert stamps.tolist() == [12.5]


@pytest.mark.parametrize(
    ("labels", "options", "named"),
    [
        ([], {}, "labels"),
        (["Cz"], {"units": ["uV", "uV"]}, "units"),
        (["Cz"], {"kinds": []}, "kinds"),
        (["Cz"], {"format": "float16"}, "format"),
    ],
)
def test_what_cannot_be_published_is_named(labels, options, named):
    with pytest.raises(SettingsError, match=f"^{named}="):
        make_outlet("Amp", "EEG", labels, 250, source_id="x", **options)
