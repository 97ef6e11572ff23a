"""Sessions as a dataset after BIDS, judged by the official validator and read by MNE-BIDS."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording import SessionFiles, read_session, to_mne
from psychopy_nfb.report.bids.export import export_session

pytest.importorskip("pyxdf")
pytest.importorskip("pybv")

OLDER = Path(__file__).parents[2] / "data" / "version_0_1"
FLOAT32 = 6e-8
"""What a 32-bit floating point number differs by from what it stands for, at most, of it."""


def validator() -> str | None:
    """Return the official validator, of this environment or else of the system."""
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    return shutil.which("bids-validator-deno", path=places)


def errors(dataset) -> list[tuple[str, ...]]:
    """Return the errors that the official validator finds, derivatives included."""
    program = validator()
    if program is None:
        pytest.skip("the official validator (bids-validator-deno) is not installed")
    done = subprocess.run(
        [program, str(dataset), "--recursive", "--format", "json"],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.startswith("{"), done.stderr
    return list(found_in(json.loads(done.stdout)))


def found_in(result):
    for one in result["issues"]["issues"]:
        if one["severity"] == "error":
            yield one["code"], one.get("subCode", ""), one.get("location", "")
    for inner in (result.get("derivativesSummary") or {}).values():
        yield from found_in(inner)


def read_back(dataset, stem):
    mne_bids = pytest.importorskip("mne_bids")
    facts = SessionFiles(Path(stem)).facts()
    path = mne_bids.BIDSPath(
        subject=facts["participant"],
        session=facts["session"],
        task=facts["task"],
        run=f"{facts['run']:02d}",
        datatype="eeg",
        root=dataset,
    )
    return mne_bids.read_raw_bids(path, verbose="error")


def series(dataset, stem):
    """Return the derivative's signals, as its JSON says what they are."""
    (path,) = Path(dataset, "derivatives").rglob(f"{stem}_recording-feedback_stim.tsv.gz")
    facts = json.loads(Path(str(path).replace(".tsv.gz", ".json")).read_text("utf-8"))
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    return facts, pd.read_csv(io.StringIO(text), sep="\t", names=facts["Columns"], na_values="n/a")


ODD = {
    "labels": ("Cz", "Ö1,µ", "HEOG", "BIP1", "TRIG", "SpO2"),
    "kinds": {"HEOG": "EOG", "BIP1": "BIO", "TRIG": "STIM", "SpO2": "MISC"},
    "units": ["microvolts", "microvolts", "microvolts", "microvolts", "", "%"],
    "positions": {"Cz": (0.0, 0.0, 95.0)},
}


def test_row_126_the_official_validator_finds_no_error(maker, tmp_path):
    dataset = tmp_path / "set"
    for change in ({}, {"session": "02", **ODD}, {"participant": "08", "shown": True}):
        export_session(maker.write(**change).stem, dataset)
    shutil.copytree(OLDER, tmp_path / "older")
    export_session(next((tmp_path / "older").glob("*_nfb.json")), dataset)
    assert errors(dataset) == []


def test_the_validator_sees_what_is_wrong(maker, tmp_path):
    dataset = tmp_path / "set"
    stem = export_session(maker.write().stem, dataset).stem
    next(dataset.rglob(f"{stem}_channels.tsv")).write_text("name\nCz\n", encoding="utf-8")
    assert errors(dataset) != []


@pytest.mark.row(89)
def test_a_session_reads_back_as_it_was_recorded(maker, tmp_path):
    files = maker.write(**ODD)
    stem = export_session(files.stem, tmp_path / "set").stem
    raw, session = read_back(tmp_path / "set", stem), read_session(files.stem)
    assert raw.ch_names == list(ODD["labels"])
    assert raw.get_channel_types() == ["eeg", "eeg", "eog", "misc", "stim", "misc"]
    scale = np.array([1e-6, 1e-6, 1e-6, 1e-6, 1, 1])
    assert np.allclose(raw.get_data().T, session.eeg.samples * scale, rtol=1e-9, atol=0)
    assert raw.info["meas_date"] == to_mne(session).info["meas_date"]
    assert raw.info["line_freq"] == 50
    place = raw.get_montage().get_positions()["ch_pos"]["Cz"]
    assert place == pytest.approx([0, 0, 0.095])
    channels = pd.read_csv(next((tmp_path / "set").rglob(f"{stem}_channels.tsv")), sep="\t")
    assert channels.units.fillna("n/a").tolist() == [*4 * ["µV"], "n/a", "%"]


