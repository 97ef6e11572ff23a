"""What can be wrong with what a person asked for, each said in one sentence.

Every error names the parameter, the value that came and what to do about it, because the person
who reads it stands in a lab with a participant waiting.
"""

from __future__ import annotations


class NfbError(ValueError):
    """Something that the user can put right.

    Parameters
    ----------
    parameter : str
        Name of the setting or argument, as the user wrote it (``"pipeline.steps[1].low"``).
    value : object
        The value that came.
    remedy : str
        What is wrong with it and what to do, as the rest of a sentence.

    Examples
    --------
    >>> str(NfbError("high", 80.0, "must lie below 64 Hz, half of the stream's rate"))
    "high=80.0: must lie below 64 Hz, half of the stream's rate."
    """

    def __init__(self, parameter: str, value: object, remedy: str):
        self.parameter = parameter
        self.value = value
        self.remedy = remedy.rstrip(".")
        super().__init__(f"{parameter}={value!r}: {self.remedy}.")

    def within(self, place: str) -> NfbError:
        """Return the same error with ``place.`` put before the parameter's name."""
        return type(self)(f"{place}.{self.parameter}", self.value, self.remedy)


class SettingsError(NfbError):
    """A setting that cannot be used: unknown key, wrong type, impossible value."""


class StreamError(NfbError):
    """An LSL stream that is not there, matches twice, or is not what was asked for."""


class FileError(NfbError):
    """A file or folder that cannot be read or written."""


class WorkerError(NfbError):
    """The background process could not start or did not answer."""
