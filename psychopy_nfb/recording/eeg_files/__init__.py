"""Recordings in files, of this program and of others, understood in one way.

- `recording`: what a recording in memory is;
- `read`: the way in; which reader a file needs;
- `xdf` with `xdf_chunks`, `xdf_streams`, `xdf_units`, `xdf_clocks`: files of LabRecorder and
  of this program;
- `stamps` with `stamp_rates`: the times, gaps and rate that their stamps tell;
- `edf` with `edf_header`, `edf_times`: EDF, EDF+, BDF and BDF+;
- `brainvision` with `brainvision_samples`: a header in text, markers in text, samples beside them;
- `eeglab`: MATLAB's files of EEGLAB;
- `beside`: the file of samples that lies beside a header of these two;
- `with_mne`: all else that MNE-Python reads;
- `triggers`: the codes of trigger channels, as markers; `own_events`: events of own sessions as
  words; `bad_parts`: parts that are marked as bad; `cuts`: boundaries and parts that were not
  stored, as gaps;
- `channel_facts`: kind, unit and label of each channel, by the rule of live streams.
"""

from psychopy_nfb.recording.eeg_files.read import read_recording
from psychopy_nfb.recording.eeg_files.recording import Recording

__all__ = ["Recording", "read_recording"]
