"""The background process: what runs in it, what is shared with it, and the handle that holds it.

- `memory`: the shared block, with a ring of feedback records one way, of frame records the other;
- `named_memory`: creates and removes such blocks, also those that killed processes left;
- `configuration`: all settings of a training, one JSON file;
- `processor`: from samples to feedback values, the same live and offline;
- `worker`, `control`, `source`: the process, its control lines and guards, its streams;
- `loop`, `keeper`: samples in, feedback out, and all of it to disk; `sample_index`:
  which sample an event belongs to;
- `handle`, `worker_process`: start the worker, restart it, end it; the frame loop never waits;
- `rerun`: a recorded session through the same settings again.
"""
