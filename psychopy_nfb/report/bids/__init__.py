"""Sessions as a dataset after BIDS (https://bids.neuroimaging.io), for repositories and journals.

- `command`: ``psychopy-nfb bids``;
- `export`: one session into a dataset, which may have others already;
- `names`: participant, session, task and run, from the names of a session's files;
- `dataset`: what belongs to the dataset as a whole: description, participants, sessions;
- `participants`: what a study knows of its participants: strata, withdrawals;
- `eeg`: the samples as BrainVision, channels, electrodes;
- `events`: what happened when; `feedback`: signals and frames, as a derivative;
- `blinding`: what may be told of what was shown;
- `tables`: cells, tables and JSON as BIDS wants them.
"""
