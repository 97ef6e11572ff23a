"""What one training may take at most: time, samples, taps, memory. Checked when settings are read.

Nobody who means what they wrote reaches these. Numbers beyond them are mistakes of unit or typing,
and would hang the start, fill the memory or give NaN for ever.
"""

from __future__ import annotations

from collections.abc import Sized

from psychopy_nfb.errors import SettingsError

LARGEST = 1e12
"""Largest number of a setting, of either sign: products and powers of such ones are finite."""
SMALLEST = 1e-12
"""Smallest number of a setting that must be above 0: what is divided by it is finite."""
MOST = {"s": 604_800.0, "ms": 6.048e8, "Hz": 100_000.0, "uV": 1e9}
"""Largest number of a setting by its unit; of time a week."""
MOST_TAPS = 10_000
"""Taps of a filter that are found by solving equations: 40 s at 250 Hz, 2 s at 5 kHz. To solve them
takes a tenth of a second."""
MOST_SAMPLES = 50_000
"""Samples of a channel that a step keeps: 200 s at 250 Hz, 10 s at 5 kHz."""
MOST_BYTES = 64 * 2**20
"""Memory for the samples that a step keeps, all channels together."""
LOWEST_HZ = 1e-3
"""Lowest edge of a band: a period of a thousand seconds."""
LOWEST_SHARE = 1e-7
"""Lowest frequency of a recursive filter, as a share of the rate: 2.5e-5 Hz at 250 Hz. The filter
of a lower one differs from none by less than numbers of 64 bits can tell."""
NARROWEST_HZ = 0.1
NARROWEST_SHARE = 0.01
"""Narrowest band, in Hz or as a share of its upper edge, whichever is less."""
MOST_CHANNELS = 2048
"""Channels of a stream, and outputs of a step."""
MOST_STEPS = 100
"""Steps of a pipeline, and branches side by side."""
MOST_SIGNALS = 20
"""Signals of a training."""
LONGEST_NAME = 60
"""Characters of a signal's name, which stands in the header of each table."""
MOST_TEXT = 64 * 2**20
"""Bytes of a text that is read as a whole: settings, weights, codes."""
MOST_RECORDING = 32 * 2**30
"""Bytes of a recording: 64 channels at 2 kHz for 8 hours have 3e10."""
MOST_TABLE = 2 * 2**30
"""Bytes of a table: frames, events, a light sensor. An hour of frames at 240 Hz has 2e8."""


def check_length(
    name: str, seconds: float, rate: float, *, channels: int = 1, most: int = MOST_SAMPLES
) -> int:
    """Return the samples of `seconds` at `rate` if a step may keep so many.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    seconds : float
        Length of a filter, a window or a delay.
    rate : float
        Samples per second.
    channels : int
        Channels of which they are kept.
    most : int
        Most samples a channel; `MOST_TAPS` for a filter whose taps are found by equations.

    Raises
    ------
    SettingsError
        If they are more than `most`, or than `MOST_BYTES` hold.

    Examples
    --------
    >>> check_length("window", 1.5, 250.0)
    375
    """
    fitting = min(most, MOST_BYTES // (8 * max(1, channels)))
    if not seconds * rate <= fitting:
        of = f" of {channels} channels" if channels > 1 else ""
        raise SettingsError(
            name,
            seconds,
            f"is {seconds * rate:.4g} samples{of} at {rate:g} Hz, and at most {fitting} can be "
            f"kept; choose {fitting / rate:.3g} s or less",
        )
    return round(seconds * rate)


def check_count(name: str, items: Sized, most: int, what: str) -> None:
    """Check that `items` are at most `most`.

    Raises
    ------
    SettingsError
        Saying how many there are; `what` says of what.

    Examples
    --------
    >>> check_count("steps", [1, 2], 100, "steps")
    """
    if len(items) > most:
        raise SettingsError(name, f"{len(items)} {what}", f"are too many; use at most {most}")
