"""Which source a block shows: chosen where the outermost block begins, checked before."""

from __future__ import annotations

from collections.abc import Mapping

from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol import NONE, OWN, Replay, ShownSource, Surrogate
from psychopy_nfb.protocol.shown import EarlierBlocks


class ShownChoice:
    """What the blocks of a training show, one after the other.

    Parameters
    ----------
    turns : mapping of str to int, optional
        How often a source was shown before, in an earlier run of this session.

    Attributes
    ----------
    source : str or None
        Name of what is shown now; None outside of blocks, and where only the own feedback can be.
    earlier : EarlierBlocks
        Blocks of this session that may be shown again.
    turns : dict of str to int
        How often each source was shown.

    Examples
    --------
    >>> from psychopy_nfb.protocol import Inverse
    >>> choice = ShownChoice()
    >>> choice.begin("inverse", {"inverse": Inverse()}), choice.begin(None, {"inverse": Inverse()})
    (('inverse', 0), None)
    >>> choice.end(None)
    ('own', 0)
    """

    def __init__(self, turns: Mapping[str, int] | None = None) -> None:
        self.source: str | None = None
        self.earlier: EarlierBlocks = EarlierBlocks()
        self.turns: dict[str, int] = dict(turns or {})

    def check(
        self,
        shown: str | None,
        sources: Mapping[str, ShownSource],
        feedback: bool,
        within: bool,
        baseline: bool,
    ) -> None:
        """Refuse what a block that begins cannot show.

        Parameters
        ----------
        shown : str or None
            What it shall show.
        sources : mapping of str to ShownSource
            Those of the settings.
        feedback : bool
            Whether it is a block with feedback.
        within : bool
            Whether it begins within another block.
        baseline : bool
            Whether a baseline was recorded in this session.

        Raises
        ------
        SettingsError
            In a sentence.
        """
        if shown is None or shown == NONE:
            return
        if shown not in (OWN, *sources):
            raise SettingsError(
                "shown",
                shown,
                f"is none of {listed([OWN, NONE, *sources])}; name it among the control conditions "
                f"at the start, such as {{{shown!r}: Inverse()}}",
            )
        if not feedback:
            raise SettingsError(
                "shown", shown, "cannot be shown in a block without feedback; leave one of them out"
            )
        if within:
            raise SettingsError(
                "shown",
                shown,
                "is chosen within another block; choose it where the outer one begins",
            )
        source = sources.get(shown)
        if isinstance(source, Replay) and source.of_this_session:
            self.earlier.check(shown, source, self.turns.get(shown, 0))
        if isinstance(source, Surrogate) and not baseline:
            raise SettingsError(
                "shown", shown, "is made of a baseline; record one in this session before"
            )

    def begin(
        self, shown: str | None, sources: Mapping[str, ShownSource]
    ) -> tuple[str, int] | None:
        """Note that a block begins; return what is shown from now on, and how often it was before.

        None where that does not change.
        """
        if not sources or self.source is not None:
            return None
        self.source = OWN if shown is None or shown == NONE else shown
        turn = self.turns.get(self.source, 0)
        self.turns[self.source] = turn + 1
        return self.source, turn

    def end(self, before: str | None) -> tuple[str, int] | None:
        """Note that a block ends; return what is shown from now on, None where that stays.

        Parameters
        ----------
        before : str or None
            What was shown when it began.
        """
        changes = before is None and self.source is not None
        self.source = before
        return (OWN, 0) if changes else None
