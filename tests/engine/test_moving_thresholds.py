"""Moving thresholds in a whole training: what they go by, offline and in a real worker."""

from __future__ import annotations

import json
import os
import signal as signals
from pathlib import Path

import numpy as np
import pytest
from trainings import AT, NAME, VALUE_NAMES, alpha, one_signal

from psychopy_nfb import Neurofeedback, read_recording
from psychopy_nfb.dsp import CFIR, DCBlock, Flags, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import rerun, run_offline
from psychopy_nfb.engine.threshold_history import FEWEST_PARTS, ThresholdHistory
from psychopy_nfb.protocol import Reward, Signal, Staircase, Success
from psychopy_nfb.recording import read_session

RATE = 50.0
INFO = SignalInfo(RATE, ("A", "B"))
PEOPLE = Path(__file__).parents[3] / "shared" / "data" / "rest8"
SHORT = {"window": 4.0, "update": 1.0}


def training(**inhibit):
    """Return A, rewarded by a threshold that moves, and B, which inhibits by one that does."""
    return Configuration(
        signals={
            "a": Signal(Pipeline([Pick(["A"])]), threshold=Success(**SHORT)),
            "b": Signal(
                Pipeline([Pick(["B"])]),
                role="inhibit",
                normalise="none",
                threshold=Success(start=30.0, **SHORT, **inhibit),
            ),
        },
        reward=Reward(dwell=0.0),
    )


def samples(n=3000, seed=5):
    random = np.random.default_rng(seed)
    drift = np.linspace(0, 20, n)[:, None]
    eeg = 10 * random.standard_normal((n, 2)) + drift
    eeg[700:720, 0] = np.nan
    eeg[1300:1310, 1] = np.inf
    return eeg


COMMANDS = [
    (0, "adaptation", {"training": False, "edge": None}),
    (100, "baseline_begin", {"label": "rest"}),
    (400, "baseline_end", {}),
    (500, "adaptation", {"training": True, "edge": "begin"}),
    (1000, "pause", {}),
    (1100, "resume", {}),
    (1500, "adaptation", {"training": False, "edge": "end"}),
    (1700, "adaptation", {"training": True, "edge": "begin"}),
    (2200, "set", {"threshold": {"type": "Staircase", "step": 0.25}, "signal": "a"}),
    (2500, "adaptation", {"training": False, "edge": "end"}),
    (2500, "adaptation", {"training": True, "edge": "begin"}),
    (2700, "set", {"threshold": 0.5, "signal": "a"}),
]


def by_name(configuration, values):
    return dict(zip(configuration.value_names, values.T, strict=True))


@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_row_083_row_117_how_samples_are_cut_changes_nothing(chunk):
    whole, whole_flags = run_offline(training(), samples(), INFO, COMMANDS, chunk=3000)
    values, flags = run_offline(training(), samples(), INFO, COMMANDS, chunk=chunk)
    assert (values == whole).all()
    assert (flags == whole_flags).all()


def test_row_117_only_clean_samples_of_blocks_with_feedback_move_a_threshold():
    configuration = training()
    found = by_name(configuration, run_offline(configuration, samples(), INFO, COMMANDS)[0])
    for name in ("a_threshold", "b_threshold"):
        moved = 401 + np.flatnonzero(np.diff(found[name][400:2200]))  # with a baseline
        assert moved.min() >= 500 + 2 * RATE  # half a window
        assert len(moved) > 10
        for begin, end in ((500, 599), (1001, 1100), (1501, 1700)):
            assert not ((moved > begin) & (moved <= end)).any()
        assert np.diff(moved).min() >= RATE
    moved = np.flatnonzero(np.diff(found["b_threshold"])) + 1
    assert 60 in np.diff(moved)  # ten of B's samples were no numbers


def test_row_117_what_is_inhibited_is_not_in_the_rewarded_signals_window():
    """B is beyond where A is high: A's threshold is the quantile of the rest."""
    random = np.random.default_rng(6)
    b = np.where(np.arange(2000) % 4 == 0, 100.0, 0.0) + random.random(2000)
    a = np.where(b > 50, 50.0, 0.0) + random.standard_normal(2000)
    configuration = training()
    configuration.signals["b"].threshold = 50.0
    configuration.signals["a"].normalise = "none"
    rule = Success(start=0.0, target=0.5, make_up=False, **SHORT)
    configuration.signals["a"].threshold = rule
    found = by_name(configuration, run_offline(configuration, np.c_[a, b], INFO)[0])
    at = 1 + np.flatnonzero(np.diff(found["a_threshold"]))[-1]
    rest = a[:at][b[:at] < 50][-200:]
    assert found["a_threshold"][at] == pytest.approx(np.median(rest), abs=1e-9)


