"""What Python's ways from one process to another cost, of which this package uses one.

- `start`, `start_parent`: how long a process takes to tell something;
- `transports`: ways to send bytes, behind one interface; `link`, `ipc`: how late a value is by
  each;
- `designs`, `engines`: where a neurofeedback program may compute, and what its frames see of it;
- `findings`: the page of ``bench all``.
"""
