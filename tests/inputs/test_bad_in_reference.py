"""A channel that stays bad and is in the reference, or one of several that make a signal."""

from __future__ import annotations

import logging
import time

import numpy as np
import pytest
from odd_files import write_brainvision, write_set
from signals import alpha_in_noise

from psychopy_nfb import Neurofeedback
from psychopy_nfb.cli import main
from psychopy_nfb.dsp import ChannelQuality, Pick, Pipeline, Reference, SignalInfo, SpatialFilter
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording.eeg_files import read_recording
from psychopy_nfb.report.of_stream import of_stream
from psychopy_nfb.report.session_data import load_session_data
from psychopy_nfb.settings import write_json
from psychopy_nfb.tune.rehearsal import rehearse

LABELS = ("Fp1", "Fp2", "C3", "Cz", "C4", "Pz", "O1", "Oz")
RATE = 128.0


def training(**settings):
    return standard_training(**{"channels": "Oz", "band": (8, 12), **settings})


@pytest.mark.slow
@pytest.mark.kind("flat electrode in the average reference, live", "corrected")
@pytest.mark.parametrize(
    ("settings", "named"),
    [({}, True), ({"exclude": ("C3",)}, False), ({"reference": "as recorded"}, False)],
    ids=["in it", "left out", "no reference"],
)
def test_a_flat_electrode_of_the_reference_is_named_once(
    odd_amplifier, tmp_path, caplog, settings, named
):
    source_id = odd_amplifier(others={"C3": "flat"}, seconds=60.0)
    stream = StreamSelection(source_id=source_id, timeout=20)
    with (
        caplog.at_level(logging.WARNING),
        Neurofeedback(training(stream=stream, **settings), data=tmp_path) as nfb,
    ):
        ends = time.monotonic() + 14
        while time.monotonic() < ends:
            nfb.update()
            time.sleep(0.01)
    said = [one.getMessage() for one in caplog.records if one.getMessage().startswith("C3 is bad")]
    data = load_session_data(nfb.files.stem)
    details = data.events_of("bad_channel").detail
    found = [one for one in of_stream(data) if one.what.startswith("C3 was bad (flat)")]
    assert len(said) == len(details) == len(found) == named
    if named:
        assert "is in the average reference of 'trained', which it spoils. Plug in" in said[0]
        assert "leave it out of the reference (exclude; in Builder: Left out of the" in said[0]
        assert details.iloc[0]["channel"] == "C3"
        assert found[0].problem
        assert "Plug in the electrode" in found[0].remedy


def spoilt(kind):
    """Return 90 s of eight channels of which C3 is spoilt."""
    rng = np.random.default_rng(4)
    alpha = alpha_in_noise(90.0, RATE, 2)
    share = [0.1, 0.1, 0.2, 0.3, 0.2, 0.5, 0.9, 1.0]
    samples = alpha[:, None] * share + 3 * rng.standard_normal((len(alpha), 8))
    if kind == "flat":
        samples[:, 2] = 0.0
    if kind == "noisy":
        samples[:, 2] += 300 * rng.standard_normal(len(samples))
    if kind == "hum":
        samples[:, 2] += 200 * np.sin(2 * np.pi * 50 * np.arange(len(samples)) / RATE)
    return samples


def written(folder, kind):
    path = write_brainvision(folder / f"{kind}.vhdr", stored="IEEE_FLOAT_32", labels=LABELS)
    path.with_suffix(".eeg").write_bytes((2 * spoilt(kind)).astype("<f4").tobytes())
    return path


@pytest.mark.kind("flat, noisy or humming electrode among good ones, in a file", "corrected")
@pytest.mark.parametrize(
    ("kind", "reason"),
    [("flat", "flat"), ("noisy", "larger than EEG"), ("hum", "50 Hz mains hum"), ("none", "")],
)
def test_inspect_rehearse_and_tune_name_the_bad_channel(tmp_path, capsys, kind, reason):
    path = written(tmp_path, kind)
    assert main(["inspect", str(path)]) == 0
    bad = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  Bad"))
    assert bad.split(maxsplit=1)[1] == (
        f"C3 ({reason} for 100 % of the time)" if reason else "no channel"
    )
    settings = tmp_path / "alpha.json"
    write_json(training(), settings)
    command = ["rehearse", str(path), "--settings", str(settings), "--baseline", "30"]
    status = main([*command, "--out", str(tmp_path)])
    assert status == (2 if kind == "flat" else 0)  # which leaves no clean baseline
    told = "".join(capsys.readouterr())
    sentence = f"C3 is bad ({reason} for 100 % of the time) and is in the average reference of"
    assert (sentence in told) == bool(reason)
    command = ["tune", str(path), "--channel", "Oz", "--reference", "average", "--delays", "100"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    assert (sentence in capsys.readouterr().out) == bool(reason)


def used(*steps):
    chain = SignalChain(Pipeline(list(steps)), SignalInfo(RATE, LABELS))
    return {label: use.within for label, use in chain.uses("alpha").items()}


def test_what_enters_a_signal_with_others_is_known():
    average = dict.fromkeys(LABELS, "the average reference of 'alpha'")
    assert used(Reference("average"), Pick(["Oz"])) == average
    assert used(Pick(["Oz"])) == {}
    left_out = used(Reference("average", exclude=["C3", "Fp1"]), Pick(["Oz"]))
    assert left_out.keys() == set(LABELS) - {"C3", "Fp1"}
    linked = used(Reference("linked", channels=["Fp1", "Fp2"]), Pick(["Oz"]))
    assert linked == {
        "Oz": "the 3 channels of 'alpha'",
        **dict.fromkeys(("Fp1", "Fp2"), "the linked reference of 'alpha'"),
    }
    laplacian = used(Reference("laplacian", channels=["Cz"], neighbours=2))
    assert len(laplacian) == 3
    assert laplacian.pop("Cz") == "the 3 channels of 'alpha'"
    assert set(laplacian.values()) == {"the laplacian reference of 'alpha'"}
    weights = SpatialFilter({"sum": {"C3": 1.0, "C4": -1.0}})
    assert used(weights) == dict.fromkeys(("C3", "C4"), "the 2 channels of 'alpha'")


def test_the_verdict_of_the_signal_check_says_what_a_channel_spoils():
    uses = Processor(training(), SignalInfo(RATE, LABELS)).uses()
    within = {label: use.within for label, use in uses.items()}
    quality = ChannelQuality(SignalInfo(RATE, LABELS), within)
    quality.add(spoilt("flat")[:512])
    bad = [one for one in quality.verdicts() if not one.good]
    assert [(one.label, one.within, one.harms) for one in bad] == [
        ("C3", "the average reference of 'trained'", True)
    ]


@pytest.mark.kind("electrode positions in the file for some of the channels", "corrected")
def test_a_rehearsal_has_the_neighbours_that_a_live_run_has(tmp_path):
    """A stream tells no positions, and a file's are in millimetres and may lack some."""
    settings = training(channels="Cz", reference="laplacian")
    found = []
    for places in (None, [(60.0, -30.0, 0.0), (60.0, 30.0, 0.0), (0, 0, 0), (0.0, 0.0, 85.0)]):
        path = write_set(tmp_path / "odd.set", [], labels=LABELS, seconds=60.0, places=places)
        recording = read_recording(path)
        assert len(recording.positions) == (0 if places is None else 3)
        found.append(rehearse(recording, settings, 30.0).values)
    assert np.array_equal(*(one.to_numpy() for one in found))
