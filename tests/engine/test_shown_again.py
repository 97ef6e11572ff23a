"""Earlier blocks of the running session that are shown again, offline: by hand, however cut."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.course import course, read_plan
from psychopy_nfb.course.fit import check_again
from psychopy_nfb.dsp import WCFIR, Decimate, Flags, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration, build_configuration
from psychopy_nfb.engine.kept_blocks import KeptBlocks
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Replay, Reward, Signal, Yoked
from psychopy_nfb.settings import to_dict

RATE = 100.0
INFO = SignalInfo(RATE, ("A", "B"))
AGAIN = {"session": "this", "block": "training", "seconds": 3.0, "seed": 4}


def training(source, *steps):
    """Return A, which is trained, with the source `again`."""
    signal = Signal(
        Pipeline([Pick(["A"]), *steps]),
        normalise="none",
        threshold=10.0,
        display_range=(0, 20),
        display_hold=None,
    )
    return Configuration(
        signals={"a": signal}, reward=Reward(dwell=0.0), shown={"again": Replay(**source)}
    )


def samples(n=1600, seed=1):
    random = np.random.default_rng(seed)
    return 20 * random.random((n, 2))


def edge(sample, kept):
    detail = {"training": kept is not None, "edge": "begin" if kept else "end"}
    return (sample, "adaptation", detail | ({} if kept is None else {"kept": list(kept)}))


def show(at, turn=0):
    return (at, "shown", {"shown": "again", "turn": turn})


def run(configuration, commands, eeg=None, chunk=1000):
    eeg = samples() if eeg is None else eeg
    values, flags = run_offline(configuration, eeg, INFO, commands, chunk=chunk)
    return dict(zip(configuration.value_names, values.T, strict=True)), flags


TWO_BLOCKS = [edge(100, ("training", 1)), edge(400, None), edge(450, ("training", 2))]


@pytest.mark.row(42)
@pytest.mark.parametrize("chunk", [1, 7, 50, 1000])
def test_row_118_an_earlier_block_of_this_session_is_shown_from_a_drawn_place_on(chunk):
    configuration = training(AGAIN)
    found, _ = run(configuration, [*TWO_BLOCKS, edge(900, None), show(1000)], chunk=chunk)
    share = configuration.shown["again"].lots(0).random()
    expected = np.roll(samples()[100:400, 0], -int(share * 300))
    assert 0 < int(share * 300) < 300
    assert (found["shown_z"][1000:1300] == expected).all()
    assert (found["shown_z"][1300:1600] == expected).all()  # once more
    assert (found["shown_beyond"][1000:1300] == (expected >= 10)).all()
    gained = np.flatnonzero(np.diff(found["shown_hits"]) > 0) + 1
    gained = gained[gained >= 1000]
    assert len(gained) > 5
    assert (found["shown_z"][gained] >= 10).all()
    assert (found["a_z"] == samples()[:, 0]).all()  # the own one is computed beside it


def test_row_118_the_second_block_of_a_name_or_a_later_one_can_be_chosen():
    reversed_one = {**AGAIN, "order": "reversed", "first": 2, "blocks": 1}
    found, _ = run(training(reversed_one), [*TWO_BLOCKS, edge(900, None), show(1000)])
    assert (found["shown_z"][1000:1450] == samples()[900 - 1 : 450 - 1 : -1, 0]).all()
    by_turns = {**AGAIN, "order": "reversed", "blocks": 2}
    commands = [*TWO_BLOCKS, edge(900, None), show(1000, 1), show(1200, 2)]
    found, _ = run(training(by_turns), commands)
    assert (found["shown_z"][1000:1200] == samples()[899:699:-1, 0]).all()
    assert (found["shown_z"][1200:1400] == samples()[399:199:-1, 0]).all()


def test_row_118_a_block_that_a_killed_worker_left_goes_on_in_its_successor():
    """Kept before the kill, and one that is open then: both are there, without a hole."""
    source = {**AGAIN, "order": "reversed", "blocks": 2}
    commands = [
        *TWO_BLOCKS,
        (600, "worker_restarted", {}),
        edge(600, ("training", 2)),
        edge(900, None),
        show(1000),
        (1100, "worker_restarted", {"shown": {"source": "again", "turn": 0, "at": 100}}),
        show(1300, 1),
    ]
    found, flags = run(training(source), commands)
    assert (found["shown_z"][1000:1300] == samples()[399:99:-1, 0]).all()
    assert (found["shown_z"][1300:1600] == samples()[899:599:-1, 0]).all()
    assert np.flatnonzero(flags & int(Flags.GAP)).tolist() == [600, 1100]
    at = 1300 + 299  # where the sample after the gap comes again: the display is held, too
    assert found["shown_value"][at] == found["shown_value"][at - 1]
    assert found["shown_value"][at - 1] != found["shown_value"][at - 2]


def test_row_118_after_another_baseline_the_block_passes_through_the_filters_of_then():
    n = 3000
    t = np.arange(n + 400) / RATE
    random = np.random.default_rng(3)
    eeg = np.cumsum(random.standard_normal((len(t), 2)), axis=0)
    eeg[:, 0] += 10 * np.sin(2 * np.pi * 10 * t) * (t % 3)
    source = {**AGAIN, "order": "reversed"}
    steps = [WCFIR((8.0, 12.0), delay=0.1), Decimate(2)]
    commands = [
        edge(1500, ("training", 1)),
        edge(1900, None),
        (2000, "baseline_begin", {"label": "rest"}),
        (n, "baseline_end", {}),
        show(n),
    ]
    found, _ = run(training(source, *steps), commands, eeg)
    processor = Processor(training(source, *steps), INFO)
    processor.process(eeg[:2000])
    processor.begin_baseline()
    processor.process(eeg[2000:n])
    processor.end_baseline()
    fitted = build_configuration(to_dict(processor.configuration))
    afresh, _ = run(fitted, [], eeg[500:1900])
    before, _ = run(training(source, *steps), [], eeg[500:1900])
    expected = afresh["a_z"][500:][::-1]
    assert found["shown_z"][n // 2 :] == pytest.approx(expected, abs=1e-9)
    assert np.abs(expected - before["a_z"][500:][::-1]).max() > 0.1


def test_what_was_kept_in_a_folder_is_cut_where_the_files_end(tmp_path):
    """The last samples of a dead worker are not in its files, and no rerun has them."""
    source = Replay(**AGAIN)
    eeg = samples(300)
    kept = KeptBlocks([source], ["a"], INFO, learns=True, folder=tmp_path)
    kept.begin(("other", 1))
    kept.take(eeg[:100], 0, np.arange(100), [eeg[:100, 0]], [np.zeros(100, np.uint32)])
    kept.begin(("training", 1))
    kept.take(eeg[100:], 100, np.arange(200), [eeg[100:, 0]], [np.zeros(200, np.uint32)])
    later = KeptBlocks([source], ["a"], INFO, learns=True, folder=tmp_path)
    kept.close()
    later.go_on(250)
    assert (later.series(source, 0).signals["a"] == eeg[100:250, 0]).all()
    with pytest.raises(SettingsError) as caught:
        later.series(Replay(**AGAIN, first=2), 0)
    assert str(caught.value) == (
        "block='training': has nothing of its number 2 in this session to show; show it after "
        "that block."
    )
    later.close()


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (
            {"repeats": 2},
            "block 3 (sham).shown='again': shows block 3 of the name training of this session, "
            "and 2 of that name come before it; show it later, or set another block or first.",
        ),
        (
            {"repeats": 3, "seconds": 2},
            "block 4 (sham).shown='again': shows block 3 of the name training of this session for "
            "3 s, and that lasts 2.0 s; choose a longer block, or set fewer seconds.",
        ),
        (
            {"repeats": 3, "until": {"rewards": 5}},
            "block 4 (sham).shown='again': shows block 3 of the name training again, which its "
            "until may end before its time; leave that out.",
        ),
    ],
)
def test_a_plan_that_shows_a_block_again_too_early_is_refused(block, sentence):
    again = {"label": "sham", "seconds": 3, "shown": "again"}
    plan = read_plan({"blocks": [{"label": "training", "seconds": 3, **block}, again]})
    sources = {"again": Replay(**AGAIN, first=3)}
    with pytest.raises(SettingsError) as caught:
        check_again(course(plan, 1), sources)
    assert str(caught.value) == sentence


def test_a_yoked_session_is_never_the_one_that_runs():
    with pytest.raises(SettingsError) as caught:
        Yoked(session="this", block="training", seconds=3.0)
    assert str(caught.value) == (
        "session='this': is the one that runs, and a yoked one is another person's; use Replay to "
        "show an earlier block of this session."
    )


def test_row_118_a_successor_with_the_files_of_a_dead_worker_shows_what_a_rerun_shows(tmp_path):
    """The dead one had 30 samples more than the session's files; a rerun never had them."""
    source, eeg = {**AGAIN, "order": "reversed"}, samples()
    dead = Processor(training(source), INFO, folder=tmp_path)
    dead.process(eeg[:100])
    dead.keep_block(("training", 1))
    dead.process(eeg[100:400])
    dead.keep_block(None)
    dead.process(eeg[400:500])
    dead.shown.show("again")
    dead.process(eeg[500:630])
    later = Processor(training(source), INFO, folder=tmp_path)
    later.n_samples = 600
    later.gap()
    later.shown.kept.go_on(600)
    later.shown.restore({"shown": {"source": "again", "turn": 0, "at": 100}})
    values = later.process(eeg[600:900]).values
    dead.shown.close()
    later.shown.close()
    restarted = {"shown": {"source": "again", "turn": 0, "at": 100}}
    commands = [
        edge(100, ("training", 1)),
        edge(400, None),
        show(500),
        (600, "worker_restarted", restarted),
    ]
    again, _ = run_offline(training(source), eeg[:900], INFO, commands)
    at = training(source).value_names.index("shown_z")
    assert (values[:, at] == again[600:, at]).all()
    assert (values[:200, at] == eeg[299:99:-1, 0]).all()
