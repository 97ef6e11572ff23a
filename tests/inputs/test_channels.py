"""Streams whose channels are not all EEG in microvolts with a name each."""

from __future__ import annotations

import copy
import ctypes
import json
import logging
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pylsl
import pytest
from pylsl.lib import lib
from trainings import AT, one_signal

from psychopy_nfb import Neurofeedback, read_session
from psychopy_nfb.dsp import Flags, Pick, Pipeline, Reference
from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import to_mne
from psychopy_nfb.recording.eeg_files import read_recording

EEG = ["Fp1", "Fp2", "C3", "Cz", "C4", "Pz", "O1", "Oz"]
SIGNAL = AT["signal"]
ALPHA_UP = Path(__file__).parents[2] / "experiments" / "alpha_up.json"
OTHER = "No EEG, and so in no reference and not judged as EEG: "
KEEPS = ". What is no voltage keeps its own unit."


def outlet_of(source_id, labels, types="EEG", units="microvolts", key="label", n=None):
    """Return a stream that says this of its channels; lists hold one each, None is not said."""
    info = pylsl.StreamInfo("Odd", "EEG", n or len(labels), 250.0, "double64", source_id)
    channels = info.desc().append_child("channels")
    for place, label in enumerate(labels):
        channel = channels.append_child("channel")
        for tag, told in ((key, label), ("type", types), ("unit", units)):
            text = told[place] if isinstance(told, list) else told
            if text is not None:
                channel.append_child_value(tag, text)
    return pylsl.StreamOutlet(info)


def opened(source_id, labels, *says, sends=None, **more):
    """Open a stream that says this; give the inlet, and what comes of the sample that it sends."""
    return sent(outlet_of(source_id, labels, *says, **more), source_id, sends)


@contextmanager
def sent(outlet, source_id, sends, **selection):
    """Open the stream of an outlet; give the inlet and what comes of one sample."""
    inlet = Inlet(StreamSelection(source_id=source_id, timeout=20, **selection))
    try:
        came = None
        if sends is not None:
            outlet.push_sample(sends)
            came = inlet.pull(5.0)[0][0].tolist()
        yield inlet, came
    finally:
        inlet.close()


def pulled(source, seconds=2.5):
    """Return an EEG stream's samples of some seconds."""
    blocks = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        samples = source.pull(0.1)
        if samples is not None:
            blocks.append(samples[0].copy())
    return np.concatenate(blocks)


@pytest.mark.kind("trigger, battery and accelerometer beside the EEG", "corrected")
def test_channels_that_are_no_eeg_change_neither_reward_nor_signal(odd_amplifier, tmp_path, caplog):
    others = {"TRIGGER": "flat", "Battery": "battery", "Accelerometer X": "gravity"}
    source_id = odd_amplifier(
        labels=["TRIGGER", *EEG, "Battery", "Accelerometer X"], others=others, alpha_on=["O1", "Oz"]
    )
    settings = json.loads(ALPHA_UP.read_text(encoding="utf-8"))
    settings["stream"]["source_id"] = source_id
    with (
        caplog.at_level(logging.WARNING),
        Neurofeedback(settings, data=tmp_path) as nfb,
    ):
        with nfb.baseline():
            wait(nfb, nfb.settle + 2.5)  # the filter that is learned settles again
        assert nfb.calibrated, nfb.refusal
        nfb.watch_channels()
        with nfb.block("training"):
            wait(nfb, 5.0)
        assert nfb.hits > 0
        assert [one.label for one in nfb.channels if not one.judged] == list(others)
    told = [record.getMessage() for record in caplog.records if "no reference" in record.message]
    assert len(told) == 1
    assert all(label in told[0] for label in others)
    session = read_session(nfb.files.stem)
    assert session.settings["stream"]["kinds"] == {
        "TRIGGER": "STIM",
        "Battery": "MISC",
        "Accelerometer X": "MISC",
    }
    settled = session.signals["flags"].to_numpy()[1000:]
    assert not (settled & int(Flags.FLAT | Flags.AMPLITUDE | Flags.INVALID)).any()
    values, _ = rerun(session)
    alone, _ = rerun(eeg_alone(session))
    columns = list(session.signals.columns[1:-2])
    recorded = session.signals[columns].to_numpy()
    assert len(recorded) > 2000
    assert np.abs(recorded - values).max() < 1e-9
    assert np.abs(recorded - alone).max() < 1e-9
    kept = read_recording(session.files.eeg, "Odd")
    assert kept.kinds == ("STIM", *["EEG"] * 8, "MISC", "MISC")
    raw = to_mne(session)
    assert raw.get_channel_types() == ["stim", *["eeg"] * 8, "misc", "misc"]
    assert (raw.get_data(["Battery"]) == 87.0).all()


