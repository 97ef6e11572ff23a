"""QUEST on success per trial: PsychoPy's own proposals, through kills and sessions."""

from __future__ import annotations

import json
import os
import signal as signals

import numpy as np
import pytest
from trainings import AT, NAME, alpha, one_signal

from psychopy_nfb import Neurofeedback, Quest
from psychopy_nfb.dsp import Flags, Pick, SignalInfo
from psychopy_nfb.engine.rerun import rerun, run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, Signal, SignalState, Situation
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import from_dict, to_dict

RATE = 10.0
INFO = SignalInfo(RATE, ("A",))
OUTCOMES = [True, True, False, True, False, False, True, True, True, False, True, True]


def follower(rate=1.0, threshold=0.75, **settings):
    rule = Quest(**{"trial": 1.0, "sd": 0.15, **settings})
    return rule.follower(Situation(rate, threshold=threshold))


def proposals(one, outcomes):
    """Return the threshold of each trial, and the next one."""
    found = []
    for success in outcomes:
        found.append(one.threshold)
        one.take(0.0, success)
    return [*found, one.threshold]


def handler(**settings):
    """Return PsychoPy's QuestHandler, whose intensity is how much easier a trial is."""
    from psychopy.data import QuestHandler

    usual = {"startVal": 0.0, "startValSd": 0.15, "pThreshold": 0.75, "nTrials": 100}
    usual |= {"gamma": 0.01, "range": 5, "autoLog": False}
    return QuestHandler(**{**usual, **settings})


@pytest.mark.row(32)
def test_its_thresholds_are_those_of_psychopy_s_quest_handler():
    quest, wanted = handler(), []
    for success in OUTCOMES:
        wanted.append(0.75 - next(quest))
        quest.addResponse(int(success))
    wanted.append(0.75 - quest._nextIntensity)
    assert proposals(follower(), OUTCOMES) == pytest.approx(wanted, abs=1e-9)
    assert len(set(wanted)) == len(wanted)


def test_a_success_makes_the_next_trial_harder_in_either_direction():
    up = proposals(follower(), [True])
    assert up[1] > up[0]
    situation = Situation(1.0, threshold=-0.75, up=False)
    down = proposals(Quest(trial=1.0, sd=0.15).follower(situation), [True])
    assert -down[1] == pytest.approx(up[1], abs=1e-12)


def test_another_unit_is_the_same_in_proportion():
    percent = proposals(follower(threshold=20.0, sd=15.0), OUTCOMES)
    wanted = 20 + 100 * (np.array(proposals(follower(), OUTCOMES)) - 0.75)
    assert percent == pytest.approx(wanted, abs=1e-9)


def test_it_finds_the_threshold_at_which_three_of_four_trials_succeed():
    random, one = np.random.default_rng(3), follower()
    for _ in range(400):
        chance = 1 / (1 + np.exp(12 * (one.threshold - 1.0)))
        one.take(0.0, bool(random.random() < chance))
    late = [success for _, success in one.trials[100:]]
    assert np.mean(late) == pytest.approx(0.75, abs=0.08)


def test_bounds_hold_and_thousands_of_trials_stay_finite():
    one = follower(lowest=0.5, highest=0.9)
    found = proposals(one, [False] * 30 + [True] * 3000)
    assert (min(found), max(found)) == (0.5, 0.9)


@pytest.mark.row(32)
def test_row_032_resumed_from_a_file_it_gives_the_same_next_value():
    whole = proposals(follower(), OUTCOMES)
    first = follower()
    proposals(first, OUTCOMES[:5])
    kept = json.loads(json.dumps(first.carried()))
    # Another baseline, from which the start would lie elsewhere.
    rule = from_dict(type(Quest()), {"type": "Quest", "trial": 1.0, "sd": 0.15, **kept})
    second = rule.follower(Situation(1.0, threshold=rule.start))
    assert proposals(second, OUTCOMES[5:]) == whole[5:]


def test_a_successor_goes_on_in_the_midst_of_a_trial():
    rule = Quest(start=0.75, sd=0.15, trial=4.0)
    signal = Signal(normalise="none", threshold=rule)
    one, other = SignalState(signal, 1.0), SignalState(signal, 1.0)
    series, takes = [1.0, 0.0, 1.0, 0.0] * 6, [True] * 24
    one.process(series[:10], [0] * 10, takes[:10])
    assert other.go_on([json.loads(json.dumps(one.reached()))])
    rest = [state.process(series[10:], [0] * 14, takes[10:])[0] for state in (one, other)]
    assert rest[0] == rest[1]
    assert len({row[3] for row in rest[0]}) > 2
    assert not other.go_on([{**one.reached(), "rule": 1}])


def edges(*spans):
    """Return the commands of trials from sample to sample."""
    found = [(0, "adaptation", {"training": False, "edge": None})]
    for begin, end in spans:
        found.append((begin, "adaptation", {"training": True, "edge": "begin"}))
        found.append((end, "adaptation", {"training": False, "edge": "end"}))
    return found


def test_in_a_training_each_block_is_a_trial_and_artifacts_are_no_part_of_it():
    rule = Quest(start=0.75, sd=0.15, share=0.5)
    training = one_signal(Pick(["A"]), normalise="none", threshold=rule)
    eeg = 0.1 * np.random.default_rng(1).standard_normal((200, 1))
    eeg[10:20] += 3  # half of the clean samples of the first trial, which lasts 30
    eeg[20:30] = np.nan
    eeg[60:65] += 3
    commands = edges((0, 30), (50, 80), (100, 105), (120, 180))
    values, _ = run_offline(training, eeg, INFO, commands, chunk=7)
    thresholds = values[:, AT["threshold"]]
    quest = follower()
    wanted = proposals(quest, [True, False, False])
    assert thresholds[30] == thresholds[79] == wanted[1]
    assert thresholds[80] == thresholds[110] == thresholds[179] == wanted[2]  # half a second: none
    assert thresholds[180] == wanted[3]
    assert (np.diff(thresholds) != 0).sum() == 3


