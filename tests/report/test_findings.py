"""The first thing that a report says is the worst that happened to the participant."""

from __future__ import annotations

import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.recording import SessionRecord
from psychopy_nfb.report.command import write_report
from psychopy_nfb.report.findings import findings, headline
from psychopy_nfb.report.lag_words import clock_sentence, methods_paragraph
from psychopy_nfb.report.numbers import percent, seconds
from psychopy_nfb.report.outcome import outcome, outcome_table
from psychopy_nfb.report.seen import BAD, feedback_frames, remedy, still_seconds
from psychopy_nfb.report.session_data import load_session_data

STEP = 20.0, "step_failed", "signals.trained.pipeline.steps[1]: has failed; its samples are flagged"
RULE = 30.0, "rule_failed", "reward.schedule has failed; hits are counted and not rewarded"


def looked_at(files):
    data = load_session_data(files.stem)
    summary = lag_summary(data.frames)
    found = findings(data, summary)
    return data, found, headline(found, summary)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "No problem was found: none of 2310 frames due were dropped"),
        ({"lost": (16.0, 19.0)}, "The EEG stream was lost for 3.0 s (7.8 % of the run)."),
        (
            {"lost": (31.0, 99.0), "comes_back": False},
            "The EEG stream was lost for 7.5 s and did not come back (19 % of the run).",
        ),
        ({"restarts": (16.0, 32.0)}, "The background process was restarted twice"),
        ({"flat_from": 20.0}, "In 61 % of the time with feedback the signal of Oz could not be"),
        ({"baseline": False}, "There was no baseline in 100 % of the time with feedback"),
        ({"seconds": 18.0, "closed": False}, "The run was cut off after 18 s"),
        ({"frames": False}, "Not one frame was logged"),
        ({"seconds": 2.0, "baseline": False, "blocks": ()}, "There was no baseline in 100 %"),
        ({"clock_offset": 1e9}, "The amplifier's stamps were +1,000,000,000.0 s off LSL's clock:"),
        ({"clock_offset": -2.0}, "Samples arrived 2.0 s after the times of their stamps (the"),
        ({"display_range": (2.0, 8.0)}, "The feedback was empty in 74 % of the time"),
        (
            {"failed": (STEP, (21.0, *STEP[1:]))},
            "From 20 s on, signals.trained.pipeline.steps[1]",
        ),
        ({"failed": (RULE,)}, "From 30 s on, reward.schedule has failed; hits are counted and not"),
        ({"hold": ((9.0, 1.4),)}, "The picture stood still for more than a second twice"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else None,
)
def test_the_headline_is_the_real_problem(recorded, changes, said):
    _, found, headline = looked_at(recorded(**changes))
    assert headline.startswith(said)
    assert "filter" not in headline
    assert all(one.remedy for one in found if one.problem)


def test_blocks_and_baselines_that_ended_early_are_told(recorded, tmp_path):
    whole = recorded()
    folder = shutil.copytree(whole.stem.parent, tmp_path / "copy")
    files = type(whole).from_stem(folder / whole.stem.name)
    table = pd.read_csv(files.events, sep="\t", dtype=str, keep_default_na=False)
    ends = table.index[table.trial_type == "block_end"]
    detail = {**json.loads(table.detail[ends[-1]]), "cut_off": True}
    table.loc[ends[-1], "detail"] = json.dumps(detail)
    asked = table.loc[ends[-2]].copy()
    asked["trial_type"], asked["detail"] = "end_block", "{}"
    baseline = table.loc[ends[-1]].copy()
    baseline["trial_type"], baseline["detail"] = "baseline_cut_off", json.dumps({"label": "rest"})
    rows = [table[: ends[-2]], asked.to_frame().T, table[ends[-2] :], baseline.to_frame().T]
    pd.concat(rows).to_csv(files.events, sep="\t", index=False)
    data, found, headline = looked_at(files)
    early = data.blocks[-2:]
    each = ", ".join(f"'{one.label}' after {seconds(one.seconds)}" for one in early)
    assert f"Ended early, by the operator, by Escape or by an error: {each}." in headline
    assert "The baseline 'rest' ended early, with the session, and is not in use." in headline
    lengths = [row[2] for row in outcome_table(data, outcome(data)).rows]
    assert [one.endswith(", ended early") for one in lengths] == [
        *[False] * (len(lengths) - 2),
        True,
        True,
    ]
    assert not any("nded early" in one.what for one in looked_at(whole)[1])