def test_a_change_is_told_with_the_first_sample_that_it_holds_for():
    configuration = training()
    processor = Processor(configuration, INFO)
    eeg = samples()
    processor.begin_baseline()
    processor.process(eeg[:300])
    processor.end_baseline()
    told, thresholds = [], {"a": [], "b": []}
    for at in range(300, 3000, 37):
        block = processor.process(eeg[at : at + 37])
        told += [(name, at + one.row - 300, one.old, one.new) for name, one in block.changes]
        found = by_name(configuration, block.values)
        for name, own in thresholds.items():
            own += found[f"{name}_threshold"].tolist()
    for name, own in thresholds.items():
        own.append(processor._ways["ab".index(name)].state.threshold)
        moved = np.flatnonzero(np.diff(own)) + 1
        assert [one[1:] for one in told if one[0] == name] == [
            (at, own[at - 1], own[at]) for at in moved
        ]
        assert len(moved) > 30


def test_a_staircase_knows_where_blocks_end():
    rule = Staircase(step=1.0, start=5.0)
    configuration = one_signal(Pick(["A"]), normalise="none", threshold=rule)
    eeg = np.tile(np.repeat([20.0, -20.0], 50), 8)[:, None] + np.arange(800)[:, None] % 3
    eeg = np.c_[eeg, eeg]
    edges = [
        (sample, "adaptation", {"training": edge == "begin" and feedback, "edge": edge})
        for sample, edge, feedback in [
            (0, "begin", True),
            (50, "end", True),  # all beyond
            (50, "begin", True),
            (100, "end", True),  # none
            (100, "begin", False),
            (150, "end", False),  # a rest
            (200, "begin", True),
            (300, "end", True),  # half
            (300, "begin", True),
            (350, "end", True),  # all
        ]
    ]
    values, _ = run_offline(configuration, eeg, INFO, edges)
    threshold = values[:, AT["threshold"]]
    assert threshold[[49, 50, 99, 100, 199, 299, 349, 350, 799]].tolist() == [
        *(5.0, 6.0, 6.0, 5.0, 5.0, 5.0, 5.0, 6.0, 6.0)
    ]


def test_a_successor_goes_on_from_the_last_part_that_the_files_have():
    """As after a kill: its files end somewhere between two parts that it told."""
    eeg = samples()
    dead, history, told = Processor(training(), INFO), ThresholdHistory(), []
    dead.begin_baseline()
    dead.process(eeg[:300])
    dead.end_baseline()
    for at in range(300, 2530, 23):
        dead.process(eeg[at : at + 23])
        history.add("dead", dead.n_samples, json.loads(json.dumps(dead.thresholds.reached())))
        told.append(dead.n_samples)
    assert FEWEST_PARTS < len(history.parts()) < len(told)
    end = told[-5] + 7
    successor = Processor(dead.configuration, INFO)
    reached = successor.thresholds.go_on([p for p in history.parts() if p["sample"] <= end])
    assert {name: one["sample"] for name, one in reached.items()} == {"a": told[-5], "b": told[-5]}
    successor.n_samples = end
    successor.gap()
    values = successor.process(eeg[end:]).values
    restart = (end, "worker_restarted", {"score": 0.0, "hits": 0, "thresholds": reached})
    repeated = [(0, "baseline_begin", {"label": "baseline"}), (300, "baseline_end", {}), restart]
    again, _ = run_offline(training(), eeg, INFO, repeated)
    assert np.abs(again[end:] - values).max() < 1e-9


def share_beyond(eeg, rate, threshold):
    """Return which share of the clean time after the first window was beyond the threshold.

    Of alpha's amplitude, with which the threshold is compared as it is.
    """
    configuration = one_signal(
        Pick(["Oz"]),
        DCBlock(),
        CFIR((8.0, 12.0), delay=0.1),
        normalise="none",
        threshold=threshold,
    )
    values, flags = run_offline(configuration, eeg[:, None], SignalInfo(rate, ("Oz",)))
    found = dict(zip(VALUE_NAMES, values.T, strict=True))
    after = np.flatnonzero(flags == 0)[round(threshold.window * rate) :]
    assert len(after) > 60 * rate
    return np.mean(found[f"{NAME}_z"][after] >= found[f"{NAME}_threshold"][after])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("drift", [0.5, 2.0])
