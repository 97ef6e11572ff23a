"""An argument of a type that it cannot have is answered in one sentence."""

from __future__ import annotations

import pytest

import psychopy_nfb
from psychopy_nfb.errors import SettingsError

ODD = (29, ["x"], {"a": 1}, "x", None, float("nan"), object())
TRAINING = (
    *("channels", "band", "reference", "reference_channels", "exclude", "envelope", "delay"),
    *("line_frequency", "artifact_uv", "smooth", "dwell", "refractory", "reward_mode", "points"),
    *("schedule", "signals", "publish", "name", "stream", "threshold", "threshold_kind"),
    *("direction", "normalise", "role", "display_range", "display_smoothing", "display_hold"),
)
STREAM = ("name", "type", "source_id", "predicate", "timeout", "units", "rate", "hostname")
RUN = (
    *("participant", "session", "task", "data", "stale_after", "simulate", "calibration"),
    *("plugins", "name"),
)


def run(**arguments):
    return psychopy_nfb.Neurofeedback(psychopy_nfb.standard_training(), **arguments)


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (psychopy_nfb.standard_training, TRAINING),
        (psychopy_nfb.StreamSelection, STREAM),
        (run, RUN),
    ],
)
def test_no_type_ends_in_anything_but_a_sentence(function, parameters, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for parameter in parameters:
        for value in ODD:
            try:
                made = function(**{parameter: value})
            except psychopy_nfb.NfbError:  # a sentence
                continue
            getattr(made, "close", lambda: None)()


@pytest.mark.parametrize(
    ("function", "parameter", "value", "sentence"),
    [
        (psychopy_nfb.standard_training, "channels", 29, "must be labels: 'Oz' or"),
        (psychopy_nfb.standard_training, "band", (0, 12), "two frequencies in Hz, both above 0,"),
        (psychopy_nfb.standard_training, "delay", "10 ms", "must be a finite number"),
        (psychopy_nfb.standard_training, "artifact_uv", 0, "must be above 0 µV"),
        (psychopy_nfb.standard_training, "display_range", 20, "must be two numbers, the lower"),
        (psychopy_nfb.standard_training, "signals", ["emg"], "must be signals by name: "),
        (psychopy_nfb.standard_training, "name", 7, "must be a text, such as 'alpha'"),
        (psychopy_nfb.StreamSelection, "name", 7, "must be a text, as `psychopy-nfb streams` "),
        (run, "data", 7, "must be a folder, or None to keep nothing"),
        (run, "plugins", [7], "must be a list of files: "),
    ],
)
def test_the_sentence_says_what_is_wanted(function, parameter, value, sentence):
    with pytest.raises(SettingsError, match=f"^{parameter}=") as told:
        function(**{parameter: value})
    assert sentence in str(told.value)
