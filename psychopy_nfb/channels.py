"""What a channel is and in which unit, from what a stream or file says of it.

Amplifiers and files tell this in many ways, or not at all. Every reader asks here, so that a
recording is understood in the same way as the stream that it was made of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from psychopy_nfb.electrodes import electrode, is_scalp

EEG, EOG, EMG, ECG = "EEG", "EOG", "EMG", "ECG"
BIO = "BIO"
"""What an external or bipolar input measures: a voltage, of which nothing says what it is."""
IEEG = "IEEG"
"""Electrodes inside the head (sEEG, ECoG, DBS) beside EEG from the scalp."""
STIM = "STIM"
"""Trigger, status and event codes."""
MISC = "MISC"
"""Everything else: counters, batteries, accelerometers, SpO2, light sensors, …"""
VOLTAGES = (EEG, EOG, EMG, ECG, BIO, IEEG)
"""Kinds of channels that are measured in volts."""
UNITS = ("uV", "mV", "V", "nV")
"""Units that a person may say voltages have, where a stream or file says none or a wrong one."""

_INSIDE = ("seeg", "ecog", "dbs", "ieeg")
"""Content types of electrodes inside the head, in lower case."""

_BY_TYPE = {
    "": EEG,
    "eeg": EEG,
    "exg": EEG,  # any bipolar or unipolar biosignal: the label may say more
    "refeeg": EEG,
    "ref": EEG,  # measured against the common reference
    "reference": EEG,
    "referential": EEG,
    "unipolar": EEG,
    "monopolar": EEG,
    "biosignal": EEG,
    "signal": EEG,
    "data": EEG,
    "voltage": EEG,
    "analog": EEG,
    "unknown": EEG,
    "none": EEG,
    "n/a": EEG,
    **dict.fromkeys(_INSIDE, EEG),  # beside EEG from the scalp they become `IEEG`
    "eog": EOG,
    "emg": EMG,
    "ecg": ECG,
    "ekg": ECG,
    **dict.fromkeys(("bio", "bip", "bipolar"), BIO),
    "stim": STIM,
    "stimulus": STIM,
    "trigger": STIM,
    "trig": STIM,
    "status": STIM,
    "marker": STIM,
    "markers": STIM,
    "event": STIM,
    "events": STIM,
    "digital": STIM,
    **dict.fromkeys(("misc", "aux", "acc", "accelerometer", "gyro", "gyroscope", "mocap"), MISC),
    **dict.fromkeys(("gaze", "audio", "ppg", "gsr", "eda", "resp", "respiration", "nirs"), MISC),
    **dict.fromkeys(("temperature", "battery", "counter", "impedance", "quality"), MISC),
}
"""Content types that say what a channel is, in lower case."""

_EXTERNAL = re.compile(r"(exg?|bip(olar)?)(channel)?\d{1,2}")
"""Names of external and bipolar inputs: of BioSemi, ANT, TMSi; some call all their channels so."""

_AXIS = re.compile(r"[agm]?[xyz]")
"""Names of axes, of an accelerometer, gyroscope or magnetometer, that are short enough for an
electrode's."""

