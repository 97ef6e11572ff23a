"""Benchmarks: every speed or lag figure that the project states comes from here.

- `command`: which one, and its report;
- `loop`: from a sample to a flip, with its parts, on this machine;
- `frames`: its part in a window; `reads`: torn reads and the cost of a read;
- `setting`: the streams and the training that are measured; `calm`: when to measure again;
- `outlet`, `bare`: the amplifier and the bare LSL consumer it is compared with;
- `builder_run`: the same for an experiment that was made in Builder;
- `dsp`: how much faster than real time a pipeline is;
- `step`: how soon the published value follows a step of the rhythm;
- `check`: what about this machine matters for timing.
"""
