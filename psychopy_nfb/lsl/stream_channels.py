"""What a stream or file says of its channels, as we understand it, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pylsl

from psychopy_nfb.channels import (
    BIO,
    EEG,
    IEEG,
    MISC,
    STIM,
    VOLTAGES,
    channel_kinds,
    is_axis,
    is_electrode,
    is_inside_head,
    is_known_type,
    is_megavolts,
    microvolts_per_unit,
    numbered,
    says_no_unit,
)
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import NfbError, StreamError

_IN_WORDS = {STIM: "trigger", MISC: "other", BIO: "external input", IEEG: "inside the head"}
"""Kinds of channels in words, where the kind itself is none."""


@dataclass(frozen=True)
class StreamChannels:
    """The channels of one stream or file, in its order."""

    labels: tuple[str, ...]
    """Labels, all different."""
    kinds: tuple[str, ...]
    """What each is, such as ``EEG`` or ``STIM``, see `psychopy_nfb.channels`."""
    units: tuple[str, ...]
    """Units of the samples; empty for what is no voltage and says none."""
    scales: tuple[float, ...]
    """What to multiply by to have microvolts; 1 for what is no voltage."""
    assumptions: tuple[str, ...]
    """A sentence for each thing that was corrected or assumed."""

    @property
    def not_eeg(self) -> dict[str, str]:
        """Kinds by label of the channels that are no EEG, as `SignalInfo.kinds`."""
        kinds = zip(self.labels, self.kinds, strict=True)
        return {label: kind for label, kind in kinds if kind != EEG}


def read_channels(info: pylsl.StreamInfo, units: str | None = None) -> StreamChannels:
    """Return what a stream's channels are.

    Elements are found in any spelling of their tags: ``<label>``, ``<name>`` where that is missing,
    ``<unit>`` or ``<units>``, ``<type>``.

    Parameters
    ----------
    info : pylsl.StreamInfo
        The full description, of an inlet.
    units : {"uV", "mV", "V", "nV"}, optional
        Unit of all voltages, in place of the declared one.

    Returns
    -------
    StreamChannels

    Raises
    ------
    StreamError
        If EEG is declared in a unit that is no voltage.
    """
    described = _described(info)
    told = [*described, *({} for _ in range(info.channel_count()))][: info.channel_count()]

    def refusal(label: str, unit: str) -> StreamError:
        return StreamError(
            "units",
            unit,
            f"is what stream '{info.name()}' declares for channel {label!r}, and no voltage; "
            "let the amplifier's program send microvolts, or set the unit to uV, mV, V or nV "
            "if that is what it sends",
        )

    return understood(
        [_first(channel, "label", "name") for channel in told],
        [_first(channel, "type") for channel in told],
        [_first(channel, "unit", "units") for channel in told],
        units,
        refusal,
        stream_type=info.type(),
        n_described=len(described),
    )


def understood(
    told_labels: Sequence[str],
    types: Sequence[str],
    declared: Sequence[str],
    units: str | None,
    refusal: Callable[[str, str], NfbError],
    *,
    stream_type: str = "",
    n_described: int | None = None,
    who: str = "stream",
) -> StreamChannels:
    """Return what channels are, from what a stream or a file says of each.

    Parameters
    ----------
    told_labels, types, declared : sequence of str
        Label, content type and unit of each channel, empty where there is none.
    units : {"uV", "mV", "V", "nV"}, optional
        Unit of all voltages, in place of the declared one.
    refusal : callable
        Returns the error for an EEG channel, by label, and its unit, which is no voltage.
    stream_type : str
        Content type of the whole.
    n_described : int, optional
        Number of channels that are described, if that may be another than theirs.
    who : str
        What says all this, in sentences: ``"stream"`` or ``"file"``.
    """
    labels = numbered(told_labels)
    assumptions = _about_labels(told_labels, labels, n_described or 0, who)
    kinds = _kinds(labels, types, declared, stream_type)
    if EEG not in kinds:
        # Where each type is a word of the amplifier's own, none of them says anything.
        silent = [kind if is_known_type(kind) else "" for kind in types]
        again = _kinds(labels, silent, declared, stream_type)
        if EEG in again:
            kinds = again
            unknown = ", ".join(sorted({repr(kind) for kind in set(types) - set(silent)}))
            assumptions.append(f"The channels' type {unknown} is not known: taken as EEG.")
    if not units:
        for label, kind, unit in zip(labels, kinds, declared, strict=True):
            if kind in VOLTAGES and _is_odd(unit):
                raise refusal(label, unit)
    assumptions += _about_axes(labels, kinds, who)
    assumptions += _about_kinds(labels, kinds, declared)
    assumptions += _about_inside(labels, kinds, types, stream_type)
    assumptions += _about_units(labels, kinds, declared, units, who)
    usual = _usual_unit(kinds, declared)
    in_units = [
        units or (usual if says_no_unit(unit) else unit) if kind in VOLTAGES else unit
        for kind, unit in zip(kinds, declared, strict=True)
    ]
    scales = [
        microvolts_per_unit(unit) if kind in VOLTAGES else 1.0
        for kind, unit in zip(kinds, in_units, strict=True)
    ]
    return StreamChannels(labels, *map(tuple, (kinds, in_units, scales, assumptions)))


def channel_labels(info: pylsl.StreamInfo) -> tuple[str, ...]:
    """Return the channels' labels from a full stream description; Ch1, Ch2, … where missing."""
    return read_channels(info, "uV").labels


