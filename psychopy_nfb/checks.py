"""Checks of single arguments; each failure is an error that reads as a sentence."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from numbers import Real

import numpy as np

from psychopy_nfb import budget
from psychopy_nfb.electrodes import meant
from psychopy_nfb.errors import FileError, SettingsError, cause, listed


def check_number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    unit: str = "",
) -> float:
    """Return `value` as a float if it is a finite number within the bounds.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    value : object
        What came.
    above, below : float
        Exclusive bounds.
    at_least, at_most : float
        Inclusive bounds.
    unit : str
        Unit of the bounds, for the message.

    Raises
    ------
    SettingsError
        If it is no finite number, lies outside, or is beyond what a number of its unit may be in
        any training (`psychopy_nfb.budget`).

    Examples
    --------
    >>> check_number("dwell", 0.25, at_least=0, unit="s")
    0.25
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not _is_finite(value):
        raise SettingsError(name, value, "must be a finite number")
    bounds = [
        (value > above, "above", above),
        (value >= at_least, "at least", at_least),
        (value < below, "below", below),
        (value <= at_most, "at most", at_most),
    ]
    if not all(holds for holds, _, _ in bounds):
        said = " and ".join(
            f"{word} {bound:g}{' ' + unit if unit else ''}"
            for _, word, bound in bounds
            if math.isfinite(bound)
        )
        raise SettingsError(name, value, f"must be {said}")
    most = budget.MOST.get(unit, budget.LARGEST)
    if abs(value) > most:
        raise SettingsError(name, value, f"must be at most {most:g} {unit}".rstrip())
    if above == 0 and value < budget.SMALLEST:
        raise SettingsError(
            name, value, f"is too small to be meant; the smallest is {budget.SMALLEST:g} {unit}"
        )
    return float(value)


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with hundreds of digits
        return False


def check_whole(name: str, value: object, *, at_least: int, at_most: int) -> int:
    """Return `value` if it is a whole number within the bounds.

    Raises
    ------
    SettingsError
        If it is none or lies outside.

    Examples
    --------
    >>> check_whole("order", 2, at_least=1, at_most=12)
    2
    """
    check_number(name, value, at_least=at_least, at_most=at_most)
    if value != int(value):
        raise SettingsError(name, value, "must be a whole number")
    return int(value)


def check_rate(name: str, rate: float) -> float:
    """Return a sampling rate in Hz if it is one that EEG can have.

    Raises
    ------
    SettingsError
        If it is not above 0, or above `budget.MOST` of Hz.

    Examples
    --------
    >>> check_rate("rate", 250.0)
    250.0
    """
    return check_number(name, rate, above=0, unit="Hz")


def check_frame_rate(name: str, rate: float) -> float:
    """Return a frame rate in Hz if a display can have it, 1 to 1000.

    Raises
    ------
    SettingsError
        If it lies outside.

    Examples
    --------
    >>> check_frame_rate("pace", 60)
    60.0
    """
    return check_number(name, rate, at_least=1, at_most=1000, unit="Hz")


LONGEST_DELAY = 1.0
"""Longest delay of a filter by choice, in seconds. Nobody learns from older feedback; a larger
number is one of milliseconds."""


def check_delay(name: str, value: object, *, at_least: float = -LONGEST_DELAY) -> float:
    """Return a filter's delay in seconds as a float, if it is one.

    Raises
    ------
    SettingsError
        If it is no finite number, below `at_least`, or above 1 s, as milliseconds would be.

    Examples
    --------
    >>> check_delay("delay", 0.05)
    0.05
    """
    delay = check_number(name, value, at_least=at_least, unit="s")
    if delay > LONGEST_DELAY:
        raise SettingsError(
            name, value, f"must be at most {LONGEST_DELAY:g} s{or_thousandth(delay, 's')}"
        )
    return delay


def check_delay_ms(name: str, value: object, *, at_least: float = -1e3 * LONGEST_DELAY) -> float:
    """Return a filter's delay, given in milliseconds as people give it, in seconds.

    Raises
    ------
    SettingsError
        If it is no finite number, below `at_least`, above 1000 ms, or so short as only a number
        of seconds would be.

    Examples
    --------
    >>> check_delay_ms("delay", 50)
    0.05
    """
    delay = check_number(name, value, at_least=at_least, unit="ms")
    if delay > 1e3 * LONGEST_DELAY:
        raise SettingsError(
            name,
            value,
            f"must be at most {1e3 * LONGEST_DELAY:g} ms{or_thousandth(delay, 'ms')}",
        )
    if 0 < abs(delay) < 1:
        raise SettingsError(
            name, value, f"is less than one millisecond; did you mean {1000 * delay:g} ms?"
        )
    return delay / 1e3


