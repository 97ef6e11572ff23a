"""Two states told apart: planted ones that were held out, and scikit-learn's classifier."""

from __future__ import annotations

import json

import numpy as np
import pytest
from signals import background, rhythm

from psychopy_nfb import dsp
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict, to_dict

RATE = 250.0
LABELS = ("F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "Oz")
MU, BETA = (8.0, 12.0), (18.0, 24.0)
TRIAL = 4 * 250
"""Samples of a state before the other one comes."""
seeds = pytest.mark.parametrize("seed", [1, 2, 3])


def two_states(seed, trials=60, mu=1.0, beta=0.0):
    """Return EEG (n, 10) and where it is in the first state (n,): there mu is weak, beta strong."""
    random = np.random.default_rng(seed)
    n = trials * TRIAL
    first = np.repeat(np.arange(trials) % 2 == 0, TRIAL)
    noise = background(random, n, RATE, len(LABELS)) @ random.standard_normal((len(LABELS),) * 2)
    slow = mu * rhythm(random, n, RATE, (9, 11)) * np.where(first, 0.4, 1.2)
    fast = beta * rhythm(random, n, RATE, (19, 23)) * np.where(first, 1.2, 0.4)
    patterns = random.standard_normal((2, len(LABELS)))
    return noise + np.outer(slow, patterns[0]) + np.outer(fast, patterns[1]), first


def taught(pipeline, samples, first, **settings):
    """Append an LDA that learned from the features of `samples`, a row for each second."""
    info = pipeline.prepare(dsp.SignalInfo(RATE, LABELS))
    features = pipeline.process(samples)[0]
    rows = np.arange(len(samples)) % TRIAL >= 250  # a second after each change
    rows &= np.arange(len(samples)) % 250 == 249
    step = dsp.lda(features[rows & first], features[rows & ~first], info.labels, **settings)
    return dsp.Pipeline([*pipeline.steps, step])


def accuracy(pipeline, samples, first):
    """Return the share of trials whose last two seconds are on average on their side."""
    pipeline.prepare(dsp.SignalInfo(RATE, LABELS))
    out = pipeline.process(samples)[0][:, 0].reshape(-1, TRIAL)[:, TRIAL // 2 :].mean(axis=1)
    return np.mean((out > 0) == first[::TRIAL])


def halves(samples, first):
    half = len(samples) // 2
    return (samples[:half], first[:half]), (samples[half:], first[half:])


@seeds
def test_row_020_csp_and_lda_are_right_nine_times_of_ten(seed):
    (samples, first), held_out = halves(*two_states(seed))
    fit = dsp.csp(samples[first], samples[~first], RATE, LABELS, MU)
    pipeline = dsp.Pipeline([fit.step(3), dsp.CFIR(MU, 0.1), dsp.MovingAverage(1.0)])
    assert accuracy(taught(pipeline, samples, first, log=True), *held_out) > 0.9


def bank(samples, first):
    """Return three bands' envelopes of the components that differ most."""
    branches = {}
    for band in (MU, (13.0, 17.0), BETA):
        fit = dsp.csp(samples[first], samples[~first], RATE, LABELS, band)
        steps = [fit.step(2), dsp.CFIR(band, 0.1), dsp.MovingAverage(1.0)]
        branches[f"{band[0]:g} Hz"] = steps
    return dsp.Pipeline([dsp.Parallel(branches)])


@seeds
@pytest.mark.parametrize("planted", ["mu", "beta"])
def test_row_020_a_filter_bank_is_right_without_being_told_the_band(planted, seed):
    amplitudes = {"mu": 0.0, "beta": 0.0, planted: 0.7}
    (samples, first), held_out = halves(*two_states(seed, **amplitudes))
    pipeline = taught(bank(samples, first), samples, first, log=True)
    assert accuracy(pipeline, *held_out) > 0.9


@seeds
def test_row_020_where_nothing_was_planted_a_filter_bank_guesses(seed):
    (samples, first), held_out = halves(*two_states(seed, mu=0.0))
    pipeline = taught(bank(samples, first), samples, first, log=True)
    assert 0.2 < accuracy(pipeline, *held_out) < 0.8


@seeds
def test_row_020_the_power_of_spoc_s_component_tells_the_states_apart(seed):
    (samples, first), held_out = halves(*two_states(seed))
    fit = dsp.spoc(samples, np.where(first, 0.0, 1.0), RATE, LABELS, MU)
    pipeline = dsp.Pipeline([fit.step(1), dsp.CFIR(MU, 0.1), dsp.MovingAverage(1.0)])
    assert accuracy(taught(pipeline, samples, first, log=True), *held_out) > 0.9


def features(seed, rows, n_features=6):
    """Return features in two states, correlated and of very different size, (rows[0], p), …."""
    random = np.random.default_rng(seed)
    mixing = random.standard_normal((n_features, n_features))
    size = np.logspace(-1, 2, n_features)
    one, other = (random.standard_normal((n, n_features)) @ mixing * size for n in rows)
    return one + 0.8 * random.standard_normal(n_features) * size, other


@pytest.mark.parametrize("rows", [(200, 200), (20, 20), (5, 5), (300, 40)])
@pytest.mark.parametrize("n_features", [1, 6, 12])
def test_row_020_it_is_scikit_learn_s_with_shrinkage(rows, n_features):
    """To 1e-9 of the largest distance, by weights, distances and probabilities."""
    reason = "the comparison needs scikit-learn"
    analysis = pytest.importorskip("sklearn.discriminant_analysis", reason=reason)
    one, other = features(1, rows, n_features)
    labels = [f"f{number}" for number in range(n_features)]
    theirs = analysis.LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage="auto", priors=None if rows[0] == rows[1] else [0.5, 0.5]
    )
    theirs.fit(np.vstack([other, one]), np.repeat([0, 1], [len(other), len(one)]))
    step = dsp.lda(one, other, labels)
    test = np.vstack(features(2, (50, 50), n_features))
    expected = theirs.decision_function(test)
    step.prepare(dsp.SignalInfo(10.0, tuple(labels)))
    found = step.process(test)[:, 0]
    assert np.abs(found - expected).max() < 1e-9 * np.abs(expected).max()
    assert list(step.weights.values()) == pytest.approx(theirs.coef_[0], rel=1e-7)
    step = dsp.lda(one, other, labels, output="probability")
    step.prepare(dsp.SignalInfo(10.0, tuple(labels)))
    assert step.process(test)[:, 0] == pytest.approx(theirs.predict_proba(test)[:, 1], abs=1e-9)


@seeds
def test_what_was_learned_reloads_identically(seed):
    (samples, first), (held_out, _) = halves(*two_states(seed, trials=20))
    pipeline = dsp.Pipeline([dsp.CFIR(MU, 0.1)])
    pipeline = taught(pipeline, samples, first, log=True, output="probability")
    again = from_dict(dsp.Pipeline, json.loads(json.dumps(to_dict(pipeline))))
    for one in (pipeline, again):
        one.prepare(dsp.SignalInfo(RATE, LABELS))
    out = pipeline.process(held_out)[0]
    assert np.array_equal(out, again.process(held_out)[0])
    assert out.shape == (len(held_out), 1)
    assert 0 <= out.min() < out.max() <= 1


def test_how_long_a_state_was_recorded_says_nothing():
    one, other = features(3, (4000, 4000))
    whole, part = (dsp.lda(one, there, list("abcdef")) for there in (other, other[:400]))
    middle = (one.mean(axis=0) + other.mean(axis=0))[None] / 2
    for step in (whole, part):
        step.prepare(dsp.SignalInfo(10.0, tuple("abcdef")))
        assert step.process(middle)[0, 0] == pytest.approx(0, abs=0.2)


def test_without_a_logarithm_the_last_outcome_stays_and_is_flagged():
    step = dsp.LDA({"a": 1.0, "b": -1.0}, log=True)
    assert step.prepare(dsp.SignalInfo(10.0, ("a", "b"))).units == ""
    e = np.e
    out = step.process(np.array([[0.0, 1], [e, 1], [1, 0], [-1, 1], [1, e]]))[:, 0]
    assert out == pytest.approx([0, 1, 1, 1, -1])
    bad = dsp.Flags.INVALID
    assert step.flags.tolist() == [bad, 0, bad, bad, 0]
    assert step.process(np.array([[0.0, 1]])).tolist() == [[pytest.approx(-1)]]
    assert step.process(np.array([[1.0, 1]])).tolist() == [[0]]
    assert step.flags is None
    assert step.mixed(np.eye(2)).tolist() == [[1], [1]]


def test_what_nothing_can_be_learned_from_is_refused():
    one, other = features(4, (50, 50), 2)
    holed, flat = one.copy(), one.copy()
    holed[3, 1] = np.nan
    flat[:, 1] = 2
    for first, second, settings, sentence in (
        (one[:, :1], other, {}, r"first=\(50, 1\): must have a column for each of 2 features"),
        (one, other[:4], {}, r"second='4 rows': are fewer than 5"),
        (holed, other, {}, r"first='50 rows': .*no number"),
        (flat, other, {}, r"first='b': never changes; leave out this feature"),
        (np.abs(one), other, {"log": True}, r"second='50 rows': .*no logarithm; use log=False"),
        (one, other, {"output": "odds"}, r"output='odds': must be one of 'distance', 'prob"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            dsp.lda(first, second, ["a", "b"], **settings)
    with pytest.raises(SettingsError, match=r"weights=\{\}: give each feature its weight"):
        dsp.LDA()
    with pytest.raises(SettingsError, match=r"weights='c': the stream has no such channel"):
        dsp.LDA({"c": 1.0}).prepare(dsp.SignalInfo(10.0, ("a", "b")))
    with pytest.raises(SettingsError, match=r"weights\.a=nan: must be a finite number"):
        dsp.LDA({"a": float("nan")})
