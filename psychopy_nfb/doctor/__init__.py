"""Whether this computer is ready for neurofeedback, and what to do if not.

- `check`: ``psychopy-nfb check``;
- `libraries`: which libraries load; `finding`: one line of what was found, with its remedy.
"""
