"""Devices that PsychoPy's Device Manager lists and scripts name, and ports for marks.

- `amplifier`: the LSL stream of an amplifier, chosen once on each computer;
- `light_sensor`, `light_levels`, `crossings`: a photodiode over LSL as a light sensor of
  PsychoPy's;
- `marker_output`: marks sent to other devices at the flip;
- `profiles`: the streams of the network as the Device Manager lists them.

Nothing is imported before it is used: PsychoPy imports devices at the start of every experiment.
"""
