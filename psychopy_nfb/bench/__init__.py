"""Benchmarks: every speed or lag figure that the project states comes from here.

- `loop`: from a sample to a flip, with its parts, on this machine;
- `outlet`, `bare`: the amplifier and the bare LSL consumer it is compared with;
- `reads`: torn reads and the cost of a read;
- `check`: what about this machine matters for timing.
"""