@pytest.mark.parametrize(
    ("form", "scale"), [("float32", 1e6), ("int16", 0.0488), ("int32", 1.0), ("double64", 1.0)]
)
def test_samples_are_kept_to_the_resolution_of_the_format(maker, tmp_path, form, scale):
    files = maker.write(form=form, scales=[scale, scale])
    done = export_session(files.stem, tmp_path / "set")
    raw = read_back(tmp_path / "set", done.stem)
    volts = maker.samples.astype(float) * scale * 1e-6
    exact = form in ("float32", "int16")
    assert np.allclose(raw.get_data().T, volts, rtol=1e-12 if exact else FLOAT32, atol=0)
    assert any("6e-8" in note for note in done.notes) == (not exact)
    (held,) = (tmp_path / "set").rglob("*_eeg.eeg")
    if exact:
        assert np.array_equal(np.fromfile(held, "<f4"), maker.samples.ravel())


def test_events_lie_where_their_samples_are_across_a_gap(maker, tmp_path):
    done = export_session(maker.write().stem, tmp_path / "set")
    raw = read_back(tmp_path / "set", done.stem)
    told = {one["description"]: one for one in raw.annotations}
    onsets = {name: round(one["onset"], 6) for name, one in told.items()}
    # The mark came at 2 s; half a second before it is missing in the file.
    wanted = {"start": 0.0, "block_begin": 0.2, "gap": 1.0, "mark": 1.5, "block_end": 3.5}
    assert onsets == wanted
    assert told["block_begin"]["duration"] == pytest.approx(3.3)
    assert told["gap"]["duration"] == 0
    assert any("missing once" in note for note in done.notes)
    table = pd.read_csv(next((tmp_path / "set").rglob(f"{done.stem}_events.tsv")), sep="\t")
    assert table["value"][table.trial_type == "mark"].item() == "a b <script>"
    levels = json.loads(next((tmp_path / "set").rglob("*run-01_events.json")).read_text("utf-8"))
    assert set(table.trial_type) <= set(levels["trial_type"]["Levels"])
    facts = json.loads(next((tmp_path / "set").rglob("*_eeg.json")).read_text("utf-8"))
    assert facts["RecordingType"] == "discontinuous"


@pytest.mark.parametrize("step", [1, 4])
def test_signals_and_frames_are_a_derivative(maker, tmp_path, step):
    files = maker.write(shown=True, value_step=step)
    stem = export_session(files.stem, tmp_path / "set").stem
    facts, table = series(tmp_path / "set", stem)
    session = read_session(files.stem)
    assert facts["SamplingFrequency"] == 100 / step
    assert facts["StartTime"] == pytest.approx((step - 1) / 100)
    pd.testing.assert_frame_equal(
        table, session.signals.drop(columns="t"), check_dtype=False, rtol=1e-8
    )
    assert {*table.columns} <= facts.keys()  # each is described
    assert facts["Shown"] == [{"block": "training", "shown": "sham", "lag": None}]
    frames = pd.read_csv(next((tmp_path / "set").rglob("*frames_events.tsv")), sep="\t")
    assert frames.onset.tolist() == pytest.approx((session.frames.t_flip - 1000).tolist())
    assert frames["sample"].tolist() == session.frames["sample"].tolist()


def test_values_that_were_never_computed_are_missing(maker, tmp_path):
    files = maker.write()
    from psychopy_nfb.report.bids.feedback import regular

    session = read_session(files.stem)
    session.signals = session.signals.drop(index=range(50, 60))
    table, rate, start = regular(session)
    assert (len(table), rate, start) == (400, 100, 0)
    assert table.alpha_z.isna().to_numpy().nonzero()[0].tolist() == list(range(50, 60))


def test_a_blinded_session_tells_nothing_of_what_was_shown(maker, tmp_path):
    files = maker.write(shown=True, settings={"study": {"blinded": True, "sealed": True}})
    done = export_session(files.stem, tmp_path / "set")
    assert any("blinded" in note for note in done.notes)
    for path in (tmp_path / "set").rglob("*"):
        if path.is_file() and path.suffix in (".tsv", ".json"):
            assert "sham" not in path.read_text("utf-8"), path
            assert "shown_" not in path.read_text("utf-8"), path
    assert not any(name.startswith("shown") for name in series(tmp_path / "set", done.stem)[1])
    assert errors(tmp_path / "set") == []


