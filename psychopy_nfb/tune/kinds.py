"""Which channels of a recording can be trained."""

from __future__ import annotations

from collections.abc import Sequence

from psychopy_nfb.channels import EEG, VOLTAGES
from psychopy_nfb.errors import SettingsError


def check_voltage(
    names: Sequence[str],
    labels: Sequence[str],
    kinds: dict[str, str],
    bad: Sequence[str] = (),
) -> None:
    """Refuse to train a channel that no electrode measures.

    Parameters
    ----------
    names : sequence of str
        Labels of the channels to train.
    labels : sequence of str
        Labels of all channels.
    kinds : dict of str: str
        Kind by label of those that are no EEG, see `psychopy_nfb.channels.not_eeg`.

    bad : sequence of str
        Labels of those that the file marks as bad.

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
            marked = name.casefold() in (label.casefold() for label in bad)
            why = "is marked as bad in the file" if marked else f"is no electrode ({kind})"
            raise SettingsError(
                "channel", name, f"{why}; choose one of {', '.join(eeg) or 'another recording'}"
            )