def test_with_a_baseline_it_begins_three_quarters_of_a_standard_deviation_from_the_mean():
    base = Baseline(10.0, 2.0, 0.0, 20.0, [one / 5 for one in range(101)])
    signal = Signal(threshold=Quest(), baseline=base)
    assert SignalState(signal, RATE).threshold == pytest.approx(0.75)
    down = Signal(threshold=Quest(), baseline=base, direction="down")
    assert SignalState(down, RATE).threshold == pytest.approx(-0.75)
    percent = Signal(threshold=Quest(sd=5.0), baseline=base, normalise="percent")
    assert SignalState(percent, RATE).threshold == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"aim": 1.2}, "threshold.aim=1.2: must be above 0.01 and below 0.99."),
        ({"share": 0}, "threshold.share=0.0: must be above 0 and at most 1."),
        ({"lapse": 0}, "threshold.lapse=0.0: must be at least 0.001"),
        ({"lowest": 2, "highest": 1}, "threshold.lowest=2.0: must be below highest"),
        ({"trials": [["a", True]]}, "threshold.trials[0][0]='a': must be a number"),
        ({"trials": [[0.5]]}, "threshold.trials[0]=[0.5]: must have 2 entries"),
    ],
)
def test_wrong_settings_are_told_with_their_names(settings, sentence):
    with pytest.raises(SettingsError) as caught:
        from_dict(Signal, {"threshold": {"type": "Quest", **settings}})
    assert str(caught.value).startswith(sentence)


def test_it_is_refused_where_it_has_no_meaning():
    with pytest.raises(SettingsError, match=r"threshold\.sd=None: has no usual value with norm"):
        Signal(normalise="percent", threshold=Quest())
    with pytest.raises(SettingsError) as caught:
        Signal(normalise="none", role="inhibit", threshold=Quest(start=1.0, sd=1.0))
    assert str(caught.value) == (
        "threshold.type='Quest': is for signals that are rewarded; take Success for an inhibit."
    )
    with pytest.raises(SettingsError, match="is for signals that are rewarded"):
        Signal(role="inhibit").changed(threshold=Quest())


@pytest.mark.parametrize("trials", [[[1, 2, 3]], [1], 5, [[0.5, "yes"]]])
def test_wrong_trials_are_told_in_python_as_in_a_file(trials):
    with pytest.raises(SettingsError, match=r"^trials") as in_python:
        Quest(trials=trials)
    with pytest.raises(SettingsError) as in_file:
        from_dict(Signal, {"threshold": {"type": "Quest", "trials": trials}})
    assert str(in_file.value).lower() == f"threshold.{in_python.value}".lower()


def test_a_start_from_the_baseline_is_brought_within_the_bounds():
    one = follower(threshold=0.75, highest=0.5)
    assert one.threshold == 0.5
    assert Quest(highest=0.5, **one.carried()).start == 0.5


def test_it_stands_in_settings_with_its_trials():
    rule = Quest(trials=[(0.75, True), (0.8, False)])
    again = from_dict(Signal, json.loads(json.dumps(to_dict(Signal(threshold=rule)))))
    assert again.threshold == rule


def newest(nfb):
    """Return the number of the newest sample."""
    return nfb.records.layout.named(nfb.records.newest())["sample"]


@pytest.mark.slow
def test_row_032_a_killed_worker_goes_on_with_quest_and_the_session_repeats_itself(
    amplifier, tmp_path, until
):
    rule = Quest(start=0.001, sd=1.0, trial=1.0)
    training = alpha(amplifier().source_id, threshold=rule, loss=2.0, success=1.0)
    with Neurofeedback(training, data=tmp_path) as nfb:

        def trials():
            nfb.update()
            return nfb.threshold != 0.001 and not nfb.stale

        def listen(seconds):
            """Wait for so many seconds of samples."""
            begun = newest(nfb)
            until(lambda: newest(nfb) > begun + 250 * seconds, 30, "samples")

        nfb.begin_block("training")
        until(trials, 20, "a trial")
        listen(2.5)
        nfb.update()
        reached = nfb.threshold
        os.kill(nfb.worker_pid, getattr(signals, "SIGKILL", signals.SIGTERM))
        until(lambda: nfb.restarts == 1, 10, "a successor")
        until(lambda: not nfb.update() and not nfb.stale, 20, "values again")
        assert nfb.threshold >= reached  # it goes up, and does not begin anew
        listen(1.5)
        nfb.end_block()

        def counts():
            nfb.update()
            return not nfb.flags & Flags.NO_POINTS

        # A successor that is behind obeys late; what it has obeyed is seen in its records.
        until(lambda: not counts(), 20, "the block's end")
        with nfb.block("missed", feedback=False, points=True):
            until(counts, 20, "the next block")
            listen(2)
        until(lambda: nfb.success is not None, 10, "a verdict")
    session = read_session(nfb.files.stem)
    told = session.events[session.events.trial_type == "trial"]
    # The block in which the process was killed is not judged: what it had counted is gone.
    assert [json.loads(one)["label"] for one in told.detail] == ["missed"]
    values, flags = rerun(session)
    recorded = session.signals[list(nfb.configuration.value_names)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (session.signals["flags"] == flags).all()
    trials_kept = session.settings["thresholds_reached"][NAME]["settings"]["trials"]
    assert [success for _, success in trials_kept] == [True] * max(3, len(trials_kept))
