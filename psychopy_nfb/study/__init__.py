"""Studies: who is trained when and in which arm, sealed until the end.

- `plan`: what a study is, ``study.json``; `participants`: who is added to it, and who withdraws;
- `locks`: no session runs on two computers at once;
- `command`, `steps`, `key_steps`: ``psychopy-nfb study``; `arms`, `words`: what is typed there;
  `status`: how far everybody is;
- `register`: which sessions there were; `due`: which one is next, and what it takes over;
- `session`: a session of a study as it runs;
- `allocation`: who is in which arm, sealed; `drawing`: how it is drawn; `keys`: what opens it;
  `changes`: what must stay as it was drawn from;
  `donors`: whose sessions yoked arms show; `unblinding`: opens all of it, `openings`: who did it;
- `guesses`: which arm people believed it was; `contingencies`: whether what was shown was the own
  feedback, after unblinding.
"""
