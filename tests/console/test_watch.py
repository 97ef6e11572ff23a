"""What the page says of frames, lag and success is what the report says of the same session."""

from __future__ import annotations

import re

import pytest

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.console.watch import Watch
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import FrameFields

NAN = float("nan")
STATE = {
    "lag_sealed": False,
    "signals": {"alpha": {"direction": "up", "role": "reward"}},
    "blocks": [{"number": 1, "feedback": True}],
}


@pytest.fixture
def block():
    """Return shared memory as an experiment makes it."""
    made = SharedBlock.create(value_names(["alpha"]))
    yield made
    made.close()


@pytest.fixture
def watch(block):
    """Return what follows it."""
    attached = Watch(block.name)
    yield attached
    attached.close()


def show(block, number, *, old=0.0, network=None):
    """Write a frame: 10 ms to the worker, 1 ms to publish, then the network, 5 ms, 4 ms."""
    t_received = lsl_now()
    t_published = t_received + 0.001
    t_arrived = NAN if network is None else t_published + network
    t_read = t_published + (network or 0.0) + 0.005
    fields = FrameFields(
        frame=number,
        t_sample=t_received - 0.010 - old,
        t_received=t_received,
        t_published=t_published,
        t_arrived=t_arrived,
        t_read=t_read,
        t_flip=t_read + 0.004,
        seq=number + 1,
        sample=number,
        delay=0.1,
        wanted_lag=NAN,
        flags=0,
        interval=1 / 60,
        dropped=0,
        patch=NAN,
        shown=0.5,
        mark=0,
        block=1,
    )
    block.frames.write(*fields, *[0.0] * len(block.value_names))


OWN = {"processing": 100.0, "arrival": 10.0, "published": 1.0, "read": 5.0, "flip": 4.0}


@pytest.mark.parametrize("network", [None, 0.020])
def test_row_129_the_network_has_a_part_of_the_lag_of_its_own(block, watch, network):
    for number in range(30):
        show(block, number, network=network)
    watch.look(STATE)
    wanted = OWN if network is None else OWN | {"network": 20.0}
    assert watch.stages() == pytest.approx(wanted, abs=1e-6)
    assert watch.lags() == pytest.approx([sum(wanted.values())] * 30, abs=1e-6)


def test_of_stamps_of_another_clock_no_lag_is_told(block, watch):
    for number in range(30):
        show(block, number, old=40_000.0)
    watch.look(STATE)
    assert watch.stages() == {}
    assert len(watch.lags()) == 0


def test_samples_without_a_baseline_are_no_attempt(block, watch):
    beyond = dict.fromkeys(block.value_names, 0.0) | {"alpha_z": 1.0, "alpha_threshold": 0.5}
    now = lsl_now()
    for number, flags in enumerate([Flags.UNCALIBRATED] * 10 + [0] * 10):
        t = now + number / 250
        fields = (t, t, t, NAN, 0.1, number, int(flags))
        block.feedback.write(*fields, *beyond.values())
    watch.look(STATE)
    assert watch.success == 1.0
    assert watch.block_success() == {1: 1.0}


def tile(html, name):
    """Return the number and the small print of a tile."""
    return re.search(f">{name}</span><b>(.*?)</b><small>(.*?)</small>", html).groups()


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.parametrize(
    ("pace", "told"),
    [(None, ("–", "not known: no frame period")), (60, (r"\d+", "in the session"))],
)
def test_dropped_frames_are_not_counted_without_a_frame_period(
    nfb, announced, open_window, until, pace, told
):
    pytest.importorskip("bokeh")
    from psychopy_nfb.console import words
    from psychopy_nfb.console.desk import Desk

    desk = Desk(announced()[1])
    assert tile(words.tiles(desk), "dropped frames") == ("–", "in the session")
    nfb.attach(open_window(), pace=pace)
    for _ in nfb.frames(1.0):
        pass
    until(lambda: (desk.state["frame_period"] is not None) == bool(pace), 10, "the frame period")
    desk.look()
    number, small = tile(words.tiles(desk), "dropped frames")
    assert re.fullmatch(told[0], number)
    assert small == told[1]
    assert (desk.values()["dropped"] is None) == (pace is None)
    desk.close()


@pytest.mark.slow
def test_a_signal_made_by_a_formula_has_no_unit_on_the_page(amplifier, training, announced):
    pytest.importorskip("bokeh")
    from psychopy_nfb import Neurofeedback
    from psychopy_nfb.console import words
    from psychopy_nfb.console.desk import Desk
    from psychopy_nfb.dsp import CFIR, Expression, Pick, Pipeline

    steps = [Pick(["Oz", "Pz"]), CFIR((8.0, 12.0), delay=0.1), Expression("Oz / Pz")]
    settings = training(amplifier().source_id, pipeline=Pipeline(steps), threshold=1.0)
    with Neurofeedback(settings) as nfb:
        desk = Desk(announced()[1])
        while not desk.watch.newest:
            desk.look()
        assert "µV" not in words.signals(desk)
        assert nfb.configuration.signals["trained"].normalise == "none"
        desk.close()
