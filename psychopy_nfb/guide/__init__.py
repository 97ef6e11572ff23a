"""The manual: pages in Markdown, shipped with the package.

- `alerts.md`: what Builder's alerts of this plugin mean, and what to do about each.
"""
