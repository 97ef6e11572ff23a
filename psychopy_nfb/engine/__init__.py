"""The background process: what runs in it, what is shared with it, and the handle that holds it.

- `memory`: the shared block, with a ring of feedback records one way, of frame records the other;
- `records`: what a record holds, by name; `frame_rows`: frame records as rows of the frame log;
- `named_memory`: creates and removes such blocks, also those that killed processes left;
- `configuration`: all settings of a training, one JSON file;
- `recipe`: the usual ones from a handful of parameters; `calibration`: a baseline of an earlier
  session taken over;
- `processor`: from samples to feedback values, the same live and offline; `track`: one signal's
  way through its pipeline;
- `worker`, `control`, `source`: the process, its control lines and guards, its streams;
- `loop`, `keeper`: samples in, feedback out, and all of it to disk; `sample_index`:
  which sample an event belongs to;
- `handle`, `worker_process`: start the worker, restart it, end it; the frame loop never waits;
- `rerun`: a recorded session through the same settings again.
"""
