"""Streams that are alike are told apart, and the sentence names what tells them apart."""

from __future__ import annotations

import ctypes

import pylsl
import pytest
from pylsl.lib import lib

from psychopy_nfb.lsl.describe import describe_all, how_to_choose
from psychopy_nfb.lsl.streams import stream_table


def stream(name="Amp", kind="EEG", source_id="a", hostname="lab-1", uid="u1"):
    """Return a stream as it is found on the network: only such a one has machine and uid."""
    text = pylsl.StreamInfo(name, kind, 8, 250, "float32", source_id).as_xml()
    for tag, value in (("hostname", hostname), ("uid", uid)):
        text = text.replace(f"<{tag} />", f"<{tag}>{value}</{tag}>")
        text = text.replace(f"<{tag}></{tag}>", f"<{tag}>{value}</{tag}>")
    lib.lsl_streaminfo_from_xml.restype = ctypes.c_void_p
    return pylsl.StreamInfo(handle=lib.lsl_streaminfo_from_xml(text.encode()))


@pytest.mark.parametrize(
    ("one", "other", "named", "remedy"),
    [
        ({}, {"source_id": "b"}, [], "add the source_id"),
        ({"source_id": ""}, {"source_id": "", "kind": "Gyro"}, [], "add the type"),
        ({"source_id": ""}, {"source_id": "", "name": "B"}, [], "add the name"),
        ({}, {"hostname": "lab-2"}, ["machine 'lab-1'", "machine 'lab-2'"], "add the machine"),
        ({}, {"uid": "u2"}, ["uid 'u1'", "uid 'u2'"], "sends twice. Close one"),
    ],
)
def test_two_streams_are_told_apart_by_what_differs(one, other, named, remedy):
    pair = [stream(**one), stream(**other)]
    told = describe_all(pair)
    assert told[0] != told[1]
    assert all(words in text for words, text in zip(named, told, strict=False))
    assert remedy in how_to_choose(pair)
    table = stream_table(pair)
    assert table[1] != table[2]
    assert ("uid" in table[0]) == (remedy.startswith("sends twice"))


def test_three_streams_of_two_kinds_are_told_apart_by_what_the_equal_ones_need():
    three = [stream(), stream(hostname="lab-2"), stream(source_id="c")]
    told = describe_all(three)
    assert [("machine" in text) for text in told] == [True, True, False]
    assert "machine" in how_to_choose(three)
