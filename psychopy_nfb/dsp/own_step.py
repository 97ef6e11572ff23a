"""Steps that a lab has written: what fails in them is a flag and a sentence, never the end."""

from __future__ import annotations

from math import isfinite

import numpy as np

from psychopy_nfb.dsp.artifact import held
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import failure, own_faults, owner, source

_INVALID = np.uint32(Flags.INVALID)


def check_prepared(step: Step, before: SignalInfo, after: object) -> None:
    """Check what a lab's own step says that comes out of it.

    Raises
    ------
    SettingsError
        If it is no `SignalInfo`, or has another rate than what goes in.
    """
    name = type(step).__name__
    if not isinstance(after, SignalInfo):
        raise SettingsError(
            "step", name, f"its prepare must return the SignalInfo of its output, not {after!r}"
        )
    if after.rate != before.rate:
        raise SettingsError(
            "step",
            name,
            f"gives {after.rate:g} of {before.rate:g} samples a second; keep the rate, and put "
            "Decimate before or after it",
        )


class StepGuard:
    """Runs a lab's own step; where it fails its last good output stays, flagged INVALID.

    Parameters
    ----------
    n_channels : int
        Channels that come out of it.

    Attributes
    ----------
    flags : ndarray of uint32, shape (n,), or None
        Of the last block: its own and ours.
    fault : str or None
        What failed first, where, and what to do.
    """

    def __init__(self, n_channels: int):
        self._last = np.zeros(n_channels)
        self._as_before = False
        self.flags: np.ndarray | None = None
        self.fault: str | None = None

    def process(self, step: Step, samples: np.ndarray) -> np.ndarray:
        """Pass one block through `step`, as `Step.process`."""
        if not len(samples):  # behind a Decimate; scipy's filters, for one, raise
            self.flags = None
            return np.empty((0, len(self._last)))
        given = samples.view()
        given.flags.writeable = False  # other signals read the same samples
        try:
            out = self._checked(step, step.process(given), len(samples))
        except (Exception, SystemExit) as error:
            if self.fault is None:
                self._note(step, f"failed ({failure(error, source(type(step)), step.process)})")
            out = np.empty((len(samples), len(self._last)))
            out[:] = self._last
            self.flags = np.full(len(samples), _INVALID)
            return out
        if self._as_before:
            self._flag(np.full(len(out), _INVALID))
        if not isfinite(out.sum()):
            out = self._finite(step, out)
        self._last[:] = out[-1]
        return out

    def _checked(self, step: Step, out: object, n: int) -> np.ndarray:
        """Return its output as float64 if it has the right shape; take its flags."""
        shape = (n, len(self._last))
        if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype.kind not in "fiub":
            found = (
                f"{out.dtype} of shape {out.shape}" if isinstance(out, np.ndarray) else repr(out)
            )
            raise TypeError(f"process must return float64 of shape {shape}, not {found[:100]}")
        flags = step.flags
        if flags is not None:
            flags = np.asarray(flags)
            if flags.shape != (n,) or flags.dtype.kind not in "iub":
                raise TypeError(f"its flags must be uint32 of shape {(n,)}, not {flags.shape}")
            flags = flags.astype(np.uint32)
        self.flags = flags
        out = out.astype(np.float64, copy=False)
        return out if out.flags.writeable else out.copy()  # it may be the input itself

    def _finite(self, step: Step, out: np.ndarray) -> np.ndarray:
        """Return its output with the last finite values in place of others, which are flagged."""
        out = out.copy()
        for column, last in zip(out.T, self._last, strict=True):
            found = held(column, last)
            if found is not None:
                self._flag(found)
                why = "process returned NaN or infinity"
                self._note(step, f"failed ({failure(ValueError(why), '', step.process)})")
        return out

    def _flag(self, bits: np.ndarray) -> None:
        self.flags = bits if self.flags is None else self.flags | bits

    def _note(self, step: Step, what: str) -> None:
        if self.fault is None:
            self.fault = f"({type(step).__name__} of {owner(type(step))}) {what}; correct its code"

    def mixed(self, step: Step, inputs: np.ndarray) -> np.ndarray:
        """Return on which inputs its outputs depend, as `Step.mixed`; if it is unclear, on all."""
        with own_faults(step, "step", "does not say which channels it mixes"):
            out = np.asarray(step.mixed(inputs), dtype=float)
        shape = (len(inputs), len(self._last))
        if out.shape == shape:
            return out
        return np.broadcast_to(np.abs(inputs).sum(axis=1, keepdims=True), shape)

    def reset(self, step: Step) -> None:
        """Reset `step`; while it cannot be, its output stays flagged."""
        try:
            step.reset()
        except (Exception, SystemExit) as error:
            self._as_before = True
            self._note(step, f"could not be reset ({failure(error, source(type(step)))})")
        else:
            self._as_before = False
