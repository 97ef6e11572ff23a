"""Which channels of a recording are no EEG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.channels import EEG, VOLTAGES, channel_kind
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy_nfb.lsl.files import Recording


def other_kinds(recording: Recording) -> dict[str, str]:
    """Return the kind of each channel that is no EEG, by its label.

    Parameters
    ----------
    recording : Recording
        Its kinds, units and labels are asked, as `psychopy_nfb.channels` does.

    Examples
    --------
    >>> import numpy as np
    >>> from psychopy_nfb.lsl.files import Recording
    >>> kinds = ("EEG", "EEG", "STIM")
    >>> other_kinds(Recording(np.zeros((9, 3)), 250.0, ("Oz", "EOG1", "X"), kinds=kinds))
    {'EOG1': 'EOG', 'X': 'STIM'}
    """
    said = zip(recording.labels, recording.kinds, recording.units, strict=True)
    kinds = {label: channel_kind(label, declared, unit) for label, declared, unit in said}
    return {label: kind for label, kind in kinds.items() if kind != EEG}


def check_voltage(names: Sequence[str], labels: Sequence[str], kinds: dict[str, str]) -> None:
    """Refuse to train a channel that no electrode measures.

    Raises
    ------
    SettingsError
        Naming the first of `names` whose kind is no voltage.
    """
    folded = {label.casefold(): kind for label, kind in kinds.items()}
    for name in names:
        kind = folded.get(name.casefold(), EEG)
        if kind not in VOLTAGES:
            eeg = [label for label in labels if label not in kinds]
            raise SettingsError(
                "channel",
                name,
                f"is no electrode ({kind}); choose one of {', '.join(eeg) or 'another recording'}",
            )
