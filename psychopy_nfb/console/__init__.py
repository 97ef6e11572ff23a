"""The operator's page: a session in a browser, from a process of its own.

- `program`: the process, and the server in it; `command` and `remote`: the commands in
  a terminal;
- `session_line`: the line to the experiment; `watch`: its shared memory, read only; `eeg`: the EEG,
  from an inlet of its own;
- `desk`: a session as all pages see it, and which of them has control;
- `page`: one page in one browser, with `traces`, `plots`, `words` and `controls` on it; `pace`:
  no more updates than it can draw; `look`: colours and letters;
- `access`: the token without which nothing is told; `socket_api`, `osc`: commands and values for
  other programs.

Server and figures are Bokeh's, which brings its JavaScript along: nothing comes from a network.
"""
