"""Benchmarks: every speed or lag figure that the project states comes from here.

- `command`: which one, and its report; `outcome`: what it found, beside its bars;
- `loop`: from a sample to a flip, with its parts, on this machine;
- `frames`: its part in a window; `reads`: torn reads and the cost of a read;
- `witness`: notices when a processor stands still;
- `setting`: the streams and the training that are measured; `steal_time`: when to measure again,
  and how fast the machine was meanwhile;
- `outlet`, `bare`: the amplifier and the bare LSL consumer it is compared with;
- `builder_run`: the same for an experiment that was made in Builder;
- `dsp`: how much faster than real time a pipeline is;
- `step`: how soon the published value follows a step of the rhythm;
- `display`: how much of a bar's height the usual training uses;
- `operator_page`: what two open pages of an operator cost;
- `python_ipc/`: what the ways between processes cost.
"""
