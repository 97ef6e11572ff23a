"""Streams on the network: which are there, and the one that is meant."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Sequence

import pylsl

from psychopy_nfb.checks import check_channels
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.errors import SettingsError, StreamError
from psychopy_nfb.lsl.selection import StreamSelection

SECOND_MATCH_SECONDS = 0.1
"""After the first match, how long another may take before the first counts as the only one. LSL
hands over what has answered every 0.5 s, so that streams of one network come together."""
LOOK_SECONDS = 0.01

MICROVOLTS_PER_UNIT = {
    "uv": 1.0,
    "µv": 1.0,
    "μv": 1.0,
    "microvolt": 1.0,
    "microvolts": 1.0,
    "mv": 1e3,
    "millivolt": 1e3,
    "millivolts": 1e3,
    "v": 1e6,
    "volt": 1e6,
    "volts": 1e6,
    "nv": 1e-3,
    "nanovolt": 1e-3,
    "nanovolts": 1e-3,
}


def list_streams(timeout: float = 1.0) -> list[pylsl.StreamInfo]:
    """Return every stream that answers within `timeout` seconds, ordered by type and name."""
    found = pylsl.resolve_streams(timeout)
    return sorted(found, key=lambda info: (info.type(), info.name(), info.source_id()))


def describe(info: pylsl.StreamInfo) -> str:
    """Return one stream in a few words.

    Examples
    --------
    >>> describe(pylsl.StreamInfo("Amp", "EEG", 32, 500, "float32", "amp-1"))
    "'Amp' (EEG, 32 channels, 500 Hz, source_id 'amp-1')"
    """
    rate = info.nominal_srate()
    pace = f"{rate:g} Hz" if rate else "irregular"
    n = info.channel_count()
    channels = f"{n} channel{'s' if n != 1 else ''}"
    return f"'{info.name()}' ({info.type()}, {channels}, {pace}, source_id '{info.source_id()}')"


def is_remote(info: pylsl.StreamInfo) -> bool:
    """Return whether a stream comes from another machine; names of machines know no case."""
    return info.hostname().casefold() != socket.gethostname().casefold()


def network_remedy(system: str = sys.platform) -> str:
    """Return how to let LSL's streams through to this program, in words that follow a colon.

    Examples
    --------
    >>> network_remedy("linux")
    'let Python through the firewall (UDP 16571, TCP and UDP 16572-16604) and switch off a VPN that
    blocks multicast'
    """
    firewall = "let Python through the firewall (UDP 16571, TCP and UDP 16572-16604)"
    if system == "darwin":  # since macOS 15 each program needs the permission
        firewall += (
            ", allow PsychoPy, or Terminal if you start it from there, in System Settings > "
            "Privacy & Security > Local Network"
        )
    return f"{firewall} and switch off a VPN that blocks multicast"


def find_stream(selection: StreamSelection) -> pylsl.StreamInfo:
    """Return the one stream that matches `selection`.

    Raises
    ------
    StreamError
        If none answers within ``selection.timeout`` (the message names those that are there), or
        if more than one matches.
    """
    found = _resolve(selection.query(), selection.timeout)
    if not found:
        there = list_streams(0.5)
        others = "; streams found: " + ", ".join(map(describe, there)) if there else ""
        hint = others or (
            "; no LSL stream at all was found. Switch on the LSL output of the amplifier's "
            f"program. If it is on: {network_remedy()}"
        )
        raise StreamError(
            "stream", str(selection), f"no such stream within {selection.timeout:g} s{hint}"
        )
    if len(found) > 1:
        raise StreamError(
            "stream",
            str(selection),
            f"{len(found)} streams match: {', '.join(map(describe, found))}; "
            "add the name or source_id of the one that is meant",
        )
    return found[0]


def _resolve(query: str, timeout: float) -> list[pylsl.StreamInfo]:
    """Return the streams that match `query` as soon as there are any, none after `timeout`."""
    try:
        resolver = pylsl.ContinuousResolver(pred=query)
    except RuntimeError:
        raise StreamError(
            "stream", query, "is no condition that LSL can read (XPath 1.0); see predicate"
        ) from None
    ends = time.monotonic() + timeout
    while not resolver.results():
        if time.monotonic() > ends:
            return []
        time.sleep(LOOK_SECONDS)
    time.sleep(SECOND_MATCH_SECONDS)
    return list({info.uid(): info for info in resolver.results()}.values())


def channel_labels(info: pylsl.StreamInfo) -> tuple[str, ...]:
    """Return the channels' labels from a full stream description; Ch1, Ch2, … where missing."""
    return tuple(
        channel.child_value("label").strip() or f"Ch{index + 1}"
        for index, channel in enumerate(_channels(info))
    )


def chosen_channels(channels: int | str | Sequence[int | str], labels: Sequence[str]) -> list[int]:
    """Return the positions of channels that a person chose by label or by number.

    Parameters
    ----------
    channels : int, str or sequence of these
        Labels or numbers, counted from 1; a text may hold several, separated by commas.
    labels : sequence of str
        The stream's.

    Raises
    ------
    SettingsError
        If there is no such channel, or none is chosen.

    Examples
    --------
    >>> chosen_channels("oz, 1", ["Cz", "Oz", "Aux1"])
    [1, 0]
    """
    if isinstance(channels, str):
        channels = [part.strip() for part in channels.split(",")]
    elif isinstance(channels, int):
        channels = [channels]
    if not channels:
        raise SettingsError("channels", channels, "name at least one channel")
    positions = []
    for wanted in channels:
        if wanted in labels or not str(wanted).isdecimal():
            positions += check_channels("channels", [wanted], labels)
        elif 1 <= int(wanted) <= len(labels):
            positions.append(int(wanted) - 1)
        else:
            raise SettingsError(
                "channels", wanted, f"the stream's channels are numbered 1 to {len(labels)}"
            )
    return positions


def channel_scales(info: pylsl.StreamInfo, units: str | None) -> list[float]:
    """Return what to multiply each channel by to have microvolts.

    Parameters
    ----------
    info : pylsl.StreamInfo
        The full description.
    units : str or None
        What to take instead of the declared unit. Channels that declare none count as
        microvolts, LSL's convention for EEG.

    Raises
    ------
    StreamError
        If a declared unit is none that can be turned into microvolts.
    """
    scales = []
    for channel in _channels(info):
        declared = units or channel.child_value("unit").strip()
        scale = MICROVOLTS_PER_UNIT.get(declared.casefold() or "uv")
        kind = channel.child_value("type").strip().casefold()
        if scale is None and kind not in {"", "eeg", "exg", "emg", "eog", "ecg"}:
            scale = 1.0  # triggers, light sensors, accelerometers: no voltage, kept as they are
        if scale is None:
            raise StreamError(
                "units",
                declared,
                f"channel {channel.child_value('label')!r} of stream '{info.name()}' declares a "
                "unit that is not a voltage; set stream.units to 'uV', 'mV', 'V' or 'nV'",
            )
        scales.append(scale)
    return scales


def channel_positions(info: pylsl.StreamInfo) -> dict[str, tuple[float, float, float]]:
    """Return electrode positions on the unit sphere by label.

    Taken from the 10-20 names, because positions that streams declare come in many frames.
    """
    return standard_positions(channel_labels(info))


def _channels(info: pylsl.StreamInfo) -> list:
    """Return the description's channel elements, one for each channel the stream has."""
    channel = info.desc().child("channels").child("channel")
    elements = []
    for _ in range(info.channel_count()):
        elements.append(channel)
        channel = channel.next_sibling("channel")
    return elements