def _described(info: pylsl.StreamInfo) -> list[dict[str, str]]:
    """Return the texts in each channel's element by tag."""
    element = info.desc().child("channels").child("channel")
    described = []
    while not element.empty():
        described.append(_texts(element))
        element = element.next_sibling("channel")
    return described


def _texts(element: Any) -> dict[str, str]:
    texts: dict[str, str] = {}
    child = element.first_child()
    while not child.empty():
        texts.setdefault(child.name().casefold(), child.child_value().strip())
        child = child.next_sibling()
    return texts


def _first(channel: dict[str, str], *tags: str) -> str:
    return next((channel[tag] for tag in tags if channel.get(tag)), "")


def _kinds(
    labels: Sequence[str], types: Sequence[str], units: Sequence[str], stream_type: str
) -> list[str]:
    usual = stream_type if is_known_type(stream_type) else ""
    # What a stream says of all its channels says nothing of one that may be an axis beside EEG.
    silent = ["" if is_axis(label) and usual.casefold() == "eeg" else usual for label in labels]
    declared = [own or of_all for own, of_all in zip(types, silent, strict=True)]
    kinds = channel_kinds(labels, declared, units)
    # Beside EEG in volts, a channel in a unit of its own is something else, unless its name says
    # that it is EEG.
    if any(
        kind == EEG and microvolts_per_unit(unit) is not None
        for kind, unit in zip(kinds, units, strict=True)
    ):
        kinds = [
            MISC if kind == EEG and _is_odd(unit) and not is_electrode(label) else kind
            for label, kind, unit in zip(labels, kinds, units, strict=True)
        ]
    return kinds


def _usual_unit(kinds: Sequence[str], units: Sequence[str]) -> str:
    """Return the unit of voltages that say none: that of all others, else LSL's usual one."""
    said = {
        unit
        for kind, unit in zip(kinds, units, strict=True)
        if kind in VOLTAGES and not says_no_unit(unit)
    }
    return said.pop() if len(said) == 1 else "microvolts"


def _is_odd(unit: str) -> bool:
    return not says_no_unit(unit) and microvolts_per_unit(unit) is None