def test_row_117_success_is_held_on_alpha_that_drifts(seed, drift):
    """Alpha that waxes and wanes, and whose amplitude halves or doubles in eight minutes."""
    rate, n = 125.0, 60_000
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal(n))
    spectrum[np.abs(np.fft.rfftfreq(n, 1 / rate) - 10) > 1] = 0
    alpha = np.fft.irfft(spectrum, n)
    eeg = 10 * alpha / alpha.std() * drift ** np.linspace(0, 1, n)
    eeg += 3 * random.standard_normal(n)
    share = share_beyond(eeg, rate, Success(target=0.6, start=5.0))
    assert share == pytest.approx(0.6, abs=0.03)


@pytest.mark.skipif(not PEOPLE.is_dir(), reason=f"needs recordings of people at rest in {PEOPLE}")
def test_row_117_success_is_held_on_eight_people_at_rest():
    """Whose alpha falls or rises within three minutes by up to 40 %."""
    held, late = [], []
    for person in range(1, 9):
        recording = read_recording(PEOPLE / f"person{person}_rest.edf")
        channel = next(label for label in recording.labels if "O1" in label)
        eeg, rate = recording.samples[:, recording.labels.index(channel)], recording.rate
        held.append(share_beyond(eeg, rate, Success(target=0.6, start=5.0)))
        late.append(share_beyond(eeg, rate, Success(target=0.6, start=5.0, make_up=False)))
    assert held == pytest.approx([0.6] * 8, abs=0.03)
    assert np.mean(late) < np.mean(held)  # a quantile that looks back alone gives too few


@pytest.mark.slow
def test_row_083_row_117_a_killed_worker_goes_on_and_the_session_repeats_itself(
    amplifier, tmp_path, until, listen
):
    rule = Success(target=0.6, start=1.0, **SHORT)
    source = amplifier()
    with Neurofeedback(alpha(source.source_id, threshold=rule), data=tmp_path) as nfb:
        view = nfb.signals[NAME]

        def moved_from(before):
            nfb.update()
            return not nfb.stale and view.threshold not in (before, 1.0)

        listen(nfb, 2.0)
        assert view.threshold == 1.0  # there was no block
        nfb.begin_block("training")
        until(lambda: moved_from(1.0), 10, "a threshold that moves")
        listen(nfb, 1.5)
        reached = view.threshold
        os.kill(nfb.worker_pid, getattr(signals, "SIGKILL", signals.SIGTERM))
        until(lambda: nfb.restarts == 1, 5, "a new worker")
        listen(nfb, 2.0)
        until(lambda: moved_from(reached), 10, "a threshold that moves on")
        view.freeze()
        listen(nfb, 0.3)
        frozen = view.threshold
        listen(nfb, 1.5)
        assert view.threshold == frozen
        view.adapt()
        until(lambda: moved_from(frozen), 5, "a threshold that moves again")
        nfb.set(threshold=7.5)
        listen(nfb, 0.5)
        assert view.threshold == 7.5
        nfb.set(threshold=Staircase(step=1.0, start=7.5))
        listen(nfb, 1.5)
        nfb.end_block()
        listen(nfb, 0.3)
        assert abs(view.threshold - 7.5) in (0.0, 1.0)
    session = read_session(nfb.files.stem)
    values, flags = rerun(session)
    recorded = session.signals[list(VALUE_NAMES)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (flags == session.signals["flags"]).all()

    events = session.events
    restarted = json.loads(events[events.trial_type == "worker_restarted"].detail.iloc[0])
    at = restarted["thresholds"][NAME]
    threshold = session.signals[f"{NAME}_threshold"].to_numpy()
    restart = int(events[events.trial_type == "worker_restarted"]["sample"].iloc[0])
    assert 0 <= restart - at["sample"] < 1.5 * 250
    assert threshold[restart] == at["threshold"] != 1.0

    changes = events[events.trial_type == "threshold"]
    told = [json.loads(one) for one in changes.detail]
    assert {one["signal"] for one in told} == {NAME}
    assert all(one["why"] and one["old"] != one["new"] for one in told)
    for sample, one in zip(changes["sample"], told, strict=True):
        assert threshold[sample - 1] == one["old"]
        assert threshold[sample] == one["new"]
    ruled = set(changes["sample"]) | {restart}
    commanded = set(events[events.trial_type == "set"]["sample"])
    assert set((np.flatnonzero(np.diff(threshold)) + 1).tolist()) <= ruled | commanded
    before = session.signals["flags"].to_numpy()[changes["sample"].to_numpy() - 1]
    assert not (before & int(Flags.SETTLING)).any()
