"""The other tabs of the feedback signal's dialog: Basic, Feedback, Timing, Data."""

from __future__ import annotations

from psychopy_nfb.builder import schedule_fields, threshold_fields
from psychopy_nfb.builder.parameters import REPEAT, Field

WRITTEN_AS = "Written as"
"""Label of the Feedback Display's field for how a value is written."""
ROLES = {
    "reward": "a signal that is rewarded",
    "inhibit": "a signal that withholds reward",
    "watch": "a signal that is only shown",
    "same": "the signal of another component",
}
_REWARDED = (("role", "== 'reward'"),)
_GIVES_FEEDBACK = (("role", "in ('reward', 'same')"),)
BASIC = (
    Field(
        "role",
        "reward",
        "This is",
        "Usually one signal is rewarded. Several are rewarded together: while each of them is "
        "beyond its threshold, and no signal that withholds reward, such as muscle activity, is. "
        "The first rewarded one says which stream it is, when there is a hit and what is kept; of "
        "the others only the tabs Signal and Feedback count. To use a signal in another Routine "
        "choose the last; then all other tabs are without effect.",
        control="choice",
        choices=ROLES,
    ),
    Field(
        "sameAs",
        "",
        "Signal of",
        "Name of the Neuro Feedback component whose signal is used here; the button lists them.",
        type="code",
        offers="components",
        show=(("role", "== 'same'"),),
    ),
    Field(
        "feedback",
        "True",
        "Give feedback",
        "Whether value, reward and score are shown meanwhile. True is usual; False for rest or "
        "transfer; or a column of your conditions file. Everything is recorded all the same.",
        type="code",
        updates=REPEAT,
        show=_GIVES_FEEDBACK,
    ),
    Field(
        "shown",
        "",
        "Feedback shown",
        "What stands in place of the own feedback meanwhile, with its score. Empty: nothing does. "
        "In a control condition the name of one of the Control conditions (tab Data) in quotes, "
        "such as 'sham', or a column of your conditions file with such names, 'own' or 'none'.",
        type="code",
        updates=REPEAT,
        show=_GIVES_FEEDBACK,
    ),
    Field(
        "countPoints",
        "",
        "Count points",
        "Whether points and hits are counted meanwhile. Usually empty: in blocks with feedback. "
        "True for transfer whose points are told afterwards; False where the display is only "
        "watched; or a column of your conditions file.",
        type="code",
        updates=REPEAT,
        show=_GIVES_FEEDBACK,
    ),
    Field(
        "block",
        "",
        "Name of the block",
        "Marks the recording from start to stop, such as training or rest. Empty: the name of the "
        "Routine.",
        updates=REPEAT,
        show=_GIVES_FEEDBACK,
    ),
    Field(
        "lagMs",
        "",
        "Lag of what is shown (ms)",
        "Usually empty: as short as it can be. To study lag, enter the milliseconds from the brain "
        "signal to the frame that shows it, filters and smoothing included, such as 300; or a "
        "column of your conditions file. Less than there must be is refused.",
        type="num",
        updates=REPEAT,
        show=_GIVES_FEEDBACK,
    ),
    Field(
        "dwell",
        "0.25",
        "Time beyond threshold for a hit (s)",
        "How long the signal must stay beyond the threshold before it counts as a hit, in seconds. "
        "0.25 to 0.5 is usual; longer asks for more.",
        type="num",
        show=_REWARDED,
    ),
    Field(
        "refractory",
        "0",
        "Pause after a hit (s)",
        "How long after a hit no next one begins, in seconds. 0 is usual; with a sound for each "
        "hit take 1 or 2.",
        type="num",
        show=_REWARDED,
    ),
    Field(
        "rewardMode",
        "hit",
        "Points for",
        "Points for hits, or for the time beyond the threshold.",
        control="choice",
        choices={"hit": "hits", "time": "time beyond the threshold"},
        show=_REWARDED,
    ),
    Field(
        "points",
        "1",
        "Points per hit or second",
        "How many points one rewarded hit gives, or one second beyond the threshold.",
        type="num",
        show=_REWARDED,
    ),
    *schedule_fields.FIELDS,
    Field(
        "loss",
        "0",
        "Points lost for a missed block",
        "How many points are taken at the end of a block in which points are counted and that was "
        "no success. Usual: 0.",
        type="num",
        show=_REWARDED,
    ),
    Field(
        "blockSuccess",
        "0.25",
        "Time beyond threshold for a success (0 to 1)",
        "A block is a success when all signals were where reward is given for this share of its "
        "clean time. Its outcome is recorded, and a Feedback Display as a sign may show it "
        "afterwards, with nfb.success as its value. 0.25 is usual.",
        type="num",
        show=_REWARDED,
    ),
)
FEEDBACK = (
    Field(
        "normalise",
        "none",
        "Compare with baseline",
        "The unit of threshold and display. Without comparison it is the amplitude in microvolts; "
        "otherwise the amplitude against the participant's own baseline, which a Neuro Baseline "
        "Routine records earlier in the Flow. Standard deviations are usual.",
        tab="Feedback",
        control="choice",
        choices={
            "zscore": "in standard deviations (SD)",
            "percent": "in percent above its mean (%)",
            "max": "as a share of its maximum",
            "none": "not at all, in microvolts (µV)",
        },
    ),
    Field(
        "thresholdKind",
        "fixed",
        "Threshold given as",
        "A value in the unit above, or what the threshold is found from in the baseline. A value "
        "is usual; a percentile makes the training equally hard for everyone at first, a threshold "
        "that follows success throughout. Those that follow move in blocks with feedback.",
        tab="Feedback",
        control="choice",
        choices={
            "fixed": "value in the unit above",
            "percentile": "baseline percentile (0 to 100)",
            "bursts": "baseline bursts per minute",
            **threshold_fields.KINDS,
        },
        show=(("normalise", "!= 'none'"),),
    ),
    Field(
        "threshold",
        "",
        "Threshold (µV, SD, %, share)",
        "Where reward begins: in the unit of Compare with baseline, unless Threshold given as says "
        "percentile (then 0 to 100) or bursts (then bursts per minute). Empty: the usual value, 10 "
        "µV, 0.5 SD, 20 % or a share of 0.6; as percentile 60, as bursts 20 per minute; one that "
        "follows begins where the baseline has it. Lower it for a participant who gets no reward.",
        tab="Feedback",
        type="num",
        updates=REPEAT,
    ),
    *threshold_fields.FIELDS,
    Field(
        "direction",
        "up",
        "Beyond the threshold is",
        "Usual: more of the rhythm than the threshold. A rewarded signal brings points beyond it; "
        "one that withholds reward does so there.",
        tab="Feedback",
        control="choice",
        choices={"up": "more than the threshold", "down": "less than the threshold"},
    ),
    Field(
        "displayLow",
        "",
        "Display from (µV, SD, %, share)",
        "The lowest value that displays show, in the unit chosen above. Usually empty: both ends "
        "of the display are taken from the baseline, or without one from 0 to twice the threshold.",
        tab="Feedback",
        type="num",
    ),
    Field(
        "displayHigh",
        "",
        "Display to (µV, SD, %, share)",
        "The highest value that displays show, in the unit chosen above. Fill in both ends or "
        "none.",
        tab="Feedback",
        type="num",
    ),
    Field(
        "displaySmoothingMs",
        "50",
        "Smoothing of the display (ms)",
        "How smoothly displays follow the signal, in milliseconds, by which they are later; reward "
        "does not wait for it. 50 is usual; 0 shows every flicker, 200 is calm.",
        tab="Feedback",
        type="num",
    ),
)
TIMING = (
    Field(
        "lateRead",
        True,
        "Late read",
        "Read the newest value at the last safe moment before each frame is shown, which makes "
        "feedback up to a frame (16 ms) younger. Usual: yes. Only the first rewarded signal needs "
        "this tab.",
        tab="Timing",
        type="bool",
        control="bool",
    ),
    Field(
        "pace",
        "60",
        "Pace to (Hz)",
        "Frame rate for displays that do not wait for the screen (virtual ones, remote desktops); "
        "real monitors are left as they are. 60 is usual. Empty: never.",
        tab="Timing",
        type="num",
    ),
)
_NO_STUDY = (("study", "== ''"),)
DATA = (
    Field(
        "study",
        "",
        "Study",
        "Folder of a study, made with psychopy-nfb study new. Each run then is the next session of "
        "the participant that you type in: the study knows its number, the arm, what is taken over "
        "from the session before, and where the files belong. In a study with several arms, score "
        "and hits are not written to PsychoPy's data file, as they would tell the arm. Empty: no "
        "study. Only the first rewarded signal needs this tab.",
        tab="Data",
    ),
    Field(
        "lastBaseline",
        False,
        "Use the last baseline",
        "Take over the baseline of the participant's earlier session, if there is one. Usual: no, "
        "as caps never sit in quite the same place.",
        tab="Data",
        type="bool",
        control="bool",
        show=_NO_STUDY,
    ),
    Field(
        "carryOver",
        False,
        "Go on with the last thresholds",
        "Let thresholds that follow begin where they were at the end of this participant's last "
        "session with this experiment, if there is one. Usual: yes with QUEST and steps, in a "
        "training of several sessions.",
        tab="Data",
        type="bool",
        control="bool",
    ),
    Field(
        "record",
        True,
        "Record EEG and frames",
        "Keep EEG, feedback, frame log, events and settings beside PsychoPy's own data file.",
        tab="Data",
        type="bool",
        control="bool",
        show=_NO_STUDY,
    ),
    Field(
        "console",
        False,
        "Operator's page",
        "Open a page in the browser where the experimenter sees EEG, signals and lag, can pause, "
        "change the threshold, write notes, end a block or the experiment. Needs the package bokeh "
        "(psychopy-nfb[console]). `psychopy-nfb console` opens it later, too.",
        tab="Data",
        type="bool",
        control="bool",
    ),
    Field(
        "publish",
        False,
        "Send values over LSL",
        "Send the feedback values out as an LSL stream of type Feedback, for other programs.",
        tab="Data",
        type="bool",
        control="bool",
        show=_NO_STUDY,
    ),
    Field(
        "controls",
        "",
        "Control conditions",
        "What may be shown in place of the own feedback, each with a name, such as {'sham': "
        "psychopy_nfb.Yoked(session=expInfo['donor'], block='training', seconds=300)}; a "
        "Replay of session='this' shows an earlier block of this session again. The manual's page "
        "What is shown has all of them. Usually empty.",
        tab="Data",
        type="code",
        show=_NO_STUDY,
    ),
    Field(
        "plugins",
        "[]",
        "Own parts",
        "Python files with steps or rules that you have written yourself. Usually none; parts "
        "of installed packages need not be named.",
        tab="Data",
        type="list",
        control="fileList",
    ),
)
