"""Choosing the filter by measurement: how good each estimator is on a recording, at each delay.

- `candidates`: the estimators that are tried, and their variants;
- `scores`: how good an estimate is;
- `tuning`: fitting on one part of a recording, scoring on another, recommending;
- `figure`: quality against delay; `command`: ``psychopy-nfb tune``.
"""
