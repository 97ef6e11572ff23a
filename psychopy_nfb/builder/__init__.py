"""Builder components, routines and device backends; thin, they only write code.

- `light_sensor`: a photodiode on an LSL stream, for PsychoPy's Visual Validator.
"""