_BY_LABEL = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        # Compared without case and without what is neither letter nor digit.
        (STIM, r".*(trigger|marker|status).*"),
        (
            MISC,
            r".*(battery|accelero|gyrosc|counter|temperature|impedance|sensor|diode|timestamp).*",
        ),
        (STIM, r"trig(ger)?s?\d*|trg\d*|sti?m?\d{2,3}|stim(ulus)?\d*|status|markers?\d*"),
        (
            STIM,
            r"events?\d*|digital(in(put)?)?\d*|(edf|bdf)annotations|din\d*|photo(diode|sensor)?",
        ),
        (MISC, r"((sample|packet|package|frame|msg|message)?(counter|count|cnt)|sampleindex)\d*"),
        (
            MISC,
            r"(sample|packe?t|package|frame)(number|num|no|id|index)(channel)?|index|(time)?stamps?",
        ),
        (MISC, r"time|(other|analog)channel\d*"),
        (MISC, r"(battery|batt?)(level|voltage|percent(age)?)?|valid(ation|ity)?(indicator)?"),
        (MISC, r"(linear)?acc(el(erometer|eration)?)?\d*[xyz]?\d*|[xyz]?acc(el(eration)?)?"),
        (MISC, r"gyr(o(scope)?)?\d*[xyz]?\d*|mag(netometer)?[xyz]?|quat(ernion)?[wxyz0-3]?"),
        (MISC, r"(spo2|sao2|osat|o2sat|pleth(ysmogram)?|ppg|bvp|pulse|hr|heartrate)\d*"),
        (MISC, r"(resp(iration|iratory)?|flow|airflow|thor(ax)?|abdo?(men)?|snore|snoring)\d*"),
        (MISC, r"(temp(erature)?|gsr|eda|light|lux|impedance|(link|signal)?quality|rawcq)\d*"),
        (MISC, r"[ce]q(overall|[a-z]{0,3}\d{0,2}z?)?|interpolated?|other\d*|analog(in(put)?)?\d*"),
        (MISC, rf"accel(eration)?(channels?)?\d*|{_AXIS.pattern}|[xyz]dir|erg\d*|pleth?\d*"),
        (MISC, r"(right|left)?aux(iliary)?\d*[lr]?|ref|gnd|ground|cwl\d*"),
        (EOG, r"[hvrl]?eog[hvlr]?\d*|eog(left|right|horizontal|vertical|ud|lr)|roc|loc"),
        (EOG, r"[hv]eo[lrud]?"),
        (EMG, r"emg\w*|chin\d*"),
        (ECG, r"(ecg|ekg)\w*"),
    )
)

_NO_VOLTAGE = {
    "%": MISC,
    "bpm": MISC,
    "1/min": MISC,
    "g": MISC,
    "mg": MISC,
    "m/s^2": MISC,
    "m/s2": MISC,
    "m/s²": MISC,
    "deg/s": MISC,
    "°/s": MISC,
    "dps": MISC,
    "rad/s": MISC,
    "degc": MISC,
    "°c": MISC,
    "c": MISC,
    "celsius": MISC,
    "mmhg": MISC,
    "l/min": MISC,
    "lux": MISC,
    "us": MISC,  # microsiemens, of skin conductance
    "s": MISC,
    "ms": MISC,
    "percent": MISC,
    "boolean": STIM,
    "bool": STIM,
    "integer": STIM,
    "bitmask": STIM,
}
"""Units that say by themselves that a channel is no voltage, as `_folded`."""

_MICROVOLTS_PER = {
    "v": 1e6,
    "volt": 1e6,
    "volts": 1e6,
    "mv": 1e3,
    "millivolt": 1e3,
    "millivolts": 1e3,
    "mvolt": 1e3,
    "mvolts": 1e3,
    "uv": 1.0,
    "μv": 1.0,
    "uvolt": 1.0,
    "uvolts": 1.0,
    "μvolt": 1.0,
    "microv": 1.0,
    "microvolt": 1.0,
    "microvolts": 1.0,
    "muv": 1.0,
    "mcv": 1.0,
    "âμv": 1.0,  # UTF-8 that was read as Latin-1
    ".v": 1.0,  # a sign of another encoding that became a dot, a question mark or nothing readable
    "?v": 1.0,
    "\ufffdv": 1.0,
    "\ufffd\ufffdv": 1.0,
    "nv": 1e-3,
    "nanovolt": 1e-3,
    "nanovolts": 1e-3,
}


_NO_UNIT = ("", "none", "n/a", "na", "nan", "null", "unknown", "undefined", "-", "?")
"""What stands in place of a unit where none is known, as `_folded`."""
_NO_NAME = re.compile(r"(unknown|none|n/?a|null|unnamed|untitled|[-?.]*)\s*", re.IGNORECASE)
"""What stands in place of a label where none is known."""


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().strip("[]()").casefold()


