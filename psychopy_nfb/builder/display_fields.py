"""The fields of the feedback display's dialog: Basic, Layout, Appearance."""

from __future__ import annotations

from psychopy_nfb.builder.feedback_fields import WRITTEN_AS
from psychopy_nfb.builder.parameters import Field

WITH_THRESHOLD = ("bar", "thermometer", "circle", "trace")
"""Displays with a mark of the threshold."""
WITH_WARNING = ("bar", "thermometer", "circle")
"""Displays that show a warning."""
HEARD_ONCE = ("reward", "error")
"""Tones that do not go on."""
_NUMBERS = ("display", f"in {WITH_THRESHOLD}")
_TEXT = ("display", "== 'text'")
_WARNING = ("display", f"in {WITH_WARNING}")
_TONE = ("display", "== 'tone'")
_PITCH = (_TONE, ("toneKind", "== 'pitch'"))
_ONCE = (_TONE, ("toneKind", f"in {HEARD_ONCE}"))
BASIC = (
    Field(
        "display",
        "bar",
        "Display",
        "How the value is shown. A bar with its threshold is usual. The dimmer darkens all that is "
        "above it in the Routine, such as a movie; the tone is heard.",
        control="choice",
        choices={
            "bar": "bar",
            "thermometer": "thermometer",
            "circle": "circle",
            "trace": "trace",
            "color": "colour square",
            "text": "text",
            "sign": "sign for success or failure",
            "progress": "picture that goes on with rewards",
            "dimmer": "dimmer of what is above it",
            "tone": "tone",
        },
    ),
    Field(
        "toneKind",
        "pitch",
        "Heard",
        "Which tone. The first two follow a value from 0 to 1, such as nfb.value. The third needs "
        "nfb.beyond in the field Value, the tone at each reward nfb.rewards. The last is heard "
        "when its value becomes true, such as emg.beyond.",
        control="choice",
        choices={
            "pitch": "a tone that becomes higher",
            "loudness": "a tone that becomes louder",
            "criterion": "a tone while the value is true",
            "reward": "a short tone at each reward",
            "error": "a low tone when the value becomes true",
        },
        show=(_TONE,),
    ),
    Field(
        "value",
        "nfb.value",
        "Value",
        "What is shown, read in each frame: the value of a signal, or Python code that gives a "
        "number from 0 to 1; for a text whatever is to be written, such as nfb.score; for a "
        "picture the share that is reached, such as nfb.rewards / 30; for a sign True, False or "
        "None. The button lists the signals of this experiment.",
        type="code",
        offers="shown_values",
    ),
    Field(
        "threshold",
        "nfb.display_threshold",
        "Threshold (0 to 1)",
        "Where the mark of the threshold is, read in each frame. Usually the threshold of the "
        "signal that is shown. Empty: no mark.",
        type="code",
        offers="thresholds",
        show=(_NUMBERS,),
    ),
    Field(
        "inhibit",
        "",
        "Warn while",
        "The warning colour shows while this is true, read in each frame: emg.beyond for muscle "
        "activity. Usually empty: never.",
        type="code",
        offers="warnings",
        show=(_WARNING,),
    ),
    Field(
        "template",
        "{}",
        WRITTEN_AS,
        "How a number is written: {} with as many decimals as it needs, which is usual; {:.0f} "
        "without decimals, {:.1f} points with one and a word.",
        show=(_TEXT,),
    ),
    Field(
        "letterHeight",
        "",
        "Letter height (units of Layout)",
        "Height of the letters, in the units that are chosen on the tab Layout. Empty: a usual "
        "height.",
        type="num",
        show=(_TEXT,),
    ),
    Field(
        "scale",
        "",
        "Scale [lower, upper end]",
        "What is written at the ends of the scale, such as [0, 20] for microvolts: the range that "
        "the Neuro Feedback component shows as empty and full. Empty: a scale without numbers.",
        type="list",
        show=(("display", "== 'thermometer'"),),
    ),
    Field(
        "pictures",
        "",
        "Pictures",
        "Name of an image file, which is uncovered from below as the value grows; or of several "
        "with commas between, of which the first is shown at 0 and the last at 1.",
        show=(("display", "== 'progress'"),),
    ),
    Field(
        "darkest",
        "0.85",
        "Darkness at value 0 (0 to 1)",
        "How dark it is at a value of 0: 0.85 is usual, 1 is black. At a value of 1 nothing is "
        "dark.",
        type="num",
        show=(("display", "== 'dimmer'"),),
    ),
    Field(
        "dimSeconds",
        "0.3",
        "Smooth over (s)",
        "In which time it comes two thirds of the way to a new value, in seconds. 0.3 is usual.",
        type="num",
        show=(("display", "== 'dimmer'"),),
    ),
    Field(
        "toneLow",
        "220",
        "Lowest pitch (Hz)",
        "Heard at a value of 0. It becomes a multiple of 10 Hz.",
        type="num",
        show=_PITCH,
    ),
    Field(
        "toneHigh",
        "880",
        "Highest pitch (Hz)",
        "Heard at a value of 1; 880 Hz is two octaves above 220 Hz.",
        type="num",
        show=_PITCH,
    ),
    Field(
        "tonePitch",
        "",
        "Pitch (Hz)",
        "Of the tone. Empty: 440 Hz, at a reward 880 Hz, for an error 165 Hz.",
        type="num",
        show=(_TONE, ("toneKind", "!= 'pitch'")),
    ),
    Field(
        "toneSeconds",
        "0.15",
        "Length (s)",
        "Of a short tone, in seconds. A sound file has its own.",
        type="num",
        show=_ONCE,
    ),
    Field(
        "soundFile",
        "",
        "Sound file",
        "A wav, flac, ogg or mp3 file in place of the tone. Usually empty.",
        show=_ONCE,
    ),
    Field(
        "volume",
        "0.3",
        "Loudness (0 to 1)",
        "0.3 is usual; several sounds at once add up.",
        type="num",
        show=(_TONE,),
    ),
    Field(
        "withoutSound",
        "stop",
        "Without a sound device",
        "Whether the experiment stops at its beginning when there is no sound device, or goes on "
        "without this sound and reports it once.",
        control="choice",
        choices={"stop": "stop with a message", "go on": "go on without sound"},
        show=(_TONE,),
    ),
)
LAYOUT = (
    Field(
        "pos",
        "(0, 0)",
        "Position [x, y] (units below)",
        "Of the centre, in the units below. Not used for a dimmer or a tone.",
        tab="Layout",
        type="list",
    ),
    Field(
        "size",
        "",
        "Size [w, h] (units below)",
        "Width and height, in the units below; for a circle its radius when empty and when full. "
        "Empty: a usual size. Not used for a text, a dimmer or a tone.",
        tab="Layout",
        type="list",
    ),
    Field(
        "units",
        "from exp settings",
        "Units",
        "Of position, size and letters. height is usual: 1 is the height of the window.",
        tab="Layout",
        control="choice",
        choices={
            name: name
            for name in ("from exp settings", "height", "norm", "pix", "deg", "cm", "degFlat")
        },
    ),
)
APPEARANCE = (
    Field(
        "color",
        "#56B4E9",
        "Colour",
        "Of the display below the threshold; of a colour square when it is full. "
        "Not used for others.",
        tab="Appearance",
        type="color",
        control="color",
    ),
    Field(
        "rewardColor",
        "#1DB88A",
        "Reward colour",
        "Of bar, thermometer and circle beyond the threshold; of a trace the ground beyond it; of "
        "the sign for success. Not used for others.",
        tab="Appearance",
        type="color",
        control="color",
    ),
    Field(
        "warningColor",
        "#E8743B",
        "Warning colour",
        "Of bar, thermometer and circle while the warning lasts; of the sign for failure.",
        tab="Appearance",
        type="color",
        control="color",
    ),
)
