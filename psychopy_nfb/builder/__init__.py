"""PsychoPy Builder: components, routines and device backends, which only write calls.

- `neurofeedback`, `feedback_display`, `diode_patch`: the components;
- `baseline`, `signal_check`: the Routines;
- `light_sensor`: a device for PsychoPy's Visual Validator;
- `parameters`: how their dialogs are described, and what their code has in common;
- `compile`: an experiment as a script, with its plugins; `unattended`: one that asks nothing;
- `alerts`, `experiment_checks`: what is wrong, told before the experiment runs;
- `icons/`: for the light, dark and classic themes, 48 and 96 pixels.

What they call is the Coder API. PsychoPy finds the classes through this package's entry points,
imports them whenever it activates its plugins, and makes instances of them without an experiment:
nothing here touches LSL.
"""