def test_a_part_that_fails_again_after_a_restart_is_one_finding(recorded):
    _, found, _ = looked_at(recorded(failed=(STEP, (25.0, *STEP[1:]), RULE)))
    assert [one.what.split(",")[0] for one in found if "on, " in one.what] == [
        "From 20 s on",
        "From 30 s on",
    ]


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("flat, as with an electrode off", "electrode"),
        ("a sampling rate that the filters were not made for", "radio link"),
        ("impossible values", "program"),
    ],
)
def test_what_to_do_about_a_bad_signal_fits_its_cause(title, said):
    assert said in remedy(title)
    assert {remedy(one) for one in BAD} > {remedy(title)}


def test_the_rate_that_is_told_is_the_one_furthest_off(recorded):
    files = recorded(rates=((12.0, "rate_differs", 256.0), (16.0, "rate_spoilt", 271.5)))
    _, found, _ = looked_at(files)
    assert "made for 250 Hz, but it sent 271.5 samples" in " ".join(one.what for one in found)


@pytest.mark.parametrize("name", ["events", "eeg", "settings"])
def test_a_file_that_is_not_there_is_named(recorded, name):
    files = recorded()
    missing = getattr(files, name)
    os.rename(missing, missing.with_name("elsewhere"))
    _, found, _ = looked_at(files)
    os.rename(missing.with_name("elsewhere"), missing)
    assert f"The file {missing.name} is not there" in " ".join(one.what for one in found)


