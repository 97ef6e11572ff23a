"""What is tried before anybody comes: filters and channels by measurement, rehearsals, plans.

- `kinds`: which channels of a recording can be trained;
- `prepared`: the recording without drift and jumps, and where its artifacts are;
- `scores`: how good an estimate is;
- `tuning`: fitting on one part of a recording, scoring on another, recommending;
- `figure`: quality against delay; `command`: ``psychopy-nfb tune``;
- `rehearsal`: what a training would have done on a recording; `rehearsal_figure`, and
  `rehearse_command`: ``psychopy-nfb rehearse``; `plan_command`: ``psychopy-nfb plan``;
- `topography`: components on the head; `spatial_command`: ``psychopy-nfb spatial``.
"""
