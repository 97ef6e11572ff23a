"""Streams sent out, described as LSL's conventions ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pylsl

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.errors import SettingsError

SPEED = "speed"
"""Entry of a description: how many times faster than declared a recording is replayed."""
SIMULATED = "simulated"
"""Entry of the description of a stream that is no person's EEG of now: how it comes about."""
FORMATS = ("float32", "double64", "int64", "int32", "int16", "int8")


def make_outlet(
    name: str,
    type: str,  # noqa: A002 - LSL's own word
    labels: Sequence[str],
    rate: float,
    *,
    units: str | Sequence[str] = "microvolts",
    source_id: str,
    format: str = "float32",  # noqa: A002 - LSL's own word
    chunk_size: int = 0,
    max_buffered: int = 360,
    positions: Mapping[str, Sequence[float]] | None = None,
    kinds: Sequence[str] | None = None,
    manufacturer: str = "psychopy_nfb",
    speed: float = 1.0,
    simulated: str | None = None,
) -> pylsl.StreamOutlet:
    """Publish a stream of numbers with labelled channels.

    Parameters
    ----------
    name : str
        What people choose it by.
    type : str
        Content type, ``"EEG"`` for EEG.
    labels : sequence of str
        One label a channel.
    rate : float
        Nominal samples per second; 0 for a stream without a fixed rate.
    units : str or sequence of str
        Unit of all channels, or one a channel.
    source_id : str
        Unique mark of the source; the same again after a restart, so that receivers recover.
    format : str
        Of the values on the network: ``"float32"``, ``"double64"``, ``"int64"``, ….
    chunk_size : int
        Samples sent at once; 0 sends what each push hands over.
    max_buffered : int
        Seconds kept for a receiver that lags; without a fixed rate, hundreds of samples.
    positions : mapping of str to (x, y, z), optional
        Electrode positions in millimetres by label: x right, y front, z up.
    kinds : sequence of str, optional
        Content type of each channel (``"EEG"``, ``"EOG"``); default is the stream's.
    manufacturer : str
        Who made the source.
    speed : float
        How many times faster than `rate` the samples are sent, as a recording that is replayed.
    simulated : str, optional
        How the samples come about where no amplifier measures them: runs that use the stream are
        recorded as simulated.

    Returns
    -------
    pylsl.StreamOutlet
        Discoverable until it is deleted.

    Raises
    ------
    SettingsError
        If there is no channel, the numbers of labels, units and kinds differ, or the format or
        rate cannot be used.

    References
    ----------
    Names in the description follow the XDF specification's page on EEG meta-data:
    https://github.com/sccn/xdf/wiki/EEG-Meta-Data

    Examples
    --------
    >>> outlet = make_outlet("Amp", "EEG", ["Cz", "Oz"], 250, source_id="amp-1")
    >>> outlet.get_info().get_channel_labels()
    ['Cz', 'Oz']
    """
    labels = list(labels)
    if not name:
        raise SettingsError("name", name, "a stream needs a name")
    if not labels:
        raise SettingsError("labels", labels, "a stream needs at least one channel")
    units = [units] * len(labels) if isinstance(units, str) else list(units)
    kinds = [type] * len(labels) if kinds is None else list(kinds)
    for parameter, values in (("units", units), ("kinds", kinds)):
        if len(values) != len(labels):
            raise SettingsError(parameter, values, f"must be {len(labels)}, one a channel")
    check_choice("format", format, FORMATS)
    check_number("rate", rate, at_least=0, unit="Hz")
    info = pylsl.StreamInfo(name, type, len(labels), rate, format, source_id)
    description = info.desc()
    description.append_child_value("manufacturer", manufacturer)
    if speed != 1:
        description.append_child_value(SPEED, f"{speed:g}")
    if simulated is not None:
        description.append_child_value(SIMULATED, simulated)
    channels = description.append_child("channels")
    for label, unit, kind in zip(labels, units, kinds, strict=True):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
        channel.append_child_value("type", kind)
        if positions and label in positions:
            location = channel.append_child("location")
            for axis, value in zip("XYZ", positions[label], strict=True):
                location.append_child_value(axis, f"{value:.3f}")
    return pylsl.StreamOutlet(info, chunk_size, max_buffered)


def make_marker_outlet(name: str, source_id: str) -> pylsl.StreamOutlet:
    """Publish a stream of markers: one text each, at any time.

    Parameters
    ----------
    name : str
        What people choose it by.
    source_id : str
        Unique mark of the source.

    Returns
    -------
    pylsl.StreamOutlet
        For ``outlet.push_sample([label], time)``.
    """
    info = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, "string", source_id)
    info.desc().append_child_value("manufacturer", "psychopy_nfb")
    return pylsl.StreamOutlet(info)
