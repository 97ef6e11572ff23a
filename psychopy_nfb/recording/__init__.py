"""What is kept of a session, how it is read again, and recordings of others.

- `names`, `labels`: what its files are called, never the same twice;
- `xdf` with `xdf_headers`, `tables`, `settings_file`: the files themselves, appended: a kill loses
  nothing written;
- `sidecars`: what the tables' columns mean; `text`: texts made safe for all of them;
- `open_files`: all of them, open for writing; `session`: written as the worker's loop hands things
  over, elsewhere if they cannot be written any more; `abandon`: what is left of such a file;
- `sealing`, `sealed_file`: what a blinded session writes and nobody reads without the key;
  `opened`: the same after unblinding; `blinding`: which of the two it is;
  `proofs`: whether its files are as they were written;
- `read`: a session back in memory, for pandas and MNE;
- `eeg_files/`: recordings of other programs.
"""

from psychopy_nfb.recording.names import SessionFiles, calibration_path, new_session
from psychopy_nfb.recording.read import Session, read_session, to_mne
from psychopy_nfb.recording.session import SessionWriter
from psychopy_nfb.recording.settings_file import SessionRecord, machine_facts
from psychopy_nfb.recording.tables import (
    EVENT_COLUMNS,
    FRAME_COLUMNS,
    EventLog,
    FrameFields,
    FrameLog,
)
from psychopy_nfb.recording.xdf import XdfWriter

__all__ = [
    "EVENT_COLUMNS",
    "FRAME_COLUMNS",
    "EventLog",
    "FrameFields",
    "FrameLog",
    "Session",
    "SessionFiles",
    "SessionRecord",
    "SessionWriter",
    "XdfWriter",
    "machine_facts",
    "calibration_path",
    "new_session",
    "read_session",
    "to_mne",
]
