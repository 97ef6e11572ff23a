"""Filters by measurement: which estimator is good at which delay, which channels show the rhythm.

- `kinds`: which channels of a recording can be trained;
- `prepared`: the recording without drift and jumps, and where its artifacts are;
- `scores`: how good an estimate is;
- `tuning`: fitting on one part of a recording, scoring on another, recommending;
- `figure`: quality against delay; `command`: ``psychopy-nfb tune``;
- `rehearsal`: what a training would have done on a recording; `rehearsal_figure`, and
  `rehearse_command`: ``psychopy-nfb rehearse``;
- `topography`: components on the head; `spatial_command`: ``psychopy-nfb spatial``.
"""
