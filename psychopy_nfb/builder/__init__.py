"""PsychoPy Builder: components, routines and device backends, which only write calls.

- `neurofeedback`, `feedback_display`, `diode_patch`: the components; `experiment_signals`: which
  signals an experiment has;
- `baseline`, `signal_check`, `neuro_block`: the Routines;
- `amplifier`, `light_sensor`: devices of PsychoPy's Device Manager, for the Neuro Feedback
  component and for the Visual Validator;
- `parameters`, `dialog_fields`: how their dialogs are described, and what their code has in common;
- `signal_fields`, `feedback_fields`, `threshold_fields`, `schedule_fields`: the fields of the
  signal's dialog, `display_fields` of the display's, `display_code` what the script does with
  these, `older_files` those of experiments from before;
- `pickers`, `offers`, `trying`: the buttons beside fields, what they offer, and a signal check of
  what was chosen;
- `own_parts`: steps, estimators, rules and schedules that a lab has written;
- `block_fields`: the fields of the Neuro Block's dialog, `plan_errors` errors of a plan in its
  words;
- `block_end`: what has no Stop of its own ends with the block of its Routine;
- `settings_code`: the settings of a training as the script has them;
- `participant`: whose session it is, by the dialog at the start of the experiment;
- `field_errors`: errors of a run in the words of the dialog;
- `help_page`: what their *Help* buttons open;
- `compile`: an experiment as a script, with its plugins; `unattended`: one that asks nothing;
- `alerts`: what is wrong, told before the experiment runs: `number_fields`, `key_fields`,
  `signal_settings`, `signal_checks`, `experiment_checks`, `control_conditions`, `block_checks`,
  `display_values`, `display_times`, `display_look` and the `names_used` in all fields;
- `icons/`: for the light, dark and classic themes, 48 and 96 pixels.

What they call is the Coder API. PsychoPy finds the classes through this package's entry points,
imports them whenever it activates its plugins, and makes instances of them without an experiment:
nothing here touches LSL.
"""
