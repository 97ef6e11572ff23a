"""Why samples were left out of a baseline, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psychopy_nfb.dsp.flags import Flags

CAUSES = {
    Flags.FLAT: ("the signal was flat", "plug in the electrode and check its cable"),
    Flags.INVALID: (
        "the amplifier sent no valid values",
        "check the cable to the amplifier and its settings",
    ),
    Flags.GAP: ("samples were lost", "check the connection to the amplifier"),
    Flags.AMPLITUDE: (
        "the signal was beyond the artifact limit",
        "sit still, blink less, relax jaw and forehead, and check gel, ground and reference",
    ),
    Flags.BURST: (
        "there were sudden large swings",
        "sit still, blink less, and check gel, ground and reference",
    ),
    Flags.SETTLING: ("the filters were still settling", "record for longer"),
}
"""What each flag means for a baseline, and what to do about it; those that cause others first."""
GAPS_AGAIN = (
    "samples were lost, or the amplifier's time stamps jumped, {} times, and the filters begin "
    "anew each time; check the connection to the amplifier and the clock of its program: "
    "psychopy-nfb inspect shows gaps and jumps"
)
"""The cause where the filters never settle, as they are interrupted again and again."""
ALWAYS = 0.9
"""Share of the samples beyond the artifact limit from which on it is no movement."""
UNIT = "; if all channels are so large, set the unit that the stream really sends"
FEW_GAPS = 3
"""Gaps from which on they, not the length of the recording, are why the filters did not settle."""
_BITS = np.array([int(flag) for flag in CAUSES], np.uint32)


class RejectedCount:
    """Counts what samples were flagged with, and how many of them a failed step had spoilt.

    Examples
    --------
    >>> count = RejectedCount()
    >>> count.add(np.array([0, 8, 8, 2], np.uint32))
    >>> count.cause_and_remedy()
    'the signal was flat; plug in the electrode and check its cable'
    """

    def __init__(self) -> None:
        self._counts = np.zeros(len(_BITS), int)
        self._n_failed = self._n_seen = 0

    def add(self, flags: np.ndarray, n_failed: int = 0) -> None:
        """Take the flags of the next samples, shape (n,), `n_failed` of them from a failed step."""
        self._counts += np.count_nonzero(flags[:, None] & _BITS, axis=0)
        self._n_failed += n_failed
        self._n_seen += len(flags)

    def cause_and_remedy(
        self, fault: str | None = None, where: Mapping[Flags, str] | None = None
    ) -> str:
        """Return what most rejected samples had in common, and what to do.

        Parameters
        ----------
        fault : str, optional
            Which step has failed, how, and what to do: told in place of the amplifier if most
            values that are not valid came from a step.
        where : mapping of Flags: str, optional
            Names of the channels that had a flag, where a signal is of several.
        """
        if not self._counts.any():
            return "the recording was short; record for longer"
        most = int(self._counts.argmax())
        causes = list(CAUSES)
        n_gaps = int(self._counts[causes.index(Flags.GAP)])
        if causes[most] in (Flags.SETTLING, Flags.GAP) and n_gaps >= FEW_GAPS:
            return GAPS_AGAIN.format(n_gaps)
        by_step = 2 * self._n_failed > self._counts[most]
        if fault and by_step and causes[most] == Flags.INVALID:
            return fault
        cause, remedy = CAUSES[causes[most]]
        if causes[most] == Flags.AMPLITUDE and self._counts[most] > ALWAYS * self._n_seen:
            remedy += UNIT
        names = (where or {}).get(causes[most])
        return f"{cause} in {names}; {remedy}" if names else f"{cause}; {remedy}"
