from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display.frame_log import FrameWriter
from psychopy_nfb.display.photodiode_patch import CODE_LENGTH, PhotodiodePatch, code_bit, sequence
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import value_names

VALUE_NAMES = value_names(["trained"])

FRAMES = 60
BACKGROUND = (10, 60, 110)


def test_any_16_bits_of_the_code_occur_once():
    bits = sequence().astype(np.int64)
    ring = np.concatenate([bits, bits[:15]])
    windows = sum(ring[place : place + CODE_LENGTH] << place for place in range(16))
    assert len(np.unique(windows)) == CODE_LENGTH == 65535


def test_code_bit_goes_round():
    assert [code_bit(n) for n in range(16, 40)] == list(sequence()[16:40])
    assert code_bit(CODE_LENGTH + 20) == code_bit(20)


def shown(patch, frame):
    """Return the patch's pixels and the others."""
    left, bottom, width, height = patch.box
    top = frame.shape[0] - bottom - height
    inside = np.zeros(frame.shape[:2], dtype=bool)
    inside[top : top + height, left : left + width] = True
    return frame[inside], frame[~inside]


@pytest.mark.display
@pytest.mark.parametrize("mode", ["code", "pairs", "toggle", "value", "event"])
def test_row_053_patch_on_the_screen_is_the_patch_in_the_log(open_window, grab, mode):
    window = open_window(color=BACKGROUND, colorSpace="rgb255")
    patch = PhotodiodePatch(window, mode, size=20, position="top-left", levels=(0.1, 0.9))
    block = SharedBlock.create(VALUE_NAMES)
    writer = FrameWriter(
        window,
        block.frames,
        1 / 60,
        None,
        patch,
        lambda *_: None,
        block.feedback.layout,
        "trained_value",
    )
    values = 0.5 + 0.5 * np.sin(np.arange(FRAMES) / 7)
    seen = []
    try:
        for number, value in enumerate(values):
            writer.queue(None, 0.0, 0.0)
            if number in (5, 30):
                patch.trigger()
            patch.draw(value)
            frame = grab(window)
            pixels, others = shown(patch, frame)
            assert (others == BACKGROUND).all()
            assert len(pixels) == 20 * 20
            assert (pixels == pixels[0, 0]).all()
            seen.append(pixels[0, 0] / 255)
            window.flip()
        place = block.frames.layout.place("patch")
        logged = [record[place] for record in block.frames.since(0)]
    finally:
        writer.detach()
        block.close()
    assert logged == seen
    steps = {
        "code": sequence()[:FRAMES],
        "pairs": np.repeat(sequence(), 2)[:FRAMES] ^ (np.arange(FRAMES) % 2),
        "toggle": np.arange(FRAMES) % 2,
        "value": values,
        "event": np.isin(np.arange(FRAMES), [5, 6, 7, 30, 31, 32]),
    }[mode]
    assert seen == pytest.approx(0.1 + 0.8 * steps, abs=0.5 / 255)


@pytest.mark.display
def test_frame_without_the_patch_has_no_level(open_window, grab):
    window = open_window(color=BACKGROUND, colorSpace="rgb255")
    patch = PhotodiodePatch(window)
    assert np.isnan(patch.level)
    patch.draw()
    assert patch.level == 1.0
    window.flip()
    assert np.isnan(patch.level)
    assert (grab(window) == BACKGROUND).all()


@pytest.mark.display
@pytest.mark.parametrize(
    ("settings", "box"),
    [
        ({"size": 20, "position": "top-left"}, (0, 220, 20, 20)),
        ({"size": 20, "position": "bottom-right"}, (300, 0, 20, 20)),
        ({"size": 20, "position": (-100, 50)}, (50, 160, 20, 20)),
        ({"size": 0.1, "position": (0.5, 0.25), "units": "height"}, (268, 168, 24, 24)),
        ({"position": "bottom-left"}, (0, 0, 15, 15)),
    ],
)
def test_row_053_patch_has_the_place_and_size_asked_for(open_window, grab, settings, box):
    window = open_window()
    patch = PhotodiodePatch(window, "toggle", levels=(1, 0), **settings)
    patch.draw()
    white = grab(window).all(axis=2)
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    left, bottom, width, height = box
    assert (columns[0], 239 - rows[-1], len(columns), len(rows)) == box
    assert white.sum() == width * height


@pytest.mark.display
def test_mirrored_window_leaves_the_patch_under_the_sensor(open_window, grab):
    window = open_window(viewScale=(-1, 1))
    patch = PhotodiodePatch(window, position="bottom-right")
    window.flip()
    patch.draw()
    assert grab(window)[-1, -1].all()


@pytest.mark.display
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": "blink"}, "mode='blink'.*'toggle'"),
        ({"position": "centre"}, "position='centre'.*'top-left'"),
        ({"position": (155, 0), "size": 20}, "outside the window"),
        ({"levels": (0, 2)}, r"levels\[1\]=2"),
        ({"levels": (1, 1)}, "must differ"),
        ({"size": 900}, "fit into the window"),
    ],
)
def test_what_cannot_be_drawn_is_refused(open_window, settings, said):
    with pytest.raises(SettingsError, match=said):
        PhotodiodePatch(open_window(), **settings)
