"""Streams on the network: which are there, and the one that is meant."""

from __future__ import annotations

import math
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pylsl

from psychopy_nfb.checks import check_channels
from psychopy_nfb.errors import SettingsError, StreamError
from psychopy_nfb.lsl.describe import describe_all, how_to_choose
from psychopy_nfb.lsl.selection import STAND_IN, StreamSelection, is_of_another_run

SECOND_MATCH_SECONDS = 0.7
"""After the first match, how long another may take before the first counts as the only one. LSL
asks every 0.5 s, and hands over what has answered as it asks: of two equal streams of one machine
the second often came 0.5 s after the first."""
OTHERS_SECONDS = 5.0
"""How long to look for streams to name in place of one that is not there, until the first answers.
On a busy computer none answered within 0.5 s, and the network was blamed although streams were
there."""
LOOK_SECONDS = 0.01
LOOK_ALIKE_SECONDS = 2.0
"""How often is looked for streams like a lost one; the lost one itself is there sooner."""


def list_streams(timeout: float = 1.0) -> list[pylsl.StreamInfo]:
    """Return every stream that answers within `timeout` seconds, ordered by type and name.

    Left out are simulated amplifiers that runs have started for themselves.
    """
    return _in_order(pylsl.resolve_streams(timeout))


def _in_order(streams: Iterable[pylsl.StreamInfo]) -> list[pylsl.StreamInfo]:
    """Return streams by type and name, without simulated amplifiers of other runs."""
    found = (info for info in streams if not is_of_another_run(info.source_id()))
    return sorted(found, key=lambda info: (info.type(), info.name(), info.source_id()))


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


class Search:
    """A stream that is looked for: the first that answers, and whether it is the only one.

    Whoever opens the first meanwhile does not wait for that.

    Parameters
    ----------
    selection : StreamSelection
        Which stream.

    Attributes
    ----------
    first : pylsl.StreamInfo
        The stream that answered first.

    Raises
    ------
    StreamError
        If none answers within ``selection.timeout`` (the message names those that are there, or
        says that the simulated amplifier did not start in time).
    """

    def __init__(self, selection: StreamSelection):
        self._selection = selection
        self._resolver = _resolver(selection)
        ends = time.monotonic() + selection.timeout
        while not (found := self._resolver.results()):
            if time.monotonic() > ends:
                refusal = _not_there(selection)
                if found := self._resolver.results():
                    break  # it has come while others were looked for
                raise refusal
            time.sleep(LOOK_SECONDS)
        self._sure_at = time.monotonic() + SECOND_MATCH_SECONDS
        self.first: pylsl.StreamInfo = found[0]

    def only(self) -> pylsl.StreamInfo:
        """Return the stream once it is sure that no other matches.

        Raises
        ------
        StreamError
            If more than one does.
        """
        time.sleep(max(0.0, self._sure_at - time.monotonic()))
        found = _each_once(self._resolver.results()) or [self.first]
        if len(found) > 1:
            raise StreamError(
                self._selection.setting,
                str(self._selection),
                f"{len(found)} streams match: {', '.join(describe_all(found))}; "
                f"{how_to_choose(found)}",
            )
        return found[0]


def find_stream(selection: StreamSelection) -> pylsl.StreamInfo:
    """Return the one stream that matches `selection`; raises what `Search` and its `only` do."""
    return Search(selection).only()


def _not_there(selection: StreamSelection) -> StreamError:
    """Return what is told of a stream that did not answer in time."""
    if (selection.source_id or "").startswith(STAND_IN):
        return StreamError(
            "stream",
            "simulated amplifier",
            f"did not start within {selection.timeout:g} s, as happens on a very busy computer; "
            "close other programs and start again",
        )
    there = _others()
    others = "; streams found: " + ", ".join(describe_all(there)) if there else ""
    hint = others or (
        "; no LSL stream at all was found. Switch on the LSL output of the amplifier's "
        f"program. If it is on: {network_remedy()}"
    )
    return StreamError(
        selection.setting, str(selection), f"no such stream within {selection.timeout:g} s{hint}"
    )


def _others() -> list[pylsl.StreamInfo]:
    """Return the streams that are there as soon as there are any, none after `OTHERS_SECONDS`."""
    resolver = pylsl.ContinuousResolver()
    ends = time.monotonic() + OTHERS_SECONDS
    while not _in_order(resolver.results()):
        if time.monotonic() > ends:
            return []
        time.sleep(LOOK_SECONDS)
    time.sleep(SECOND_MATCH_SECONDS)
    return _in_order(resolver.results())


def look_for(
    selection: StreamSelection,
    ended: threading.Event,
    seconds: float = math.inf,
    accept: Callable[[pylsl.StreamInfo], bool] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> pylsl.StreamInfo | None:
    """Return the one stream that matches, as soon as it is there; None if it did not come.

    For a stream that is known: nobody has to be told which others are there, and whoever looks for
    those meanwhile is late when it comes. One with a `source_id` is there once.

    Parameters
    ----------
    selection : StreamSelection
        What was known of it; its `timeout` is not used.
    ended : threading.Event
        Ends the search when it is set.
    seconds : float, optional
        How long to look.
    accept : callable, optional
        Whether one that matches may be returned; without it each may.
    meanwhile : callable, optional
        Called again and again until the stream is there.
    """
    resolver = _resolver(selection)
    ends = time.monotonic() + seconds
    while not ended.is_set() and time.monotonic() < ends:
        if resolver.results() and not selection.source_id:
            ended.wait(SECOND_MATCH_SECONDS)
        found = [one for one in _each_once(resolver.results()) if accept is None or accept(one)]
        if len(found) == 1:
            return found[0]
        if meanwhile is not None:
            meanwhile()
        ended.wait(LOOK_SECONDS)
    return None


class LookAlikes:
    """Streams that differ from a lost one in nothing that is known but their source_id.

    A program that makes its source_id anew at each start comes back like that; so does the
    amplifier of another person.

    Parameters
    ----------
    selection : StreamSelection
        What the lost stream met, with its source_id.
    n_channels : int
        Its number of channels.
    rate : float
        The rate that it declared, in Hz.
    """

    def __init__(self, selection: StreamSelection, n_channels: int, rate: float):
        self._lost = selection.source_id
        self._like = (n_channels, rate)
        self._resolver = _resolver(replace(selection, source_id=None)) if self._lost else None
        self._look_at = time.monotonic() + LOOK_ALIKE_SECONDS

    def there(self) -> list[pylsl.StreamInfo]:
        """Return those that are there, once in a while; they may have answered just before."""
        if self._resolver is None or time.monotonic() < self._look_at:
            return []
        self._look_at = time.monotonic() + LOOK_ALIKE_SECONDS
        return [
            info
            for info in _each_once(self._resolver.results())
            if info.source_id() != self._lost
            and (info.channel_count(), info.nominal_srate()) == self._like
            and not is_of_another_run(info.source_id())
        ]


def _resolver(selection: StreamSelection) -> pylsl.ContinuousResolver:
    """Return what asks the network for the streams that match, until it is deleted."""
    try:
        return pylsl.ContinuousResolver(pred=selection.query())
    except RuntimeError:
        raise StreamError(
            selection.setting,
            str(selection),
            "is no condition that LSL can read (XPath 1.0); see predicate",
        ) from None


def _each_once(found: Iterable[pylsl.StreamInfo]) -> list[pylsl.StreamInfo]:
    """Return streams without repetition; one that answers by several ways is one."""
    return list({info.uid(): info for info in found}.values())


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
