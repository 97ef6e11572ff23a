"""What a report shows of the EEG: planted peaks, faults and rewards are where they were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.dsp import Flags
from psychopy_nfb.recording import SessionFiles
from psychopy_nfb.report.channels_by_block import channel_faults, faults_table
from psychopy_nfb.report.course_figure import compared_course, course_figure
from psychopy_nfb.report.eeg_sections import eeg_sections
from psychopy_nfb.report.next_time import next_time
from psychopy_nfb.report.outcome import outcome
from psychopy_nfb.report.session_data import Block, SessionData, load_session_data
from psychopy_nfb.report.session_eeg import session_eeg, trained_band, trained_labels, windows
from psychopy_nfb.report.spectra import band_power, rests, spectrum
from psychopy_nfb.report.spectra_figure import maps_figure, spectra_figure

RATE = 100.0
LABELS = ("Fz", "Cz", "Pz", "O1", "Oz", "O2", "TRIG")
BLOCKS = (
    ("rest", 0.0, 20.0, False),
    ("training", 20.0, 40.0, True),
    ("training", 40.0, 60.0, True),
    ("rest", 60.0, 80.0, False),
)


def session(amplitudes=(5.0, 10.0, 20.0, 7.0), faults=None, gap=None, flags=None, shown=False):
    """Return a session of 80 s in memory: 10 Hz at Oz, its amplitude block by block."""
    n = round(80 * RATE)
    t = np.arange(n) / RATE
    draws = np.random.default_rng(2).normal(0, 2, (n, len(LABELS)))
    level = np.repeat(amplitudes, n // 4)
    draws[:, LABELS.index("Oz")] += level * np.sqrt(2) * np.sin(2 * np.pi * 10 * t)
    draws[:, LABELS.index("TRIG")] = 1000.0
    for label, (begin, end), values in faults or ():
        draws[(t >= begin) & (t < end), LABELS.index(label)] = values
    stamps = 500 + t
    if gap is not None:
        stamps[t >= gap] += 3.0
    signals = pd.DataFrame({"t": stamps, "sample": np.arange(n), "flags": 0})
    signals["signal"] = signals["value"] = level
    signals["z"], signals["threshold"] = level / 10 - 1, 0.25
    signals["rewards"] = signals["hits"] = np.where(t >= 45, 2, np.where(t >= 30, 1, 0))
    signals["score"] = signals["reward"] = 0.0
    if shown:
        signals["shown_z"], signals["shown_seconds"] = -0.5, np.where(t >= 40, t - 39, 0.0)
        signals["shown_rewards"] = np.where(t >= 50, 1, 0)
    for begin, end in flags or ():
        signals.loc[(t >= begin) & (t < end), "flags"] = int(Flags.AMPLITUDE)
    channels = [{"label": [label]} for label in LABELS]
    eeg = {
        "info": {
            "nominal_srate": [f"{RATE}"],
            "desc": [{"channels": [{"channel": channels}]}],
        },
        "time_series": (draws / 0.5).astype(np.float32),
        "time_stamps": stamps,
    }
    steps = [{"type": "Pick", "channels": ["Oz"]}, {"type": "CFIR", "band": [8.0, 12.0]}]
    trained = {"pipeline": {"steps": steps}, "normalise": "zscore", "direction": "up"}
    settings = {
        "configuration": {"signals": {"alpha": trained}},
        "stream": {"kinds": {"TRIG": "STIM"}, "microvolts_per_unit": [0.5] * len(LABELS)},
    }
    frames = pd.DataFrame({"t_flip": stamps[::10], "interval": 0.1, "dropped": 0, "flags": 0})
    for name in ("t_sample", "t_received", "t_published", "t_read"):
        frames[name] = frames.t_flip
    frames["delay"] = 0.0
    events = pd.DataFrame({"t": [], "trial_type": []})
    blocks = [
        Block(label, 500 + begin, 500 + end, feedback) for label, begin, end, feedback in BLOCKS
    ]
    return SessionData(SessionFiles("nobody"), settings, frames, events, signals, "", blocks, eeg)


def test_row_070_the_planted_rhythm_is_in_spectra_and_maps():
    data = session()
    eeg = session_eeg(data)
    assert trained_labels(data, eeg) == ["Oz"]
    assert trained_band(data) == (8.0, 12.0)
    for block, amplitude in zip(data.blocks, (5.0, 10.0, 20.0, 7.0), strict=True):
        frequencies, power = spectrum(data, eeg, block, ["Oz", "Fz"])
        assert frequencies[power[:, 0].argmax()] == 10
        oz, fz = band_power(frequencies, power, (8.0, 12.0))
        # The noise has 4 µV² over 50 Hz.
        assert oz == pytest.approx(amplitude**2 + 4 * 4 / 50, rel=0.05)
        assert fz == pytest.approx(4 * 4.5 / 50, rel=0.3)
    left, right = spectra_figure(data, eeg).axes
    assert len(left.lines) == len(right.lines) == 2
    assert [text.get_text() for text in right.get_legend().texts] == ["before: rest", "after: rest"]
    peaks = [line.get_ydata().max() for line in left.lines]
    assert peaks[1] == pytest.approx(4 * peaks[0], rel=0.1)
    assert left.get_ylim()[1] == right.get_ylim()[1] > max(peaks)
    assert "µV²/Hz" in left.get_ylabel()


def test_maps_have_one_scale_and_leave_out_what_is_no_eeg():
    pytest.importorskip("mne")
    figure = maps_figure(session(), session_eeg(session()))
    *maps, bar = figure.axes
    assert [axes.get_title() for axes in maps] == [
        *("rest before", "first with feedback", "last with feedback", "rest after")
    ]
    limits = {axes.images[0].get_clim() for axes in maps}
    assert len(limits) == 1
    assert limits.pop()[1] == pytest.approx(10 * np.log10(400), abs=0.2)
    assert "dB" in bar.get_ylabel()


def test_pieces_with_artifacts_or_gaps_are_left_out():
    data = session(flags=[(20.0, 30.0)], gap=50.5)
    eeg = session_eeg(data)
    assert eeg.eeg == list(LABELS[:-1])
    first, second = (np.array(windows(data, eeg, one, clean=True)) for one in data.trained)
    assert first.min() == 3000
    assert not ((second < 5050) & (second + eeg.window > 5050)).any()
    assert (second < 4850).any()
    assert windows(data, eeg, data.trained[0], clean=False)[0] == 2000


def test_faults_are_found_in_the_block_where_they_are():
    noise = np.random.default_rng(5).normal(0, 1, 1000)
    faults = [("Fz", (20.0, 40.0), 0.0), ("Cz", (40.0, 50.0), 400 * np.sign(noise) + noise)]
    data = session((5.0, 5.0, 5.0, 5.0), faults=faults)
    found = {one.label: one for one in channel_faults(data, session_eeg(data))}
    assert "TRIG" not in found
    assert found["Fz"].fault == "flat"
    assert found["Fz"].shares == (0.0, 1.0, 0.0, 0.0)
    assert 0.4 < found["Cz"].shares[2] < 0.6
    assert found["Pz"].worst == found["Oz"].worst == 0
    table = faults_table(data, list(found.values()))
    assert table.columns == ["channel", "most often", "rest", "training", "training", "rest"]
    assert [row[0] for row in table.rows] == ["Fz", "Cz"]
    said = next_time(data, outcome(data), list(found.values()))
    assert said[0].startswith("Fz: flat in 100 % of its worst block. Plug in the electrode")


def test_the_course_has_own_and_shown_signal_rewards_and_artifacts():
    data = session(shown=True, flags=[(5.0, 10.0)])
    table = compared_course(data)
    assert table.own[(table.t > 41) & (table.t < 59)].tolist() == pytest.approx(18 * [1.0])
    assert table.shown[table.t < 39].isna().all()
    assert (table.shown[(table.t > 41) & (table.t < 79)] == -0.5).all()
    assert table.artifact[(table.t > 5) & (table.t < 10)].tolist() == 5 * [1.0]
    assert table.own[(table.t > 5) & (table.t < 10)].isna().all()
    figure, caption = course_figure(data)
    labels = [text.get_text() for text in figure.axes[0].get_legend().texts]
    # One reward was given, by what was shown.
    assert labels == ["own signal", "shown", "threshold", "reward (1)"]
    assert "dashed" in caption
    assert "SD" in figure.axes[0].get_ylabel()
    _, plain = course_figure(session())
    assert "dashed" not in plain


@pytest.mark.parametrize(
    ("amplitudes", "told"),
    [((5, 10, 30, 5), "too easy"), ((5, 30, 5, 5), "of the clean time only: lower")],
)
def test_a_threshold_that_teaches_nothing_is_told(amplitudes, told):
    data = session(amplitudes)
    said = next_time(data, outcome(data), [])
    assert len(said) == 1
    assert told in said[0]


def test_rest_that_is_missing_is_asked_for():
    data = session((5.0, 30.0, 12.0, 5.0))
    data.blocks = data.blocks[1:]
    assert rests(data.blocks)[0] is None
    (said,) = [one for one in next_time(data, outcome(data), []) if "rest" in one]
    assert said.startswith("There was no rest before the training.")


def test_the_sections_of_a_recorded_session(recorded):
    pytest.importorskip("pyxdf")
    data = load_session_data(recorded().stem)
    sections = {one.heading: one for one in eeg_sections(data, outcome(data))}
    assert list(sections) == [
        "What to do next time",
        "The course",
        "The EEG's spectrum",
        "Channels by block",
    ]
    assert len(sections["The EEG's spectrum"].pictures) == 1  # two channels make no map
    assert "8 to 12" not in sections["The EEG's spectrum"].pictures[0].caption
    assert "of Oz" in sections["The EEG's spectrum"].pictures[0].caption


def test_a_recording_without_eeg_has_the_rest_of_the_page():
    data = session()
    data.eeg = None
    found = [one.heading for one in eeg_sections(data, outcome(data))]
    assert found == ["What to do next time", "The course"]
    assert eeg_sections(data, None) == []
