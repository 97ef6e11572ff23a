"""What is sealed opens as it was for the key, and for nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import SHOWN, value_name, value_names
from psychopy_nfb.recording.proofs import Watched, changed_files
from psychopy_nfb.recording.sealed_file import SealedFile, read_sealed
from psychopy_nfb.recording.sealing import new_key_pair
from psychopy_nfb.recording.tables import FRAME_COLUMNS

NAMES = value_names(["alpha"], shown=True)
FLUSHES = 5


def event(label, sample, **detail):
    return {
        "onset": sample / 10,
        "duration": 0.0,
        "trial_type": label,
        "value": None,
        "sample": sample,
        "t": 10 + sample / 10,
        "detail": detail,
    }


def write(path, public, arm, events=(), parts=1):
    """Write a sealed file with the same samples and frames for everybody; return what is left."""
    seal = {"public": public.hex(), "about": "study sub-01", "facts": {"arm": arm}}
    seen = []
    for part in range(parts):
        file = SealedFile(path, seal, NAMES, append=part > 0)
        for flush in range(FLUSHES):
            samples = np.arange(10) + 10 * (flush + FLUSHES * part)
            values = samples[:, None] + np.arange(len(NAMES)) / 100
            seen.append(file.signals(values, samples))
            frame = [float(samples[0])] * (len(FRAME_COLUMNS) + len(NAMES))
            file.frames([tuple(frame)], after=-1)
            for one in events if flush == 0 else ():
                file.event(one, "test", None)
            file.flush()
        file.close(ends=part == parts - 1)
    return np.concatenate(seen)


def test_where_arms_differ_in_their_lag_a_frame_tells_no_sample_until_it_is_opened(tmp_path):
    private, public = new_key_pair()
    path = tmp_path / "a_sealed.bin"
    seal = {"public": public.hex(), "about": "study sub-01", "facts": {}, "lag": True}
    file = SealedFile(path, seal, NAMES)
    n = len(FRAME_COLUMNS) + len(NAMES)
    rows = [tuple(frame + place / 100 for place in range(n)) for frame in (0.0, 1.0)]
    (_, seen) = file.frames(rows, after=0)
    named = dict(zip((*FRAME_COLUMNS, *file.visible), seen, strict=True))
    told = {name for name, value in named.items() if value == value}
    assert told == {
        *("frame", "t_read", "t_flip", "delay", "interval", "dropped", "patch", "mark", "block")
    }
    begun = event("block_begin", 3, block=1, lag={"hold": 0.3})
    assert file.event(begun, "test", None) == (True, {"block": 1})
    file.close()
    opened = read_sealed(path, private, "study sub-01")
    (row,) = opened.frames  # that after the first
    whole = dict(zip((*FRAME_COLUMNS, *NAMES), rows[1], strict=True))
    assert dict(zip(opened.frame_names, row[1:], strict=True)) == {
        name: value for name, value in whole.items() if name not in told
    }
    assert opened.events[0]["adds"] == {"lag": {"hold": 0.3}}


def test_what_is_shown_is_left_out_and_opens_as_it_was(tmp_path):
    private, public = new_key_pair()
    path = tmp_path / "a_sealed.bin"
    hidden = [
        event("shown", 3, shown="sham", turn=0),
        event("block_begin", 3, block=1, shown="sham"),
    ]
    seen = write(path, public, "sham", hidden, parts=2)
    assert seen.shape == (100, len(NAMES) - 12)
    content = path.read_bytes()
    assert b"sham" not in content
    opened = read_sealed(path, private, "study sub-01")
    assert opened.complete
    assert opened.facts == {"arm": "sham"}
    assert opened.names[0] == value_name(SHOWN, "value")
    place = NAMES.index("shown_value")
    assert np.array_equal(opened.signals[:, 0], np.arange(100.0))
    assert np.array_equal(opened.signals[:, 1], np.arange(100) + place / 100)
    assert opened.frame_names[0] == "shown"
    assert np.array_equal(opened.frames[:, 0], 10.0 * np.arange(10))
    shown, adds = opened.events[:2]
    assert (shown["trial_type"], shown["detail"]) == ("shown", {"shown": "sham", "turn": 0})
    assert (adds["trial_type"], adds["adds"]) == ("block_begin", {"shown": "sham"})


def test_its_size_is_the_same_in_each_arm(tmp_path):
    _, public = new_key_pair()
    sizes = set()
    for arm, n in (("real", 0), ("sham", 3), ("a_sham_of_a_long_name", 200)):
        events = [event("sound", sample, why="a reward") for sample in range(n)]
        write(tmp_path / arm, public, arm, events)
        sizes.add((tmp_path / arm).stat().st_size)
    assert len(sizes) == 1


@pytest.mark.parametrize("change", ["a bit", "a record", "another study", "another key"])
def test_what_was_changed_opens_for_nobody(tmp_path, change):
    private, public = new_key_pair()
    path = tmp_path / "a_sealed.bin"
    write(path, public, "sham")
    about = "study sub-01"
    content = bytearray(path.read_bytes())
    if change == "a bit":
        content[20_000] ^= 1
    elif change == "a record":
        (length,) = np.frombuffer(content[42:46], "<u4")
        del content[41 : 46 + length]
    elif change == "another study":
        about = "study sub-02"
    else:
        private, _ = new_key_pair()
    path.write_bytes(content)
    with pytest.raises(FileError, match="nothing of it is opened"):
        read_sealed(path, private, about)


def test_what_a_kill_has_torn_opens_up_to_there(tmp_path):
    private, public = new_key_pair()
    path = tmp_path / "a_sealed.bin"
    write(path, public, "sham")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    opened = read_sealed(path, private, "study sub-01")
    assert not opened.complete
    assert np.array_equal(opened.signals[:, 0], np.arange(50.0))


def test_a_change_in_a_visible_file_is_known_of(tmp_path):
    private, public = new_key_pair()
    paths = [tmp_path / name for name in ("eeg", "events", "frames")]
    seal = {"public": public.hex(), "about": "study sub-01", "facts": {}}
    for part in range(2):  # the second process cuts off what the first has ended with
        files = [open(path, "ab" if part else "xb") for path in paths]
        if part:
            files[0].truncate(files[0].tell() - 3)
        sealed = SealedFile(tmp_path / "a_sealed.bin", seal, NAMES, append=part > 0)
        sealed.watch(Watched(paths, appended=part > 0))
        for flush in range(3):
            for file in files:
                file.write(b"row %d of part %d\n" % (flush, part))
                file.flush()
            sealed.flush()
        files[0].write(b"END")
        for file in files:
            file.close()
        sealed.close(ends=part > 0)
    opened = read_sealed(tmp_path / "a_sealed.bin", private, "study sub-01")
    assert changed_files(opened.proofs, paths) == []
    paths[2].write_bytes(paths[2].read_bytes() + b"frames that came after the last flush\n")
    assert changed_files(opened.proofs, paths) == []
    content = bytearray(paths[0].read_bytes())
    content[5] ^= 1
    paths[0].write_bytes(content)
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    assert changed_files(opened.proofs, paths) == paths[:2]