def wait(nfb, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        nfb.update()
        time.sleep(0.01)


def eeg_alone(session):
    """Return the session as it would have been without the channels that are no EEG."""
    places = [session.eeg.labels.index(label) for label in EEG]
    settings = copy.deepcopy(session.settings)
    settings["stream"].update(kinds={}, microvolts_per_unit=[1.0] * len(EEG))
    eeg = replace(session.eeg, samples=session.eeg.samples[:, places], labels=EEG)
    return replace(session, eeg=eeg, settings=settings)


@pytest.mark.kind("accelerometer in a stream of its own beside EEG in volts", "read")
def test_a_stream_beside_eeg_in_volts_enters_no_reference(odd_amplifier, tmp_path):
    eeg = odd_amplifier(units="volts", scale=1e-6, format="double64", alpha_on=["Oz"], seconds=20)
    beside = odd_amplifier(
        type="Motion",
        labels=["Up", "Steps"],
        others={"Up": "gravity", "Steps": "counter"},
        types=None,
        units=None,
        seconds=20,
    )
    training = one_signal(
        stream=StreamSelection(source_id=eeg, timeout=20),
        aux=StreamSelection(type="Motion", source_id=beside, timeout=20),
        pipeline=Pipeline([Reference("average"), Pick(["Oz"])]),
        normalise="none",
        threshold=1.0,
    )
    with Neurofeedback(training, data=tmp_path) as nfb:
        wait(nfb, 2.0)
    session = read_session(nfb.files.stem)
    assert session.settings["stream"]["kinds"] == {"Up": "MISC", "Steps": "MISC"}
    eeg = session.eeg.samples[:, :8]
    wanted = eeg[:, 7] - eeg.mean(axis=1)
    assert np.abs(session.signals.trained_signal - wanted).max() < 1e-9
    assert 1 < wanted.std() < 20  # kept as it was merged, in microvolts
    assert np.abs(rerun(session)[0][:, SIGNAL] - wanted).max() < 1e-9
    assert np.abs(to_mne(session).get_data(["Oz"]) - 1e-6 * eeg[:, 7]).max() < 1e-15


@pytest.mark.kind("sample counter, typed as such, before the EEG", "corrected")
def test_a_counter_keeps_its_numbers_and_the_eeg_its_average(odd_amplifier):
    source_id = odd_amplifier(
        labels=["Counter", *EEG],
        others={"Counter": "counter"},
        types=["Counter", *["EEG"] * 8],
        units=["count", *["volts"] * 8],
        scale=1e-6,
        format="double64",
        seconds=10,
    )
    source = Acquisition(StreamSelection(source_id=source_id, timeout=20))
    samples = pulled(source, 1.5)
    source.close()
    assert set(np.diff(samples[:, 0])) <= {1.0, -255.0}
    assert 1 < samples[:, 1:].std() < 20
    assert source.info.kinds == {"Counter": "MISC"}
    assert source.facts()["assumptions"] == [f"{OTHER}Counter (other, count){KEEPS}"]


@pytest.mark.kind("battery, accelerometer and validation that are declared as EEG", "corrected")
def test_a_known_name_counts_more_than_a_declared_type(unique_id):
    labels = [*EEG, "Accelerometer X", "Gyroscope Z", "Counter", "Battery Level", "Validation"]
    with opened(unique_id, labels) as (inlet, _):
        assert list(inlet.info.kinds) == labels[8:]


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        pytest.param(
            unit, scale, marks=pytest.mark.kind(f"EEG whose unit is written {unit!r}", "read")
        )
        for unit, scale in (
            ("0", 1e6),
            ("-6", 1.0),
            ("UV", 1.0),
            (".V", 1.0),
            ("µV", 1.0),
            ("\N{GREEK SMALL LETTER MU}V", 1.0),
            ("nV", 1e-3),
            ("[millivolts]", 1e3),
        )
    ],
)
def test_units_in_any_spelling(unique_id, unit, scale):
    sends = [3.0, 4.0, 12.0]
    with opened(unique_id, ["Cz", "Oz", "TRIGGER"], ["eeg", "eeg", "stim"], unit, sends=sends) as (
        _,
        came,
    ):
        assert came == [3.0 * scale, 4.0 * scale, 12.0]


