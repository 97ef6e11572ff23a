"""Errors of a plan in the words of the Neuro Block Routine's dialog.

Generated scripts use it, so it imports nothing of PsychoPy.
"""

from __future__ import annotations

import re
from contextlib import ContextDecorator

from psychopy_nfb.builder.block_fields import FIELD_OF, LABELS
from psychopy_nfb.errors import FieldError, NfbError

_OF_BLOCK = re.compile(r"block(?: \d+)?(?: \(.*?\))?\.(.+)")


def field_of(error: NfbError) -> tuple[str, str]:
    """Return the label of the field that an error of one block is about, and what is wrong.

    The label is empty for an error of none of them.

    Examples
    --------
    >>> field_of(NfbError("block (a).lag_ms", 0.3, "is less than one millisecond"))
    ('Lag of what is shown (ms)', '0.3: is less than one millisecond.')
    """
    found = _OF_BLOCK.fullmatch(error.parameter)
    name = FIELD_OF.get(found[1].split("[")[0]) if found else None
    if name is None:
        return "", str(error)
    return LABELS[name], FieldError("", LABELS[name], error.value, error.remedy).sentence


class plan_errors_name_fields(ContextDecorator):
    """Let errors name Routine and field: Builder writes it around what runs a plan.

    Parameters
    ----------
    routine : str
        Its name.
    planned : bool
        Whether it runs a plan, or one block of its own fields.

    Examples
    --------
    >>> from psychopy_nfb.course import one_block
    >>> plan_errors_name_fields("blocks", planned=False)(one_block)(label="a", seconds="soon")
    Traceback (most recent call last):
    psychopy_nfb.errors.FieldError: blocks, Length (s): soon: must be a number.
    """

    def __init__(self, routine: str, planned: bool):
        self._routine, self._planned = routine, planned

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, NfbError) or isinstance(error, FieldError):
            return
        if self._planned:
            raise FieldError(self._routine, LABELS["plan"], None, str(error)) from None
        field, _ = field_of(error)
        if field:
            raise FieldError(self._routine, field, error.value, error.remedy) from None
        raise FieldError(self._routine, "", None, str(error)) from None
