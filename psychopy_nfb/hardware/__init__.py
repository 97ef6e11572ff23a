"""PsychoPy devices, which its Device Manager lists and scripts name.

- `amplifier`: the LSL stream of an amplifier, chosen once on each computer;
- `profiles`: the streams of the network as the Device Manager lists them.

Nothing is imported before it is used: PsychoPy imports devices at the start of every experiment.
"""
