"""The tabs of the feedback signal's dialog that say what is measured: Stream and Signal."""

from __future__ import annotations

from psychopy_nfb.builder.parameters import Field
from psychopy_nfb.dsp.estimators import ESTIMATORS

_FIXED_DELAY = tuple(
    name for name, one in ESTIMATORS.items() if not (one.chosen_delay or one.origin)
)
_NO_FILE = ("settingsFile", "== ''")
_NO_DEVICE = ("deviceLabel", "in ('', None, 'None')")
STREAM = (
    Field(
        "deviceLabel",
        "",
        "Amplifier",
        "An LSL amplifier of PsychoPy's Device Manager, which each computer has under the same "
        "name. Usually empty: then the fields below say which stream it is. Signal Check shows its "
        "channels, live. Only the first rewarded signal needs this tab: the others come from its "
        "stream.",
        tab="Stream",
        type="device",
        control="device",
    ),
    Field(
        "streamType",
        "EEG",
        "Stream type",
        "Kind of the amplifier's LSL stream, almost always EEG. The button lists the streams that "
        "are sent now.",
        tab="Stream",
        offers="streams",
        show=(_NO_DEVICE,),
    ),
    Field(
        "streamName",
        "",
        "Stream name",
        "Name of the stream. Usually empty: needed only if several streams of this type are sent.",
        tab="Stream",
        offers="streams",
        show=(_NO_DEVICE,),
    ),
    Field(
        "sourceId",
        "",
        "Source id",
        "Serial number of the amplifier. Usually empty: needed only if two streams have the same "
        "name.",
        tab="Stream",
        offers="streams",
        show=(_NO_DEVICE,),
    ),
    Field(
        "hostname",
        "",
        "Machine",
        "Name of the computer that sends the stream. Usually empty: needed only if two computers "
        "send streams with the same name and id.",
        tab="Stream",
        offers="streams",
        show=(_NO_DEVICE,),
    ),
    Field(
        "units",
        "",
        "Unit of the EEG",
        "Usual: as the stream says. Choose one if the log or an error tells that it says none or a "
        "wrong one. Triggers and others that are no voltage keep their own unit.",
        tab="Stream",
        control="choice",
        choices={"": "as the stream says", "uV": "µV", "mV": "mV", "V": "V", "nV": "nV"},
        show=(_NO_DEVICE,),
    ),
    Field(
        "rate",
        "",
        "Rate (Hz)",
        "Usually empty: as the stream says. Enter the samples a second of a stream that says none; "
        "the sentence that refuses it names the number.",
        tab="Stream",
        type="num",
        show=(_NO_DEVICE,),
    ),
    Field(
        "timeout",
        "10",
        "Wait for the stream (s)",
        "How long the experiment waits for the stream at its start, in seconds. 10 is usual; take "
        "more if the amplifier is switched on late.",
        tab="Stream",
        type="num",
    ),
    Field(
        "remote",
        "",
        "Worker on another computer",
        "Name of the worker on the amplifier's computer, which psychopy-nfb worker --name shows. "
        "Usually empty: the EEG is processed on this computer.",
        tab="Stream",
    ),
    Field(
        "remoteToken",
        "",
        "Token of the worker",
        "The token that the worker shows on the amplifier's computer. Empty: that of the "
        "environment variable PSYCHOPY_NFB_TOKEN, so that it does not stand in the experiment.",
        tab="Stream",
        show=(("remote", "!= ''"),),
    ),
    Field(
        "simulate",
        "pilot",
        "Simulate the EEG",
        "A simulated participant takes the place of the amplifier. Usual: only when piloting, and "
        "only if no such stream is found. The log and the files say so.",
        tab="Stream",
        control="choice",
        choices={
            "pilot": "when piloting without amplifier",
            "never": "never",
            "always": "always",
        },
    ),
)
SIGNAL = (
    Field(
        "channels",
        "Oz",
        "Channels",
        "The electrode whose rhythm is measured, or several, whose mean is taken: C3, C4. Usual: "
        "Oz or Pz for alpha, Cz for the sensorimotor rhythm, Fz for theta. The button lists the "
        "channels of the stream.",
        tab="Signal",
        offers="channels",
        show=(_NO_FILE,),
    ),
    Field(
        "reference",
        "average",
        "Reference",
        "What the channels are measured against. The average of all EEG channels is usual from 16 "
        "channels on; with few channels take reference channels or the recording as it is.",
        tab="Signal",
        control="choice",
        choices={
            "average": "average of all EEG channels",
            "laplacian": "neighbours (Laplacian)",
            "linked": "reference channels",
            "as recorded": "as recorded",
        },
        show=(_NO_FILE,),
    ),
    Field(
        "referenceChannels",
        "",
        "Reference channels",
        "Channels whose mean is the reference, usually mastoids or earlobes: TP9, TP10",
        tab="Signal",
        offers="channels",
        show=(("reference", "== 'linked'"), _NO_FILE),
    ),
    Field(
        "exclude",
        "",
        "Left out of the reference",
        "Channels that are bad. They do not enter the average or the neighbours. Those that are no "
        "EEG (EOG, triggers, battery, light sensor) are left out by themselves, which the log "
        "tells.",
        tab="Signal",
        offers="channels",
        show=(("reference", "in ('average', 'laplacian')"), _NO_FILE),
    ),
    Field(
        "bandLow",
        "8",
        "Band from (Hz)",
        "Lower edge of the rhythm in Hz. Usual bands: theta 4 to 8, alpha 8 to 12, sensorimotor "
        "rhythm 12 to 15, muscle activity 30 to 45.",
        tab="Signal",
        type="num",
        show=(_NO_FILE,),
    ),
    Field(
        "bandHigh",
        "12",
        "Band to (Hz)",
        "Upper edge of the rhythm in Hz.",
        tab="Signal",
        type="num",
        show=(_NO_FILE,),
    ),
    Field(
        "envelope",
        "wcFIR",
        "Amplitude by",
        "Filter that finds the amplitude of the rhythm. The first is usual: it is quick and adapts "
        "to the participant's baseline. `psychopy-nfb tune` compares them on a recording.",
        tab="Signal",
        control="choice",
        choices={name: one.label for name, one in ESTIMATORS.items()},
        show=(_NO_FILE,),
    ),
    Field(
        "delayMs",
        "10",
        "Filter delay (ms)",
        "Delay that the filter aims at, in milliseconds, 0 to 1000. Shorter is quicker, longer is "
        "cleaner: 10 is usual, 100 follows the rhythm more truly. What is really reached is in the "
        "session's files.",
        tab="Signal",
        type="num",
        show=(("envelope", f"not in {_FIXED_DELAY}"), _NO_FILE),
    ),
    Field(
        "lineFrequency",
        "50",
        "Mains (Hz)",
        "Frequency of the mains, which a notch filter removes: 50 in most of the world, 60 in "
        "North America and parts of Asia.",
        tab="Signal",
        type="code",
        control="choice",
        choices={"50": "50", "60": "60", "None": "no notch"},
        show=(_NO_FILE,),
    ),
    Field(
        "artifact",
        "100",
        "Artifact limit (µV)",
        "Beyond this amplitude of the EEG no reward is given and the display stands still. 100 is "
        "usual; children and closed eyes may need 150. Empty: no limit.",
        tab="Signal",
        type="num",
        show=(_NO_FILE,),
    ),
    Field(
        "smooth",
        "",
        "Smoothing (s)",
        "Mean of the amplitude over the last seconds, for a calmer display; half of it is added to "
        "the delay. Usually empty (none); 0.25 is calmer.",
        tab="Signal",
        type="num",
        show=(_NO_FILE,),
    ),
    Field(
        "settingsFile",
        "",
        "Settings file instead",
        "A JSON file of settings that replaces the tabs Stream, Signal and Feedback and the reward "
        "on the tab Basic. For more than this dialog offers, or from `psychopy-nfb tune`.",
        tab="Signal",
        type="file",
        control="file",
    ),
)
