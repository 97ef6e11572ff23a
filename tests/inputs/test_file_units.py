"""Units of recordings: as programs spell them, left out, or wrong."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import (
    RATE,
    amplifier,
    channels,
    edf_signals,
    eeg,
    refusal,
    write_brainvision,
    write_edf,
    write_xdf,
)

pytest.importorskip("pyxdf")


@pytest.mark.kind("EDF unit spelled .V, UV, uv, microV, mu in any encoding", "read")
@pytest.mark.parametrize(
    "unit",
    [b"uV", b"uv", b"UV", b".V", b"?V", b"uVolt", b"microV"]
    + [b"\xb5V", b"\xc2\xb5V", b"\xce\xbcV", b"[uV]"],
)
def test_spellings_of_microvolts_in_edf(read, tmp_path, unit):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(unit)))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert set(recording.units) == {"microvolts"}
    assert recording.assumptions == ()


@pytest.mark.parametrize(("unit", "per"), [(b"mV", 1e3), (b"V", 1e6), (b"nV", 1e-3)])
def test_other_units_of_voltage_in_edf(read, tmp_path, unit, per):
    high = np.format_float_positional(500 / per, trim="-")  # 1000 microvolts in 65535 steps
    signals = edf_signals(unit, low=f"-{high}", high=high)
    for one in signals:
        one.samples = one.samples / per
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=0.5 * 1000 / 65535 + 1e-9)


@pytest.mark.kind("EDF without a unit", "corrected")
def test_an_edf_without_a_unit_is_taken_as_microvolts_and_told(read, tmp_path):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(b"")))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == ("The file says no unit for Fz, Cz, Oz: taken as microvolts.",)


@pytest.mark.kind("EDF in counts", "refused")
def test_counts_are_refused_with_the_channel_and_the_option(read, tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals(b"counts"))
    said = refusal(path)
    assert said.startswith("units='counts': is what odd.edf declares for channel 'Fz', and no volt")
    assert "--units" in said
    assert np.allclose(read(path, units="nV").samples, eeg() / 1e3, rtol=0, atol=1e-9)
    assert refusal(path, units="furlong").startswith("units='furlong': is no unit of voltage")


@pytest.mark.kind("EDF whose physical or digital limits are equal", "refused")
@pytest.mark.parametrize("what", ["physical", "digital"])
def test_equal_limits_are_named(tmp_path, what):
    path = write_edf(tmp_path / "odd.edf", edf_signals(low="0", high="0"))
    if what == "digital":
        write_edf(path, edf_signals())
        n, content = len(edf_signals()) + 1, bytearray(path.read_bytes())  # with the annotations
        first = 256 + n * (16 + 80 + 8 + 8 + 8)
        for place in (first, first + 8 * n):
            content[place : place + 8] = b"0       "
        path.write_bytes(content)
    for options in ({}, {"units": "uV"}):
        said = refusal(path, **options)
        assert f"says 0 for both the {what} minimum and the {what} maximum of channel 'Fz'" in said
        assert "--units" not in said


@pytest.mark.kind("XDF unit as a power of ten (MNE-LSL)", "read")
@pytest.mark.parametrize(("unit", "per"), [("0", 1e6), ("-3", 1e3), ("-6", 1.0), ("-9", 1e-3)])
def test_units_as_powers_of_ten(read, tmp_path, unit, per):
    stream = amplifier(samples=eeg() / per, channels=channels(unit=unit, kind="eeg"))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == ()


@pytest.mark.kind("XDF without units, in volts", "refused")
def test_undeclared_volts_are_not_taken_as_microvolts(read, tmp_path):
    stream = amplifier(samples=eeg() / 1e6, channels=channels(unit=None))
    path = write_xdf(tmp_path / "odd.xdf", stream)
    said = refusal(path)
    assert said.startswith("units=None: odd.xdf says no unit. The EEG has an amplitude of 1.1e-05")
    assert "less than any amplifier's noise; say which with --units" in said
    assert np.allclose(read(path, units="V").samples, eeg(), rtol=0, atol=1e-9)


@pytest.mark.kind("XDF in volts that says microvolts", "corrected")
def test_a_wrong_unit_is_told(read, tmp_path):
    stream = amplifier(samples=eeg() / 1e6)
    path = write_xdf(tmp_path / "odd.xdf", stream)
    (said,) = read(path).assumptions
    assert said.startswith("The EEG has an amplitude of 1.1e-05 µV (standard deviation), which is")
    assert np.allclose(read(path, units="V").samples, eeg(), rtol=0, atol=1e-9)


@pytest.mark.kind("EDF or XDF whose unit is written MV", "corrected")
@pytest.mark.parametrize("unit", ["MV", "Mvolts"])
def test_megavolts_are_millivolts_and_told(read, tmp_path, unit):
    told = (
        f"The file says the unit '{unit}' for Fz, Cz, Oz, which is megavolts: taken as millivolts. "
        "If that is wrong, set the unit.",
    )
    stream = amplifier(samples=1e-3 * eeg(), channels=channels(unit=unit))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert recording.assumptions == told
    assert np.allclose(recording.samples, eeg())
    signals = edf_signals(unit.encode(), low="-16.384", high="16.3835")
    for one in signals:
        one.samples = one.samples / 1e3
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert recording.assumptions == told
    assert np.allclose(recording.samples, eeg(), atol=1e-9)
    assert read(tmp_path / "odd.edf", units="mV").assumptions == ()


@pytest.mark.kind("BrainVision in mV, nV or without a unit", "read")
@pytest.mark.parametrize(
    ("unit", "resolution"), [("mV", "0.0005"), ("nV", "500"), ("", "0.5"), ("uV", "0.5")]
)
def test_units_of_brainvision(read, tmp_path, unit, resolution):
    path = write_brainvision(tmp_path / "odd.vhdr", unit=unit, resolution=resolution)
    assert np.allclose(read(path).samples, eeg(), rtol=0, atol=1e-9)


@pytest.mark.kind("BrainVision with decimal commas", "corrected")
def test_decimal_commas_in_brainvision(read, tmp_path):
    recording = read(write_brainvision(tmp_path / "odd.vhdr", resolution="0,5"))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.rate == RATE
    assert recording.assumptions == ("Numbers with a decimal comma were read as such.",)


@pytest.mark.kind("EDF with decimal commas", "read")
def test_decimal_commas_in_edf(read, tmp_path):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(high="16383,5")))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
