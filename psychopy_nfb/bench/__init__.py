"""Benchmarks: every speed or lag figure that the project states comes from here.

- `command`: which one, and its report;
- `loop`: from a sample to a flip, with its parts, on this machine;
- `frames`: its part in a window; `reads`: torn reads and the cost of a read;
- `setting`: the streams and the training that are measured; `calm`: when to measure again, and
  how fast the machine was meanwhile;
- `outlet`, `bare`: the amplifier and the bare LSL consumer it is compared with;
- `builder_run`: the same for an experiment that was made in Builder;
- `dsp`: how much faster than real time a pipeline is;
- `step`: how soon the published value follows a step of the rhythm;
- `display`: how much of a bar's height the usual training uses;
- `start`, `start_parent`: how long a process takes to tell something;
- `ipc`, `link`, `ways`: how late a value is in another process, by each way to send it;
- `designs`, `engines`: where a neurofeedback program may compute, and what its frames see of it;
- `findings`: the page of ``bench all``;
- `check`, `libraries`, `finding`: what about this machine matters for timing.
"""
