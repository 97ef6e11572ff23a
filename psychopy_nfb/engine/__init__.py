"""The background process: what runs in it, what is shared with it, and what starts and ends it.

- `memory`: the shared block, with a ring of feedback records one way, of frame records the other;
- `records`: what a record holds, by name; `frame_rows`: frame records as rows of the frame log;
- `named_memory`: creates and removes such blocks, also those that killed processes left;
- `configuration`: all settings of a training, one JSON file;
- `presets`: the usual ones from a handful of parameters; `preset_parameters`: those by name and
  type; `calibration`: a baseline of an earlier session taken over;
- `reach`: thresholds that are reached never or always;
- `plugins`, `own_parts`: steps, estimators and threshold rules that a lab has written, loaded from
  packages and files, and where each came from;
- `donors`, `donor_files`: recorded blocks that are shown in place of the own feedback, read,
  checked and kept with the session; `kept_blocks`: those of the running session;
  `replayed_signals`: such a block through the filters of now;
  `shown_feedback`: what is shown, with all that it is made of;
- `processor`: from samples to feedback values, the same live and offline; `block`: what became of
  some samples; `trained_signals`: all signals and their roles; `signal_chain`: one signal's way
  through its pipeline; `signal_baselines`: those of all, recorded together; `moving_thresholds`:
  those that follow the person;
- `worker`, `control`, `acquisition`: the process, its control lines and guards, its streams;
  `marker_clock`: when markers of other programs were; `channel_watch`: channels that stay bad;
- `loop`: samples in, feedback out; `publisher`: writes the records; `relay`: the same for a screen
  at another computer; `command_handler`: what it does at a command between them; `reporter`: what
  the experiment is told meanwhile;
- `recorder`: all of it to disk; `sample_batch`: samples that wait for that; `event_recorder`:
  events, each at its sample; `sample_index`: which sample an event belongs to;
  `experiment_events`: marks and blocks as events; `recorded_stream`: what the files say of the
  stream; `settings_clerk`: writes the settings file;
- `worker_process`, `worker_launch`: start the worker, restart it, end it; the frame loop never
  waits; `worker_lines`: what goes to it and comes from it; `worker_health`: whether it works;
  `spare_worker`, `waiting_worker`: a process that waits to take its place, and what runs in it;
  `outbox`: commands on their way to it, which no kill loses; `reached_state`, `threshold_history`:
  what its successor goes on from;
- `quest`: a threshold by PsychoPy's QUEST; `carry_over`: thresholds go on where an earlier session
  ended; `trials`: how a trial went, told;
- `running_sessions`: where sessions announce themselves; `operator_commands`: what may be asked of
  them from outside, `blinding` what may be told;
- `rerun`: a recorded session through the same settings again.
"""
