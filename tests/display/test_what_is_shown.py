"""What is shown in a real worker and a real window: on the screen, in files, after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from written_sessions import write_session

from psychopy_nfb import (
    FeedbackBar,
    Inverse,
    Neurofeedback,
    NfbError,
    Replay,
    Surrogate,
    Yoked,
    rerun,
)
from psychopy_nfb.analysis import contingency
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.engine.records import SAMPLE
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import to_dict

RATE = 250.0
RED = (255, 0, 0)


def newest(nfb):
    """Return the number of the newest sample, 0 before the first."""
    nfb.update()
    record = nfb.records.newest()
    return 0 if record is None else record[SAMPLE]


def other_person(training, folder):
    """Write the session of another person, whose alpha waxes and wanes; return its files."""
    random = np.random.default_rng(2)
    t = np.arange(15_000) / RATE
    eeg = (20 * np.sin(2 * np.pi * 10 * t) * np.sin(0.7 * t))[:, None] + random.random((len(t), 1))
    return write_session(
        folder,
        training(dwell=0.1),
        eeg,
        [("training", 500, 14_500, None)],
        rate=RATE,
        labels=("Oz",),
        participant="02",
    )


def check_rerun(session, configuration):
    values, flags = rerun(session)
    recorded = session.signals[list(configuration.value_names)].to_numpy()
    assert np.abs(values - recorded).max() < 1e-9
    assert (session.signals["flags"] == flags).all()


@pytest.mark.display
@pytest.mark.slow
def test_row_118_the_screen_shows_what_the_files_say_was_shown(
    amplifier, training, open_window, show, until, tmp_path
):
    settings = training(amplifier().source_id, dwell=0.0)
    donor = other_person(training, tmp_path / "donor")
    sham = Yoked(session=str(donor.settings), block="training", seconds=50.0)
    heights = []
    with Neurofeedback(
        settings, data=tmp_path, task="alpha", shown={"down": Inverse(), "sham": sham}
    ) as nfb:
        win = open_window()
        nfb.attach(win)
        bar = FeedbackBar(win, size=(40, 200), color="red", track_color="gray")
        for name in ("own", "down", "sham", "none"):
            clean, flags = 0, Flags.NO_POINTS if name == "none" else Flags(0)
            with nfb.block(name, shown=name):
                # Long enough for the alpha to move, however many frames there are in it.
                least, ends = time.monotonic() + 2, time.monotonic() + 30
                while (clean < 60 or time.monotonic() < least) and time.monotonic() < ends:
                    nfb.update()
                    bar.value = nfb.value
                    frame = show(win, bar)
                    heights.append(int((frame == RED).all(axis=2).sum(axis=0).max()))
                    clean += nfb.flags == flags
            assert clean >= 60, f"{name}: flags {nfb.flags}"
    session = read_session(nfb.files.stem)
    check_rerun(session, nfb.configuration)
    frames = session.frames
    assert len(frames) == len(heights)
    signals = session.signals.set_index("sample")
    after = signals.loc[frames["sample"].dropna().astype(int)]
    assert np.allclose(after.shown_value, frames.shown_value.dropna(), atol=1e-8)
    wanted = np.round(200 * frames.shown.fillna(0.0))
    assert np.abs(wanted - heights).max() <= 1
    down = frames[frames.block == "down"]
    inside = down["flags"] == 0
    assert inside.sum() > 30
    # The record that a frame shows may be from before the block by a few frames.
    late = down[inside & (down.shown_seconds > 0)]
    assert np.allclose(late.shown, 1 - late.trained_value, atol=1e-8)
    assert late.shown.std() > 0.01
    theirs = read_session(donor.stem).signals[500:14_500].reset_index(drop=True)
    begins = session.events[session.events.trial_type == "block_begin"]
    shown = session.events[session.events.trial_type == "shown"]
    named = [json.loads(one)["shown"] for one in shown.detail]
    first = shown["sample"].iloc[named.index("sham")]  # with which it is the sham in fact
    yoked = frames[(frames.block == "sham") & (frames["flags"] == 0) & (frames["sample"] >= first)]
    yoked = yoked[yoked.shown_seconds > 0]
    places = (yoked.shown_seconds * RATE).round().astype(int)
    assert len(yoked) > 30
    assert np.allclose(yoked.shown, theirs.trained_value[places], atol=1e-8)
    assert frames.shown[frames.block == "none"].isna().all()
    assert [json.loads(one)["shown"] for one in begins.detail] == ["own", "down", "sham", "none"]
    table = contingency(session).set_index("block")
    assert table.r["own"] == pytest.approx(1)
    assert table.r["down"] < -0.9


@pytest.mark.slow
def test_row_118_a_killed_worker_goes_on_at_the_same_place_of_the_others_block(
    amplifier, training, tmp_path, until
):
    settings = training(amplifier().source_id)
    donor = other_person(training, tmp_path / "donor")
    sham = Yoked(session=str(donor.settings), block="training", seconds=50.0)
    with Neurofeedback(settings, data=tmp_path / "own", task="alpha", shown={"sham": sham}) as nfb:
        until(lambda: nfb.update() or not nfb.stale, 5, "samples")
        with nfb.block("training", shown="sham"):
            clean = nfb.settle * RATE + 300
            until(lambda: newest(nfb) > clean, 15, "clean samples")
            os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            until(lambda: nfb.restarts == 1, 5, "a new worker")
            until(lambda: nfb.update() or not nfb.stale, 15, "its samples")
            reached = newest(nfb) + clean
            until(lambda: newest(nfb) > reached, 15, "more of them")
    session = read_session(nfb.files.stem)
    check_rerun(session, nfb.configuration)
    theirs = read_session(donor.stem).signals[500:14_500].reset_index(drop=True)
    (begin,) = session.events[session.events.trial_type == "block_begin"]["sample"]
    (end,) = session.events[session.events.trial_type == "block_end"]["sample"]
    own = session.signals[
        (session.signals["sample"] > begin + 20) & (session.signals["sample"] < end - 20)
    ]
    places = (own.shown_seconds * RATE).round().astype(int).to_numpy()
    assert places.max() > 800
    clean = (own["flags"] == 0).to_numpy()
    assert clean.sum() > 400
    for what in ("value", "z", "threshold"):
        assert (
            own[f"shown_{what}"][clean] == theirs[f"trained_{what}"][places[clean]].to_numpy()
        ).all()
    # In time since the block's begin, through the kill: the clock of the stamps agrees.
    since = own.t.to_numpy() - own.t.iloc[0]
    drift = (places - places[0]) / RATE - since
    assert np.abs(drift).max() < 0.02
    restarted = session.events[session.events.trial_type == "worker_restarted"].iloc[0]
    assert json.loads(restarted.detail)["shown"]["source"] == "sham"
    assert own.shown_score.is_monotonic_increasing
    assert (own.trained_value != own.shown_value).any()


@pytest.mark.slow
def test_row_118_a_block_that_cannot_show_it_is_refused_before_it_begins(
    amplifier, training, tmp_path, until
):
    shown = {"down": Inverse(), "noise": Surrogate(seed=1)}
    with Neurofeedback(training(amplifier().source_id), data=tmp_path, shown=shown) as nfb:

        def refusal(**asked):
            with pytest.raises(NfbError) as caught:
                nfb.begin_block("training", **asked)
            return str(caught.value)

        assert refusal(shown="sham") == (
            "shown='sham': is none of own, none, down, noise; name it among the control conditions "
            "at the start, such as {'sham': Inverse()}."
        )
        assert refusal(shown="down", feedback=False) == (
            "shown='down': cannot be shown in a block without feedback; leave one of them out."
        )
        assert refusal(shown="noise") == (
            "shown='noise': is made of a baseline; record one in this session before."
        )
        with nfb.block("run", shown="down"):
            assert refusal(shown="noise") == (
                "shown='noise': is chosen within another block; choose it where the outer one "
                "begins."
            )
            with nfb.block("trial"):
                until(lambda: newest(nfb) > 50, 10, "samples")
            with nfb.block("pause", shown="none"):
                pass
        nfb.begin_baseline()
        until(lambda: newest(nfb) > 1400, 15, "a baseline")
        assert nfb.end_baseline()
        with nfb.block("noise", shown="noise"):
            before = newest(nfb)
            until(lambda: newest(nfb) > before + 250, 10, "samples")
    session = read_session(nfb.files.stem)
    check_rerun(session, nfb.configuration)
    events = session.events[session.events.trial_type.isin(["block_begin", "block_end", "shown"])]
    told = [json.loads(one) for one in events.detail]
    assert [one["shown"] for one in told if "block" in one and not one["feedback"]] == ["none"] * 2
    assert [one["shown"] for one in told if "turn" in one] == ["down", "own", "noise", "own"]
    noise = session.signals[session.signals.shown_seconds > 0].iloc[-200:]
    assert noise.shown_z.std() > 0
    assert not np.allclose(noise.shown_z, noise.trained_z)


@pytest.mark.campaign
def test_row_118_an_earlier_block_of_the_session_is_shown_again_through_two_kills(
    amplifier, training, tmp_path, until
):
    again = Replay(session="this", block="training", seconds=1.5, order="reversed")

    def kill(nfb):
        restarts = nfb.restarts
        os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        until(lambda: nfb.restarts == restarts + 1, 30, "a new worker")
        until(lambda: nfb.update() or not nfb.stale, 30, "its samples")

    def wait(nfb, samples):
        reached = newest(nfb) + samples
        until(lambda: newest(nfb) > reached, 30, f"{samples} samples")

    with Neurofeedback(
        training(amplifier().source_id), data=tmp_path, shown={"again": again}
    ) as nfb:
        until(lambda: newest(nfb) > (nfb.settle + 1) * RATE, 30, "settled filters")
        with pytest.raises(NfbError) as caught:
            nfb.begin_block("sham", shown="again")
        assert str(caught.value) == (
            "shown='again': shows block 1 of the name training of this session, and 0 of that name "
            "come before it; show it later, or set another block or first."
        )
        with nfb.block("training"):
            wait(nfb, 500)
        kill(nfb)
        with nfb.block("sham", shown="again"):
            wait(nfb, 300)
            kill(nfb)
            wait(nfb, (nfb.settle + 1) * RATE)
    session = read_session(nfb.files.stem)
    check_rerun(session, nfb.configuration)
    events, signals = session.events, session.signals.set_index("sample")
    edges = events[events.trial_type == "adaptation"]
    kept = [json.loads(detail).get("kept") for detail in edges.detail]
    begin, end = edges["sample"].iloc[kept.index(["training", 1]) :].iloc[:2]
    expected = signals.trained_z.loc[begin : end - 1].to_numpy()[::-1]
    assert len(expected) >= 500 - RATE  # a kill loses a second at most
    (first,) = events[(events.trial_type == "block_begin") & (events.value == "sham")]["sample"]
    own = signals.loc[first:]
    own = own[(own["flags"] == 0) & (own.shown_seconds > 0)]
    places = (own.shown_seconds * RATE).round().astype(int).to_numpy()
    assert len(own) > 200  # of the second after the filters have settled for the last time
    assert places.max() > 500  # past the second kill
    apart = np.abs(own.shown_z.to_numpy()[:, None] - expected[None, :])
    assert apart.min(axis=1).max() < 1e-9  # each is a value of that block
    turns = np.count_nonzero(np.diff(apart.argmin(axis=1)) != 1)
    assert turns <= 1 + len(own) // (500 - RATE)  # in its order, from its begin again at its end
    assert (own.shown_z != own.trained_z).any()


@pytest.mark.slow
def test_what_is_kept_to_be_shown_again_goes_with_a_killed_experiment(
    amplifier, training, tmp_path, until
):
    settings, temporary = tmp_path / "alpha.json", tmp_path / "temporary"
    settings.write_text(json.dumps(to_dict(training(amplifier().source_id))), "utf-8")
    temporary.mkdir()
    script = (
        "import sys, time\n"
        "from psychopy_nfb import Neurofeedback, Replay\n"
        "again = Replay(session='this', block='training', seconds=1)\n"
        "nfb = Neurofeedback(sys.argv[1], shown={'again': again}).start()\n"
        "nfb.begin_block('training')\n"
        "time.sleep(120)\n"
    )
    where = {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(settings)], env={**os.environ, **where}
    )

    def kept():
        return list(temporary.glob("psychopy_nfb_blocks_*/signals"))

    try:
        until(lambda: any(one.stat().st_size for one in kept()), 60, "samples that are kept")
    finally:
        process.kill()
        process.wait()
    until(lambda: not list(temporary.glob("psychopy_nfb_blocks_*")), 20, "the folder to go")