def _about_labels(
    told: Sequence[str], labels: Sequence[str], n_described: int, who: str
) -> list[str]:
    if not any(told):
        return [f"The {who} names no channels: they are called {_listed(labels)}."]
    if n_described > len(labels):
        return [
            f"The {who} describes {n_described} channels and has {len(labels)}: the first names "
            f"are taken, {_listed(labels)}; check that they are the right ones."
        ]
    renamed = [
        f"{new} (channel {place}, named {old!r})"
        for place, (old, new) in enumerate(zip(told, labels, strict=True), start=1)
        if old != new
    ]
    if not renamed:
        return []
    return [f"Channels whose name is missing or not the only one are called {_listed(renamed)}."]


def _about_axes(labels: Sequence[str], kinds: Sequence[str], who: str) -> list[str]:
    axes = [
        label for label, kind in zip(labels, kinds, strict=True) if kind == EEG and is_axis(label)
    ]
    if not axes:
        return []
    return [
        f"The {who} declares {_listed(axes)} as EEG, and so they are, though axes are called so. "
        "If they are axes, declare another type or leave them out of the reference."
    ]


def _about_kinds(labels: Sequence[str], kinds: Sequence[str], units: Sequence[str]) -> list[str]:
    others = [
        f"{label} ({', '.join(filter(None, (_IN_WORDS.get(kind, kind), unit)))})"
        for label, kind, unit in zip(labels, kinds, units, strict=True)
        if kind != EEG
    ]
    if not others:
        return []
    said = f"No EEG, and so in no reference and not judged as EEG: {_listed(others)}."
    if not set(kinds) <= set(VOLTAGES):
        said += " What is no voltage keeps its own unit."
    return [said]


def _about_inside(
    labels: Sequence[str], kinds: Sequence[str], types: Sequence[str], stream_type: str
) -> list[str]:
    """Return a sentence on electrodes inside the head that are used as EEG."""
    inside = [
        label
        for label, kind, own in zip(labels, kinds, types, strict=True)
        if kind == EEG and is_inside_head(own or stream_type)
    ]
    if not inside:
        return []
    return [
        f"Electrodes inside the head (sEEG, ECoG or DBS), not on the scalp: {_listed(inside)}. "
        "They are used as EEG; limits of amplitude and of artifacts are those of the scalp."
    ]


def _about_units(
    labels: Sequence[str],
    kinds: Sequence[str],
    declared: Sequence[str],
    units: str | None,
    who: str,
) -> list[str]:
    channels = [
        (label, unit)
        for label, kind, unit in zip(labels, kinds, declared, strict=True)
        if kind in VOLTAGES
    ]
    if units is None:
        told = []
        mega = {label: unit for label, unit in channels if is_megavolts(unit)}
        if mega:
            told.append(
                f"The {who} says the unit {next(iter(mega.values()))!r} for {_listed([*mega])}, "
                "which is megavolts: taken as millivolts. If that is wrong, set the unit."
            )
        silent = [label for label, unit in channels if says_no_unit(unit)]
        if silent:
            usual = _usual_unit(kinds, declared)
            why = f" {usual!r}, as of the others" if usual in declared else f" {usual}"
            told.append(f"The {who} says no unit for {_listed(silent)}: taken as{why}.")
        return told
    scale = microvolts_per_unit(units)
    others = {unit for _, unit in channels if unit and microvolts_per_unit(unit) != scale}
    if not others:
        return []
    return [f"The settings take {units} as unit, the {who} says {', '.join(sorted(others))}."]


def _listed(items: Sequence[str], longest: int = 8) -> str:
    """Return items in a row; of many the first and the last."""
    if len(items) > longest:
        items = [*items[: longest - 2], "…", items[-1]]
    return ", ".join(items)


def signal_info(channels: StreamChannels, rate: float) -> SignalInfo:
    """Return what a step has to know about samples of these channels at `rate` in Hz.

    Positions are those of the 10-20 names, because positions that streams declare come in many
    frames.
    """
    return SignalInfo(
        rate=rate,
        labels=channels.labels,
        positions=standard_positions(channels.labels),
        kinds=channels.not_eeg,
    )