def microvolts_per_unit(unit: str) -> float | None:
    r"""Return how many microvolts one of `unit` is; None if it is no voltage that we know.

    An empty unit is none: what it means differs between streams and kinds of files. A number is
    a power of ten of volts, as MNE-LSL writes it.

    Examples
    --------
    >>> [microvolts_per_unit(unit) for unit in ("uV", "UV", ".V", "\N{MICRO SIGN}V", "-6")]
    [1.0, 1.0, 1.0, 1.0, 1.0]
    >>> microvolts_per_unit("nV"), microvolts_per_unit("0"), microvolts_per_unit("counts")
    (0.001, 1000000.0, None)
    """
    folded = _folded(unit)
    if re.fullmatch(r"[-+]?\d{1,2}", folded):
        power = int(folded)
        return float(f"1e{power + 6}") if -9 <= power <= 0 else None
    return _MICROVOLTS_PER.get(folded.replace(" ", ""))


def is_megavolts(unit: str) -> bool:
    """Return whether a unit says megavolts, as it is written; it is taken as millivolts.

    Examples
    --------
    >>> [is_megavolts(unit) for unit in ("MV", "[Mvolt]", "mV", "Microvolts", "Millivolts")]
    [True, True, False, False, False]
    """
    return bool(re.fullmatch(r"[\[(\s]*M\s*[vV](olts?|OLTS?)?[\])\s]*", unit))


def says_no_unit(unit: str) -> bool:
    """Return whether `unit` is empty or one of the words that stand for none.

    Examples
    --------
    >>> [says_no_unit(unit) for unit in ("", "N/A", "uV", "counts")]
    [True, True, False, False]
    """
    return _folded(unit) in _NO_UNIT


def channel_kind(label: str, declared: str = "", unit: str = "") -> str:
    """Return what a channel is: ``EEG``, ``EOG``, ``EMG``, ``ECG``, ``BIO``, ``STIM`` or ``MISC``.

    Those around it can tell more, see `channel_kinds`.

    Parameters
    ----------
    label : str
        Its name. A known one counts more than the declared type, because many programs declare
        each of their channels as EEG; one as short as "X" counts less.
    declared : str
        The type that the stream or file says, in any spelling.
    unit : str
        The unit that it says.

    Examples
    --------
    >>> channel_kind("Oz"), channel_kind("Battery Level", "EEG"), channel_kind("Ch9", "Trigger")
    ('EEG', 'MISC', 'STIM')
    >>> channel_kind("SpO2", unit="%"), channel_kind("VEOG", "EEG"), channel_kind("X", "EEG", "g")
    ('MISC', 'EOG', 'MISC')
    >>> channel_kind("X"), channel_kind("X", "EEG")
    ('MISC', 'EEG')
    """
    by_type = _BY_TYPE.get(declared.strip().casefold())
    if by_type not in (None, EEG, BIO):
        return by_type
    plain = _plain(label)
    if declared.strip().casefold() == "eeg" and is_axis(label):
        return _NO_VOLTAGE.get(_folded(unit), EEG)
    for kind, pattern in _BY_LABEL:
        if pattern.fullmatch(plain):
            return kind
    if by_type != EEG and not is_electrode(label):
        return by_type or MISC  # a type that nobody knows, and a name that is no electrode's
    return _NO_VOLTAGE.get(_folded(unit), EEG)


