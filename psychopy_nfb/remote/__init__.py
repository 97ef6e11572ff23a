"""The EEG on one computer, the screen at another: one session over a network.

On the amplifier's computer `psychopy-nfb worker` runs the usual background process; on the
screen's, a receiver has its place. Commands, messages and frames go over a connection of TCP,
feedback records over LSL.

- `line`: messages in order and exactly once, through any number of connections; `handshake`: who
  may connect; `commands`: what may be asked;
- `other_clock`: the other computer's clock;
- amplifier's computer: `command` for the terminal, `host` waits for experiments, `host_session`
  carries one out;
- `join`, for the terminal `join_command`: frames that were lost on the way;
- screen's computer: `worker_choice` checks what an experiment wants, `worker_address` finds the
  worker, `receiver` is the process, `host_link` keeps it connected, `record_stream` takes the
  records, `screen_files` keeps the frame log.
"""
