"""Amplifiers made of numbers or of a recording, as live streams on LSL.

- `eeg_model`, `eeg_sources`: a simulated participant's EEG; `faults`: what goes wrong with it;
- `simulator`: it as a stream, ``psychopy-nfb simulate``; `simulated_amplifier`: the simulator in
  place of an amplifier that is not there;
- `replay`: a recording as a stream, ``psychopy-nfb replay``;
- `program`: what both commands have in common;
- `synthetic`: samples without any stream.

Modules are imported by name; nothing here is imported before it is used.
"""