def channel_kinds(
    labels: Sequence[str], declared: Sequence[str] = (), units: Sequence[str] = ()
) -> list[str]:
    """Return what each of the channels of one stream or file is, see `channel_kind`.

    External and bipolar inputs are ``BIO`` beside electrodes with names of the 10-20 system, or
    beside more channels of other names. Where all are called so, they are the EEG. Electrodes
    inside the head are ``IEEG`` beside as many on the scalp, or those of the 10-20 system; where
    there are no others, they are the EEG.

    Examples
    --------
    >>> channel_kinds(["Cz", "LA1"], ["eeg", "seeg"]), channel_kinds(["LA1"], ["seeg"])
    (['EEG', 'IEEG'], ['EEG'])
    >>> channel_kinds(["Fz", "Cz", "EXG1"]), channel_kinds(["EXG1", "EXG2", "Battery"])
    (['EEG', 'EEG', 'BIO'], ['EEG', 'EEG', 'MISC'])
    """
    silent = [""] * len(labels)
    kinds = list(map(channel_kind, labels, declared or silent, units or silent))
    eeg = [label for label, kind in zip(labels, kinds, strict=True) if kind == EEG]
    external = {label for label in eeg if _EXTERNAL.fullmatch(_plain(label))}
    if 2 * len(external) < len(eeg) or any(map(is_scalp, eeg)):
        kinds = [
            BIO if label in external and kind == EEG else kind
            for label, kind in zip(labels, kinds, strict=True)
        ]
    inside = [is_inside_head(kind) for kind in declared or silent]
    scalp = [
        label
        for label, kind, deep in zip(labels, kinds, inside, strict=True)
        if kind == EEG and not deep
    ]
    if any(map(is_scalp, scalp)) or len(scalp) >= sum(inside):
        kinds = [
            IEEG if kind == EEG and deep else kind for kind, deep in zip(kinds, inside, strict=True)
        ]
    if EEG not in kinds:  # what is all bipolar is the EEG of somebody
        kinds = [EEG if kind == BIO else kind for kind in kinds]
    return kinds


def is_inside_head(declared: str) -> bool:
    """Return whether a content type is that of electrodes inside the head.

    Examples
    --------
    >>> is_inside_head("sEEG"), is_inside_head("EEG")
    (True, False)
    """
    return declared.strip().casefold() in _INSIDE


def is_axis(label: str) -> bool:
    """Return whether a label is the short name of an axis, which an electrode may have as well.

    Examples
    --------
    >>> is_axis("X"), is_axis("Gy"), is_axis("Acc X"), is_axis("Oz")
    (True, True, False, False)
    """
    return bool(_AXIS.fullmatch(_plain(label)))


def is_electrode(label: str) -> bool:
    """Return whether a label is that of an electrode on the head.

    Examples
    --------
    >>> is_electrode("Oz"), is_electrode("M1"), is_electrode("Ch1")
    (True, True, False)
    """
    plain = _plain(label)
    return bool(electrode(label) or electrode(plain)) or plain.startswith("eeg")


def _plain(label: str) -> str:
    """Return a label's letters, of any script, and digits: without "Ö", "Öz" would be an axis."""
    return re.sub(r"[\W_]", "", _folded(label))


def is_known_type(declared: str) -> bool:
    """Return whether a content type says what a channel is.

    Examples
    --------
    >>> is_known_type("EEG"), is_known_type("Accelerometer"), is_known_type("my cap")
    (True, True, False)
    """
    return declared.strip().casefold() in _BY_TYPE


def not_eeg(
    labels: Sequence[str], declared: Sequence[str] = (), units: Sequence[str] = ()
) -> dict[str, str]:
    """Return the kind by label of the channels that are no EEG, see `channel_kinds`.

    Examples
    --------
    >>> not_eeg(["Cz", "TRIGGER", "Oz", "VEOG"])
    {'TRIGGER': 'STIM', 'VEOG': 'EOG'}
    """
    kinds = channel_kinds(labels, declared, units)
    return {label: kind for label, kind in zip(labels, kinds, strict=True) if kind != EEG}


def numbered(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels that differ: one that comes again gets a number, and one that says nothing.

    Examples
    --------
    >>> numbered(["Oz", "Cz", "Oz", "oz"])
    ('Oz', 'Cz', 'Oz-1', 'oz-2')
    >>> numbered(["Unknown", "Cz", ""])
    ('Ch1', 'Cz', 'Ch3')
    """
    labels = [
        f"Ch{place}" if _NO_NAME.fullmatch(label.strip()) else label.strip()
        for place, label in enumerate(labels, start=1)
    ]
    taken = {label.casefold() for label in labels}
    seen: set[str] = set()
    told = []
    for label in labels:
        new, n = label, 0
        while new.casefold() in seen or (n and new.casefold() in taken):
            n += 1
            new = f"{label}-{n}"
        seen.add(new.casefold())
        told.append(new)
    return tuple(told)