@pytest.mark.kind("EEG in volts that says no unit, a trigger beside it, unit set", "read")
def test_a_unit_that_is_set_is_of_voltages_alone(odd_amplifier):
    source_id = odd_amplifier(
        labels=[*EEG, "TRIGGER"],
        others={"TRIGGER": "switch"},
        units=None,
        scale=1e-6,
        format="double64",
        seconds=10,
    )
    source = Acquisition(StreamSelection(source_id=source_id, timeout=20, units="V"))
    samples = pulled(source)
    source.close()
    assert set(samples[:, 8]) == {0.0, 4.0}
    assert 1 < samples[:, 7].std() < 20
    assert not source.events


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param(
            {"scale": 1e-6, "format": "double64"},
            "if the stream sends V or mV, set the unit to that.",
            marks=pytest.mark.kind("EEG in volts that says no unit", "read"),
        ),
        pytest.param(
            {"scale": 2e5, "format": "int32"},
            "if it sends counts of its converter, let it send microvolts.",
            marks=pytest.mark.kind("counts of the converter that say no unit", "read"),
        ),
    ],
)
def test_numbers_that_cannot_be_microvolts_are_reported(odd_amplifier, settings, sentence):
    source_id = odd_amplifier(units=None, seconds=10, **settings)
    source = Acquisition(StreamSelection(source_id=source_id, timeout=20))
    at_the_start = list(source.events)
    pulled(source)
    source.close()
    assert source.facts()["assumptions"] == [
        "The stream says no unit for Fp1, Fp2, C3, Cz, C4, Pz, O1, Oz: taken as microvolts."
    ]
    ((what, detail),) = source.events
    assert what == "unlikely_amplitude"
    assert detail["sentence"].endswith(sentence)
    assert at_the_start == list(source.events)  # certain from the first samples


@pytest.mark.parametrize(
    ("units", "settings", "sentence"),
    [
        pytest.param(
            "microvolts",
            {"scale": 1e-6, "format": "double64"},
            "if the stream sends V or mV, set the unit to that.",
            marks=pytest.mark.kind("EEG in volts that is declared as microvolts", "read"),
        ),
        pytest.param(
            "V",
            {},
            "if the stream sends µV or nV but declares another unit, set the unit to what it "
            "sends; if it sends counts of its converter, let it send microvolts.",
            marks=pytest.mark.kind("EEG in microvolts that is declared as volts", "read"),
        ),
    ],
)
def test_a_wrong_declared_unit_is_told_at_the_start_and_mended_by_setting_it(
    odd_amplifier, units, settings, sentence
):
    source_id = odd_amplifier(units=units, seconds=30, **settings)
    source = Acquisition(StreamSelection(source_id=source_id, timeout=20))
    told = [detail["sentence"] for what, detail in source.events if what == "unlikely_amplitude"]
    source.close()
    assert len(told) == 1, "before the first sample of the run is taken"
    assert told[0].endswith(sentence)
    right = {"microvolts": "V", "V": "uV"}[units]
    source = Acquisition(StreamSelection(source_id=source_id, timeout=20, units=right))
    samples = pulled(source)
    source.close()
    assert 1 < samples[:, 7].std() < 20
    assert "unlikely_amplitude" not in [what for what, _ in source.events]


