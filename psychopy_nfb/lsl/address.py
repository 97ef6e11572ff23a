"""Where a stream of this computer was found, so that another process opens it without a search.

LSL hands over what has answered a search half a second after it asked. Who knows where the stream
is needs no search; of one that is gone, the connection is refused at once.
"""

from __future__ import annotations

import ctypes
import xml.etree.ElementTree as ET

import pylsl
from pylsl.lib import lib

from psychopy_nfb.lsl.find import is_remote

THIS_COMPUTER = "127.0.0.1"
PORTS = ("v4data_port", "v4service_port")


def address_of(found: pylsl.StreamInfo) -> str:
    """Return where a stream is, for `stream_at`; empty if it is not known to others.

    That is so of a stream of another computer, whose address LSL does not tell, and of one that has
    no IPv4 ports.

    Parameters
    ----------
    found : pylsl.StreamInfo
        As the search gave it.
    """
    if is_remote(found):
        return ""
    try:
        info = ET.fromstring(found.as_xml())
    except ET.ParseError:  # a name with control characters
        return ""
    if not all(int(info.findtext(port) or 0) for port in PORTS):
        return ""
    place = info.find("v4address")
    if place is None:
        place = ET.SubElement(info, "v4address")
    place.text = THIS_COMPUTER
    return ET.tostring(info, encoding="unicode")


def stream_at(address: str) -> pylsl.StreamInfo | None:
    """Return the stream that was at an `address_of`; it may have gone. None without an address."""
    read = getattr(lib, "lsl_streaminfo_from_xml", None)
    if not address or read is None:
        return None
    read.restype, read.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    handle = read(address.encode())
    return pylsl.StreamInfo(handle=handle) if handle else None
