"""Whether this computer is ready for neurofeedback, and what to do if not.

- `check`: ``psychopy-nfb check``;
- `certify`: ``psychopy-nfb certify``, what its timing was found to be, with the date;
- `libraries`: which libraries load; `finding`: one line of what was found, with its remedy.
"""
