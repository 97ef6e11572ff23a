"""An error of a run that was made in Builder names component and field."""

from __future__ import annotations

import pytest

import psychopy_nfb
from psychopy_nfb.builder.settings_code import settings_lines
from psychopy_nfb.display.text import check_template
from psychopy_nfb.errors import FieldError, NfbError, SettingsError
from psychopy_nfb.lsl.outlet import make_outlet


def started(signals=None, stream=None, **settings):
    """Start a run as a generated script does, with these arguments of `standard_training`."""
    with psychopy_nfb.errors_name_fields("nfb"):
        nfb = psychopy_nfb.Neurofeedback(
            psychopy_nfb.standard_training(stream, name="nfb", signals=signals, **settings),
            name="nfb",
        )
        try:
            nfb.start()
        finally:
            nfb.close()


@pytest.mark.slow
def test_what_only_the_stream_can_tell_names_the_field(amplifier, lsl_alone):
    stream = psychopy_nfb.StreamSelection(source_id=amplifier().source_id, timeout=20)
    emg = psychopy_nfb.band_amplitude(channels="Q7", band=(30, 45))
    absent = "there is no such channel; there are Fp1"
    for settings, sentence in (
        ({"channels": "C3, Q4"}, f"nfb, Channels: Q4: {absent}"),
        (
            {"reference": "linked", "reference_channels": "Q9"},
            f"nfb, Reference channels: Q9: {absent}",
        ),
        ({"band": (8, 400)}, "nfb, Band to (Hz): 400: must lie below "),
        ({"signals": {"emg": emg}}, f"emg, Channels: Q7: {absent}"),
    ):
        with pytest.raises(FieldError) as told:
            started(stream=stream, **settings)
        assert str(told.value).startswith(sentence)


@pytest.mark.slow
def test_a_stream_that_is_not_there_is_of_the_tab_stream(lsl_alone):
    stream = psychopy_nfb.StreamSelection(name="none", timeout=0.5)
    with pytest.raises(FieldError, match="^nfb, Stream: name='none' and type='EEG': no such"):
        started(stream=stream)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"delay": 2.0}, "nfb, Filter delay (ms): 2000: must be at most 1000 ms; did you mean 2 m"),
        ({"artifact_uv": -1}, "nfb, Artifact limit (µV): -1: must be above 0"),
        ({"threshold": "high"}, "nfb, Threshold (µV, SD, %, share): high: must be a finite number"),
        ({"line_frequency": -50}, "nfb, Mains (Hz): -50: must be one of 50, 60, None"),
        ({"display_range": (3.0, 1.0)}, "nfb, Display to (µV, SD, %, share): 1: must be above 3"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_a_variable_brought_names_the_field(settings, sentence):
    with pytest.raises(FieldError) as told:
        started(**settings)
    assert str(told.value).startswith(sentence)


def test_a_settings_file_is_named_with_the_place_in_it(tmp_path):
    (tmp_path / "up.json").write_text('{"signals": {"up": {"threshold": "high"}}}', "utf-8")
    with (
        pytest.raises(
            FieldError, match=r"^nfb, Settings file instead: signals\.up\.threshold='high'"
        ),
        psychopy_nfb.errors_name_fields("nfb", settings_file=True),
    ):
        psychopy_nfb.Neurofeedback(tmp_path / "up.json")


def test_a_unit_that_is_no_voltage_is_of_the_field_that_says_it(unique_id):
    outlet = make_outlet("Odd", "EEG", ["Cz"], 250, units="counts", source_id=unique_id)
    stream = psychopy_nfb.StreamSelection(source_id=unique_id, timeout=20)
    with pytest.raises(FieldError) as told:
        started(stream=stream, channels="Cz", reference="as recorded")
    assert str(told.value).startswith(
        "nfb, Unit of the EEG: counts: is what stream 'Odd' declares for channel 'Cz', and no volt"
    )
    del outlet


def test_the_unit_that_is_chosen_reaches_the_script(builder):
    component = builder.add("NeuroFeedbackComponent", "nfb", units="mV")
    assert "units='mV'" in "".join(settings_lines(component, []))
    component.params["units"].val = ""
    assert "units" not in "".join(settings_lines(component, []))


def test_the_rate_that_is_set_reaches_the_script(builder):
    component = builder.add("NeuroFeedbackComponent", "nfb", rate="128")
    assert ", rate=128" in "".join(settings_lines(component, []))
    component.params["rate"].val = ""
    assert "rate=128" not in "".join(settings_lines(component, []))


def test_a_missing_rate_is_of_the_field_that_says_it():
    with (
        pytest.raises(FieldError, match=r"^nfb, Rate \(Hz\): -1: must be above 0 Hz"),
        psychopy_nfb.errors_name_fields("nfb"),
    ):
        psychopy_nfb.StreamSelection(rate=-1.0)


def test_errors_of_the_coder_api_stay_as_they_are():
    with pytest.raises(SettingsError, match=r"^delay=2\.0: must be at most 1 s"):
        psychopy_nfb.standard_training(delay=2.0)


def test_what_is_no_setting_is_left_alone():
    with pytest.raises(NameError), psychopy_nfb.errors_name_fields("nfb"):
        undefined  # noqa: B018, F821
    with pytest.raises(NfbError, match="^nfb: somewhere=1: is odd"):
        with psychopy_nfb.errors_name_fields("nfb"):
            raise NfbError("somewhere", 1, "is odd")


def test_how_a_display_is_written_is_of_its_field(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "points", display="text", template="$written")
    script = builder.script(tmp_path / "one.py").read_text("utf-8")
    made = "with psychopy_nfb.errors_name_fields('points'):\n        points = psychopy_nfb.Feedb"
    assert made in script
    with (
        pytest.raises(FieldError, match=r"^points, Written as: \{\} points\}: is not a template"),
        psychopy_nfb.errors_name_fields("points"),
    ):
        check_template("{} points}")


@pytest.mark.display
@pytest.mark.slow
def test_a_generated_script_ends_with_the_fields_sentence(builder, run_script, tmp_path, lsl_alone):
    builder.add("NeuroFeedbackComponent", "alpha", channels="$'Q' + 'z'", simulate="always")
    builder.add("NeuroFeedbackComponent", "emg", role="inhibit", channels="T7")
    ran = run_script(builder.script(tmp_path / "wrong.py"))
    assert ran.returncode != 0
    assert "alpha, Channels: Qz: there is no such channel; there are Fp1" in ran.stderr
