"""The page of the signal check fits, whatever the window and however many the channels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from psychopy_nfb.display.channel_layout import lay_out
from psychopy_nfb.display.fault_list import fault_list
from psychopy_nfb.display.head_map import electrodes, on_map
from psychopy_nfb.display.letters import Text, width_of
from psychopy_nfb.dsp.channel_verdict import REMEDIES, ChannelVerdict
from psychopy_nfb.dsp.montage import STANDARD_POSITIONS

SIZES = [(800, 600), (1024, 768), (1920, 1080), (1080, 1920), (3840, 2160)]
COUNTS = [1, 4, 8, 32, 64, 128, 256]


def labels(count):
    return [*STANDARD_POSITIONS, *(f"E{number}" for number in range(200))][:count]


def overlap(one, other):
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 1e-6
        and min(one[3], other[3]) - max(one[1], other[1]) > 1e-6
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_everything_is_within_the_window_and_nothing_overlaps(size, count):
    page = lay_out(size, labels(count), has_head=count > 3)
    assert len(page.cells) == count
    parts = [page.title, page.state, page.note, page.faults]
    parts += [] if page.head is None else [page.head]
    for box in (*parts, *page.columns, *(cell.box for cell in page.cells)):
        assert box[0] >= -size[0] / 2
        assert box[2] <= size[0] / 2
        assert box[1] >= -size[1] / 2
        assert box[3] <= size[1] / 2
        assert box[0] < box[2]
        assert box[1] < box[3]
    for one, other in itertools.combinations((*parts, *page.columns), 2):
        assert not overlap(one, other)
    for one, other in itertools.combinations([cell.box for cell in page.cells], 2):
        assert not overlap(one, other)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_the_dot_is_beside_its_label_and_each_text_fits(size, count):
    page = lay_out(size, labels(count), has_head=True)
    assert page.small >= 6
    for label, cell in zip(labels(count), page.cells, strict=True):
        half = 0.5 * page.small
        assert cell.box[0] <= cell.dot[0] - half < cell.dot[0] + half <= cell.label[0]
        assert cell.label[0] - cell.dot[0] < 1.5 * page.small
        assert cell.label[1] < cell.dot[1] < cell.label[3]
        assert cell.label[2] <= cell.number[0]
        assert cell.number[2] <= cell.trace[0]
        assert width_of(label, page.small, True) <= cell.label[2] - cell.label[0] + 1
        assert width_of(">999", page.small, True) <= cell.number[2] - cell.number[0] + 1
        assert cell.trace[2] - cell.trace[0] >= 2 * page.small
        assert cell.trace[2] <= cell.box[2]
        assert cell.trace[1] >= cell.box[1]


@pytest.mark.parametrize("side", [150, 400])
@pytest.mark.parametrize("count", [4, 19, 72])
def test_electrodes_are_where_they_are_on_a_head_and_their_labels_do_not_overlap(side, count):
    box = (-side / 2, -side / 2, side / 2, side / 2)
    names = [*("Cz", "T7", "T8", "Oz"), *STANDARD_POSITIONS]
    names = list(dict.fromkeys(names))[:count]
    spots = on_map({name: STANDARD_POSITIONS[name] for name in names}, box)
    assert np.hypot(*spots["Cz"]) < 0.05 * side
    assert spots["T7"][0] < -0.3 * side
    assert abs(spots["T7"][1]) < 0.02 * side
    assert spots["T8"][0] > 0.3 * side
    assert spots["Oz"][1] < -0.3 * side
    signs = dict.fromkeys(names, ("●", "#FFFFFF"))
    shown = electrodes(spots, signs, ["T8"], box, small=11)
    written = [one for one in shown if isinstance(one, Text) and one.text in names]
    assert "T8" in [one.text for one in written]
    for one, other in itertools.combinations([one.box for one in written], 2):
        assert not overlap(one, other)
    for one in written:
        assert max(map(abs, one.box)) <= side / 2


def test_faults_for_which_there_is_no_room_are_counted():
    """A small page, and more faults than it has room for."""
    faults = list(REMEDIES)
    verdicts = [
        ChannelVerdict(f"E{number}", 10.0, fault, 1.0 + number)
        for number, fault in enumerate(faults)
    ]
    box = lay_out((800, 600), labels(64), has_head=True).faults
    whole = fault_list(verdicts, (0.0, -5000.0, 300.0, 5000.0), 16)
    small = fault_list(verdicts, (box[0], box[3] - 120, box[2], box[3]), 16)
    assert all(one.box[1] >= box[3] - 120 for one in small)
    named = sum(any(f"E{number}" in one.text for one in small) for number in range(len(faults)))
    assert 0 < named < len(faults)
    said = " ".join(one.text for one in small)
    assert f"{len(faults) - named} more channels are bad" in said
    assert "more channels" not in " ".join(one.text for one in whole)