@pytest.mark.kind("EEG in counts", "refused")
def test_counts_are_refused_with_channel_and_remedy(unique_id):
    with (
        pytest.raises(StreamError) as told,
        opened(unique_id, ["Cz", "TRIGGER"], ["EEG", "Trigger"], "counts"),
    ):
        pass
    assert str(told.value) == (
        "units='counts': is what stream 'Odd' declares for channel 'Cz', and no voltage; let the "
        "amplifier's program send microvolts, or set the unit to uV, mV, V or nV if that is what "
        "it sends."
    )


@pytest.mark.kind("channels described by <name>", "read")
@pytest.mark.parametrize("key", ["name", "Label"])
def test_names_are_found(unique_id, key):
    with opened(unique_id, ["Cz", "Oz"], key=key) as (inlet, _):
        assert inlet.info.labels == ("Cz", "Oz")
        assert inlet.channels.assumptions == ()


TOLD = {
    "two channels of one name": (
        {"labels": ["Oz", "Cz", "Oz"]},
        ("Oz", "Cz", "Oz-1"),
        {},
        "Channels whose name is missing or not the only one are called Oz-1 (channel 3, named "
        "'Oz').",
    ),
    "all channels called Unknown": (
        {"labels": ["Unknown"] * 2},
        ("Ch1", "Ch2"),
        {},
        "Channels whose name is missing or not the only one are called Ch1 (channel 1, named "
        "'Unknown'), Ch2 (channel 2, named 'Unknown').",
    ),
    "no names": (
        {"labels": ["", ""], "key": "id"},
        ("Ch1", "Ch2"),
        {},
        "The stream names no channels: they are called Ch1, Ch2.",
    ),
    "more channels described than sent": (
        {"labels": ["Fz", "Cz", "Oz"], "n": 2},
        ("Fz", "Cz"),
        {},
        "The stream describes 3 channels and has 2: the first names are taken, Fz, Cz; check that "
        "they are the right ones.",
    ),
    "types that nobody knows": (
        {"labels": ["E1", "E2"], "types": "my cap"},
        ("E1", "E2"),
        {},
        "The channels' type 'my cap' is not known: taken as EEG.",
    ),
    "a unit said for some channels only": (
        {"labels": ["Cz", "Oz"], "units": ["mV", None]},
        ("Cz", "Oz"),
        {},
        "The stream says no unit for Oz: taken as 'mV', as of the others.",
    ),
    "a channel in a unit of its own beside the EEG": (
        {"labels": ["Cz", "Feeling"], "units": ["uV", "points"]},
        ("Cz", "Feeling"),
        {"Feeling": "MISC"},
        f"{OTHER}Feeling (other, points){KEEPS}",
    ),
    "ECG and EOG beside the EEG": (
        {"labels": ["Cz", "VEOG", "Ch3"], "types": ["EEG", "EEG", "ECG"], "units": "mV"},
        ("Cz", "VEOG", "Ch3"),
        {"VEOG": "EOG", "Ch3": "ECG"},
        f"{OTHER}VEOG (EOG, mV), Ch3 (ECG, mV).",
    ),
}


@pytest.mark.parametrize(
    ("says", "labels", "kinds", "sentence"),
    [
        pytest.param(*line, id=name, marks=pytest.mark.kind(name, "corrected"))
        for name, line in TOLD.items()
    ],
)
def test_what_is_assumed_is_one_sentence(unique_id, says, labels, kinds, sentence):
    with opened(unique_id, **says) as (inlet, _):
        assert inlet.info.labels == labels
        assert inlet.info.kinds == kinds
        assert inlet.channels.assumptions == (sentence,)