def test_files_whose_end_is_missing_are_named(recorded, tmp_path):
    whole = recorded()
    folder = shutil.copytree(whole.stem.parent, tmp_path / "copy")
    files = type(whole).from_stem(folder / whole.stem.name)
    rows = files.frames.read_text(encoding="utf-8").splitlines(keepends=True)
    files.frames.write_text("".join(rows[:1500]), encoding="utf-8")
    _, _, said = looked_at(files)
    assert re.match(r"The frame log ends 1\d s before the last block with feedback does", said)
    shutil.copy(whole.frames, files.frames)
    files.eeg.write_bytes(whole.eeg.read_bytes()[: whole.eeg.stat().st_size // 2])
    _, _, said = looked_at(files)
    assert re.match(rf"The recording {files.eeg.name} ends \d+ s before the frame log does", said)


def test_dropped_frames_are_a_share_of_those_that_were_due(recorded):
    files = recorded(hold=((0.1, 0.035),))
    _, (first, *_), said = looked_at(files)
    log = pd.read_csv(files.frames)
    log = log[log.block == "training"]
    steps = (log.interval * 60).round() - 1
    missed = int(steps[steps > 0].sum())
    share = missed / (missed + len(log))
    assert 0.2 < share < 0.5
    assert said.startswith(f"{percent(share)} of the frames with feedback were dropped")
    assert f"({missed} of {missed + len(log)} due" in said
    assert first.harm == pytest.approx(0.8 * share)


def test_what_spoils_more_comes_first(recorded):
    both = {"hold": ((1.0, 0.035),), "flat_from": 20.0}
    _, found, _ = looked_at(recorded(**both))
    assert "could not be used" in found[0].what
    assert "were dropped" in found[1].what
    harms = [one.harm for one in found if one.problem]
    assert harms == sorted(harms, reverse=True)


def test_a_frame_that_stays_counts_as_long_as_it_stays(recorded):
    files = recorded(hold=((0.1, 0.035),))
    data = load_session_data(files.stem)
    frames = feedback_frames(data)
    log = pd.read_csv(files.frames)
    lasts = -log.t_flip.diff(-1)[frames.index]
    assert frames.seconds.to_list()[:-1] == pytest.approx(lasts.to_list()[:-1], abs=1e-5)


def test_values_stand_still_for_the_restart_or_for_the_stream(recorded):
    by_restart = still_seconds(load_session_data(recorded(restarts=(16.0, 32.0)).stem))
    assert by_restart["restart"] == pytest.approx(2 * (0.8 - 0.1), abs=0.1)
    assert by_restart["stream"] == by_restart["other"] == 0.0
    by_stream = still_seconds(load_session_data(recorded(lost=(16.0, 19.0)).stem))
    assert by_stream["stream"] == pytest.approx(3.0 - 0.1, abs=0.1)
    assert by_stream["restart"] == by_stream["other"] == 0.0


def test_stamps_of_another_clock_give_no_lag_and_no_nonsense(recorded):
    data, _, _ = looked_at(recorded(clock_offset=1e9))
    lag = lag_summary(data.frames)
    assert lag.clock_offset == pytest.approx(1e9, abs=1)
    assert lag.stages["total_ms"].n == lag.stages["age_at_flip_ms"].n == 0
    assert lag.stages["published_to_read_ms"].median < 30
    assert lag.stale_frames == 0
    assert "e+" not in lag.table()
    assert "not known" in lag.table()


def test_old_is_told_by_the_samples_stamp_not_by_its_arrival(recorded):
    log = pd.read_csv(recorded().frames)
    late = log.assign(t_sample=log.t_sample - 0.2)  # an amplifier that buffers for 0.2 s
    assert lag_summary(log).stale_frames == 0
    assert lag_summary(late).stale_frames == late.t_sample.notna().sum()


def test_publishing_the_last_value_again_is_no_work_of_the_filters(recorded):
    lag = lag_summary(recorded(lost=(16.0, 19.0)).frames).stages
    assert lag["received_to_published_ms"].max < 1
    assert lag["age_at_flip_ms"].max > 2900


@pytest.mark.parametrize(
    ("label", "removed"), [("detail", None), (None, "events"), (None, "settings"), (None, "eeg")]
)
def test_a_session_with_a_part_missing_is_reported_as_far_as_it_goes(
    recorded, tmp_path, label, removed
):
    files = recorded()
    for path in (files.frames, files.events, files.settings, files.eeg):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if label:
        events = pd.read_csv(tmp_path / files.events.name, sep="\t")
        events.assign(detail=np.nan).to_csv(tmp_path / files.events.name, sep="\t", index=False)
    else:
        (tmp_path / getattr(files, removed).name).unlink()
    data = load_session_data(tmp_path / files.frames.name)
    assert findings(data, lag_summary(data.frames)) is not None
    assert len(data.frames) == 2310
    assert (data.signals is None) == (removed == "eeg")
    assert (data.no_signals != "") == (removed == "eeg")


OFFSET = {"stamps": "moved", "offset": -1.8e9, "chunk_seconds": 0.02, "n_missing": 0, "n_jumps": 0}


@pytest.mark.parametrize(
    ("stamps", "said", "problem"),
    [
        (OFFSET, "The amplifier's stamps were +1,800,000,000.0 s off LSL's clock", False),
        ({"stamps": "counted"}, "Samples were stamped by when their chunks arrived", False),
        ({"n_missing": 21}, "21 samples came without a valid stamp", False),
    ],
)
def test_what_was_done_to_the_stamps_is_told(recorded, stamps, said, problem):
    files = recorded()
    SessionRecord.load(files.settings).update(stamps=stamps)
    try:
        report = write_report(str(files.stem))
    finally:
        SessionRecord.load(files.settings).update(stamps={})
    (found,) = [one for one in report.findings if one.what.startswith(said)]
    assert found.problem == problem
    assert found.remedy
    assert "e+" not in report.lag.table()


def test_a_rate_that_was_not_the_declared_one_is_told(recorded):
    data, _, _ = looked_at(recorded())
    stream = {**data.settings["stream"], "declared_rate": 256.0, "rate": 200.0}
    data.settings["stream"] = stream
    lag = lag_summary(data.frames)
    told = [one.what for one in findings(data, lag)]
    assert [what for what in told if what.startswith("The stream declared 256 Hz but had 200")]
    assert "declared 256 Hz but had 200 samples a second" in clock_sentence(data)
    later = {"trial_type": "rate_differs", "t": 1010.0, "detail": {"declared": 200, "real": 180.0}}
    data.events = pd.concat([data.events, pd.DataFrame([later])], ignore_index=True)
    (left,) = [one for one in findings(data, lag) if "left its rate" in one.what]
    assert left.problem
    assert "made for 200 Hz, but it sent 180" in left.what


@pytest.mark.parametrize(
    ("how", "changes"),
    [("synthetic EEG", {}), ("a recording that is replayed", {"lost": (10.0, 13.0)})],
)
def test_eeg_that_no_amplifier_measured_is_told(recorded, how, changes):
    data, found, said = looked_at(recorded(**changes))
    assert not [one for one in found if "simul" in one.what]
    data.settings["experiment"] = {"simulated": True}
    data.settings["stream"] = {**data.settings["stream"], "simulated": how}
    summary = lag_summary(data.frames)
    found = findings(data, summary)
    (told,) = [one for one in found if "simul" in one.what]
    assert told.problem
    assert told.what == f"The EEG was simulated ({how}): it came from no amplifier."
    # It stands in no other problem's place.
    assert headline(found, summary) == (f"{said} {told.what}" if changes else told.what)


def test_a_blinded_session_says_that_its_values_are_the_own_ones(recorded):
    data, found, said = looked_at(recorded())
    assert not [one for one in found if "blinded" in one.what]
    data.settings["study"] = {"blinded": True, "sealed": True}
    summary = lag_summary(data.frames)
    found = findings(data, summary)
    (told,) = [one for one in found if "blinded" in one.what]
    assert not told.problem
    assert headline(found, summary) == said


@pytest.mark.parametrize(
    ("source_id", "remedy"),
    [
        ("psychopy_nfb_stand_in_1", "in Builder Simulate the EEG: never"),
        ("psychopy_nfb_simulator", "end psychopy-nfb simulate or replay"),
    ],
)
def test_simulated_eeg_is_ended_where_it_came_from(recorded, source_id, remedy):
    data, _, _ = looked_at(recorded())
    data.settings["experiment"] = {"simulated": True}
    data.settings["stream"] = {**data.settings["stream"], "source_id": source_id}
    (told,) = [one for one in findings(data, lag_summary(data.frames)) if "simul" in one.what]
    assert remedy in told.remedy


def test_what_was_assumed_of_the_stream_is_in_the_report(recorded):
    files = recorded()
    record = SessionRecord.load(files.settings)
    assumed = "The stream says no unit for Pz, Oz: taken as microvolts."
    record.update(stream={**record.content["stream"], "assumptions": [assumed]})
    _, found, said = looked_at(files)
    assert said.startswith("No problem was found")
    assert [str(one) for one in found if "unit" in one.what] == [assumed]
    small = "The EEG has an amplitude of 1e-05 µV."
    row = ["2.0", "0.0", "unlikely_amplitude", "n/a", "500", "102.0"]
    with files.events.open("a", encoding="utf-8") as file:
        file.write("\t".join([*row, json.dumps({"sentence": small})]) + "\n")
    _, found, said = looked_at(files)
    assert said == small
    assert found[0].remedy.startswith("The unit is set in Builder")


def test_the_delay_of_the_signal_processing_is_told_by_its_steps(recorded):
    data, _, _ = looked_at(recorded())
    summary = lag_summary(data.frames)
    total = summary.stages["filter_delay_ms"].median
    settings = {**data.settings, "delays": [["Notch", 0.0083], ["CFIR", 0.02], ["Gate", 1e-5]]}
    said = methods_paragraph(summary, settings)
    assert f"by {total:.1f} ms (Notch 8.3 ms, CFIR 20.0 ms, smoothing of the display " in said
    (rest,) = re.findall(r"smoothing of the display ([0-9.]+) ms\)", said)
    assert float(rest) == pytest.approx(total - 28.31, abs=0.06)
    # Sessions of earlier versions do not have it.
    assert f"by {total:.1f} ms." in methods_paragraph(summary, {**data.settings, "delays": None})