def test_a_second_export_adds_and_overwrites_nothing(maker, tmp_path, capsys):
    dataset, first = tmp_path / "set", maker.write()
    assert main(["bids", str(first.stem), str(dataset)]) == 0
    people = dataset / "participants.tsv"
    people.write_text("participant_id\tage\nsub-07\t23\n", encoding="utf-8")
    (dataset / "README").write_text("mine", encoding="utf-8")
    before = {path: path.read_bytes() for path in dataset.rglob("*_run-01_*")}
    second, other = maker.write(), maker.write(participant="08")
    unreadable = tmp_path / "sub-09_ses-01_task-alpha_run-01_nfb.json"
    unreadable.write_text("{}\n", encoding="utf-8")  # is left out, which is logged
    everything = [str(unreadable), *(str(one.stem) for one in (first, second, other))]
    assert main(["bids", *everything, str(dataset)]) == 0
    said = capsys.readouterr().out
    assert f"{first.stem.name}: left as it was" in said
    assert f"{second.stem.name}: added" in said
    assert people.read_text("utf-8") == "participant_id\tage\nsub-07\t23\nsub-08\tn/a\n"
    assert (dataset / "README").read_text("utf-8") == "mine"
    assert all(path.read_bytes() == content for path, content in before.items())
    scans = pd.read_csv(dataset / "sub-07/ses-01/sub-07_ses-01_scans.tsv", sep="\t")
    assert len(scans) == 2
    assert not list(dataset.glob(".draft_*"))
    assert errors(dataset) == []


def test_a_session_that_was_cut_off_is_exported_up_to_there(maker, tmp_path):
    files = maker.write(closed=False)
    whole = files.eeg.read_bytes()
    files.eeg.write_bytes(whole[: int(0.7 * len(whole))])
    stem = export_session(files.stem, tmp_path / "set").stem
    raw = read_back(tmp_path / "set", stem)
    session = read_session(files.stem)
    assert raw.n_times == len(session.eeg.samples) > 0
    assert errors(tmp_path / "set") == []


@pytest.mark.parametrize("missing", ["wall_clock", "stream", "microvolts_per_unit"])
def test_settings_that_lack_something_are_one_sentence(maker, tmp_path, missing):
    files = maker.write()
    content = json.loads(files.settings.read_text("utf-8"))
    content.pop(missing, None)
    if "stream" in content:
        content["stream"].pop(missing, None)
    files.settings.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(FileError) as told:
        export_session(files.stem, tmp_path / "set")
    assert len(str(told.value).splitlines()) == 1
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("stem", ["x", "sub-<script>_ses-01_task-alpha_run-01"])
def test_files_with_other_names_are_one_sentence(maker, tmp_path, stem):
    files = maker.write()
    other = SessionFiles(files.stem.with_name(stem))
    for path in files.stem.parent.glob(f"{files.stem.name}_*"):
        try:
            path.rename(path.with_name(path.name.replace(files.stem.name, stem)))
        except OSError:
            pytest.skip("this system allows no such name")
    with pytest.raises(FileError) as told:
        export_session(other.stem, tmp_path / "set")
    assert stem in str(told.value)
    assert not (tmp_path / "set").exists()


def test_a_folder_with_something_else_is_refused(maker, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_bytes(b"")
    with pytest.raises(FileError, match="no dataset_description"):
        export_session(maker.write().stem, tmp_path / "mine")


def test_the_command_without_a_session_is_one_sentence(tmp_path, capsys):
    assert main(["bids", "nobody", str(tmp_path / "set")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("psychopy-nfb bids: session='nobody': does not exist; name any file of")
    assert len(said.splitlines()) == 1
    (tmp_path / "nobody_eeg.xdf").touch()
    assert main(["bids", str(tmp_path / "nobody_eeg.xdf"), str(tmp_path / "set")]) == 2
    said = capsys.readouterr().err
    assert "nobody': is not called sub-…_ses-…_task-…_run-…, which tells participant" in said
    assert len(said.splitlines()) == 1