def check_seconds(name: str, value: object, *, at_most: float) -> float:
    """Return a length in seconds as a float, if it is none that milliseconds would be.

    Raises
    ------
    SettingsError
        If it is no finite number, negative, or above `at_most`.

    Examples
    --------
    >>> check_seconds("dwell", 0.25, at_most=60)
    0.25
    """
    seconds = check_number(name, value, at_least=0, unit="s")
    if seconds > at_most:
        raise SettingsError(
            name, value, f"must be at most {at_most:g} s{or_thousandth(seconds, 's')}"
        )
    return seconds


def or_thousandth(value: float, unit: str) -> str:
    """Return the question whether a thousandth of a number was meant; empty for an odd number.

    Examples
    --------
    >>> or_thousandth(250, "s")
    '; did you mean 0.25 s?'
    >>> or_thousandth(99999, "ms")
    ''
    """
    meant = value / 1000
    return f"; did you mean {meant:g} {unit}?" if float(f"{meant:.2g}") == meant else ""


def check_flag(name: str, value: object) -> bool:
    """Return `value` if it is True or False; 1 and 0, as of a table's cell, are too.

    Raises
    ------
    SettingsError
        If it is anything else: a text such as "no" would count as true.

    Examples
    --------
    >>> check_flag("feedback", 0)
    False
    """
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, Real) and value in (0, 1)):
        return bool(value)
    raise SettingsError(name, value, "must be True or False")


def check_choice(name: str, value: object, allowed: Sequence[object]) -> object:
    """Return `value` if it is one of `allowed`, else raise a `SettingsError` that lists them."""
    if value not in allowed:
        listed = ", ".join(repr(item) for item in allowed)
        raise SettingsError(name, value, f"must be one of {listed}")
    return value


def check_band(name: str, band: Sequence[float], rate: float) -> tuple[float, float]:
    """Return `band` as (low, high) in Hz if 0 < low < high < rate / 2.

    Raises
    ------
    SettingsError
        If it is not, or so low or narrow that no filter of it can be computed.

    Examples
    --------
    >>> check_band("band", [8, 12], 250.0)
    (8.0, 12.0)
    """
    if len(band) != 2:
        raise SettingsError(name, band, "must be two frequencies in Hz, the lower first")
    low = check_number(f"{name}[0]", band[0], above=0, unit="Hz")
    high = check_number(f"{name}[1]", band[1], above=0, unit="Hz")
    if low >= high:
        raise SettingsError(name, list(band), "the low edge must lie below the high edge")
    if low < budget.LOWEST_HZ:
        raise SettingsError(f"{name}[0]", low, f"must be at least {budget.LOWEST_HZ:g} Hz")
    narrowest = min(budget.NARROWEST_HZ, budget.NARROWEST_SHARE * high)
    if high - low < narrowest * (1 - 1e-9):
        raise SettingsError(
            name, list(band), f"is too narrow for a filter; it must be {narrowest:.3g} Hz wide"
        )
    check_below_nyquist(name, high, rate)
    return low, high


def check_below_nyquist(name: str, frequency: float, rate: float) -> float:
    """Return `frequency` in Hz if a stream of `rate` Hz can carry it."""
    if not frequency < rate / 2:
        raise SettingsError(
            name,
            frequency,
            f"must lie below {rate / 2:g} Hz, half of the stream's rate of {rate:g} Hz",
        )
    lowest = budget.LOWEST_SHARE * rate
    if frequency < lowest:
        raise SettingsError(
            name, frequency, f"must be at least {lowest:.2g} Hz at the stream's rate of {rate:g} Hz"
        )
    return frequency


def check_channels(name: str, wanted: Iterable[str], labels: Sequence[str]) -> list[int]:
    """Return the positions of the `wanted` channels among `labels`.

    A label is matched exactly, else without regard to case.

    Examples
    --------
    >>> check_channels("channels", ["OZ"], ["Cz", "Oz"])
    [1]
    """
    exact = {label: index for index, label in enumerate(labels)}
    folded = {label.casefold(): index for index, label in enumerate(labels)}
    found = []
    for label in wanted:
        index = exact.get(label, folded.get(str(label).casefold()))
        if index is None:
            near = " or ".join(map(repr, meant(str(label), labels)))
            raise SettingsError(
                name,
                label,
                f"there is no such channel; there are {listed(labels, 100)}"
                + (f"; did you mean {near}?" if near else ""),
            )
        found.append(index)
    return found


def prepare_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder if it is not there.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise FileError(
            "out", os.fspath(path), f"cannot be made ({cause(error)}); choose another folder"
        ) from None


def check_writable(parameter: str, path: str | os.PathLike[str]) -> None:
    """Check that a file can be written at `path`, before the work whose outcome it shall hold.

    Raises
    ------
    FileError
        If its folder is not there or cannot be written, or `path` is a folder.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK) or os.path.isdir(path):
        raise FileError(
            parameter, os.fspath(path), "cannot be written; name a file in an existing folder"
        )