@pytest.mark.kind("name, label and unit of a stream in Latin-1", "read")
def test_latin_1_is_read(unique_id):
    for name in ("lsl_create_streaminfo", "lsl_get_desc", "lsl_append_child"):
        getattr(lib, name).restype = ctypes.c_void_p
    name, source = "Verstärker".encode("latin-1"), unique_id.encode()
    handle = lib.lsl_create_streaminfo(name, b"EEG", 1, ctypes.c_double(250.0), 2, source)
    info = pylsl.StreamInfo(handle=handle)
    element = ctypes.c_void_p(lib.lsl_get_desc(info.obj))
    for tag in (b"channels", b"channel"):
        element = ctypes.c_void_p(lib.lsl_append_child(element, tag))
    for tag, text in ((b"label", "Süd"), (b"type", "EEG"), (b"unit", "µV")):
        lib.lsl_append_child_value(element, tag, text.encode("latin-1"))
    with sent(pylsl.StreamOutlet(info), unique_id, [3.0]) as (inlet, came):
        assert inlet.facts()["name"] == "Verstärker"
        assert inlet.info.labels == ("Süd",)
        assert inlet.channels.assumptions == ()
        assert came == [3.0]


@pytest.mark.parametrize(
    ("again", "difference"),
    [
        pytest.param(
            {"labels": ["Cz"], "units": "uV"},
            "channels: Cz instead of Cz, Oz",
            marks=pytest.mark.kind("amplifier started again with fewer channels", "refused"),
        ),
        pytest.param(
            {"labels": ["Cz", "Oz"], "units": "V"},
            "units: V instead of microvolts",
            marks=pytest.mark.kind("amplifier started again in another unit", "refused"),
        ),
        pytest.param(
            {"labels": ["Cz", "Oz"], "types": ["EEG", "ECG"]},
            "channels that are no EEG: Oz (ECG) instead of none",
            marks=pytest.mark.kind("amplifier started again with other types", "refused"),
        ),
    ],
)
def test_an_amplifier_that_comes_back_as_another_one_is_not_joined(
    unique_id, until, again, difference
):
    outlet = outlet_of(unique_id, ["Cz", "Oz"])
    source = Acquisition(StreamSelection(source_id=unique_id, timeout=20))
    del outlet
    until(lambda: source.pull(0.01) is None and source.lost, 5, "the loss")
    outlet = outlet_of(unique_id, **again)
    until(lambda: len(source.events) == 2, 15, "what is told")
    source.close()
    del outlet
    what, detail = source.events[1]
    assert what == "stream_differs"
    assert f"is back as another one, in its {difference}. The run waits" in detail["sentence"]


def test_each_way_in_which_an_amplifier_came_back_as_another_one_is_told_once(unique_id, until):
    outlet = outlet_of(unique_id, ["Cz", "Oz"])
    source = Acquisition(StreamSelection(source_id=unique_id, timeout=20))
    del outlet
    until(lambda: source.pull(0.01) is None and source.lost, 5, "the loss")
    outlet = outlet_of(unique_id, ["Cz"])
    until(lambda: len(source.events) == 2, 15, "fewer channels to be told")
    del outlet
    outlet = outlet_of(unique_id, ["Cz", "Oz"], units="V")
    until(lambda: len(source.events) == 3, 20, "the unit to be told")
    source.close()
    del outlet
    assert "its channels" in source.events[1][1]["sentence"]
    assert "its units" in source.events[2][1]["sentence"]


def test_what_is_assumed_is_reported_once_a_run(caplog):
    nfb = Neurofeedback(str(ALPHA_UP))
    for _ in range(2):  # another worker of the run says it again
        nfb._news.take({"kind": "ready", "stream": {"assumptions": ["Taken as microvolts."]}})
    nfb.close()
    assert [one.getMessage() for one in caplog.records] == ["EEG stream: Taken as microvolts."]


def test_what_happens_to_the_stream_is_told_in_sentences(caplog):
    nfb = Neurofeedback(str(ALPHA_UP))
    for what in ("stream_lost", "stream_back"):
        nfb._news.take({"kind": "stream", "what": what, "detail": {"name": "Amp", "rate": 250.0}})
    nfb.close()
    lost, back = (one.getMessage() for one in caplog.records)
    assert lost == "The EEG stream 'Amp' was lost; it is looked for until it is back."
    assert back == "The EEG stream 'Amp' is back."
