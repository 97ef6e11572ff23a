"""The parts of a report that show the EEG itself, and what follows for the next session."""

from __future__ import annotations

import pandas as pd

from psychopy_nfb.report.channels_by_block import TOLD, channel_faults, faults_table
from psychopy_nfb.report.course_figure import course_figure
from psychopy_nfb.report.next_time import next_time
from psychopy_nfb.report.numbers import percent
from psychopy_nfb.report.page import Picture, Section
from psychopy_nfb.report.session_data import SessionData
from psychopy_nfb.report.session_eeg import session_eeg, trained_band, trained_labels
from psychopy_nfb.report.spectra_figure import (
    MAPS_CAPTION,
    SPECTRA_CAPTION,
    maps_figure,
    spectra_figure,
)

NOTE = (
    "Share of pieces of 2 s with a fault, judged as in the signal check (at most 30 pieces of each "
    "block)."
)


def eeg_sections(data: SessionData, blocks: pd.DataFrame | None) -> list[Section]:
    """Return what to do next time, course, spectra, maps and channels, as far as they are known.

    Parameters
    ----------
    data : SessionData
        The session.
    blocks : DataFrame, optional
        From `outcome`.
    """
    eeg = session_eeg(data)
    faults = [] if eeg is None else channel_faults(data, eeg)
    if blocks is None:
        return []
    sections = [Section("What to do next time", points=next_time(data, blocks, faults))]
    course = course_figure(data)
    if course is not None:
        sections.append(Section("The course", pictures=[Picture(*course)]))
    if eeg is None:
        return sections
    pictures = []
    spectra = spectra_figure(data, eeg)
    if spectra is not None:
        labels = trained_labels(data, eeg)
        named = ", ".join(labels) if len(labels) <= 4 else f"the mean of {len(labels)} channels"
        pictures.append(Picture(spectra, SPECTRA_CAPTION.format(channels=named)))
    maps, band = maps_figure(data, eeg), trained_band(data)
    if maps is not None and band is not None:
        pictures.append(Picture(maps, MAPS_CAPTION.format(low=band[0], high=band[1])))
    if pictures:
        sections.append(Section("The EEG's spectrum", pictures=pictures))
    if faults:
        table = faults_table(data, faults)
        which = "The channel" if len(faults) == 1 else f"Each of {len(faults)} channels"
        said = f"{which} had faults in less than {percent(TOLD)} of each block."
        sections.append(
            Section(
                "Channels by block",
                [] if table else [said],
                table=table,
                note=NOTE if table else "",
            )
        )
    return sections
