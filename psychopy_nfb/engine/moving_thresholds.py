"""The thresholds of a training that move by rules: blocks, changes, and what a successor needs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from psychopy_nfb.protocol import SignalState, ThresholdChange
from psychopy_nfb.protocol.thresholds import Follower


class MovingThresholds:
    """What all signals' moving thresholds have in common.

    Parameters
    ----------
    states : mapping of str to SignalState
        Of all signals by name; those whose threshold is a number are passed over.

    Attributes
    ----------
    training : bool
        Whether this is a block with feedback; outside of them no threshold moves.
    """

    def __init__(self, states: Mapping[str, SignalState]):
        self._states = states
        self.training: bool = True

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return any(state.follower is not None for state in self._states.values())

    def block_edge(self, begins: bool, training: bool) -> None:
        """Note that a block of the experiment begins or ends before the next sample.

        Parameters
        ----------
        begins : bool
            Whether it begins.
        training : bool
            Whether this is a block with feedback from now on.
        """
        for state in self._states.values():
            state.block_edge(begins)
        self.training = training

    def changes(self, rows: np.ndarray) -> list[tuple[str, ThresholdChange]]:
        """Return which signals' thresholds have moved since the last call.

        Parameters
        ----------
        rows : ndarray of int, shape (n_out,)
            Which input row each output row stands for; `ThresholdChange.row` then is an input row.
        """
        changes = []
        for name, state in self._states.items():
            if not state.changes:
                continue
            for change in state.changes:
                row = int(rows[change.row - 1]) + 1 if change.row else 0
                changes.append((name, replace(change, row=row)))
            state.changes.clear()
        return changes

    def reached(self) -> dict[str, dict[str, Any]]:
        """Return by signal what a successor needs, beyond what earlier calls gave; for JSON."""
        reached = {name: state.reached() for name, state in self._states.items()}
        return {name: one for name, one in reached.items() if one is not None}

    def go_on(self, parts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
        """Go on with what an earlier process had reached.

        Parameters
        ----------
        parts : sequence of mapping
            What it told: after which ``sample``, and what it had ``reached`` there.

        Returns
        -------
        dict
            By signal after which ``sample`` it was reached, and the ``threshold``; what is not in
            it begins anew.
        """
        told = {}
        for name, state in self._states.items():
            own = [part["reached"].get(name, {"rule": None}) for part in parts]
            if state.go_on(own):
                told[name] = {"sample": parts[-1]["sample"], "threshold": state.threshold}
        return told

    def carried(self) -> dict[str, dict[str, Any]]:
        """Return by signal what the rules of a later session go on with; for JSON.

        Those of what is shown in place of signals are none of a person's own.
        """
        carried = {}
        for name, state in self._states.items():
            if "." not in name and state.ready and (one := state.carried()) is not None:
                carried[name] = one
        return carried

    def followers(self) -> dict[str, Follower]:
        """Return copies of what moves the thresholds, by signal, for `take_over`."""
        return {
            name: copy.deepcopy(state.follower)
            for name, state in self._states.items()
            if state.follower is not None
        }

    def take_over(self, followers: Mapping[str, Follower]) -> None:
        """Move the thresholds of these signals by copies of these from now on."""
        for name, follower in followers.items():
            self._states[name].follower = copy.deepcopy(follower)
