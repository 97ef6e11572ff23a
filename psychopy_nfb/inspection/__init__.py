"""What is understood of a stream or of a recording, and everything that is assumed of it.

- `understanding`: the facts, and each assumption in a sentence; `listened`: those of a live stream;
- `command`: ``psychopy-nfb inspect``.
"""
