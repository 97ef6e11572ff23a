"""The names of `psychopy_nfb`, for editors: they are imported when they are used."""

from psychopy_nfb import analysis as analysis
from psychopy_nfb import display as display
from psychopy_nfb import dsp as dsp
from psychopy_nfb import engine as engine
from psychopy_nfb import hardware as hardware
from psychopy_nfb import lsl as lsl
from psychopy_nfb import protocol as protocol
from psychopy_nfb import recording as recording
from psychopy_nfb import simulate as simulate
from psychopy_nfb.analysis import lag_summary as lag_summary
from psychopy_nfb.builder.field_errors import errors_name_fields as errors_name_fields
from psychopy_nfb.display import FeedbackBar as FeedbackBar
from psychopy_nfb.display import FeedbackCircle as FeedbackCircle
from psychopy_nfb.display import FeedbackColor as FeedbackColor
from psychopy_nfb.display import FeedbackStimulus as FeedbackStimulus
from psychopy_nfb.display import FeedbackText as FeedbackText
from psychopy_nfb.display import FeedbackTrace as FeedbackTrace
from psychopy_nfb.display import PhotodiodePatch as PhotodiodePatch
from psychopy_nfb.display import pace as pace
from psychopy_nfb.display import run_baseline as run_baseline
from psychopy_nfb.display import show_signal_check as show_signal_check
from psychopy_nfb.display import wait_for_trigger as wait_for_trigger
from psychopy_nfb.display.neurofeedback import Neurofeedback as Neurofeedback
from psychopy_nfb.dsp import Pipeline as Pipeline
from psychopy_nfb.engine.configuration import Configuration as Configuration
from psychopy_nfb.engine.configuration import read_configuration as read_configuration
from psychopy_nfb.engine.plugins import load_plugins as load_plugins
from psychopy_nfb.engine.presets import band_amplitude as band_amplitude
from psychopy_nfb.engine.presets import standard_training as standard_training
from psychopy_nfb.engine.rerun import rerun as rerun
from psychopy_nfb.errors import NfbError as NfbError
from psychopy_nfb.hardware.amplifier import device_stream as device_stream
from psychopy_nfb.hardware.marker_output import LSLMarkers as LSLMarkers
from psychopy_nfb.hardware.marker_output import ParallelMarkers as ParallelMarkers
from psychopy_nfb.hardware.marker_output import SerialMarkers as SerialMarkers
from psychopy_nfb.hardware.marker_output import UDPMarkers as UDPMarkers
from psychopy_nfb.lsl.selection import StreamSelection as StreamSelection
from psychopy_nfb.protocol import Reward as Reward
from psychopy_nfb.protocol import Signal as Signal
from psychopy_nfb.recording import read_session as read_session
from psychopy_nfb.recording.eeg_files import Recording as Recording
from psychopy_nfb.recording.eeg_files import read_recording as read_recording

__version__: str
